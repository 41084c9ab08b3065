/* SPDX-License-Identifier: ISC
 * What an earlier try of this message has left for its recipients: recalled at RCPT, written down
 * when they fare differently, forgotten once the retry has been served. */
#include "proxy/smtp_study.h"

#include "proxy/client_hash.h"

static struct retry_place place_of(const struct session *s, const struct recipient *r)
{
    struct retry_who who = {.client = &s->client,
                            .authenticated = sender_authenticated(s),
                            .sender = s->t.sender.spelled,
                            .recipient = r->path.spelled};
    return retry_place(s->proxy->shared, &who);
}

void session_recall(struct session *s, struct recipient *r)
{
    r->place = place_of(s, r);
    r->earlier = retry_recall(s->proxy->shared, &r->place, s->mail);
}

bool session_has_own_reply(const struct session *s, const struct recipient *r)
{
    return r->earlier.reply.code && retry_is_of(&r->earlier, &s->t.mail);
}

void session_own_reply_told(struct session *s, const struct recipient *r)
{
    struct told *told = arena_alloc(s->mail, sizeof *told);
    if (!told)
        return; /* it will be told once more */
    *told = (struct told){r->place, s->t.told};
    s->t.told = told;
}

/* ---- writing down ---- */

/* Numbers of one try are not another's, or recipients of both would be taken for one group. */
static unsigned group_number(const struct session *s, size_t index)
{
    uint64_t try = siphash(shared_key(s->proxy->shared), slice_of(s->ref));
    return (unsigned)(1 + (try + index) % UINT16_MAX);
}

static void remember(struct session *s, const struct recipient *r, unsigned group,
                     const struct backend_reply *reply)
{
    struct retry_place place = place_of(s, r); /* by now SPF may have passed */
    struct retry retry = {.group = group, .has_size = s->t.mail.has_size, .size = s->t.mail.size};
    if (reply)
        retry.reply = *reply;
    retry_remember(s->proxy->shared, &place, &retry);
}

void session_remember_fates(struct session *s)
{
    struct transaction *t = &s->t;
    for (size_t i = 0; i < t->recipient_count; i++) {
        size_t first = 0;
        while (!pipeline_same_fate(&t->recipients[first].verdict, &t->recipients[i].verdict))
            first++;
        remember(s, &t->recipients[i], group_number(s, first), NULL);
    }
}

bool replies_alike(const struct backend_reply *a, const struct backend_reply *b)
{
    return a->kind == b->kind && a->code == b->code && slice_eq(a->enhanced, b->enhanced);
}

void session_remember_replies(struct session *s)
{
    struct transaction *t = &s->t;
    const struct job_recipient *asked = t->job.recipients;
    size_t n = 0;
    for (size_t i = 0; i < t->recipient_count; i++) {
        if (t->recipients[i].verdict.action != ACTION_ACCEPT)
            continue;
        const struct backend_reply *reply = &asked[n++].reply;
        size_t first = 0;
        while (!replies_alike(&asked[first].reply, reply))
            first++;
        if (reply->kind != REPLY_YES)
            remember(s, &t->recipients[i], group_number(s, first), reply);
    }
}

/* ---- forgetting ---- */

/* Replies were that message's. What the rules decided on groups mostly holds for the next message
 * as well, which then need not be deferred first: those stay. */
void session_retry_over(struct session *s)
{
    const struct transaction *t = &s->t;
    struct shared *shared = s->proxy->shared;
    if (!t->settled && t->recipient_count)
        return; /* it comes again, and nobody may spoil it for the others then */
    for (const struct told *told = t->told; told; told = told->before)
        retry_forget(shared, &told->place);
    for (size_t i = 0; i < t->recipient_count; i++)
        if (t->recipients[i].earlier.reply.code)
            retry_forget(shared, &t->recipients[i].place);
}
