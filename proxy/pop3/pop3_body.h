/* SPDX-License-Identifier: ISC
 * What follows the status line of a multi-line response (RFC 1939 3): lines until one with a dot
 * alone, dots at their beginnings doubled. */
#ifndef PROXY_POP3_POP3_BODY_H
#define PROXY_POP3_POP3_BODY_H

#include "base/slice.h"

enum pop3_body_state {
    POP3_BODY_LINE, /* at the beginning of a line */
    POP3_BODY_DOT,
    POP3_BODY_DOT_CR,
    POP3_BODY_MIDDLE,
    POP3_BODY_CR,
    POP3_BODY_END,
    /* A line began with a dot that was neither doubled nor alone: who sends it does not stuff, and
     * nobody can tell where its messages end. */
    POP3_BODY_BROKEN,
};

struct pop3_body {
    enum pop3_body_state state;
    bool stuffed;      /* the dots are left doubled */
    bool going, first; /* some of it has come; the dot is the first of all */
    /* Its first line began with a dot that was not doubled, as Dovecot 2.3 sends it: some clients take
     * that dot for content, and some do not. */
    bool ambiguous;
};

typedef bool pop3_body_sink(void *ctx, struct slice content);

/* Gives the content on, without the last line. How many octets were taken: all, or those up to the
 * end; SIZE_MAX: the sink has said false. */
size_t pop3_body_feed(struct pop3_body *body, struct slice bytes, pop3_body_sink *sink, void *ctx);

#endif
