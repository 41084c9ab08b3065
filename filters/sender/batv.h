/* SPDX-License-Identifier: ISC
 * Tags of envelope senders (BATV, draft-levine-smtp-batv-01, "prvs"): who gets a bounce to an address
 * of ours can tell whether the mail that it is about left here. prvs=KDDDSSSSSS=local@domain: K a
 * digit of the key, DDD the day on which it ends, SSSSSS the beginning of an HMAC-SHA1 of K, DDD and
 * the address. Pure. */
#ifndef FILTERS_SENDER_BATV_H
#define FILTERS_SENDER_BATV_H

#include "base/arena.h"

enum {
    BATV_KEYS = 2,
    BATV_DAYS = 7,
    BATV_LOCAL_MAX = 64,  /* octets of a local part with its tag (RFC 5321 4.5.3.1.1) */
    BATV_SECRET_MIN = 16, /* octets */
};

/* In the order of the words in policy/types.def. */
enum bounce_tag { BOUNCE_TAG_NONE, BOUNCE_TAG_VALID, BOUNCE_TAG_EXPIRED, BOUNCE_TAG_INVALID };

/* The first one tags; all are believed. count 0: nothing is tagged. */
struct batv {
    struct slice keys[BATV_KEYS]; /* somebody else's */
    size_t count;
};

/* The address with a tag; as it is where it has one, or cannot have one: its local part is in quotes,
 * not all ASCII, or too long. `domain`: what stands behind its @, as batv_read will be given it: in its one
 * spelling (policy/spelling.h). `now`: seconds since 1970. ptr NULL: the arena is full. */
struct slice batv_tagged(const struct batv *batv, struct arena *arena, struct slice address,
                         struct slice domain, int64_t now);

/* Whether a local part without a tag can have one. */
bool batv_can_bear(struct slice local);

/* What a local part of a domain of ours bears, whatever the case of its letters; *local becomes what
 * stands behind a tag of that form, also when it is not valid. */
enum bounce_tag batv_read(const struct batv *batv, struct slice *local, struct slice domain,
                          int64_t now);

#endif
