/* SPDX-License-Identifier: ISC
 * Shares of what all clients use together, so that no network of them takes it all. While a budget
 * is no more than half in use, anybody may take of it. Beyond that an IPv4 /24 or an IPv6 /64 has no
 * more than a quarter of it, and an IPv6 /48, in which there may be many customers, no more than a
 * half. Counts hold over all proxies, in the shared table (shared.h). */
#ifndef COMMON_SHARES_H
#define COMMON_SHARES_H

#include "common/shared.h"

/* In what unit a share is counted. */
enum budget {
    BUDGET_CLIENT,   /* sessions of one address (an IPv6 /64), against a limit of its own */
    BUDGET_LISTENER, /* sessions that came in at one listener */
    BUDGET_SESSIONS, /* ... of one network */
    BUDGET_SPOOL,    /* 4 KiB of message bodies */
    BUDGET_SCANS,    /* 4 KiB of messages that scanners have or are given */
    BUDGET_SLOW,     /* jobs of networks whose mail takes a family of scanners long */
    BUDGET_LOGINS,
    BUDGET_WORKERS, /* connections to a server that work: BUDGET_WORKERS + its number */
};

/* Whose a session is. Keyed hashes, so that nobody outside can choose networks that collide. */
struct holder {
    uint64_t client;         /* the address; of IPv6 its /64 */
    uint64_t network, wider; /* 0: its share is not looked at */
};

/* Of that client; `unshared`: its networks may take what they like. */
struct holder holder_of(const struct shared *shared, const struct ip *client, bool unshared);

/* What is given of a budget. */
struct allotment {
    unsigned budget;
    uint64_t used, limit; /* of all */
    uint64_t least;       /* that each network may have in any case */
};

/* A session, against the limits; one listener, if there are several, has no more than three quarters
 * of the sessions. What is not TAKEN is counted nowhere. */
struct session_claim {
    struct holder holder;
    uint64_t listener; /* a hash of it; 0: it is the only one */
    unsigned limit, limit_per_client;
};
enum shared_session {
    SHARED_SESSION_TAKEN,
    SHARED_SESSION_TOO_MANY, /* in all, or at the listener */
    SHARED_SESSION_TOO_MANY_OF_CLIENT,
    SHARED_SESSION_TOO_MANY_OF_NETWORK,
};
enum shared_session shared_session_take(struct shared *shared, unsigned row,
                                        const struct session_claim *claim);
void shared_session_give(struct shared *shared, unsigned row, const struct session_claim *claim);

/* Octets of message bodies in memory; `least` is what each network may have in any case. */
struct spool_limit {
    uint64_t limit, least;
};
bool shared_spool_take(struct shared *shared, unsigned row, const struct holder *holder,
                       uint64_t octets, const struct spool_limit *limit);
void shared_spool_give(struct shared *shared, unsigned row, const struct holder *holder,
                       uint64_t octets);

/* Octets of messages that were given to scanners and are not answered yet. None is granted as long
 * as a job of any row is older than `age` (what comes behind it would only wait), or another row's
 * first in line has waited longer than this one has; a row whose first has waited for more than
 * `patience` does not serve its line, and is passed over. What is larger than the limit is granted
 * when there is nothing else. */
struct scan_claim {
    uint64_t octets, limit;
    int64_t since, now;    /* clock_ms: when it began to wait */
    int64_t age, patience; /* milliseconds */
};
enum shared_scan {
    SHARED_SCAN_TAKEN,
    SHARED_SCAN_NO_ROOM,
    SHARED_SCAN_TOO_MANY_OF_NETWORK, /* others who come behind it may have room */
};
enum shared_scan shared_scan_take(struct shared *shared, unsigned row, const struct holder *holder,
                                  const struct scan_claim *claim);
void shared_scan_give(struct shared *shared, unsigned row, const struct holder *holder,
                      uint64_t octets);
/* For the claims of others: clock_ms when the row's oldest job was given to a scanner, and when the
 * first in its line began to wait; 0: there is none. */
void shared_scan_oldest(struct shared *shared, unsigned row, int64_t given);
void shared_scan_first(struct shared *shared, unsigned row, int64_t since);

/* A job of some network whose mail takes that family of scanners long, of the `limit` that there may
 * be at once. */
bool shared_slow_scan_take(struct shared *shared, unsigned row, unsigned family, unsigned limit);
void shared_slow_scan_give(struct shared *shared, unsigned row, unsigned family);

/* A login that a server is asked about, of the `limit` that there may be at once. */
bool shared_login_take(struct shared *shared, unsigned row, const struct holder *holder,
                       unsigned limit);
void shared_login_give(struct shared *shared, unsigned row, const struct holder *holder);

/* A connection to a server of which there may be `limit`, while it works for the holder. */
bool shared_worker_take(struct shared *shared, unsigned row, const struct holder *holder,
                        unsigned server, unsigned limit);
void shared_worker_give(struct shared *shared, unsigned row, const struct holder *holder,
                        unsigned server);

/* ---- of which these are made ---- */

/* Whether the holder's networks have no more than they may, with what they have just been given. */
bool share_is_kept(const struct shared *shared, const struct holder *holder,
                   const struct allotment *of);

/* The rule itself, of one network that has `its` of `used` of `limit`, one at least. */
bool share_is_fair(uint64_t used, uint64_t limit, uint64_t its);

/* Counts units that the holder's networks have; and what they have no more. */
void share_hold(struct shared *shared, unsigned row, const struct holder *holder, unsigned budget,
                uint64_t units);
void share_release(struct shared *shared, unsigned row, const struct holder *holder,
                   unsigned budget, uint64_t units);

/* The same for one of whom there is but a hash: how many units he has, in all rows. */
uint64_t share_count(const struct shared *shared, uint64_t who, unsigned budget);
void share_add(struct shared *shared, unsigned row, uint64_t who, unsigned budget, uint64_t units);
void share_subtract(struct shared *shared, unsigned row, uint64_t who, unsigned budget,
                    uint64_t units);

#endif
