/* SPDX-License-Identifier: ISC
 * Text of rules (one line of UTF-8) put into messages so that every server takes it: ASCII as it
 * is, anything else encoded. All results are in the arena; ptr NULL when it is full. */
#ifndef PROXY_SMTP_ENCODE_H
#define PROXY_SMTP_ENCODE_H

#include "base/arena.h"

bool encode_is_ascii(struct slice text);

/* For a header field's value: encoded words, folded (RFC 2047 2). */
struct slice encode_words(struct arena *arena, struct slice text);

/* The fields of a text/plain part: Content-Type, and Content-Transfer-Encoding when the text needs
 * it (RFC 2045 6), each with its CRLF. */
struct slice encode_part_fields(struct arena *arena, struct slice text);
/* The body that goes with those fields, ending with CRLF. */
struct slice encode_part_body(struct arena *arena, struct slice text);

#endif
