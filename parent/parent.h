/* SPDX-License-Identifier: ISC
 * The parent: root, the only one that binds, opens keys and starts processes; it never accepts and
 * never reads a network byte. One loop (parent_loop.c): what happened is noted (a message heard, a
 * child reaped), then parent_settle looks at everything anew and acts. A generation is one
 * configuration with its proxies; a slot is the place of a proxy in it, with listening sockets that
 * are the same in each generation. */
#ifndef PARENT_PARENT_H
#define PARENT_PARENT_H

#include "base/log.h"
#include "common/shared.h"
#include "parent/parent_args.h"
#include "parent/parent_backoff.h"
#include "parent/parent_claims.h"
#include "parent/parent_files.h"
#include "parent/parent_keeper.h"
#include "parent/parent_learn.h"
#include "parent/parent_listen.h"
#include "parent/parent_load.h"
#include "parent/parent_milter.h"
#include "parent/parent_pulse.h"
#include "parent/parent_redis.h"
#include "parent/parent_release.h"
#include "parent/parent_sample.h"
#include "parent/parent_scanners.h"
#include "parent/parent_sign.h"
#include "parent/parent_source.h"
#include "parent/parent_tickets.h"
#include "parent/parent_troubles.h"
#include "parent/parent_watch.h"

#include <sys/types.h>

enum { OLD_GENERATIONS = 3 };

struct generation;

/* What a proxy is told at its start, in order. */
enum tell {
    TELL_CONFIG,
    TELL_ANNEXES,
    TELL_SHARED,
    TELL_LISTENERS,
    TELL_SCAN,
    TELL_AV,
    TELL_QR,
    TELL_KEEPER,
    TELL_ERRANDS,
    TELL_SHARING,
    TELL_LISTS,
    TELL_MARK,
    TELL_SIGNER,
    TELL_SOURCE,
    TELL_TICKETS,
    TELL_START,
    TELL_DONE,
};

struct slot {
    struct generation *generation;
    unsigned number;
    pid_t pid;   /* 0: none runs */
    int control; /* -1: none */
    enum proxy_state state;
    enum tell next_tell;
    size_t annex;      /* while TELL_ANNEXES: where it is */
    uint32_t listener; /* while TELL_LISTENERS: where it is */
    size_t socket;
    unsigned row;
    bool lent;        /* its sockets are served by another while it waits for its next start */
    unsigned may_say; /* messages that it has left */
    bool wants_redis;
    bool distrusts[SCANNER_KINDS]; /* what scanners of this kind say */
    /* When it can have a connection; how long after the next failure. */
    int64_t redis_at, redis_delay;
    bool failed; /* it said so, or died before it was ready */
    bool broke_protocol;
    struct pulse pulse;
    struct backoff backoff;
    int64_t served_since, start_at, kill_at; /* 0: never */
};

struct generation {
    unsigned number;
    struct loaded loaded;
    int bundle; /* a descriptor */
    struct slot *slots;
    unsigned slot_count;
    int64_t since; /* clock_wall: started */
    int64_t until; /* starting: when it is given up; old: when what is left is killed */
    struct generation *next;
};

/* A configuration to be read, and how. */
struct reload_wish {
    const char *why;                  /* NULL: none */
    bool certificates;                /* those alone (struct succession) */
    bool asked;                       /* gatepostctl is to hear what comes of it */
    char accepted[KEEPER_RELOAD_MAX]; /* tables that may shrink: accepts_table */
    size_t accepted_len;
    int64_t not_before;
};

struct parent {
    struct arguments arguments;
    char hostname[256];
    struct sockets sockets;
    struct claims claims;
    struct shared *shared;
    int shared_fd, shared_reader; /* of the same memfd (shared.h) */
    struct tickets tickets;
    struct scanners scanners[SCANNER_KINDS];
    struct private_redis redis;
    struct keeper keeper;
    struct release release;
    struct learn learn;
    struct sign sign;
    struct source_process source;
    struct milters milters;
    struct generation *starting, *current, *old; /* old: newest first */
    unsigned generations;
    struct configuration_files files;
    struct watch signatures;
    struct troubles troubles;
    /* Next looks, next sign of life; 0: never. */
    int64_t files_at, signatures_at, expiry_at, alive_at;
    struct reload_wish wish; /* as soon as none is under way */
    bool asker_waits;        /* for the reload that is under way */
    struct buf asker_report; /* what was said of it */
    struct sample sample;
    int64_t asked_again_at; /* not before that another is, when one was asked for */
    bool stopping;
    int64_t stop_until;
    int64_t started; /* clock_wall */
    int status;      /* what to exit with */
    int signals;     /* signalfd */
    int launcher;    /* who waits for us to be ready (pipe), -1: nobody */
};

/* The one that starts, the one that serves, those that drain; the first after NULL. */
static inline struct generation *generation_after(const struct parent *parent,
                                                  const struct generation *before)
{
    if (!before && parent->starting)
        return parent->starting;
    if ((!before || before == parent->starting) && parent->current)
        return parent->current;
    bool drains = before && before != parent->starting && before != parent->current;
    return drains ? before->next : parent->old;
}

#define FOR_EACH_GENERATION(generation, parent)                                                    \
    for ((generation) = generation_after((parent), NULL); (generation);                            \
         (generation) = generation_after((parent), (generation)))
/* Each of their proxies. */
#define FOR_EACH_SLOT(slot, generation, parent)                                                    \
    FOR_EACH_GENERATION(generation, parent)                                                        \
        for ((slot) = (generation)->slots;                                                         \
             (slot) < (generation)->slots + (generation)->slot_count; (slot)++)

/* parent_loop.c: runs until everything is stopped; returns the exit status. */
int parent_run(struct parent *parent);
bool parent_open_signals(struct parent *parent); /* before the first child is started */
void parent_stop(struct parent *parent, int64_t now);

/* parent_generation.c: a configuration comes, serves, drains, goes. */
struct generation *generation_new(struct parent *parent, struct loaded *loaded, struct buf *report);
void generation_start(struct parent *parent, struct generation *generation, int64_t now);
void generation_drain(struct generation *generation, bool stopping, int64_t until);
void generation_settle(struct parent *parent, int64_t now);
size_t generation_alive(const struct generation *generation);

/* parent_reload.c: SIGHUP, gatepostctl, and files that changed by themselves. */
void parent_reload(struct parent *parent, const struct reload_wish *wish, int64_t now);
void parent_look(struct parent *parent, int64_t now); /* for what is due of that */
void parent_wish_reload(struct parent *parent);       /* the keeper asks for one */
/* What came of it, to whoever asked for it: reason NULL: it serves. */
void parent_tell_asker(struct parent *parent, const char *reason);
/* Log, scanners, Redis, keeper. */
void parent_apply(struct parent *parent, const struct config *config, int64_t now);
void parent_apply_helpers(struct parent *parent, const struct config *config, int64_t now);
/* Before its first proxy asks: its keys to gatepost-sign. */
void parent_apply_signing(struct parent *parent, const struct generation *generation, int64_t now);

#endif
