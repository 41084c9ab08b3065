/* SPDX-License-Identifier: ISC
 * What an earlier try of this message has left for its recipients: recalled at RCPT, written down
 * when they fare differently, forgotten once the retry has been served. */
#include "proxy/smtp/smtp_retry.h"

#include "common/client_hash.h"
#include "proxy/smtp/smtp_login.h"

#include <string.h>

struct retry_store smtp_retry_store(const struct smtp_session *s)
{
    return (struct retry_store){s->base.proxy->shared, s->base.proxy->state};
}

/* What is said to one user is no other's matter. */
static struct slice name_of(const struct smtp_session *s)
{
    return s->submitter ? slice_of(s->submitter->address)
                        : examination_authenticated(&s->t->message);
}

static struct retry_place place_of(const struct smtp_session *s, const struct recipient *r)
{
    struct retry_who who = {.client = &s->base.client,
                            .authenticated = name_of(s),
                            .sender = s->t->sender.spelled,
                            .recipient = r->path.spelled};
    return retry_place(&who);
}

static void write_down(const struct smtp_session *s, const struct retry_place *place,
                       const struct retry *retry)
{
    struct retry_store store = smtp_retry_store(s);
    retry_remember(&store, place, retry);
}

static void forget(const struct smtp_session *s, const struct retry_place *place)
{
    struct retry_store store = smtp_retry_store(s);
    retry_forget(&store, place);
}

/* ---- recalling ---- */

static void ask(struct smtp_session *s);

/* The domain that SPF passed for is a name of the client's, under which there may be more. */
static void ask_by_domain(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    if (examination_authenticated(&s->t->message).len)
        ask(s);
    else
        s->t->recall.then(base);
}

/* Only for a sender of whom something is remembered. */
static bool is_worth_waiting(const struct smtp_session *s, bool awaited)
{
    const struct value *spf = &s->t->message.facts.fact[FACT_SPF_RESULT];
    return awaited && smtp_wants(s)[PRODUCER_SPF] && spf->state == VALUE_PENDING &&
           !examination_done(&s->t->message, PHASE_MAIL);
}

static void answered(void *ctx)
{
    struct smtp_session *s = ctx;
    struct smtp_recall *recall = &s->t->recall;
    struct retry_store store = smtp_retry_store(s);
    struct recipient *r = &s->t->recipients[s->t->recipient_count];
    bool awaited = retry_is_awaited(&store, &recall->place, &recall->answer);
    recall->inquiry = NULL;
    recall->nothing |= !awaited;
    if (awaited)
        examination_needs_spf(&s->t->message);
    r->earlier = retry_recall(&store, &recall->place, &recall->answer, s->rcpt);
    if (!r->earlier.group && is_worth_waiting(s, awaited))
        session_await(&s->base, PHASE_MAIL, ask_by_domain);
    else
        recall->then(&s->base);
}

/* Redis once a transaction, unless there is something of this sender. */
static void ask(struct smtp_session *s)
{
    struct smtp_recall *recall = &s->t->recall;
    struct state *state = s->base.proxy->state;
    recall->place = place_of(s, &s->t->recipients[s->t->recipient_count]);
    struct state_retry_place asked = retry_places(&recall->place);
    recall->answer = (struct state_retry_answer){.of_sender = false};
    if (state && !recall->nothing && asked.count)
        recall->inquiry = state_begin(state, s->rcpt, &s->t->message.facts, answered, s);
    if (recall->inquiry)
        state_retry(recall->inquiry, &asked, &recall->answer);
    if (recall->inquiry && state_pending(recall->inquiry))
        session_wait(&s->base);
    else
        answered(s);
}

void smtp_retry_recall(struct smtp_session *s, void (*then)(struct session *base))
{
    s->t->recall.then = then;
    ask(s);
}

bool smtp_retry_has_reply(const struct smtp_session *s, const struct recipient *r)
{
    return r->earlier.reply.code && retry_is_of(&r->earlier, &s->t->mail);
}

void smtp_retry_told(struct smtp_session *s, const struct recipient *r)
{
    for (const struct told *told = s->t->told; told; told = told->before)
        if (memcmp(told->place.where.at[0], r->earlier.place.where.at[0], STATE_DIGEST) == 0)
            return;
    struct told *told = arena_alloc(s->mail, sizeof *told);
    if (!told)
        return; /* it will be told once more */
    *told = (struct told){r->earlier.place, s->t->told};
    s->t->told = told;
}

/* ---- writing down ---- */

/* Numbers of one try are not another's, or recipients of both would be taken for one group. */
static unsigned group_number(const struct smtp_session *s, size_t index)
{
    uint64_t try = siphash(shared_key(s->base.proxy->shared), slice_of(s->ref));
    return (unsigned)(1 + (try + index) % UINT16_MAX);
}

