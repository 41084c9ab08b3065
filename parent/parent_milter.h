/* SPDX-License-Identifier: ISC
 * gatepost-milter as the parent sees it: one for each listener of that protocol, which opens its own socket, as
 * libmilter hands that to nobody. What it is asked it passes to proxies on a queue that the parent holds,
 * so that it may die, and they may be others after a reload. While there is none the mail server's own
 * setting says what becomes of mail (milter_default_action). */
#ifndef PARENT_PARENT_MILTER_H
#define PARENT_PARENT_MILTER_H

#include "common/milter.h"
#include "parent/parent_helper.h"
#include "policy/config.h"

/* Those of a configuration, of the one that comes in its place, and of the one before, which may not have
 * ended yet. */
enum { MILTERS_MOST = 3 * MILTER_LISTENERS_MAX };

/* What it is started with. */
struct milter_command {
    char listen
        [128]; /* as libmilter wants it: "inet:8891@127.0.0.1", "unix:/run/gatepost/milter.sock" */
    char user[64], chroot[1024], log_to[16], log_format[16], log_level[16],
        most[16]; /* connections: each that names a client has a session */
};

struct milter {
    struct helper process;
    struct ip ip; /* whose listener's */
    uint16_t port;
    char path[108];
    bool wanted;
    bool serves; /* the one that runs has said so */
    bool deaf;   /* and that its queue is closed: it ends */
    struct milter_command command, running;
    int queue[2]; /* the proxies' end, its own */
    bool news;    /* that is another: proxies must be told */
};

enum { MILTER_PROXIES_END, MILTER_OWN_END };

struct milters {
    struct milter all[MILTERS_MOST];
    size_t count;
};

/* Each such listener has a queue from now on, which is what its proxies are given in place of a socket. False:
 * one could not be had, and report says why. */
bool milters_open(struct milters *milters, const struct config *config, struct buf *report);

/* They are to serve these listeners; NULL: none. */
void milters_configure(struct milters *milters, const struct config *config, int64_t now);

/* Starts and ends them when that is due. Returns when to look again; 0: not by time. */
int64_t milters_settle(struct milters *milters, int64_t now);

/* The proxies' end of this listener's queue; -1: it has none. */
int milters_queue(const struct milters *milters, const struct listener *listener);

/* Whether it serves this listener. */
bool milter_is_of(const struct milter *milter, const struct listener *listener);

void milter_hear(struct milter *milter, int64_t now);
bool milters_died(struct milters *milters, pid_t pid, int status, int64_t now);
bool milters_gone(const struct milters *milters);

#endif
