/* SPDX-License-Identifier: ISC
 * The lists of senders of a running gateway. */
#ifndef CONSOLE_LISTED_H
#define CONSOLE_LISTED_H

#include "common/lists.h"
#include "console/ask.h"

/* Asks on `sock`, page by page, and calls `take` with each entry, in the order in which they were
 * added; its texts are valid during the call. False: what is wrong was said. */
bool listed_each(int sock, void (*take)(void *ctx, const struct list_entry *entry), void *ctx);

/* A JSON object. */
void listed_json(struct buf *out, const struct list_entry *entry);

/* Takes out the entry of that number. False: what is wrong was said. */
bool listed_remove(int sock, uint64_t number);

#endif
