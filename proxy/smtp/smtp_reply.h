/* SPDX-License-Identifier: ISC
 * What an SMTP server answers, parsed (RFC 5321 4.2), and what of it is whose. Pure; the server is
 * not trusted either. */
#ifndef PROXY_SMTP_SMTP_REPLY_H
#define PROXY_SMTP_SMTP_REPLY_H

#include "base/slice.h"

enum { SMTP_REPLY_MAX = 16 * 1024, SMTP_REPLY_LINE_MAX = 2048 };

struct smtp_reply {
    unsigned code;         /* 200..599 */
    struct slice raw;      /* all its lines with their CRLFs */
    struct slice enhanced; /* "5.1.1" of the last line, or empty (RFC 3463) */
    struct slice text;     /* of the last line, behind code and enhanced code */
};

/* The reply at the front of `bytes`. 1: complete, *used bytes long; 0: more is needed; -1: not a
 * reply (line too long, codes that differ, too many lines, no code). A bare LF ends a line too:
 * servers that send it are many and it hides nothing here. */
int smtp_reply(struct slice bytes, struct smtp_reply *reply, size_t *used);

/* Its three digits, in `room`. */
struct slice smtp_code_text(unsigned code, char room[static 3]);

/* Steps through the lines: *line is the text behind "250-". False at the end. Start
 * with *at = 0. */
bool smtp_reply_line(const struct smtp_reply *reply, size_t *at, struct slice *line);

/* Where in the conversation with the backend a reply came. */
enum reply_stage {
    STAGE_GREETING,
    STAGE_EHLO,
    STAGE_STARTTLS,
    STAGE_MAIL,
    STAGE_RCPT,
    STAGE_DATA,
    STAGE_BODY
};

/* Whose matter a reply is. */
enum reply_class {
    REPLY_YES,       /* 2xx, or 3xx to DATA */
    REPLY_RECIPIENT, /* no such user, full ...: the sender's, and only 5.1.x counts as harvesting */
    REPLY_SENDER,    /* sender or content refused: the sender's */
    REPLY_LATER,     /* 4xx: the sender's, temporary */
    REPLY_OURS, /* our mistake or the backend's set-up: 451 to the sender, an alarm to the admin */
    REPLY_UNCLEAR, /* his who is named, or ours: smtp_vouch.h tells before anybody hears of it */
};

/* The octets of "5.1.1" at the front of text, followed by a blank or the end (RFC 3463 2); 0: there
 * is no such. */
size_t smtp_enhanced_length(struct slice text);

/* The table of reply classes. */
enum reply_class smtp_reply_class(enum reply_stage stage, const struct smtp_reply *reply);

/* "Too many recipients" for one transaction; also as 552, which RFC 5321 4.5.3.1.10 says is to be
 * taken for 452. A mailbox with too many messages is another matter. */
bool smtp_reply_says_too_many(unsigned code, struct slice enhanced, struct slice text);

/* The recipient's address is at fault, and so for each message (RFC 3463 3.2, RFC 7505 4.2). Not
 * all of 5.1.x: 7 and 8 are the sender's address, and 0 is said of either. */
bool smtp_reply_is_about_address(unsigned code, struct slice enhanced);

/* 5.1.x (bad destination), or 550 without an enhanced code to RCPT. */
bool smtp_reply_says_no_such_user(const struct smtp_reply *reply);

#endif
