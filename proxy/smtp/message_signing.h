/* SPDX-License-Identifier: ISC
 * DKIM signatures of one message (RFC 6376), as it will be sent: for the domain in its From, with all
 * keys of that. The body is hashed in turns with what else there is to do, and gatepost-sign is
 * asked. */
#ifndef PROXY_SMTP_MESSAGE_SIGNING_H
#define PROXY_SMTP_MESSAGE_SIGNING_H

#include "proxy/process/proxy.h"
#include "proxy/smtp/edits.h"

struct message_signing;

struct signed_message {
    enum signed_how {
        SIGNED,
        SIGNED_BY_NOBODY, /* it goes without */
        SIGNED_NEVER,     /* it cannot be: for good */
        SIGNED_NOT_NOW,
    } how;
    struct slice fields; /* SIGNED: to be put in front of it, each with its CRLF */
    struct slice who;    /* domain/selector/algorithm of each, or "no: " and why nobody */
    const char *reason;  /* NOT_NOW */
};

/* For a message that is assembled, not closed; arena, message and proxy outlive it. It is over at
 * `deadline` (clock_ms), and after timeouts.signing. NULL: the arena is full. */
struct message_signing *message_signing_new(struct proxy *proxy, struct arena *arena,
                                            const struct edited *edited, int64_t deadline);

/* True: it is under way, and `done` comes from the loop, once. False: *at_once says how it ended. */
bool message_signing_begin(struct message_signing *signing, struct signed_message *at_once,
                           void (*done)(void *ctx, const struct signed_message *result), void *ctx);

/* It is not waited for any more; may be NULL, or over. */
void message_signing_end(struct message_signing *signing);

#endif
