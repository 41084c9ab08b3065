/* SPDX-License-Identifier: ISC
 * One connection of a client to the mail server, as libmilter's callbacks share it, and its conversation with a
 * proxy.
 *
 *   callbacks.c  begins and ends it, for libmilter
 *   asked.c      its conversation: begun, gone on with, broken off; replies passed on
 *   envelope.c   HELO, MAIL and RCPT
 *   content.c    the message, and what becomes of it */
#ifndef MILTER_ASKED_H
#define MILTER_ASKED_H

#include "milter/changes.h"
#include "milter/talk.h"
#include "milter/text.h"

#include <libmilter/mfapi.h>

enum { HELO_MAX = 512, TLS_WORDS_MAX = 96 };

struct asked {
    struct talk talk;
    struct milter_client client;
    bool leading_blanks; /* values of fields come with what stands behind the colon */
    char helo[HELO_MAX]; /* empty: it has said none */
    char tls[TLS_WORDS_MAX], told_tls[TLS_WORDS_MAX]; /* as XTLS has it; as it was told */
    struct tagged *tagged;                            /* recipients of the message */
    bool in_transaction, in_data, in_body;
    struct text text;          /* of the message so far */
    struct talk_reply refusal; /* what was said instead of a banner; its code is 0: nothing */
};

/* Where proxies wait; `deaf` is called when that was closed, and does not return. */
void asked_by(int queue, void (*deaf)(void));

static inline struct asked *asked_of(SMFICTX *ctx)
{
    return smfi_getpriv(ctx);
}

/* A new conversation; the banner is in *reply, the caller's. */
void asked_begin(struct asked *a, struct talk_reply *reply);

/* The client's encryption, where it is another than was told, and its HELO. *reply is the caller's: of EHLO, or of none. */
void asked_say_helo(struct asked *a, struct talk_reply *reply);

/* One that goes on, or a new one in which the client has said what it had said. False: *reply, the caller's, says
 * why not. */
bool asked_go_on(struct asked *a, struct talk_reply *reply);

/* What is known of the message is forgotten; asked_abort tells the proxy as well. One that is broken off in its middle ends
 * the conversation: the next has another. */
void asked_forget(struct asked *a);
void asked_abort(struct asked *a);

/* The mail server is to tell its client the same. */
sfsistat asked_pass_on(SMFICTX *ctx, const struct talk_reply *reply);
sfsistat asked_pass_on_and_free(SMFICTX *ctx, struct talk_reply *reply);

#endif
