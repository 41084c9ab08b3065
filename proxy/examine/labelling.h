/* SPDX-License-Identifier: ISC
 * What somebody says of a message, on its way to the keeper, and where rules ask for it to Redis: a
 * scanner makes the message's vector beside whatever else happens, and nobody waits for it. */
#ifndef PROXY_EXAMINE_LABELLING_H
#define PROXY_EXAMINE_LABELLING_H

#include "common/left.h"
#include "proxy/process/proxy.h"

enum { LABELLING_MOST = 64 /* that wait in a proxy, or are with a scanner: one at a time */ };

struct labelling;

/* Whether labels are taken at all. */
bool labelling_wanted(const struct proxy *proxy);

/* Gives the message, without what rules have put on it, to a scanner. Of `label` all is copied but the vector. NULL: there is no room for
 * it now, and the label is lost, as one may be. The caller's, until one of the next two. */
struct labelling *labelling_begin(struct proxy *proxy, struct slice message,
                                  const struct label *label);

/* The same of a message (a sealed memfd of so many octets, the caller's) that has come to a trap: it
 * waits behind users, and the scanner says which message it is. */
struct labelling *labelling_begin_trap(struct proxy *proxy, int message, size_t octets,
                                       const struct label *label);

/* The same of one that is only read, and where it lies. */
struct labelling *labelling_begin_read(struct proxy *proxy, struct slice message,
                                       const struct left_read *read);

/* Whether half of the room is taken: what anybody can bring leaves the rest to users. */
bool labelling_is_busy(void);

/* Gives a message (a sealed memfd, the caller's) to a scanner for who waits for what it says of it, or
 * of the nth message that is attached to it (scan_job.attached; 0 is of a trap, and waits behind users), for `ms` milliseconds at most. `then` comes from the
 * loop, once, and it is over: the answer, valid until it returns; NULL: there is none. Until then it is
 * the caller's to drop. NULL: there is no room for it now. */
struct labelling *labelling_look(struct proxy *proxy, int message, uint32_t attached, int64_t ms,
                                 void (*then)(void *ctx, const struct scan_answer *answer),
                                 void *ctx);

/* It is so: they are told once the vector is there. */
void labelling_say(struct labelling *labelling);
/* It is not. NULL is fine. */
void labelling_drop(struct labelling *labelling);

#endif
