/* SPDX-License-Identifier: ISC */
#include "keeper/learning_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "common/hold.h"
#include "common/redis_breaker.h"
#include "keeper/label_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_MS = 1000,
    PATIENCE_MS = 60000, /* gatepost-learn may be silent so long; it may have to be started first */
    AGAIN_MS = 60000,    /* from a build that failed to the next */
    OFTEN = 600,         /* seconds between two builds of our own */
    DAY = 86400,
    UNHEARD_MOST = 2, /* builds: each is all labels, in memory, until somebody takes it */
};

static const struct slice nothing = {NULL, 0};

static void after(struct event *event, int64_t ms)
{
    struct timeval wait = {ms / 1000, (ms % 1000) * 1000};
    event_add(event, &wait);
}

/* ---- the end of a build ---- */

void learning_note(struct learning *l, const char *outcome, const char *reason, uint64_t built,
                   bool used)
{
    struct labels_state state = *labels_state(l->labels);
    state.time = clock_wall();
    state.built = built;
    snprintf(state.outcome, sizeof state.outcome, "%s", outcome);
    snprintf(state.reason, sizeof state.reason, "%s", reason);
    state.forgotten = state.forgotten && (!used || labels_forgets(l->labels) != l->build.forgets);
    if (!labels_set_state(l->labels, &state))
        log_at(LEVEL_ERROR, "", "what became of a model cannot be written");
}

/* Who waits hears it, unless it is another build that he waits for. */
void learning_end(struct learning *l, struct slice outcome, const char *reason)
{
    bool asked = l->build.asked && !l->again_asked;
    label_file_free(&l->build.file);
    l->build = (struct learning_build){0};
    l->asks_lease = false;
    sharing_built(l->sharing);
    if (asked)
        l->owner->ended(l->ctx, outcome, reason);
}

void learning_fail(struct learning *l, const char *reason)
{
    char text[LEARN_REASON_MOST + 1];
    snprintf(text, sizeof text, "%s", reason);
    log_at(LEVEL_ERROR, "", "no model can be made", field_str("reason", text));
    learning_note(l, "failed", text, labels_state(l->labels)->built, false);
    l->failed_at = clock_ms();
    l->build.asked |= l->again_asked;
    l->again = l->again_asked = false;
    learning_end(l, nothing, text);
}

/* ---- the beginning ---- */

static bool choose(struct learning *l, const char **reason)
{
    *reason = "gatepost-learn does not answer";
    if (l->unheard == UNHEARD_MOST || !learning_choose(&l->build, l->labels, l->models, reason))
        return false;
    l->left_out = l->build.left_out;
    if (l->left_out)
        log_at(LEVEL_WARNING, "", "the oldest labels are left out",
               field_num("count", l->left_out));
    after(l->write, 0);
    return true;
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct learning *l = arg;
    const char *reason;
    if (!l->build.file)
        return;
    if (!learning_give(&l->build, l->models, l->learner, &reason))
        learning_fail(l, reason);
    else if (l->build.file)
        after(l->write, 0);
    else
        l->unheard++;
}

uint64_t learning_next_number(struct learning *l)
{
    int64_t now = clock_wall_ms();
    l->last = now > 0 && (uint64_t)now > l->last ? (uint64_t)now : l->last + 1;
    return l->last;
}

void learning_begin(struct learning *l)
{
    const char *reason;
    bool asked = l->again_asked;
    l->build = (struct learning_build){.number = learning_next_number(l),
                                       .asked = asked,
                                       .leased = l->sharing && sharing_has_lease(l->sharing),
                                       .mends = learning_mends(l->labels, l->models)};
    memcpy(l->build.key, l->key.id, SEAL_KEY_ID);
    l->failed_at = 0;
    l->again = l->again_asked = false;
    if (!choose(l, &reason))
        learning_fail(l, reason);
    else if (l->build.mends) {
        l->again = true; /* what has come since is not in it */
        l->again_asked = asked;
    }
}

bool learning_has_model(const struct learning *l)
{
    const struct model_entry *used = models_in_use(l->models);
    return used && memcmp(used->key, l->key.id, SEAL_KEY_ID) == 0;
}

