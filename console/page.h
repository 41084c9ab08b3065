/* SPDX-License-Identifier: ISC
 * A report's rows: a label, and something beside it. */
#ifndef CONSOLE_PAGE_H
#define CONSOLE_PAGE_H

#include "console/terminal.h"

enum { PAGE_INDENT = 15 };

struct page {
    struct buf *out;
    struct terminal terminal;
};

/* Begins a row; with "" it goes on below the row before. What follows starts in column
 * PAGE_INDENT; page_end ends it. */
void page_label(struct page *page, const char *label);
void page_end(struct page *page);

/* A whole row; `text` may be hostile. */
void page_row(struct page *page, const char *label, struct slice text);

/* A number of octets as people read it: "1.5 KiB". */
void page_octets(struct buf *out, uint64_t octets);

/* A length of time, milliseconds: "0.3 s", "12 s", "3 min", "2 h", "5 d". */
void page_time(struct buf *out, int64_t ms);

#endif
