/* SPDX-License-Identifier: ISC
 * Where what a try of a message has left for its retry stands: in the shared table, so the retry may
 * come to any proxy, and in Redis where there is one, so it may come to another gateway; for a day. */
#ifndef PROXY_SMTP_RETRY_STORE_H
#define PROXY_SMTP_RETRY_STORE_H

#include "common/shared.h"
#include "policy/value.h"
#include "proxy/smtp/retry_seal.h"
#include "proxy/state/state.h"

enum { RETRY_PLACES = 2 /* the client's network, and the domain that SPF passed for */ };
_Static_assert(RETRY_PLACES + 1 <= STATE_RETRY_PLACES, "what is delivered is asked for as well");

enum { RETRY_KEPT_MS = 24 * 3600 * 1000, RETRY_FORM_MAX = 280 /* octets of what stands there */ };
_Static_assert(RETRY_FORM_MAX + RETRY_SEAL <= STATE_RETRY_MAX, "it fits into Redis");

/* Whose retry it would be. A pool of senders is known by the domain that SPF passed for, and every
 * client by its network (/24, /64), since a neighbour may come instead. */
struct retry_who {
    const struct ip *client;
    struct slice authenticated;     /* empty: none */
    struct slice sender, recipient; /* their domains in one spelling (policy/spelling.h) */
};

/* Where what is remembered of one of them stands: built once, usable when `who` is gone. */
struct retry_place {
    struct state_retry_place
        where; /* count: RETRY_PLACES at most; 0: it could not be made, nothing is remembered */
    uint8_t has_it[STATE_DIGEST]; /* where it stands what the recipient has of the sender */
    uint8_t secret[RETRY_SECRET]; /* under which it stands in Redis */
    int64_t written;              /* clock_wall_ms, of what was recalled */
};

struct retry_place retry_place(const struct retry_who *who);
/* That of what the recipient has, whoever brought it. */
struct retry_place retry_place_of_delivered(const struct retry_place *place);
/* All that is asked for. */
struct state_retry_place retry_places(const struct retry_place *place);

struct retry_store {
    struct shared *shared;
    struct state *state; /* NULL: no Redis */
};

/* `form`: at most RETRY_FORM_MAX octets. */
void retry_store_write(const struct retry_store *store, const struct retry_place *place,
                       struct slice form);
/* In the table alone: where there is Redis another gateway may have a note of it, and that it is over
 * has to be written. */
void retry_store_forget(const struct retry_store *store, const struct retry_place *place);

/* Calls `take` with each form that stands there. `answer` is Redis'. Not to be trusted. */
void retry_store_read(const struct retry_store *store, const struct retry_place *place,
                      const struct state_retry_answer *answer,
                      void (*take)(void *ctx, struct slice form), void *ctx);

/* Whether something is remembered of a message of this sender, whoever brought it. */
bool retry_is_awaited(const struct retry_store *store, const struct retry_place *place,
                      const struct state_retry_answer *answer);

/* What was written last counts, here or there: Redis may have been away or full, and another gateway
 * may have served what this one has written. */
int64_t retry_time_after(int64_t written);
bool retry_is_later(int64_t written, int64_t than);

#endif
