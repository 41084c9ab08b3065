/* SPDX-License-Identifier: ISC
 * Arguments of a command, one after the other (RFC 3501 9). */
#ifndef PROXY_IMAP_IMAP_TOKENS_H
#define PROXY_IMAP_IMAP_TOKENS_H

#include "base/slice.h"

enum imap_token {
    IMAP_TOKEN_END,
    IMAP_TOKEN_OPEN,  /* "(" */
    IMAP_TOKEN_CLOSE, /* ")" */
    IMAP_TOKEN_ATOM,
    IMAP_TOKEN_QUOTED,
    IMAP_TOKEN_LITERAL,
    IMAP_TOKEN_BROKEN,
};

/* The next; *rest goes on behind it and blanks. `text`: of a string what it holds, with its escapes.
 * Broken: a string that does not end, one that stands where a blank would have to, a control. */
enum imap_token imap_token(struct slice *rest, struct slice *text);

/* The same in a FETCH, whose atoms have brackets with anything in them: "BODY[HEADER.FIELDS (To)]<0.1>".
 * Elsewhere a bracket is a letter, and what stands behind it must not be hidden by it. */
enum imap_token imap_fetch_token(struct slice *rest, struct slice *text);

/* The octets of "{5}" or "{5+}", with or without "~", and CRLF, at the beginning. 0: it is none, or
 * there is no size like that. */
size_t imap_client_literal(struct slice text, uint64_t *octets);

#endif
