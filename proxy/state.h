/* SPDX-License-Identifier: ISC
 * What gateways remember together, in Redis: greylisting, rates, senders, counts for DMARC's
 * reports. Each function sends one script; a call that fails leaves its facts unknown. */
#ifndef PROXY_STATE_H
#define PROXY_STATE_H

#include "policy/config.h"
#include "proxy/redis.h"

struct state;

struct state *state_new(struct redis *redis, const struct config *config);
void state_free(struct state **state);

/* The questions of one transaction. Facts are written when an answer comes; `done` is called when
 * the last one has, never from inside. */
struct state_inquiry;
struct state_inquiry *state_begin(struct state *state, struct arena *arena, struct facts *facts,
                                  void (*done)(void *ctx), void *ctx);
unsigned state_pending(const struct state_inquiry *inquiry);
void state_cancel(struct state_inquiry *inquiry); /* before the arena goes; forgets it */
struct state_cost {
    unsigned calls;
    int64_t ms; /* waited for, in all */
};
struct state_cost state_cost(const struct state_inquiry *inquiry);

/* Who brings a message, without <>. */
struct state_sender {
    struct ip client;
    struct slice sender; /* empty: <> */
    struct slice recipient;
    struct slice authenticated; /* a domain that SPF has passed for; empty: none */
};

/* greylist.*: looks up and, at the first meeting, writes down. Key: client network, sender with
 * VERP folded, recipient. */
void state_greylist(struct state_inquiry *inquiry, const struct state_sender *who);

/* sender.first_seen, sender.messages. */
void state_history(struct state_inquiry *inquiry, struct slice sender);

/* The policy's rate(...) facts whose event this is: counted, and their values set in facts->keyed.
 * Call once an event. */
void state_rates(struct state_inquiry *inquiry, enum rate_event event);

/* Afterwards, nobody waits for these. A message was accepted from here: */
void state_accepted(struct state *state, const struct state_sender *who);
/* The backend has refused a recipient that does not exist: the rates of RATE_UNKNOWN_RECIPIENTS. */
void state_unknown_recipient(struct state *state, const struct facts *facts);
/* For aggregate reports (RFC 7489 7.2): what became of a message under From's domain. */
void state_dmarc(struct state *state, const struct facts *facts, const char *disposition);

#endif