bool learning_is_due(const struct learning *l)
{
    const struct labels_state *state = labels_state(l->labels);
    uint64_t changes = state->changes - state->built;
    int64_t age = clock_wall() - state->time;
    if (!l->has_key || l->build.number || (l->failed_at && clock_ms() < l->failed_at + AGAIN_MS))
        return false;
    if (l->again || !learning_has_model(l))
        return true;
    bool rested = age < 0 || age >= OFTEN;
    return (changes >= LEARNING_CHANGES && rested) || (changes > 0 && (age < 0 || age >= DAY));
}

bool learning_build(struct learning *l, const char **reason)
{
    *reason = "gatepost-learn does not run";
    if (!l->has_key)
        return false;
    l->again = l->again_asked = true;
    l->failed_at = 0;
    after(l->look, 0); /* not now: the owner may be in the midst of something */
    return true;
}

/* ---- time ---- */

static void on_look(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct learning *l = arg;
    if (l->build.number && clock_ms() >= l->build.heard + PATIENCE_MS)
        learning_fail(l, "gatepost-learn does not answer");
    learning_tell_who_waits(l);
    if (learning_is_due(l) && l->sharing && learning_has_model(l))
        learning_begin_shared(l);
    else if (learning_is_due(l))
        learning_begin(l);
    after(l->look, LOOK_MS);
}

static void tell_others(struct learning *l)
{
    if (l->sharing)
        sharing_tell(l->sharing);
}

/* Whether what we call accounts is settled. */
static bool has_names(const struct learning *l)
{
    return !l->sharing || labels_share(l->labels);
}

int64_t learning_forget(struct learning *l, enum learn_forget what, struct slice which,
                        const char **reason)
{
    *reason = LABELS_NO_NAMES;
    if (!has_names(l))
        return -1;
    int64_t removed = labels_forget(l->labels, what, which, reason);
    tell_others(l);
    return removed;
}

static void ripen(struct learning *l)
{
    if (has_names(l) && labels_ripen(l->labels, clock_wall()) > 0)
        tell_others(l);
}

void learning_prune(struct learning *l)
{
    labels_prune(l->labels, clock_wall());
    ripen(l);
}

/* ---- */

static void answer_label(struct learning *l, bool ok, const struct labels_taken *taken,
                         const char *reason, int reply)
{
    bool enough = ok && taken->taken + taken->known == 0;
    bool held = ok && !enough && labels_settle(l->labels, &reason);
    hold_tell(reply, &(struct hold_answer){.held = held,
                                           .reason = held     ? ""
                                                     : enough ? LABEL_ENOUGH
                                                              : reason});
}

static bool take(struct learning *l, enum keeping what, struct slice packet,
                 struct labels_taken *taken, const char **reason)
{
    uint64_t answered;
    if (what == KEEPING_READ)
        return labels_read(l->labels, packet, clock_wall(), reason);
    if (what == KEEPING_GONE)
        return labels_gone(l->labels, packet, reason);
    if (what == KEEPING_ANSWERABLE)
        return labels_answerable(l->labels, packet, clock_wall(), reason);
    if (what == KEEPING_ANSWER)
        return labels_answered(l->labels, packet, clock_wall(), &answered, reason);
    return labels_take(l->labels, packet, LABELS_OF_PROXIES, clock_wall(), taken, reason);
}

void learning_take(struct learning *l, enum keeping what, struct slice packet, int reply)
{
    struct labels_taken taken = {0};
    const char *reason = "";
    uint64_t times;
    bool ok = take(l, what, packet, &taken, &reason);
    if (reply >= 0)
        answer_label(l, ok, &taken, reason, reply);
    else if (!ok && complaint_due(&l->lost, clock_ms(), &times))
        log_at(LEVEL_ERROR, "", "labels are lost", field_str("reason", reason));
    tell_others(l);
}

bool learning_learn(struct learning *l, struct slice packet, struct labels_taken *taken,
                    const char **reason)
{
    bool ok = labels_take(l->labels, packet, LABELS_OF_ADMIN, clock_wall(), taken, reason) &&
              labels_settle(l->labels, reason);
    tell_others(l);
    return ok;
}

static void share(struct learning *l, const unsigned char secret[static LEARN_SHARED])
{
    struct sharing_keys keys;
    const char *reason = "out of memory";
    bool are = sharing_keys_of(secret, &keys);
    if (are && !l->sharing)
        labels_share_no_more(l->labels, &keys);
    else if (are && labels_share_by(l->labels, &keys, sharing_prefix(l->sharing), &reason))
        sharing_begin(l->sharing);
    else
        log_at(LEVEL_ERROR, "", "nothing can be shared", field_str("reason", reason));
    explicit_bzero(&keys, sizeof keys);
}

