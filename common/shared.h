/* SPDX-License-Identifier: ISC
 * The counts that limits over all proxies are kept by: a memfd of atomics, made by the parent,
 * mapped by everyone. Each process can write its own row (and notes.h) and nothing else, which the
 * kernel sees to; a value is the sum over the rows, so what a killed proxy held is given back by
 * clearing its row. Readers believe a row only within bounds.
 * A `take` that passes its limit takes nothing.
 * Two takes at one moment may both be refused at the limit, never both granted past it. */
#ifndef COMMON_SHARED_H
#define COMMON_SHARED_H

#include "common/doubt.h"
#include "common/live_sessions.h"
#include "common/notes.h"
#include "policy/value.h"

enum { SHARED_ROWS = 320, SHARED_SERVERS = 512, SHARED_FAMILIES = 4 };

enum counter {
#define COUNTER(id, name, doc) COUNTER_##id,
#include "common/counters.def"
#undef COUNTER
    COUNTER_COUNT
};

struct shared;

/* The parent's; *fd is its memfd, the caller's. NULL with errno. */
struct shared *shared_new(int *fd);
/* The same memfd, opened for reading: what is mapped by it can never be made writable. The
 * caller's; -1 with errno. */
int shared_reader(int fd);
/* A proxy's: everything by the reader, its own row and the notes by the memfd itself. The caller
 * closes both, before it meets anybody who could take it over: who has the memfd can map all of it,
 * and who may call mremap can let a writable mapping grow (sandbox.h forbids it to proxies). NULL
 * with errno. */
struct shared *shared_map(int reader, int fd, unsigned row);
void shared_free(struct shared **shared);

/* The parent's: a free row for a new process (-1: none), and its return, all counts zero, once the
 * process is dead. What shared_count counted stays in the sums, and what it has found out about
 * servers and lists is known on. */
int shared_row_claim(struct shared *shared);
void shared_row_clear(struct shared *shared, unsigned row);
/* Before that, of a process that somebody may have taken over: nothing of what it has found out is
 * kept, and the notes of all are gone, as any of them may be its own. */
void shared_row_distrust(struct shared *shared, unsigned row);

/* Connections to a backend's server. Its number is the same in all processes and generations; to be
 * asked for once, at start. The parent gives one to whoever has none: before a proxy asks. */
unsigned shared_server(struct shared *shared, const struct ip *ip, uint16_t port);
bool shared_backend_take(struct shared *shared, unsigned row, unsigned server, unsigned limit);
void shared_backend_give(struct shared *shared, unsigned row, unsigned server);

/* A server is down for this process since then (seconds since 1970), and why; whoever can speak to
 * it says that it is up, for all. Some process has it down since `since`, and none has found it up
 * later: true, with the last reason that one has told. */
enum {
    SHARED_WHY_MAX = 96,
    SHARED_RESOLVER =
        SHARED_SERVERS, /* the DNS, and Redis, fare as a server does, under these numbers */
    SHARED_REDIS,
    SHARED_FATES
};
void shared_server_down(struct shared *shared, unsigned row, unsigned server, int64_t since,
                        const char *why);
void shared_server_up(struct shared *shared, unsigned row, unsigned server);
bool shared_server_is_down(const struct shared *shared, unsigned server, int64_t *since,
                           char why[static SHARED_WHY_MAX]);
/* When a process that still is there last said that it is up: clock_ms; 0: none has. */
int64_t shared_server_last_up(const struct shared *shared, unsigned server);

/* How many recipients a server takes in one transaction, as it was found out: until clock_ms passes
 * `until`, which is not believed when it is further away than SHARED_KNOWN_MS. Of several the
 * fewest; 0: not known. */
enum { SHARED_KNOWN_MS = 3600 * 1000 };
void shared_server_recipients(struct shared *shared, unsigned row, unsigned server, unsigned most,
                              int64_t until);
unsigned shared_server_recipients_most(const struct shared *shared, unsigned server, int64_t now);

/* What a server was heard to offer, in the words of its protocol: what was heard last. 0: nobody has
 * heard it. */
void shared_server_offers(struct shared *shared, unsigned row, unsigned server, uint64_t what);
uint64_t shared_server_offered(const struct shared *shared, unsigned server);

/* How often the head of that family of scanners was another, or has ended: what a scanner's death tells
 * of a message, it tells only while this stays. Told by the parent. */
void shared_family_changed(struct shared *shared, unsigned family);
uint64_t shared_family_changes(const struct shared *shared, unsigned family);

/* That the loop of a process turns, which it says once a second or so; and how often it has. */
void shared_pulse(struct shared *shared, unsigned row);
uint64_t shared_pulses(const struct shared *shared, unsigned row);

/* Deliveries under way: from before the body is sent until the client has its reply, so that the
 * parent can name those that a killed proxy leaves in doubt (RFC 1047). The place is given back
 * with _end; -1 (all taken) may be given back too. */
int shared_doubt_begin(struct shared *shared, unsigned row, const struct doubt *doubt);
void shared_doubt_end(struct shared *shared, unsigned row, int place);
/* The parent's: steps through those of a dead process' row; start with *at = 0. */
bool shared_doubt_next(const struct shared *shared, unsigned row, unsigned *at,
                       struct doubt *doubt);

/* What all proxies remember together, and the key for hashes of what comes from outside. */
struct notes *shared_notes(struct shared *shared);
const uint64_t *shared_key(const struct shared *shared);

/* The sessions of a row as they are now. */
struct live_sessions *shared_live(struct shared *shared, unsigned row);
/* The rows in use from `from` on; SHARED_ROWS at the end. */
unsigned shared_next_row(const struct shared *shared, unsigned from);

/* Counts an event for the administrator (counters.def);
 * and how many there were, in all rows that ever were. */
void shared_count(struct shared *shared, unsigned row, enum counter counter, uint64_t n);
uint64_t shared_counter(const struct shared *shared, enum counter counter);
const char *shared_counter_name(enum counter counter);

/* Blocklists that a health check found broken: a bit for each of config->blocklists, as the process
 * says whom the parent has named. */
void shared_watched_by(struct shared *shared, unsigned row); /* the parent's */
uint64_t shared_suspended(const struct shared *shared);
void shared_suspend(struct shared *shared, unsigned row, uint64_t bits);
/* A hash of the lists that the row's bits stand for from now on. Returns the bits to begin with:
 * those there are now, if they stand for the same lists. */
uint64_t shared_lists(struct shared *shared, unsigned row, uint64_t lists);

/* The sums. */
uint64_t shared_sessions(const struct shared *shared);
uint64_t shared_spool(const struct shared *shared);
uint64_t shared_scans(const struct shared *shared);
uint64_t shared_backend(const struct shared *shared, unsigned server);

#endif
