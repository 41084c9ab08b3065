/* SPDX-License-Identifier: ISC
 * The sender: SPF, DKIM, ARC, DMARC and the lists of domains, over one table of DNS answers. What
 * is hostile (records, signatures) is looked at by a scanner; it says which names it wants, they
 * are looked up here, and it is asked again. */
#include "proxy/smtp_study.h"

#include "base/clock.h"
#include "filters/auth_prefetch.h"
#include "filters/headers.h"

#include <sys/random.h>

static const struct config *config_of(const struct session *s)
{
    return s->proxy->config;
}

/* Lists out of a budget of their own: the links of a message must not use up what is needed to find
 * out who sent it. */
static unsigned look_up(void *ctx, enum producer whose, const struct dns_wanted *wanted,
                        size_t count)
{
    struct session *s = ctx;
    struct transaction *t = &s->t;
    if (whose != PRODUCER_SENDER_DOMAINS && whose != PRODUCER_DOMAINS)
        return inquiry_ask(&t->dns, wanted, count);
    unsigned others = t->dns.queries;
    t->dns.queries = t->list_queries;
    unsigned pending = inquiry_ask(&t->dns, wanted, count);
    t->list_queries = t->dns.queries;
    t->dns.queries = others;
    return pending;
}

/* ---- rounds ---- */

static bool scanner_busy(const struct session *s)
{
    return session_awaits_scan(s, SCAN_SENDER) ||
           (s->t.scans[SCAN_CONTENT].step == SCAN_UNDER_WAY && s->t.sender_beside);
}

bool sender_study_ready(const struct session *s)
{
    const struct transaction *t = &s->t;
    return t->dns.resolver && t->dns.pending == 0 && study_asks_scanner(&t->study, t->ended) &&
           !scanner_busy(s);
}

static void learn_client(struct session *s)
{
    if (s->t.study.about[PRODUCER_CLIENT] != LEARNING || !client_study_knows_names(s))
        return;
    client_study_facts(s);
    study_known(&s->t.study, PRODUCER_CLIENT);
}

void sender_study_go_on(struct session *s)
{
    struct transaction *t = &s->t;
    if (!t->dns.resolver)
        return;
    learn_client(s);
    t->study.suspended = shared_suspended(s->proxy->shared);
    study_advance(&t->study);
    /* The job about the content asks about the sender as well when its turn comes. */
    if (sender_study_ready(s) && s->t.scans[SCAN_CONTENT].step != SCAN_IN_LINE)
        session_scan_sender(s);
}

static void on_answers(void *ctx)
{
    struct session *s = ctx;
    sender_study_go_on(s);
    session_settle(s);
}

static void give_up_redis(struct session *s)
{
    if (s->t.state)
        state_cancel(s->t.state);
    sender_state_failed(s, s->awaited);
}

void sender_study_hurry(struct session *s, bool hurry)
{
    struct transaction *t = &s->t;
    if (t->dns.resolver)
        inquiry_hurry(&t->dns, hurry);
    if (!hurry || !t->open)
        return;
    give_up_redis(s);
    sender_study_go_on(s);
}

void sender_study_give_up(struct session *s)
{
    struct transaction *t = &s->t;
    sender_study_free(s);
    study_give_up(&t->study, PRODUCER_SPF);
    study_give_up(&t->study, PRODUCER_SENDER_DOMAINS);
    if (t->open)
        sender_state_failed(s, s->awaited);
    if (s->awaited < PHASE_MESSAGE)
        return;
    study_give_up(&t->study, PRODUCER_AUTHENTICATION);
    study_give_up(&t->study, PRODUCER_DOMAINS);
}

/* What was asked of Redis before a wait was too long does not keep it from being asked again. */
void sender_study_free(struct session *s)
{
    struct transaction *t = &s->t;
    if (t->dns.resolver)
        inquiry_cancel(&t->dns);
    if (t->state)
        state_cancel(t->state);
    session_drop_scan(s, SCAN_SENDER);
}

/* ---- beginning ---- */

/* Those that the transaction's study finds out itself. */
static const enum producer producers[] = {PRODUCER_SPF, PRODUCER_AUTHENTICATION,
                                          PRODUCER_SENDER_DOMAINS, PRODUCER_DOMAINS};