void learning_seal_to(struct learning *l, const struct seal_key *key,
                      const unsigned char secret[static LEARN_SHARED])
{
    l->key = *key;
    l->has_key = true;
    l->unheard -= l->unheard > 0; /* who has come takes what waits for him */
    labels_seal_to(l->labels, key);
    share(l, secret);
    ripen(l);
}

uint32_t learning_left_out(const struct learning *l)
{
    return l->left_out;
}

bool learning_shared(struct learning *l, struct sharing_status *out)
{
    if (l->sharing)
        sharing_status(l->sharing, out);
    return l->sharing;
}

int learning_model(struct learning *l, const char **reason)
{
    const struct model_entry *used = models_in_use(l->models);
    int file = -1;
    *reason = LEARN_NO_MODEL;
    return used && models_load(l->models, used, &file, NULL, reason) ? file : -1;
}

static const struct model_entry *named(const struct learning *l, struct slice digest)
{
    const struct model_entry *used = models_in_use(l->models);
    for (size_t i = 0; i < models_count(l->models); i++) {
        char hex[2 * LEARN_DIGEST + 1];
        const struct model_entry *entry = models_at(l->models, i);
        hex_text((struct slice){(const char *)entry->digest, LEARN_DIGEST}, hex);
        bool before = digest.len == 0 && used && entry->number < used->number;
        if (before || (digest.len && slice_istarts(slice_of(hex), digest)))
            return entry;
    }
    return NULL;
}

void learning_rest(struct learning *l)
{
    struct labels_state state = *labels_state(l->labels);
    state.built = state.changes;
    l->again = l->again_asked = false;
    labels_set_state(l->labels, &state);
}

bool learning_roll_back(struct learning *l, struct slice digest, const char **reason)
{
    const struct model_entry *to = named(l, digest);
    *reason = l->build.number ? "a model is being made now" : "there is no such model";
    if (!to || l->build.number || !models_use(l->models, to->number, reason))
        return false;
    log_at(LEVEL_INFO, "", "an earlier model is used again");
    learning_rest(l);
    tell_others(l);
    l->owner->model(l->ctx);
    return true;
}

struct labels *learning_labels(struct learning *l)
{
    return l->labels;
}

struct models *learning_models(struct learning *l)
{
    return l->models;
}

/* ---- */

static bool make(struct learning *l, struct event_base *base, const struct learning_share *share)
{
    if (share && !(l->sharing = sharing_new(base, share->sock, share->prefix, share->gateway,
                                            l->labels, l->models, &learning_sharing_owner, l)))
        return false;
    l->news = event_new(base, l->learner, EV_READ | EV_PERSIST, learning_on_news, l);
    l->look = evtimer_new(base, on_look, l);
    l->write = evtimer_new(base, on_write, l);
    if (!l->news || !l->look || !l->write || event_add(l->news, NULL) != 0)
        return false;
    after(l->look, LOOK_MS);
    return true;
}

struct learning *learning_new(struct event_base *base, const struct labels_bounds *bounds,
                              int learner, const struct learning_share *share,
                              const struct learning_owner *owner, void *ctx, const char **reason)
{
    struct learning *l = calloc(1, sizeof *l);
    *reason = "out of memory";
    if (!l)
        return NULL;
    l->learner = learner;
    l->owner = owner;
    l->ctx = ctx;
    if ((l->labels = labels_open(bounds, reason)) && (l->models = models_open("learn", reason))) {
        *reason = "out of memory";
        if (make(l, base, share)) {
            learning_prune(l); /* what its time came for while nobody looked */
            return l;
        }
    }
    learning_free(&l);
    return NULL;
}

void learning_free(struct learning **learning)
{
    struct learning *l = *learning;
    if (!l)
        return;
    if (l->news)
        event_free(l->news);
    if (l->look)
        event_free(l->look);
    if (l->write)
        event_free(l->write);
    label_file_free(&l->build.file);
    sharing_free(&l->sharing);
    models_close(&l->models);
    labels_close(&l->labels);
    free(l);
    *learning = NULL;
}
