/* SPDX-License-Identifier: ISC
 * The lines that calendars and cards are made of: "GROUP.NAME;PARAM=value:value", folded
 * (iCalendar, RFC 5545 3.1; vCard, RFC 6350 3, RFC 2426, and 2.1 of the versit consortium).
 * Where versions and programs differ in where a value ends, it is taken to the later end. */
#ifndef FILTERS_CONTAINERS_CONTENT_LINES_H
#define FILTERS_CONTAINERS_CONTENT_LINES_H

#include "base/arena.h"

enum content_encoding { CONTENT_TEXT, CONTENT_BASE64, CONTENT_QP };

struct content_line {
    struct slice name;   /* without its group, as written */
    struct slice params; /* what stands between the name and the colon, for content_param_next() */
    struct slice value;  /* unfolded, still encoded */
    enum content_encoding encoding;
};

struct content_lines {
    struct slice rest;
    char *room; /* for one unfolded line */
};

/* Begins to read. False when the arena has no room for as much as the text. */
bool content_lines_open(struct arena *arena, struct slice text, struct content_lines *out);

/* The next line that has a colon. Its slices are valid until the next call. False at the end, or
 * when the time is spent. */
bool content_line_next(struct content_lines *lines, struct content_line *out);

/* How many octets stand before the next line end: CRLF, LF, or CR alone. */
size_t content_line_length(struct slice text);

struct content_param {
    struct slice name;  /* of a bare word (2.1: "PHOTO;BASE64:"), the word */
    struct slice value; /* without its quotes */
};

/* Takes the next parameter off *params. False when there is none. */
bool content_param_next(struct slice *params, struct content_param *out);

#endif
