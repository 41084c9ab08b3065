/* SPDX-License-Identifier: ISC
 * What is inside a message: its MIME parts (RFC 2045 to 2049), read as the union of what all
 * clients see. Where a message can be read in two ways, the reading that reveals more is taken and
 * the ambiguity is reported as a malformation. Input is hostile; time is linear in it and
 * everything is bounded by struct mime_limits. */
#ifndef FILTERS_MIME_MIME_H
#define FILTERS_MIME_MIME_H

#include "base/arena.h"
#include "base/slice.h"
#include "filters/mime/malformation.h"

struct mime_limits {
    size_t parts;        /* parts in all, nested messages and uuencoded files included */
    size_t depth;        /* multiparts and messages within each other */
    size_t header_block; /* octets of one header block that are looked at */
    size_t header;       /* octets of one MIME field */
    size_t params;       /* parameters of one field */
    size_t names;        /* names kept for one part */
    size_t decoded;      /* octets decoded in all to look into encoded messages and texts */
    size_t compares;     /* boundary comparisons for each 64 octets of the message */
};
extern const struct mime_limits mime_limits_default;

enum mime_encoding { MIME_IDENTITY, MIME_QP, MIME_BASE64, MIME_UUENCODE, MIME_ENCODING_UNKNOWN };
enum mime_kind { MIME_LEAF, MIME_MULTIPART, MIME_MESSAGE };
enum mime_name_source {
    MIME_NAME_FILENAME,
    MIME_NAME_TYPE,
    MIME_NAME_LOCATION,
    MIME_NAME_INLINE,
    MIME_NAME_VARIANT
};

/* A name that some client may show or save the part under: clean UTF-8, never empty. */
struct mime_name {
    struct slice text;
    /* VARIANT: derived from another (cut at NUL, without its path, ...). */
    enum mime_name_source source;
};

struct mime_range {
    size_t from, to; /* octets of the message: [from, to) */
};

struct mime_part {
    size_t index;
    int parent; /* index, -1 for the message itself */
    unsigned depth;
    enum mime_kind kind;
    enum mime_encoding encoding;
    bool in_message; /* the ranges are octets of the message; false within decoded content */
    struct mime_range header, body; /* offsets into the text that holds the part */
    struct slice headers, content;  /* those octets, undecoded */
    struct slice type;              /* "text/plain", lower case, printable ASCII; never empty */
    struct slice charset;           /* lower case, empty when not given */
    struct slice disposition;       /* "attachment", lower case; empty when not given */
    bool has_content_id, text, attachment;
    bool eight_bit; /* its transfer encoding is said to be 8bit or binary */
    bool sealed;    /* in a signed or encrypted multipart, or S/MIME: never to be edited */
    struct mime_name *names;
    size_t n_names;
    struct malformations malformations;
};

struct mime_message {
    struct slice raw;
    struct mime_part *parts; /* parts[0] is the message; a parent stands before its children */
    size_t n;
    struct malformations malformations; /* of all parts */
};

/* Parses a complete message. Slices of *out point into raw or the arena; both must outlive it.
 * False when the arena is full at once; what was found until a cap was reached is kept, with the
 * malformation that names the cap. */
bool mime_parse(struct arena *arena, struct slice raw, const struct mime_limits *limits,
                struct mime_message *out);

/* Is not all of it in this message (RFC 2046 5.2.2, 5.2.3)? */
bool mime_is_fragment(const struct mime_part *part);

/* The content of a leaf. Identity returns the octets of the message themselves; else it is decoded
 * into the arena. At most `max` octets: *cut tells that there is more. Malformations of the
 * encoding are added to *odd. False when the arena is full. */
bool mime_decode(const struct mime_part *part, struct arena *arena, size_t max,
                 struct slice *content, bool *cut, struct malformations *odd);

/* The same in pieces, through 64 KiB of stack.
 * The sink returns false to stop; the result is then false. */
bool mime_decode_to(const struct mime_part *part, bool (*sink)(void *context, struct slice piece),
                    void *context, struct malformations *odd);

#endif
