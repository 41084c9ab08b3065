/* SPDX-License-Identifier: ISC
 * For learning*.c. */
#ifndef KEEPER_LEARNING_INTERNAL_H
#define KEEPER_LEARNING_INTERNAL_H

#include "common/redis_breaker.h"
#include "keeper/learning.h"
#include "keeper/learning_build.h"

struct learning {
    struct labels *labels;
    struct sharing *sharing; /* NULL: nothing is shared */
    bool asks_lease;         /* a build waits for its answer */
    struct models *models;
    int learner;
    struct event *news, *look, *write;
    const struct learning_owner *owner;
    void *ctx;
    struct seal_key key;
    bool has_key;
    struct learning_build build;
    bool again;        /* another build follows at once, */
    bool again_asked;  /* and somebody waits for that */
    int64_t failed_at; /* clock_ms; 0: the last did not */
    int64_t told_at;   /* the same */
    uint64_t last;     /* number of a build */
    uint32_t left_out; /* labels, of the last one */
    unsigned unheard;  /* builds were given, of which nothing has been heard */
    struct complaint lost;
    unsigned nothing; /* was heard so often in a row */
};

/* The end of a build: is written down; and who waits hears it, unless it is another that he waits for. */
void learning_note(struct learning *l, const char *outcome, const char *reason, uint64_t built,
                   bool used);
void learning_end(struct learning *l, struct slice outcome, const char *reason);
void learning_fail(struct learning *l, const char *reason);

bool learning_has_model(const struct learning *l); /* of the key of today */

bool learning_is_due(const struct learning *l);
void learning_begin(struct learning *l);
uint64_t learning_next_number(struct learning *l);
/* No build of our own follows before there is something new. */
void learning_rest(struct learning *l);

/* Begins a build that is due, as soon as no other gateway makes one. */
void learning_begin_shared(struct learning *l);
extern const struct sharing_owner learning_sharing_owner;

void learning_tell_who_waits(struct learning *l);
void learning_on_news(evutil_socket_t fd, short what, void *learning); /* fits event_new */

#endif
