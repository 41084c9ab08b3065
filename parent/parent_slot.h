/* SPDX-License-Identifier: ISC
 * One proxy, as its parent sees it: started, told, heard, drained, killed, buried. Which of its
 * generation's it is stays; the process in it may be another. */
#ifndef PARENT_PARENT_SLOT_H
#define PARENT_PARENT_SLOT_H

#include "parent/parent.h"

/* Starts a process in it, and begins to tell it what it has to know. If none can be, it is tried
 * again later (start_at). */
void slot_start(struct parent *parent, struct slot *slot, int64_t now);

/* What is left to be told of the start, as far as its socket takes it. */
void slot_tell(struct parent *parent, struct slot *slot);

/* It has said something, or its control socket has ended. */
void slot_hear(struct parent *parent, struct slot *slot, int64_t now);

/* Gives it a connection to the private Redis when it wants one and there is one. */
void slot_connect_redis(struct parent *parent, struct slot *slot, int64_t now);

/* Its process has ended with that status, as waitpid says. */
void slot_died(struct parent *parent, struct slot *slot, int status, int64_t now);

/* Its sockets, while it waits for its next start, to one that serves. */
void slot_lend(const struct parent *parent, struct slot *slot);

/* It takes no more sessions, and ends with its last; stopping: the gateway does as well. */
void slot_drain(struct slot *slot, bool stopping);
void slot_kill(struct slot *slot, const char *why);

/* Tells `to` of all the sockets of a slot, from where it was the last time. 1 done, 0 the socket is
 * full, -1 it failed. */
int slot_tell_listeners(const struct parent *parent, struct slot *slot, const struct slot *to);

/* Says one thing; fd -1: without a descriptor. 1 said, 0 the socket is full, -1 it failed. */
int slot_try_send(const struct slot *slot, uint16_t type, struct slice payload, int fd);

/* The same after the start: one that does not take what it is told is not well, and killed. */
bool slot_send(struct slot *slot, uint16_t type, struct slice payload, int fd);

/* What is another than when it was started; who has not been told the first one yet, or has no use
 * for it, is told nothing. */
void slot_send_pairs(struct slot *slot, const struct keeper *keeper);
void slot_send_signer(struct slot *slot, const struct sign *sign);
void slot_send_source(struct slot *slot, const struct source_process *source);
void slot_send_queue(struct slot *slot, const struct scanners *scanners);
void slot_send_milter(struct slot *slot, const struct milter *milter);
void slot_send_lists(struct slot *slot, const struct keeper *keeper);
void slot_send_mark(struct slot *slot, const struct release *release);
bool slot_send_tickets(struct slot *slot, const struct tickets *tickets);
void slot_send_down(struct slot *slot, const struct scanners *scanners);

#endif