static void remember(struct smtp_session *s, const struct recipient *r, unsigned group,
                     const struct backend_reply *reply)
{
    struct retry_place place = place_of(s, r); /* by now SPF may have passed */
    struct retry retry = {.group = group, .has_size = s->t->mail.has_size, .size = s->t->mail.size};
    if (reply)
        retry.reply = *reply;
    if (r->earlier.group)
        forget(s, &r->earlier.place);
    s->t->remembered = true;
    write_down(s, &place, &retry);
}

/* Who is not delivered to goes with any delivery, but not every delivery with every other. */
static bool goes_with(const struct verdict *first, const struct verdict *v)
{
    return judge_same_fate(first, v) &&
           (first->action == v->action ||
            (v->action != ACTION_ACCEPT && v->action != ACTION_REDIRECT));
}

void smtp_retry_remember_fates(struct smtp_session *s)
{
    struct transaction *t = s->t;
    for (size_t i = 0; i < t->recipient_count; i++) {
        size_t first = 0;
        while (!goes_with(&t->recipients[first].verdict, &t->recipients[i].verdict))
            first++;
        remember(s, &t->recipients[i], group_number(s, first), NULL);
    }
}

bool smtp_retry_replies_alike(const struct backend_reply *a, const struct backend_reply *b)
{
    return a->kind == b->kind && a->code == b->code && slice_eq(a->enhanced, b->enhanced);
}

void smtp_retry_remember_replies(struct smtp_session *s)
{
    struct transaction *t = s->t;
    const struct job_recipient *asked = t->job.recipients;
    size_t n = 0;
    for (size_t i = 0; i < t->recipient_count; i++) {
        if (!is_delivered_to(&t->recipients[i]))
            continue;
        const struct backend_reply *reply = &asked[n++].reply;
        size_t first = 0;
        while (!smtp_retry_replies_alike(&asked[first].reply, reply))
            first++;
        if (reply->kind != REPLY_YES)
            remember(s, &t->recipients[i], group_number(s, first), reply);
    }
}

/* ---- whose turn it is ---- */

/* Senders keep the order of their recipients. Whoever comes first and fails for now would be tried
 * again and again, and the others never: so he lets each of the groups that were turned away for
 * him go first, once. */

void smtp_retry_turned_away(struct smtp_session *s, const struct backend *backend, unsigned group)
{
    struct transaction *t = s->t;
    for (unsigned i = 0; i < t->turned_count; i++)
        if (t->turned_away[i].backend == backend && t->turned_away[i].group == group)
            return;
    if (t->turned_count < TURNED_MOST)
        t->turned_away[t->turned_count++] = (struct turned){backend, group};
}

bool smtp_retry_lets_others_go_first(struct smtp_session *s, struct recipient *r)
{
    struct retry *earlier = &r->earlier;
    if (s->t->recipient_count || !earlier->waits || retry_is_anothers(earlier, &s->t->mail))
        return false;
    earlier->waits--;
    write_down(s, &earlier->place, earlier);
    struct waiter *waiter = arena_alloc(s->mail, sizeof *waiter);
    if (waiter) {
        *waiter = (struct waiter){*earlier, s->t->waiters};
        s->t->waiters = waiter;
    }
    return true;
}

/* Nobody went first: the others have been served, or come by themselves. */
static void wait_no_more(struct smtp_session *s)
{
    for (struct waiter *waiter = s->t->waiters; waiter; waiter = waiter->before) {
        waiter->retry.waits = 0;
        write_down(s, &waiter->retry.place, &waiter->retry);
    }
}

static void let_go_first(struct smtp_session *s, const struct recipient *r, unsigned groups)
{
    struct retry retry = r->earlier;
    if (!retry.group)
        retry = (struct retry){.group = group_number(s, 0),
                               .has_size = s->t->mail.has_size,
                               .size = s->t->mail.size,
                               .place = place_of(s, r)};
    retry.in_turn = true;
    retry.waits = groups;
    write_down(s, &retry.place, &retry);
}

static void give_way(struct smtp_session *s)
{
    const struct transaction *t = s->t;
    bool tried = t->ended && !t->remembered;
    for (size_t i = 0; tried && t->turned_count && i < t->recipient_count; i++)
        let_go_first(s, &t->recipients[i], t->turned_count);
}

/* ---- forgetting ---- */

/* Replies were that message's. What the rules decided on groups mostly holds for the next message
 * as well, which then need not be deferred first: those stay. */
void smtp_retry_over(struct smtp_session *s)
{
    struct transaction *t = s->t;
    if (t->recall.inquiry)
        state_cancel(t->recall.inquiry);
    if (t->over)
        return;
    t->over = true;
    if (!t->settled && t->recipient_count) {
        give_way(s); /* it comes again, and nobody may spoil it for the others then */
        return;
    }
    if (t->recipient_count == 0)
        wait_no_more(s);
    for (const struct told *told = t->told; told; told = told->before)
        forget(s, &told->place);
    for (size_t i = 0; i < t->recipient_count; i++) {
        const struct retry *earlier = &t->recipients[i].earlier;
        if ((earlier->reply.code || earlier->in_turn) && !retry_is_anothers(earlier, &t->mail))
            forget(s, &earlier->place);
    }
}
