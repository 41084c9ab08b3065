/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_delivered.h"

static uint64_t digest_of(const struct smtp_session *s)
{
    return delivered_digest(s->base.proxy->shared, spool_bytes(s->t.message.spool));
}

static uint64_t size_declared(const struct smtp_session *s)
{
    return s->t.mail.has_size ? s->t.mail.size : 0;
}

void smtp_delivered_recall(struct smtp_session *s, struct recipient *r)
{
    r->delivered = delivered_recall(s->base.proxy->shared, s->t.sender.spelled, r->path.spelled);
}

bool smtp_delivered_perhaps(const struct smtp_session *s, const struct recipient *r)
{
    return delivered_holds_size(&r->delivered, size_declared(s));
}

/* The message is read through only where somebody has any of this sender. */
void smtp_delivered_mark(struct smtp_session *s)
{
    struct transaction *t = &s->t;
    bool any = false;
    for (size_t i = 0; i < t->recipient_count; i++) {
        struct recipient *r = &t->recipients[i];
        if (!r->delivered.count)
            continue;
        if (!any)
            t->digest = digest_of(s);
        any = true;
        r->has_it = delivered_holds(&r->delivered, t->digest);
    }
}

void smtp_delivered_remember(struct smtp_session *s)
{
    struct transaction *t = &s->t;
    const struct job_recipient *asked = t->job.recipients;
    if (!t->job.each)
        return;
    struct delivered_message message = {digest_of(s), size_declared(s)};
    for (size_t i = 0; i < t->recipient_count; i++) {
        if (!is_delivered_to(&t->recipients[i]))
            continue;
        if (asked->reply.code && asked->reply.kind == REPLY_YES)
            delivered_add(s->base.proxy->shared, &t->recipients[i].delivered, message);
        asked++;
    }
}

void smtp_delivered_forget(struct smtp_session *s)
{
    struct transaction *t = &s->t;
    for (size_t i = 0; i < t->recipient_count; i++)
        if (t->recipients[i].has_it)
            delivered_forget(s->base.proxy->shared, &t->recipients[i].delivered, t->digest);
}
