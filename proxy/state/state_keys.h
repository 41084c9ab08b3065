/* SPDX-License-Identifier: ISC
 * The names of what gateways remember: settings.redis_prefix, a kind, and a digest (SHA-256, its
 * first 128 bits in hexadecimal digits) of the values that it is about. So no key grows with what a
 * peer sends, none tells who writes to whom, and nobody can choose two values that share one. All
 * gateways make the same keys. No I/O.
 *
 * Who guesses both addresses of a pair could see whether its digest is there; so those that stay for
 * long (contacts) are HMACs, under a secret that Redis does not know. */
#ifndef PROXY_STATE_STATE_KEYS_H
#define PROXY_STATE_STATE_KEYS_H

#include "common/redis_place.h"
#include "policy/config.h"

enum {
    STATE_KEY_MAX = 160,
    STATE_DIGEST = 16, /* octets */

    RATE_NETWORK6 = 64, /* bits of an IPv6 address that rate() tells apart, as session limits do */
};

struct state_key {
    char text[STATE_KEY_MAX];
    size_t len; /* 0: could not be made (out of memory) */
};

struct slice state_key_slice(const struct state_key *key);

struct state_keys;
/* Both must outlive it; an empty secret: no keys of contacts can be made. */
struct state_keys *state_keys_new(const struct settings *settings, struct slice secret);
void state_keys_free(struct state_keys **keys);

/* The client's network, of settings.greylist_network4 or 6 bits. */
struct state_key state_key_network(struct state_keys *keys, const struct ip *client);
/* Sender (sender_fold) and recipient, with the client's network or an authenticated domain. */
struct state_key state_key_greylist(struct state_keys *keys, const struct ip *client,
                                    struct slice sender, struct slice recipient);
struct state_key state_key_greylist_domain(struct state_keys *keys, struct slice domain,
                                           struct slice sender, struct slice recipient);
struct state_key state_key_domain(struct state_keys *keys, struct slice domain);
struct state_key state_key_sender(struct state_keys *keys, struct slice sender); /* folded */

/* That this sender (folded) has written to this recipient (in any case). */
struct state_key state_key_contact(struct state_keys *keys, struct slice sender,
                                   struct slice recipient);

/* That one of our users has written to somebody: accounts, both. A signature in the latter's address (BATV) is
 * no part of it; else nothing is folded, as who may choose an address that folds to another's must not pass for
 * him. */
struct state_key state_key_answered(struct state_keys *keys, struct slice user,
                                    struct slice correspondent);
/* That a message with this Message-ID has left. */
struct state_key state_key_letter(struct state_keys *keys, struct slice id);

/* What an account that sends (its name, folded as a sender is) does, under a kind; of a half of a year
 * that is counted since 1970; of a digest of a text. */
struct state_key state_key_sending(struct state_keys *keys, const char *kind, struct slice account);
struct state_key state_key_sending_to(struct state_keys *keys, struct slice account, int64_t half);
struct state_key state_key_sending_text(struct state_keys *keys, struct slice account,
                                        const uint8_t digest[static STATE_DIGEST]);
/* Numbers of 31 bits, which a set of Redis has in 4 octets each, that stand for a recipient of that
 * account (in any case), and for the network that it has logged in from: the autonomous system, or 0
 * and the client's network. False: it could not be made. */
bool state_number_of_recipient(struct state_keys *keys, struct slice account,
                               struct slice recipient, uint32_t *out);
bool state_number_of_network(struct state_keys *keys, struct slice account, uint32_t asn,
                             const struct ip *client, uint32_t *out);

/* That this address was told of this account that this rule holds. */
struct state_key state_key_notice(struct state_keys *keys, struct slice rule, struct slice account,
                                  struct slice address);

/* The account that an address stands for: without "+tag" behind its local part, in any case. Other names
 * that a server has for it are not known here. */
struct state_account {
    char text[17]; /* keyed; empty: could not be made */
};
struct state_account state_account(struct state_keys *keys, struct slice address);
/* What it has said of an author (folded). */
struct state_key state_key_opinion(struct state_keys *keys, struct slice author,
                                   struct slice address);
/* How many it has said. */
struct state_key state_key_opinions(struct state_keys *keys, struct slice address);
/* The opinions under a digest of a message, which is keyed already, in its place. */
struct state_key state_key_campaign(struct state_keys *keys, unsigned place, uint64_t digest);

/* Of logins: of the user (in any case) from the client's network, of that network, of that user. */
enum login_counter { LOGINS_HERE, LOGINS_OF_NETWORK, LOGINS_OF_USER, LOGIN_COUNTERS };
struct state_key state_key_logins(struct state_keys *keys, enum login_counter counter,
                                  const struct ip *client, struct slice user, const char *kind);

/* What is remembered under a digest of the caller's. */
struct state_key state_key_digest(const struct state_keys *keys, const char *kind,
                                  const uint8_t digest[static STATE_DIGEST]);

/* What a rate's facts come to: whether there is something to count. */
enum rate_value { RATE_ABSENT, RATE_UNKNOWN, RATE_COUNTABLE };

/* The counters of a rate in the window that `now` (seconds since 1970)
 * falls into, and in the one before. */
struct rate_keys {
    struct state_key current, previous;
    int64_t window; /* seconds, rounded up */
    double passed;  /* how much of the current window is over: 0 up to 1 */
};
enum rate_value state_key_rate(struct state_keys *keys, const struct policy_key *rate,
                               const struct facts *facts, int64_t now, struct rate_keys *out);

#endif
