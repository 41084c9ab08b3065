/* SPDX-License-Identifier: ISC
 * What all sessions of one proxy process share. */
#ifndef PROXY_PROCESS_PROXY_H
#define PROXY_PROCESS_PROXY_H

#include "common/messages.h"
#include "common/shares.h"
#include "filters/dns/resolver.h"
#include "filters/release_mark.h"
#include "filters/sender/batv.h"
#include "filters/sender/dkim_key.h"
#include "policy/config.h"
#include "proxy/process/list_watch.h"
#include "proxy/process/tls.h"
#include "proxy/state/redis.h"
#include "proxy/state/state.h"

#include <sys/queue.h>

struct smtp_pools;
struct asked_before;
struct scan_memory;
struct scan_times;
struct scan_answers;
struct recipient_cache;
struct mailbox_servers;
struct errands;
struct lists;
struct likeness;
struct session;
TAILQ_HEAD(session_list, session);
struct scan_wait;
TAILQ_HEAD(scan_list, scan_wait);
struct fetched;
TAILQ_HEAD(fetched_list, fetched);

struct proxy {
    struct event_base *base;
    const struct config *config;
    struct tls_contexts *tls;
    struct smtp_pools *backends;
    struct recipient_cache *recipients;
    struct mailbox_servers *mailboxes; /* where mail is read */
    struct resolver *resolver;         /* NULL: no rule needs DNS, or there is none to be had */
    struct asked_before *asked_before; /* with resolver */
    struct scan_memory *scanned[SCANNER_KINDS]; /* NULL: no mail is read, or none such is asked */
    struct redis *redis;                        /* NULL: no rule needs it */
    struct state *state;                        /* with redis */
    struct shared *shared;
    unsigned slot, row;
    int queue[SCANNER_KINDS]; /* -1: there is none */
    struct scan_answers *answers;
    char down[SCANNER_KINDS][SCAN_REASON_MAX + 1]; /* why none serves now; empty: they do */
    int keeper; /* the sending end of its queue; -1: nobody keeps records */
    int signer; /* the sending end of its queue; -1: nothing is signed */
    int source; /* the sending end of gatepost-source's queue; -1: nobody needs it */
    enum dkim_algorithm *algorithms;      /* of config.signing_keys, by their places */
    struct batv batv;                     /* tags of senders */
    struct errands *errands;              /* what Gatepost itself delivers; NULL: nothing is kept */
    struct state_sharing *sharing;        /* what keepers ask of Redis; NULL: they share nothing */
    unsigned char mark[RELEASE_MARK_KEY]; /* of released messages */
    bool has_mark;
    struct lists *lists;                      /* of senders; NULL: nobody is listed */
    const struct likeness *likeness;          /* NULL: no rule asks whom From is taken for */
    bool errands_over;                        /* while draining: none is under way */
    bool acts_at[PHASE_MESSAGE + 1];          /* some rule can decide at this phase or before */
    bool drops_at[PHASE_MESSAGE + 1];         /* some rule can drop the connection by then */
    bool scans[SCANNER_KINDS];                /* the policy needs scanners of this kind */
    bool wants[PRODUCER_COUNT];               /* the policy names facts of this producer */
    bool wants_outbound[PRODUCER_COUNT];      /* the same, of mail that leaves, */
    bool wants_others[PRODUCER_COUNT];        /* and of all other */
    bool counts[RATE_UNKNOWN_RECIPIENTS + 1]; /* a rate() counts these events */
    bool spf_may_wait;                        /* no rate() counts by what SPF says */
    bool waits_for_silence;                   /* before the banner */
    bool looks_at_mail;                       /* some rule asks what a message is */
    struct scan_job job;                      /* what is asked of them about every message */
    struct scan_list line, under_way;         /* of jobs, oldest first: for a scanner, with one */
    struct scan_times *scan_times;            /* NULL: nobody needs scanners */
    unsigned workers[SCANNER_KINDS];          /* of each family */
    struct event *line_clock;
    struct fetched_list turns; /* messages that are read and examined, or wait for that */
    struct event *turn;
    bool queue_full[SCANNER_KINDS]; /* some stand in line for room on that queue */
    struct list_watch *watch;       /* in slot 0 */
    struct {                        /* what shared_count has been told of them */
        struct resolver_counts resolver;
        struct redis_counts redis;
        bool redis_away;
    } counted;
    uint64_t next_id;
    struct session_list sessions, unshown; /* unshown: shown soon (session_live.c) */
    struct event *show_clock;
    struct event *pulse;
    struct event *stress_clock; /* while little room is left (session_stress.c) */
    bool stressed;
    size_t session_count;
    size_t expected; /* what may still become sessions: see introduced.h, acceptor_drain */
    bool draining, stopping;
    void (*drained)(struct proxy *proxy); /* see proxy_end_if_drained */
};

/* What the policy wants from the scanners, and at which phases it can act. False: out of memory. */
bool proxy_learn_policy(struct proxy *proxy);

/* What is wanted of mail that comes in by this listener. */
static inline const bool *proxy_wants(const struct proxy *proxy, const struct listener *listener)
{
    return listener->direction == DIRECTION_OUTBOUND ? proxy->wants_outbound : proxy->wants_others;
}

/* Adds to the shared counters what the resolver and Redis have counted since the last call. */
void proxy_count(struct proxy *proxy);

/* Sessions that are between commands are told 421 and closed;
 * the others end after their transaction. */
void sessions_stop(struct proxy *proxy);

/* While draining: there may be nothing left, no session, no connection that becomes one, no errand. */
void proxy_end_if_drained(struct proxy *proxy);

/* A new id for a session, unique over proxies and restarts; written to `out`. */
void proxy_new_id(struct proxy *proxy, char out[static 24]);

#endif
