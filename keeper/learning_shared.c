/* SPDX-License-Identifier: ISC
 * Builds where several gateways share what is learnt. */
#include "keeper/learning_internal.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

void learning_begin_shared(struct learning *l)
{
    if (l->asks_lease)
        return;
    l->asks_lease = true;
    sharing_ask_lease(l->sharing);
}

static bool is_busy(void *ctx)
{
    const struct learning *l = ctx;
    return l->build.number != 0;
}

/* Who waits is told; of itself it is tried again later. */
static void leave_it(struct learning *l)
{
    bool asked = l->again_asked;
    l->again = l->again_asked = false;
    l->failed_at = clock_ms();
    if (asked)
        l->owner->ended(l->ctx, (struct slice){NULL, 0}, "another gateway makes a model now");
}

static void take_lease(void *ctx, enum sharing_lease lease)
{
    struct learning *l = ctx;
    l->asks_lease = false;
    if (!learning_is_due(l))
        sharing_built(l->sharing);
    else if (lease == SHARING_OURS || (lease == SHARING_AWAY && l->again_asked))
        learning_begin(l);
    else if (lease == SHARING_ANOTHERS)
        leave_it(l);
    else
        l->failed_at = clock_ms();
}

/* ---- another's model ---- */

static const struct model_entry *known(const struct learning *l,
                                       const unsigned char digest[static LEARN_DIGEST])
{
    for (size_t i = 0; i < models_count(l->models); i++)
        if (memcmp(models_at(l->models, i)->digest, digest, LEARN_DIGEST) == 0)
            return models_at(l->models, i);
    return NULL;
}

/* All that was forgotten is not in it. */
static bool mends(const struct learning *l, const struct sharing_head *head)
{
    const struct labels_share *share = labels_share(l->labels);
    return strcmp(head->epoch, share->epoch) == 0 && head->read[0] &&
           !labels_place_after(share->forgot, head->read) && !labels_forget_untold(l->labels);
}

/* What is behind all that it has learnt is a change yet, for the build of a day: not for one at once, as some of it
 * may be nothing that is learnt. In one that we had before and that is used again nothing is missed. */
static uint64_t unlearnt(const struct learning *l, uint64_t changes)
{
    const struct model_entry *used = models_in_use(l->models);
    uint64_t after = used->number == l->last ? labels_after(l->labels, used->until) : 0;
    after = after < LEARNING_CHANGES ? after : LEARNING_CHANGES - 1;
    return after < changes ? after : changes;
}

static void note_model(struct learning *l, const struct sharing_head *head)
{
    struct labels_state state = *labels_state(l->labels);
    bool mended = state.forgotten && mends(l, head);
    state.time = clock_wall();
    state.built = state.changes - unlearnt(l, state.changes);
    state.forgotten = state.forgotten && !mended;
    snprintf(state.outcome, sizeof state.outcome, "shared");
    snprintf(state.reason, sizeof state.reason, "%.*s", LEARN_REASON_MOST, head->by);
    if (!labels_set_state(l->labels, &state))
        log_at(LEVEL_ERROR, "", "what became of a model cannot be written");
    if (mended)
        models_forget(l->models);
}

static enum sharing_taking add(struct learning *l, const struct sharing_head *head,
                               struct slice sealed, const char **reason)
{
    const struct model_entry *entry = known(l, head->model);
    if (!entry)
        return sharing_model_take(l->labels, sharing_prefix(l->sharing), l->models,
                                  learning_next_number(l), sealed, reason);
    return models_use(l->models, entry->number, reason) ? SHARING_TAKEN : SHARING_FAILED;
}

static enum sharing_taking take_model(void *ctx, const struct sharing_head *head,
                                      struct slice sealed, const char **reason)
{
    struct learning *l = ctx;
    enum sharing_taking taken = add(l, head, sealed, reason);
    if (taken != SHARING_TAKEN)
        return taken;
    const struct model_entry *used = models_in_use(l->models);
    *reason = "it is another than was told";
    if (memcmp(used->digest, head->model, LEARN_DIGEST) != 0)
        return SHARING_FORGED;
    note_model(l, head);
    l->owner->model(l->ctx);
    return SHARING_TAKEN;
}

static void go_deaf(void *ctx)
{
    const struct learning *l = ctx;
    l->owner->deaf(l->ctx);
}

const struct sharing_owner learning_sharing_owner = {is_busy, take_lease, take_model, go_deaf};
