/* SPDX-License-Identifier: ISC
 * One recipient's copy of what is held, as it is printed. */
#ifndef CONSOLE_HELD_PAGE_H
#define CONSOLE_HELD_PAGE_H

#include "base/buf.h"
#include "common/held_entry.h"

/* For people: whatever came with the message is escaped. Overflow shows in out->failed. */
void held_page(struct buf *out, const struct held_entry *entry);

/* For programs: a JSON object that the caller may add members to, and closes. */
void held_json(struct buf *out, const struct held_entry *entry);

#endif
