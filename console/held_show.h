/* SPDX-License-Identifier: ISC
 * A held message, as it is printed for somebody who has to decide on it. */
#ifndef CONSOLE_HELD_SHOW_H
#define CONSOLE_HELD_SHOW_H

#include "base/arena.h"
#include "common/held_entry.h"
#include "filters/scanner/scan_job.h"

struct held_show {
    struct held_entry entry;
    uint64_t *others; /* numbers of the other copies of the message */
    size_t other_count;
    struct slice fields;       /* ours, which it would get */
    struct scan_answer answer; /* without an outline: it could not be looked into */
    const char *failure;       /* why not; else NULL */
};

/* For people: whatever came with the message is escaped. Overflow shows in out->failed. */
void held_show_page(struct buf *out, struct arena *arena, const struct held_show *show);

/* For programs: an object on a line. */
void held_show_json(struct buf *out, struct arena *arena, const struct held_show *show);

/* The nth Authentication-Results among our fields, on one line. False: there is none. */
bool held_show_results(struct arena *arena, struct slice fields, size_t nth, struct slice *value);

#endif
