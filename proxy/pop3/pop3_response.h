/* SPDX-License-Identifier: ISC
 * What the server with the mailbox says, framed; a command at a time. Who has asked judges it (pop3_exchange).
 *
 *   pop3_status.c    status lines
 *   pop3_greeting.c  ... before it is ready
 *   pop3_response.c  responses to commands */
#ifndef PROXY_POP3_POP3_RESPONSE_H
#define PROXY_POP3_POP3_RESPONSE_H

#include "proxy/pop3/pop3_body.h"
#include "proxy/reader/reader.h"
#include "proxy/reader/reader_upstream.h"

/* ---- pop3_status.c ---- */

enum { POP3_STATUS_MAX = 4096 };

enum pop3_status { POP3_OK, POP3_ERR, POP3_CHALLENGE }; /* only "+OK" is good news */

struct pop3_line {
    enum pop3_status status;
    struct slice text; /* without CRLF */
    struct slice rest; /* what has come behind it */
    const char *why;   /* it is none; NULL: it is one */
};

/* How many of the octets the line is, all if it is none; 0: more must come. */
size_t pop3_status_line(struct slice bytes, struct pop3_line *out);
/* Whether nothing is behind it that answers what was not asked. */
bool pop3_stands_alone(const struct pop3_line *line);
extern const char pop3_more_behind[]; /* said of one that does not */

/* ---- pop3_greeting.c ---- */
extern const struct upstream_dialect pop3_dialect;

/* ---- pop3_response.c ---- */

/* What a command is answered with, where that is +OK. */
enum pop3_answer {
    POP3_ANSWER_LINE,
    POP3_ANSWER_CHALLENGE, /* instead: "+ " and a challenge, or a line */
    POP3_ANSWER_LINES,     /* lines follow; their dots stay doubled */
    POP3_ANSWER_MESSAGE,   /* a message follows, unstuffed */
};

enum pop3_due {
    POP3_NOTHING_DUE, /* no command is under way */
    POP3_STATUS_DUE,
    POP3_CONTENT_DUE,
};

/* A connection of POP3's. */
struct pop3_upstream {
    struct reader_upstream base;
    enum pop3_due due;
    enum pop3_answer answer;
    struct pop3_body body;
    int64_t began; /* since when its content comes, without pauses */
    uint64_t octets;
};

/* Sends a line, to which CRLF is added; the response before must be over. */
void pop3_upstream_send(struct reader_upstream *c, struct slice line, enum pop3_answer answer);
/* Of struct reader_protocol. */
size_t pop3_take_response(struct reader *r, struct slice bytes);
/* Goes on behind reader_upstream_pause. */
void pop3_upstream_resume(struct reader_upstream *c);
/* The message that has come begins with a line that clients may read in two ways (pop3_body.h). */
bool pop3_upstream_is_ambiguous(const struct reader_upstream *c);

#endif
