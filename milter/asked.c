/* SPDX-License-Identifier: ISC */
#include "milter/asked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPLY_TEXT_MAX = 980 /* of libmilter */ };

static int proxies;
static void (*go_deaf)(void);

void asked_by(int queue, void (*deaf)(void))
{
    proxies = queue;
    go_deaf = deaf;
}

/* ---- answers ---- */

/* What a reply has after its code, with '%' doubled. */
static void printable_reply(const char *text, char out[static REPLY_TEXT_MAX + 1])
{
    size_t n = 0;
    for (; *text && n + 2 <= REPLY_TEXT_MAX; text++) {
        out[n++] = *text >= ' ' && *text < 0x7f ? *text : '?';
        if (*text == '%')
            out[n++] = '%';
    }
    out[n] = '\0';
}

sfsistat asked_pass_on(SMFICTX *ctx, const struct talk_reply *reply)
{
    char text[REPLY_TEXT_MAX + 1], code[4];
    if (reply->code < 400)
        return reply->code ? SMFIS_CONTINUE : SMFIS_TEMPFAIL;
    snprintf(code, sizeof code, "%03u", reply->code % 1000);
    printable_reply(reply->text, text);
    const char *enhanced = reply->enhanced[0] ? reply->enhanced : NULL;
    smfi_setreply(ctx, code, (char *)(uintptr_t)enhanced, *text ? text : NULL);
    return reply->code >= 500 ? SMFIS_REJECT : SMFIS_TEMPFAIL;
}

sfsistat asked_pass_on_and_free(SMFICTX *ctx, struct talk_reply *reply)
{
    sfsistat answer = asked_pass_on(ctx, reply);
    talk_reply_free(reply);
    return answer;
}

/* ---- transactions ---- */

void asked_forget(struct asked *a)
{
    while (a->tagged) {
        struct tagged *next = a->tagged->next;
        free(a->tagged);
        a->tagged = next;
    }
    a->in_transaction = a->in_data = a->in_body = false;
}

void asked_abort(struct asked *a)
{
    struct talk_reply reply;
    if (a->in_data) {
        talk_end(&a->talk);
    } else if (a->in_transaction) {
        talk_ask(&a->talk, "RSET", "", &reply);
        talk_reply_free(&reply);
    }
    asked_forget(a);
}

/* ---- conversations ---- */

static void say_tls(struct asked *a, struct talk_reply *reply)
{
    if (strcmp(a->tls, a->told_tls) == 0)
        return;
    talk_ask(&a->talk, *a->tls ? "XTLS " : "XTLS", a->tls, reply);
    talk_reply_free(reply);
    snprintf(a->told_tls, sizeof a->told_tls, "%s", a->tls);
}

void asked_say_helo(struct asked *a, struct talk_reply *reply)
{
    say_tls(a, reply);
    talk_ask(&a->talk, "EHLO ", a->helo, reply);
}

void asked_begin(struct asked *a, struct talk_reply *reply)
{
    talk_end(&a->talk);
    a->told_tls[0] = '\0';
    if (talk_begin(&a->talk, proxies, &a->client) < 0)
        go_deaf();
    talk_hear(&a->talk, reply, NULL);
}

bool asked_go_on(struct asked *a, struct talk_reply *reply)
{
    if (talk_goes_on(&a->talk))
        return true;
    asked_begin(a, reply);
    if (reply->code / 100 != 2)
        return false;
    talk_reply_free(reply);
    if (!a->helo[0])
        return true;
    asked_say_helo(a, reply);
    if (reply->code / 100 != 2)
        return false;
    talk_reply_free(reply);
    return true;
}
