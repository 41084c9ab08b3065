/* SPDX-License-Identifier: ISC
 * Canonical forms of header fields and bodies, as DKIM and ARC sign them (RFC 6376 3.4), and the
 * choice of the fields that a list h= names (5.4.2). Lines end with CRLF. */
#ifndef FILTERS_SENDER_CANONICAL_H
#define FILTERS_SENDER_CANONICAL_H

#include "filters/mime/headers.h"

/* Where canonical octets go: gathered, and handed to `write` in pieces. */
struct canonical_sink {
    void (*write)(void *to, const char *octets, size_t count);
    void *to;
    uint64_t written;
    size_t filled;
    char pending[1024];
};

void canonical_put(struct canonical_sink *sink, struct slice octets);
void canonical_flush(struct canonical_sink *sink); /* call once at the end */

/* c=: "relaxed/simple"; what is left out is simple. False: neither. */
struct canonical_forms {
    bool relaxed_header, relaxed_body;
};
bool canonical_forms(struct slice c, struct canonical_forms *forms);

void canonical_body(struct canonical_sink *sink, struct slice body, bool relaxed);

/* The same of a relaxed body that comes in pieces, wherever they are cut. All zeros at the start. */
struct canonical_lines {
    uint64_t empty; /* lines that may be the last */
    bool in_line;   /* it has had more than blanks */
    bool blank, cr; /* came last, and may be left out; may end the line */
};
void canonical_lines_add(struct canonical_lines *lines, struct canonical_sink *sink,
                         struct slice octets);
void canonical_lines_end(struct canonical_lines *lines, struct canonical_sink *sink);

/* The octets of the canonical body: what l= counts. */
uint64_t canonical_body_length(struct slice body, bool relaxed);

/* One field with its line end; or, when `blank` is not empty (the raw value of b=, within the
 * field), without those octets and without the last line end. */
void canonical_field(struct canonical_sink *sink, const struct header *field, bool relaxed,
                     struct slice blank);

/* The fields of a header block by name. */
struct signed_field {
    struct header field;
    uint32_t hash;
    uint32_t taken; /* by the selection with this number */
};
struct field_list {
    struct signed_field *fields;
    size_t count;
    uint32_t selection;
};

enum { FIELDS_MAX = 4096, SIGNED_NAMES_MAX = 256 };

/* False: more than FIELDS_MAX fields, or the arena is full. */
bool field_index(struct arena *arena, struct slice block, struct field_list *index);

/* Whether each line of the header belongs to a field, whose name may have blanks before its colon (RFC
 * 5322 4.5). Where one does not, mail servers end the header before it, and what stands there unsigned
 * is the beginning of the body to whoever reads it. */
bool fields_are_whole(const struct field_list *index);

/* Writes the fields that `names` ("From:To:...") selects, the last of each name first; names
 * without a field left select nothing. False: too many names. */
bool canonical_selected(struct canonical_sink *sink, struct field_list *index, struct slice names,
                        bool relaxed);

#endif
