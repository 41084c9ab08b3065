/* SPDX-License-Identifier: ISC
 * Header blocks: lines, fields, and finding a field by its name (RFC 5322 2.2). Tolerates LF for
 * CRLF. All slices point into the block that was given; nothing is copied. */
#ifndef FILTERS_MIME_HEADERS_H
#define FILTERS_MIME_HEADERS_H

#include "base/arena.h"
#include "base/slice.h"

/* A line: text is without its line end; next is the offset after it. */
struct line {
    struct slice text;
    size_t from, next;
};

/* The line of `text` at `at`. False at the end. */
bool line_at(struct slice text, size_t at, struct line *line);

/* The offset of the next line at or after `at` that begins so; text.len when there is none. */
size_t line_find(struct slice text, size_t at, struct slice with);

/* Only blanks, tabs, CR, VT or FF, and at least one of them. */
bool line_is_blank(struct slice line);

struct header {
    struct slice name;  /* without blanks at its ends; empty when the line has no colon */
    struct slice value; /* all after the colon, still folded, without the last line end */
    struct slice raw;   /* the whole field with its line ends */
    bool has_colon;
    bool odd_name; /* empty, or octets that RFC 5322 does not allow, or a blank before the colon */
};

/* Takes the next field off *block (which ends before the empty line, or with the text). A line of
 * blanks within the block counts as folding. False when nothing is left. */
bool headers_next(struct slice *block, struct header *field);

/* The nth (from 0) field with that name, whatever its case. */
bool headers_find(struct slice block, struct slice name, size_t nth, struct header *field);
size_t headers_count(struct slice block, struct slice name);

/* Whether the line at `at` begins a field: a name of printable ASCII (RFC 5322 3.6.8), a colon, and
 * at most blanks between them (4.5). */
bool headers_begin(struct slice message, size_t at);

/* The header block at the start of a message: up to and without the empty line;
 * all of it when there is none. It is empty when the first line begins no field:
 * then all is body, as it is for servers behind, and as it is sent on.
 * Before it may stand what mail boxes put in front of a message, "From a@example.com Thu
 * Jan  1 ...". *body, unless NULL, becomes the offset after the empty line. */
struct slice headers_block(struct slice message, size_t *body);

/* The value on one line: CR and LF removed, blanks at both ends trimmed. Copied only when it is
 * folded; ptr is NULL when the arena is full. */
struct slice header_unfold(struct arena *arena, struct slice value);

#endif