/* Those that it waits for. */
static const enum producer others[] = {PRODUCER_CLIENT, PRODUCER_MESSAGE, PRODUCER_LINKS};
enum {
    PRODUCERS = sizeof producers / sizeof *producers,
    OTHERS = sizeof others / sizeof *others,
};

/* False: nobody asks. */
static bool want(struct session *s)
{
    const bool *wants = s->proxy->wants;
    bool any = false;
    for (int i = 0; i < PRODUCERS; i++)
        any |= wants[producers[i]];
    for (int i = 0; any && i < PRODUCERS; i++)
        if (wants[producers[i]])
            study_want(&s->t.study, producers[i]);
    for (int i = 0; any && i < OTHERS; i++)
        if (wants[others[i]])
            study_want(&s->t.study, others[i]);
    return any;
}

static void ask_about_envelope(struct session *s)
{
    struct auth_prefetch ahead;
    if (auth_prefetch_envelope(s->mail, s->helo, s->t.sender.address, &ahead))
        inquiry_ask(&s->t.dns, ahead.wanted, ahead.count);
}

static void without_dns(struct session *s)
{
    for (int i = 0; i < PRODUCERS; i++)
        study_give_up(&s->t.study, producers[i]);
}

static void begin_study(struct session *s)
{
    struct transaction *t = &s->t;
    t->study = (struct study){.config = config_of(s),
                              .arena = s->mail,
                              .facts = &t->facts,
                              .from = {.client = s->client,
                                       .helo = s->helo,
                                       .sender = t->sender.address,
                                       .receiver = config_of(s)->hostname},
                              .look_up = look_up,
                              .ctx = s};
}

/* Whether DMARC's pct takes this message. */
static bool draw(struct study *study)
{
    if (getrandom(&study->from.sample, sizeof study->from.sample, 0) < 0)
        return false;
    study->from.sample %= 100;
    return true;
}

void sender_study_begin(struct session *s)
{
    struct transaction *t = &s->t;
    begin_study(s);
    if (!(t->facts.keyed = facts_keyed_new(s->mail, config_of(s)->policy)))
        return; /* they stay pending, and so unknown */
    session_facts(s, PHASE_MAIL);
    sender_state_begin(s);
    if (!want(s))
        return;
    t->study.answers = dns_answers_new(s->mail);
    if (!t->study.answers || !s->proxy->resolver || !draw(&t->study)) {
        without_dns(s);
        return;
    }
    inquiry_begin(&t->dns, s->proxy->resolver, s->mail, t->study.answers, on_answers, s);
    t->dns.client = s->client;
    if (t->study.about[PRODUCER_SPF] == LEARNING)
        ask_about_envelope(s);
    sender_study_go_on(s);
}

void sender_study_header(struct session *s, struct slice block)
{
    struct transaction *t = &s->t;
    struct auth_prefetch ahead;
    if (t->header_asked)
        return;
    t->header_asked = true;
    if (t->study.about[PRODUCER_AUTHENTICATION] == LEARNING && t->dns.resolver &&
        auth_prefetch_header(s->mail, block, &ahead))
        inquiry_ask(&t->dns, ahead.wanted, ahead.count);
}

void sender_study_message(struct session *s)
{
    if (!s->t.header_asked)
        sender_study_header(s, headers_block(spool_bytes(s->t.spool), NULL));
    if (s->t.state && s->proxy->counts[RATE_MESSAGES])
        state_rates(s->t.state, RATE_MESSAGES);
}

/* ---- what has come of it ---- */

bool sender_study_waits(const struct session *s)
{
    const struct transaction *t = &s->t;
    return t->dns.pending > 0 || (t->state && state_pending(t->state) > 0);
}

/* The client's study says itself what of it is awaited, the scanner's line what of the message. */
bool sender_study_done(const struct session *s, enum phase phase)
{
    const struct transaction *t = &s->t;
    if (phase < PHASE_MAIL || !t->open)
        return true;
    if (t->state && state_pending(t->state) > 0)
        return false;
    for (int i = 0; i < PRODUCERS; i++)
        if (t->study.about[producers[i]] == LEARNING && producer_info(producers[i])->phase <= phase)
            return false;
    return true;
}
