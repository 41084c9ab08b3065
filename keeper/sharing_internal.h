/* SPDX-License-Identifier: ISC
 * For sharing*.c. */
#ifndef KEEPER_SHARING_INTERNAL_H
#define KEEPER_SHARING_INTERNAL_H

#include "common/redis_breaker.h"
#include "keeper/sharing.h"

enum { SHARING_HOLDER = SHARING_GATEWAY + 1 + SHARING_BY };

struct sharing {
    struct event *news, *clock;
    int sock;
    char prefix[LABELS_PREFIX], by[SHARING_BY], gateway[SHARING_GATEWAY + 1];
    struct labels *labels;
    const struct models *models;
    const struct sharing_owner *owner;
    void *ctx;
    bool on;

    /* The question that is under way; number 0: none. */
    uint64_t last, number;
    enum sharing_script asked;
    int64_t deadline;
    unsigned nothing; /* was heard so often in a row */

    /* Looking. */
    int64_t look_at, rest_until; /* clock_ms */
    int64_t rest_ms;             /* the last rest in a row of answers that brought nothing */
    int64_t read, away;          /* seconds since 1970 */
    int64_t away_ms;             /* clock_ms */
    bool caught_up;              /* all was read at the last look */
    uint64_t refused;
    int64_t anew_at; /* clock_ms; not before: a stream that was read is left for another */
    struct complaint lost, anew, forged_labels, forged_model;

    /* Telling. */
    bool tells;
    struct labels_telling telling;
    bool was_said; /* `telling`, and what has become of it is to be looked at */

    /* The model. */
    struct buf raw; /* the head as it was read */
    bool has_head;  /* `head` is what it says, */
    struct sharing_head head;
    uint64_t latest;   /* generation of a head that was read */
    int64_t fetch_at;  /* clock_ms; not before: it could not be kept */
    struct buf octets; /* that are fetched, or put */
    bool fetches, puts;
    bool was_told;            /* `next` was */
    uint64_t at;              /* so many are */
    struct sharing_head next; /* of what is put, */
    struct buf next_raw;      /* sealed */

    /* The lease. */
    char holder[SHARING_HOLDER];
    bool wants_lease, has_lease, gives_back;
    const char *asked_lease;      /* what, in the question that is under way */
    int64_t lease_until, keep_at; /* clock_ms */
};

/* Asks one question; its answer comes to the part that `script` belongs to. */
void sharing_put_question(struct sharing *s, enum sharing_script script,
                          const struct sharing_words *words);

struct slice sharing_number(uint64_t number, char room[static 24]);
/* All keys but that of the lease live as long as labels. */
struct slice sharing_life(const struct sharing *s, char room[static 24]);

/* Redis cannot be asked, or answers nonsense: it is left in peace for a while. */
void sharing_fail(struct sharing *s, const char *reason);
/* What somebody has forged, or another key has sealed. */
void sharing_refuse_labels(struct sharing *s, uint32_t count, const char *reason);
void sharing_refuse_model(struct sharing *s, const char *reason);
void sharing_look_again(struct sharing *s);
/* What was asked has brought nothing: looks again after a rest, each longer than the one before. */
void sharing_rest(struct sharing *s);

/* Labels. */
void sharing_look(struct sharing *s);
void sharing_looked(struct sharing *s, const struct sharing_words *words);
bool sharing_say_labels(struct sharing *s); /* false: there is nothing to be told */
void sharing_said_labels(struct sharing *s, const struct sharing_words *words);

/* The model. */
void sharing_take_head(struct sharing *s, struct slice raw);
bool sharing_model_step(struct sharing *s); /* false: all is as it should be */
void sharing_model_answer(struct sharing *s, const struct sharing_words *words);

/* The lease. */
bool sharing_lease_keep(struct sharing *s); /* before all else: it would end; false: not now */
bool sharing_lease_step(struct sharing *s);
void sharing_lease_answer(struct sharing *s, const struct sharing_words *words);
void sharing_lease_away(struct sharing *s);

#endif
