/* SPDX-License-Identifier: ISC
 * The scanners of one kind as the parent sees them:
 * the head of a family (filters/scanner/family.h), and the queue that outlives every head,
 * so that a new family takes over without a job being lost. */
#ifndef PARENT_PARENT_SCANNERS_H
#define PARENT_PARENT_SCANNERS_H

#include "filters/scanner/family_start.h"
#include "filters/scanner/scan_channels.h"
#include "parent/parent_backoff.h"

#include <sys/types.h>

enum { SCANNERS_HEADS = 4 };

enum head_state { HEAD_NONE, HEAD_STARTING, HEAD_READY, HEAD_RETIRING };

struct head {
    enum head_state state;
    pid_t pid;
    int control; /* -1: none */
    int pages;   /* of its workers (worker_page.h); -1 */
    unsigned workers;
    int64_t ready_since, kill_at;
    char failure[SCAN_REASON_MAX + 1]; /* what it said that it ends for */
};

struct scanners {
    enum scanner_kind kind;
    int sending, receiving;        /* the queue's two ends, owned */
    struct scan_channels channels; /* on which proxies are answered */
    uint32_t last_serial;          /* of a channel */
    bool wanted, renew;
    struct family_command command;
    unsigned workers; /* by that command */
    int model;        /* that gatepost-scan is started with, owned; -1: none */
    int64_t patience; /* how long a retired head may take */
    struct head heads[SCANNERS_HEADS];
    struct backoff backoff;
    int64_t start_at;
    /* None serves, and the last try has failed for this reason; empty: they serve, or soon will. */
    char down[SCAN_REASON_MAX + 1];
    int64_t down_since; /* clock_ms */
    int64_t look_at;    /* when it is next looked whether somebody has closed the queue */
    bool watched;       /* that is now */
    bool moved;         /* the proxies are to be told of another queue */
    bool news;          /* the proxies are to be told */
    bool changed;       /* another head serves, or one has ended: the shared table is to tell */
};

/* Makes the queue. False with errno. */
bool scanners_init(struct scanners *scanners, enum scanner_kind kind);

/* What they should be from now on;
 * other arguments than before bring a new family. NULL: none is wanted. */
void scanners_configure(struct scanners *scanners, const struct config *config);

/* Makes the channel of a proxy, and tells it to those that serve. The proxy's end goes to *sock, the
 * caller's; its serial is scanners->last_serial. False with errno. */
bool scanners_introduce(struct scanners *scanners, unsigned row, int *sock);
/* That proxy is gone. */
void scanners_dismiss(struct scanners *scanners, unsigned row);

/* The next families know spam by this sealed memfd, which is taken over: a new one is started. */
void scanners_take_model(struct scanners *scanners, int model);

/* A new family beside the present one, which is retired once the new one is ready. */
void scanners_renew(struct scanners *scanners);

/* Starts, retires and kills what is due. Returns when it wants to be called again;
 * 0: not by time. */
int64_t scanners_settle(struct scanners *scanners, int64_t now);

/* This head has said something. */
void scanners_hear(struct scanners *scanners, struct head *head, int64_t now);

/* True when the dead child was one of the heads. */
bool scanners_died(struct scanners *scanners, pid_t pid, int status, int64_t now);

/* What they say was not asked for, and so much that it is no accident: all that have served are replaced. Several
 * proxies may say so of one, by turns: the next one, which starts, is heard of again if it does the same. */
void scanners_distrust(struct scanners *scanners);

void scanners_kill(struct scanners *scanners); /* whatever runs */
bool scanners_gone(const struct scanners *scanners);

#endif
