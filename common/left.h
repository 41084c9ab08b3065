/* SPDX-License-Identifier: ISC
 * What users read and leave where it is, on its way from proxies to the keeper: what is left for long enough is learnt as
 * good mail (learn.left). */
#ifndef COMMON_LEFT_H
#define COMMON_LEFT_H

#include "common/learning.h"

enum { LEFT_MAILBOX_MOST = 1024, LEFT_RANGES_MOST = 64 };

/* A message that a user has read, and where it lies (KEEPING_READ). */
struct left_read {
    struct label label; /* LABEL_GOOD, LABEL_LEFT */
    struct slice mailbox;
    uint32_t uid; /* 0: unknown */
};

/* Its texts and vector must outlive it. False: it is none. */
void left_read_pack(struct buf *out, const struct left_read *read);
bool left_read_unpack(struct slice octets, struct left_read *read);

struct left_range {
    uint32_t from, to;
};

/* Messages that he has deleted, or moved into Junk or to where deleted ones are (KEEPING_GONE). */
struct left_gone {
    struct slice account, mailbox;
    struct left_range ranges[LEFT_RANGES_MOST]; /* of UIDs */
    size_t count;
};

void left_gone_pack(struct buf *out, const struct left_gone *gone);
bool left_gone_unpack(struct slice octets, struct left_gone *gone);

#endif
