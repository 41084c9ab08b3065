/* SPDX-License-Identifier: ISC
 * What a message is, for somebody who has to decide on it: what a scanner tells of it beside facts.
 * All texts are UTF-8, and whoever shows them escapes what is not printable. */
#ifndef FILTERS_SCANNER_SCAN_OUTLINE_H
#define FILTERS_SCANNER_SCAN_OUTLINE_H

#include "base/ipc.h"
#include "filters/mime/mime.h"

/* Octets and numbers. */
enum {
    OUTLINE_MAX = 512 * 1024, /* of an answer, that one takes at most */
    OUTLINE_FIELDS_MAX = 28,
    OUTLINE_VALUE_MAX = 4096,
    OUTLINE_PARTS_MAX = 500,
    OUTLINE_WORD_MAX = 128, /* a type, a charset */
    OUTLINE_NAME_MAX = 255,
    OUTLINE_TEXT_MAX = 64 * 1024,
};

struct outline_field {
    struct slice name, value; /* "Reply-To", and what it says, decoded */
    bool cut;
};

struct outline_part {
    uint32_t depth; /* 0: the message itself */
    enum mime_kind kind;
    enum mime_encoding encoding;
    uint64_t size;                    /* octets; of a leaf, decoded */
    struct slice type, charset, name; /* the latter two may be empty */
};

struct outline {
    const struct outline_field *fields;
    size_t field_count;
    bool fields_cut;
    const struct outline_part *parts; /* each before those in it */
    size_t part_count;
    bool parts_cut;
    struct slice text; /* lines that end in LF; empty: there is none */
    bool text_cut;
    bool text_was_html; /* its tags are taken out */
};

/* "base64" ...; of what is not encoded "none". */
const char *outline_encoding_word(enum mime_encoding encoding);

/* At most so many octets of a text, and no half character. */
struct slice outline_shortened(struct slice text, size_t most);

/* NULL: there is none. What is too much for the bounds above must have been cut. */
void outline_pack(struct buf *out, const struct outline *outline);

/* What a scanner that was taken over may say: false when it is malformed or past the bounds. Its
 * texts point into the payload. */
bool outline_unpack(struct unpack *in, struct arena *arena, const struct outline **outline);

#endif
