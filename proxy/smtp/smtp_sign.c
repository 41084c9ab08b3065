/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_sign.h"

#include "base/log.h"
#include "proxy/smtp/smtp_finish.h"

bool smtp_signs(const struct smtp_session *s)
{
    return s->base.listener->direction == DIRECTION_OUTBOUND &&
           s->base.proxy->config->signing_domain_count > 0;
}

static void failed(struct smtp_session *s, const char *reason)
{
    log_at(LEVEL_ERROR, s->ref, "message not signed", field_str("reason", reason));
    session_count(&s->base, COUNTER_SIGNING_FAILED);
    smtp_finish_say(s, "defer", 451, "4.7.5", "the message cannot be signed now, try again later");
}

static void go_on(struct smtp_session *s, const struct signed_message *result)
{
    if (result->how == SIGNED_NOT_NOW) {
        failed(s, result->reason);
        return;
    }
    s->t->dkim_signed = result->who;
    if (result->how == SIGNED_NEVER) {
        smtp_finish_say(s, "reject", 550, "5.6.0",
                        "the message has more header than can be signed");
        return;
    }
    s->t->signatures = result->fields;
    if (result->how == SIGNED)
        session_count(&s->base, COUNTER_SIGNED);
    s->t->when_signed(s);
}

static void signed_later(void *ctx, const struct signed_message *result)
{
    go_on(ctx, result);
}

void smtp_sign_end(struct smtp_session *s)
{
    message_signing_end(s->t->signing);
}

void smtp_sign(struct smtp_session *s, void (*then)(struct smtp_session *s))
{
    struct transaction *t = s->t;
    struct signed_message at_once;
    t->when_signed = then;
    t->signing = message_signing_new(s->base.proxy, s->mail, &t->edited,
                                     t->ended + s->base.proxy->config->settings.timeouts_verdict);
    if (!t->signing)
        failed(s, "out of memory");
    else if (message_signing_begin(t->signing, &at_once, signed_later, s))
        session_wait(&s->base);
    else
        go_on(s, &at_once);
}
