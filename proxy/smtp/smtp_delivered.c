/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_delivered.h"

#include "proxy/smtp/smtp_retry.h"

static uint64_t size_declared(const struct smtp_session *s)
{
    return s->t->mail.has_size ? s->t->mail.size : 0;
}

/* Of no other is anything written, nor believed. */
static bool speaks_lmtp(const struct backend *backend)
{
    for (size_t i = 0; i < backend->server_count; i++)
        if (backend->servers[i].lmtp)
            return true;
    return false;
}

void smtp_delivered_recall(struct smtp_session *s, struct recipient *r)
{
    if (smtp_is_asked(s) || s->private || !speaks_lmtp(s->t->backend))
        return;
    const struct smtp_recall *recall = &s->t->recall;
    struct retry_store store = smtp_retry_store(s);
    r->delivered = arena_alloc(s->rcpt, sizeof *r->delivered);
    if (r->delivered)
        *r->delivered = delivered_recall(&store, &recall->place, &recall->answer);
}

bool smtp_delivered_perhaps(const struct smtp_session *s, const struct recipient *r)
{
    return r->delivered && delivered_holds_size(r->delivered, size_declared(s));
}

static bool has_any(const struct recipient *r)
{
    return r->delivered && r->delivered->count;
}

static bool some_have_any(const struct transaction *t)
{
    for (size_t i = 0; i < t->recipient_count; i++)
        if (has_any(&t->recipients[i]))
            return true;
    return false;
}

/* The message is read through only where somebody has any of this sender. */
void smtp_delivered_mark(struct smtp_session *s)
{
    struct transaction *t = s->t;
    if (!some_have_any(t) || !delivered_digest(spool_bytes(t->message.spool), t->digest))
        return;
    for (size_t i = 0; i < t->recipient_count; i++) {
        struct recipient *r = &t->recipients[i];
        r->has_it = has_any(r) && delivered_holds(r->delivered, t->digest);
    }
}

void smtp_delivered_remember(struct smtp_session *s)
{
    struct transaction *t = s->t;
    const struct job_recipient *asked = t->job.recipients;
    struct retry_store store = smtp_retry_store(s);
    struct delivered_message message = {.size = size_declared(s)};
    if (!t->job.each || !delivered_digest(spool_bytes(t->message.spool), message.digest))
        return;
    for (size_t i = 0; i < t->recipient_count; i++) {
        struct recipient *r = &t->recipients[i];
        if (!is_delivered_to(r))
            continue;
        if (r->delivered && asked->reply.code && asked->reply.kind == REPLY_YES)
            delivered_add(&store, r->delivered, &message);
        asked++;
    }
}

void smtp_delivered_forget(struct smtp_session *s)
{
    struct transaction *t = s->t;
    struct retry_store store = smtp_retry_store(s);
    for (size_t i = 0; i < t->recipient_count; i++)
        if (t->recipients[i].has_it)
            delivered_forget(&store, t->recipients[i].delivered, t->digest);
}
