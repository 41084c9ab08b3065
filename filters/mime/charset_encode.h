/* SPDX-License-Identifier: ISC
 * Text written in a charset that mail uses. */
#ifndef FILTERS_MIME_CHARSET_ENCODE_H
#define FILTERS_MIME_CHARSET_ENCODE_H

#include "base/buf.h"
#include "base/slice.h"

/* Opens what conversions need, before a jail closes. Conversions call it themselves when nobody
 * did. */
void charset_encode_warm_up(void);

enum charset_form {
    CHARSET_NEVER, /* nothing can be written into a text of it: UTF-16, UTF-7, those with states */
    CHARSET_ASCII, /* also: what it is nobody says */
    CHARSET_UTF8,
    CHARSET_OCTETS, /* ASCII means itself, other characters octets above 127 */
    CHARSET_JAPAN,  /* ISO-2022-JP: escapes, in seven bits */
};
/* Of a charset_number. */
enum charset_form charset_form(int number);

/* Appends clean UTF-8. What the charset has not is written as what is near to it in ASCII, or '?'. *lost is
 * how many '?' there are, *all how many characters that are no blanks. Escapes are taken back at
 * the end. False when `out` is full. */
bool charset_encode(struct buf *out, int number, struct slice text, size_t *lost, size_t *all);

/* What is near to a character in ASCII: "ss", "e", "..."; ptr NULL: nothing. */
struct slice charset_near(uint32_t code);

#endif
