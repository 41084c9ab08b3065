/* SPDX-License-Identifier: ISC
 * TLS session ticket keys, made by the parent so that every proxy
 * can resume what any of them began. */
#ifndef PARENT_PARENT_TICKETS_H
#define PARENT_PARENT_TICKETS_H

#include "common/messages.h"

enum { TICKETS_LIFE = 3600 * 1000 };

struct tickets {
    unsigned char keys[TICKET_KEYS]
                      [TICKET_KEY_SIZE]; /* this hour's, the last one's, the next one's */
    int64_t rotate_at;
};

/* False with errno when the kernel gives no random bytes. */
bool tickets_init(struct tickets *tickets, int64_t now);

/* True when an hour is over and the keys are others now.
 * Each proxy knew the new first key before as the next one, so that one that hears
 * of it late still reads the tickets of one that heard early. */
bool tickets_rotate(struct tickets *tickets, int64_t now);

#endif
