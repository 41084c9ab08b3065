/* SPDX-License-Identifier: ISC
 * Structured values of MIME fields: "type/subtype; name=value; ..." (RFC 2045 5.1, RFC 2231), in
 * every way that some client reads them: wrong quotes, missing semicolons, comments, duplicates,
 * continuations out of order. */
#ifndef FILTERS_MIME_PARAMS_H
#define FILTERS_MIME_PARAMS_H

#include "base/arena.h"
#include "base/slice.h"

enum { PARAM_READINGS = 6 };

struct param {
    struct slice name; /* lower case, without its RFC 2231 suffix */
    int section;       /* the N of name*N, or -1 */
    bool extended;     /* name*= or name*N*= */
    bool odd;          /* its syntax allows more than one reading */
    size_t n;
    struct slice readings[PARAM_READINGS]; /* at least one; the plainest first */
};

struct params {
    /* Before the first semicolon: "text/plain", "attachment"; comments removed. */
    struct slice main;
    struct param *items;
    size_t n;
    bool odd;      /* the syntax is wrong somewhere */
    bool too_many; /* more than `max`: the rest was not looked at */
};

/* Parses an unfolded value. Slices point into it or into the arena. False when the
 * arena is full. */
bool params_parse(struct arena *arena, struct slice value, size_t max, struct params *out);

/* All distinct values of the parameter `name`, continuations joined and percent and charset
 * decoded, plain octets as they are: at most max. Returns how many. */
size_t params_values(struct arena *arena, const struct params *params, struct slice name,
                     struct slice *values, size_t max);

/* What stands after `keyword` and '=' anywhere in the value,
 * even inside another parameter's quotes. */
size_t params_loose(struct slice value, struct slice keyword, struct slice *values, size_t max);

/* Adds value to values[0..n) unless it is there or full. Returns the new n. */
size_t slice_add_distinct(struct slice *values, size_t n, size_t max, struct slice value);

#endif
