/* SPDX-License-Identifier: ISC
 * The data: URIs in a page, a picture or a script (HTML, SVG, CSS, JavaScript), wherever they stand:
 * in attributes with or without quotes, with character references, broken over lines. */
#ifndef FILTERS_CONTAINERS_DATA_URIS_H
#define FILTERS_CONTAINERS_DATA_URIS_H

#include "base/arena.h"

enum { DATA_NAME_MAX = 256, DATA_HEAD_MAX = 512 };

struct data_uris {
    struct slice text;
    size_t at;  /* what is before has been read */
    char *room; /* for one that is decoded */
    char head[DATA_HEAD_MAX];
};

struct data_file {
    struct slice type;    /* as written; empty: plain text */
    struct slice content; /* decoded; valid until the next call, as is the type */
    size_t from, to;      /* octets of the text */
};

/* Begins to look. False when the arena has no room for as much as the text. */
bool data_uris_open(struct arena *arena, struct slice text, struct data_uris *out);

/* The next one. False when there is none left, or the time is spent. */
bool data_uris_next(struct data_uris *uris, struct data_file *out);

/* The name under which the element that the URI stands in would have it saved (HTML, "download"),
 * written into `name`; empty without one. */
struct slice data_uris_name(const struct data_uris *uris, const struct data_file *file,
                            char name[DATA_NAME_MAX]);

#endif
