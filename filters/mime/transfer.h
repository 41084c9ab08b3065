/* SPDX-License-Identifier: ISC
 * Content transfer encodings (RFC 2045 6, and uuencode), decoded as leniently as any client does,
 * in pieces of any size. Each decoder needs an `out` of transfer_bound(in.len) octets and returns
 * how many it wrote. What was odd is in `found`. */
#ifndef FILTERS_MIME_TRANSFER_H
#define FILTERS_MIME_TRANSFER_H

#include "base/slice.h"

enum {
    BASE64_JUNK = 1,           /* characters outside the alphabet */
    BASE64_GOES_ON = 2,        /* letters after padding */
    BASE64_RAGGED = 4,         /* a line but the last ends within a quantum */
    BASE64_LONG_RAGGED = 1024, /* the same for lines so long that a relay cut them */
    BASE64_BAD_PADDING = 8,    /* padding where none can be, or one letter left over */
    BASE64_NO_PADDING = 16,    /* padding left out */
    QP_BROKEN = 32,            /* '=' before what is neither two hex digits nor a line end */
    QP_UPPER = 256,            /* hex digits in upper case, as they must be */
    QP_LOWER = 512,            /* and in lower case: some decoders take one kind only */
    UU_BROKEN = 64,            /* a line whose length does not fit its first character */
};

struct base64 {
    uint32_t bits;
    unsigned letters, pads_due, found;
    bool padded, ragged_line;
    size_t written, line_began; /* octets: before this piece, at the start of this line */
};

/* What the longest output of any decoder can be for n octets of input. */
static inline size_t transfer_bound(size_t n)
{
    return n + 4;
}

static inline bool base64_letter(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '+' || c == '/';
}

/* Zero-initialise *st; call for each piece, then finish once. */
size_t base64_decode(struct base64 *st, struct slice in, char *out);
size_t base64_finish(struct base64 *st, char *out);

/* Quoted-printable, whole. Trailing blanks of lines are kept. */
size_t qp_decode(struct slice in, char *out, unsigned *found);

/* Where of an encoded text that decodes to more than so many octets the next one begins. */
size_t qp_place(struct slice in, size_t octets);
/* The same of base64 in which nothing is odd: where the group of four letters begins that it stands
 * in. in.len: there is none. */
size_t base64_place(struct slice in, size_t octets);

/* A uuencoded file in a text (POSIX uuencode): "begin 644 name" or "begin-base64 644 name", lines of
 * data, and "end" or "====". */
struct uu_block {
    size_t from, to;   /* octets of the text: with the first line and the last */
    struct slice name; /* never empty */
    struct slice body; /* the lines of data */
    bool base64;
    bool ended; /* its last line was there */
};

/* The next one that begins at or after `at` and has data. False when there is none. */
bool uu_find(struct slice text, size_t at, struct uu_block *out);

/* One line of uuencode without its line end: writes at most 45 octets (63 for the boldest). Returns
 * how many, and -1 when the line is no uuencode. */
int uu_decode_line(struct slice line, char *out, bool *broken);

/* What follows the line "begin 644 name"; all when there is no such line. */
struct slice uu_body(struct slice in);

/* Whole lines of uuencode; *ended becomes true at "end". */
size_t uu_decode(struct slice in, char *out, unsigned *found, bool *ended);

/* "begin 644 name" or "begin-base64 644 name": *name is the name. */
bool uu_begin_line(struct slice line, struct slice *name);

#endif
