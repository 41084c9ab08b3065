/* SPDX-License-Identifier: ISC
 * Who makes a model now. */
#include "keeper/sharing_internal.h"

#include "base/clock.h"

#include <stdio.h>

enum { KEEP_MS = SHARING_LEASE_MS / 3 };

static const char TAKE[] = "take", KEEP[] = "keep", END[] = "end";

static void ask(struct sharing *s, const char *what)
{
    struct sharing_words words = {.count = 0};
    char who[SHARING_HOLDER], life[24];
    snprintf(who, sizeof who, "%s %s", s->gateway, s->by);
    s->asked_lease = what;
    sharing_say(&words, slice_of(what));
    sharing_say(&words, slice_of(who));
    sharing_say(&words, sharing_number(SHARING_LEASE_MS, life));
    sharing_say(&words, buf_slice(&s->raw));
    sharing_say(&words, slice_of(labels_share(s->labels)->cursor));
    s->keep_at = clock_ms() + KEEP_MS;
    sharing_put_question(s, SHARING_LEASE_IT, &words);
}

bool sharing_lease_step(struct sharing *s)
{
    if (s->gives_back)
        ask(s, END);
    else if (s->wants_lease)
        ask(s, TAKE);
    else
        return false;
    return true;
}

bool sharing_lease_keep(struct sharing *s)
{
    bool due = s->has_lease && !s->gives_back && clock_ms() >= s->keep_at;
    if (due)
        ask(s, KEEP);
    return due;
}

static void have(struct sharing *s, bool has)
{
    s->has_lease = has;
    if (has)
        s->lease_until = clock_ms() + SHARING_LEASE_MS;
}

static void settle(struct sharing *s, enum sharing_lease lease)
{
    bool asked = s->wants_lease;
    s->wants_lease = false;
    have(s, lease == SHARING_OURS);
    if (asked)
        s->owner->lease(s->ctx, lease);
}

/* What nobody wants any more is given back. */
static void was_taken(struct sharing *s)
{
    s->gives_back = !s->wants_lease;
    settle(s, SHARING_OURS);
}

void sharing_lease_answer(struct sharing *s, const struct sharing_words *words)
{
    struct slice word = words->each[0];
    if (s->asked_lease == END)
        s->gives_back = s->has_lease = false;
    else if (s->asked_lease == KEEP)
        have(s, slice_eq(word, SLICE("taken")));
    else if (slice_eq(word, SLICE("taken")))
        was_taken(s);
    else if (slice_eq(word, SLICE("held")))
        settle(s, SHARING_ANOTHERS);
    else
        sharing_rest(s); /* there is news that is to be read before */
}

void sharing_lease_away(struct sharing *s)
{
    if (s->wants_lease)
        settle(s, SHARING_AWAY);
}

void sharing_ask_lease(struct sharing *s)
{
    s->wants_lease = true;
    s->gives_back = false; /* we still have it, or ask for it anew */
    sharing_look_again(s);
    sharing_tell(s);
}

bool sharing_has_lease(const struct sharing *s)
{
    return s->has_lease && clock_ms() < s->lease_until;
}

void sharing_built(struct sharing *s)
{
    if (!s)
        return;
    s->gives_back = s->has_lease;
    s->wants_lease = false;
    sharing_tell(s);
}
