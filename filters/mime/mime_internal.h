/* SPDX-License-Identifier: ISC
 * Shared by the files of the MIME parser only. */
#ifndef FILTERS_MIME_MIME_INTERNAL_H
#define FILTERS_MIME_MIME_INTERNAL_H

#include "filters/mime/mime.h"

enum { BOUNDARIES_MAX = 6, LAYERS_MAX = 64 };

/* What the header of a part says about the boundary of its parts. */
struct boundaries {
    struct slice text[BOUNDARIES_MAX];
    size_t n;
};

struct frame {
    size_t part;
    bool message;  /* a message within a message: ends with what is around it, no boundary */
    bool opened;   /* a delimiter was seen */
    bool closed;   /* the end delimiter was seen */
    bool declared; /* the type is multipart */
    bool decoded;  /* a multipart that had to be decoded first */
    struct boundaries boundaries;
};

struct mime_parser {
    struct arena *arena;
    const struct mime_limits *limits;
    struct mime_message *message;
    size_t room; /* of message->parts */
    struct frame *frames;
    size_t n_frames;
    int leaf;          /* the part whose body goes on, or -1 */
    struct slice text; /* the layer being parsed: the message, or decoded content */
    bool raw_layer;
    size_t decoded; /* octets decoded so far */
    uint64_t compares;
    bool exhausted; /* memory or work is used up: stop */
    /* containers whose decoded content waits to be parsed */
    size_t waiting[LAYERS_MAX];
    size_t n_waiting;
};

enum match_kind { MATCH_NONE, MATCH_DELIMITER, MATCH_END, MATCH_JUNK };

struct match {
    enum match_kind kind;
    size_t level; /* of the frame */
    bool end;     /* for JUNK: the boundary is followed by "--" */
};

/* Whether a line (without its line end) is a boundary of an open multipart, and of which. */
struct match mime_match_line(struct mime_parser *p, struct slice text);

/* Whether the line of dashes looks like a boundary with a part behind it. */
struct line;
bool mime_looks_like_part(struct slice text, const struct line *dashes);

/* Finds the header block at `at` and reads it; returns where the body begins. */
size_t mime_find_header(struct mime_parser *p, size_t part, size_t at,
                        struct boundaries *boundaries);

/* A cap: what was found so far stays, nothing more is looked at. */
void mime_cap_reached(struct mime_parser *p, enum malformation m);

/* The encoding that a value (unfolded) names, or seems to; what is odd about it is
 * added to *odd. */
enum mime_encoding mime_encoding_of(struct arena *arena, struct slice value,
                                    struct malformations *odd);

bool slice_icontains(struct slice s, struct slice needle);

/* The header block of the part, interpreted:
 * type, encoding, names ... Boundaries go to *boundaries. */
void mime_read_headers(struct mime_parser *p, size_t part, struct boundaries *boundaries);

/* Names of the part from its Content-Type, -Disposition and -Location values (unfolded). */
struct names {
    struct arena *arena;
    struct mime_name *list;
    size_t n, max;
    struct malformations *odd;
};
/* Adds a raw value (encoded words and octets are decoded) and its variants. */
void names_add(struct names *names, struct slice raw, enum mime_name_source source);
/* Tells whether two names from headers have different extensions. */
bool names_conflict(const struct names *names);

/* Adds a part; NULL when a cap is reached. The pointer is valid until the next call. */
struct mime_part *mime_add_part(struct mime_parser *p, int parent);
void mime_odd(struct mime_parser *p, size_t part, enum malformation m);

/* Files within a finished text leaf: uuencode and yEnc. */
void mime_scan_text(struct mime_parser *p, size_t part);

#endif
