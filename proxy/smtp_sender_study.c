/* SPDX-License-Identifier: ISC
 * The sender: SPF, DKIM, ARC, DMARC and the lists of domains, over one table of DNS answers. What
 * is hostile (records, signatures) is looked at by a scanner; it says which names it wants, they
 * are looked up here, and it is asked again. */
#include "proxy/smtp_study.h"

#include "base/clock.h"
#include "filters/auth_prefetch.h"
#include "filters/blocklists.h"
#include "filters/headers.h"

#include <sys/random.h>

enum { ROUNDS_MAX = 16, DOMAINS_MAX = LISTED_DOMAINS_MAX };

static const struct config *config_of(const struct session *s)
{
    return s->proxy->config;
}

static void fail(struct session *s, enum producer producer)
{
    facts_fail(&s->t.facts, producer, config_of(s)->policy);
}

/* ---- domains in lists ---- */

struct domains {
    struct slice items[DOMAINS_MAX];
    size_t count;
};

static void add_text(struct domains *domains, struct slice text)
{
    if (text.len && domains->count < DOMAINS_MAX)
        domains->items[domains->count++] = text;
}

static void add(struct domains *domains, const struct value *value)
{
    if (value->state == VALUE_KNOWN)
        add_text(domains, value->text);
}

static void of_envelope(const struct session *s, struct domains *domains)
{
    add_text(domains, s->helo);
    add_text(domains, s->t.sender.domain);
    if (s->study && s->study->facts.fact[FACT_CLIENT_FCRDNS].state == VALUE_KNOWN &&
        s->study->facts.fact[FACT_CLIENT_FCRDNS].truth)
        add(domains, &s->study->facts.fact[FACT_CLIENT_PTR]);
}

static void of_message(const struct session *s, struct domains *domains)
{
    const struct value *from = &s->t.facts.fact[FACT_MESSAGE_FROM],
                       *links = &s->t.facts.fact[FACT_MESSAGE_DOMAINS];
    of_envelope(s, domains);
    if (from->state == VALUE_KNOWN) {
        size_t at = slice_rfind(from->text, '@');
        add_text(domains, slice_from(from->text, at < from->text.len ? at + 1 : at));
    }
    for (size_t i = 0; links->state == VALUE_KNOWN && i < links->list.count; i++)
        add(domains, &links->list.items[i]);
}

/* Of links beyond a cap, or that no scanner has read, it is not known whether they are listed. */
static void cut_domains(struct facts *facts)
{
    const struct value *links = &facts->fact[FACT_MESSAGE_DOMAINS];
    if (links->state == VALUE_KNOWN && !links->list.cut)
        return;
    facts->fact[FACT_DOMAINS_FOUND].list.cut = true;
    facts->fact[FACT_DOMAINS_LISTS].list.cut = true;
}

static bool evaluate_domains(struct session *s, bool whole)
{
    struct transaction *t = &s->t;
    struct domains domains = {.count = 0};
    uint64_t suspended = shared_suspended(s->proxy->shared);
    (whole ? of_message : of_envelope)(s, &domains);
    bool evaluated = (whole ? blocklists_message : blocklists_sender)(
        s->mail, t->dns.answers, config_of(s), suspended, domains.items, domains.count, &t->facts);
    if (whole)
        cut_domains(&t->facts);
    return evaluated;
}

/* Out of a budget of their own: the links of a message must not use up what is needed to find out
 * who sent it. */
static unsigned ask_lists(struct transaction *t)
{
    size_t count;
    const struct dns_wanted *wanted = dns_wanted(t->dns.answers, &count);
    unsigned others = t->dns.queries;
    t->dns.queries = t->list_queries;
    unsigned pending = inquiry_ask(&t->dns, wanted, count);
    t->list_queries = t->dns.queries;
    t->dns.queries = others;
    return pending;
}

/* True: it waits for answers. */
static bool look_up_domains(struct session *s, enum learning *what, bool whole)
{
    struct transaction *t = &s->t;
    for (int round = 0; *what == LEARNING; round++) {
        dns_answers_restart(t->dns.answers);
        bool evaluated = evaluate_domains(s, whole);
        if (!evaluated || round == ROUNDS_MAX || !dns_missed(t->dns.answers)) {
            *what = LEARNT; /* what has not been filled counts as unknown */
            break;
        }
        if (ask_lists(t) > 0)
            return true;
    }
    return false;
}

/* The content has been looked into (or could not be), so that its domains are known. */
static bool content_known(const struct session *s)
{
    return s->t.ended && !session_awaits_scan(s, SCAN_CONTENT);
}

/* ---- rounds ---- */

static bool scanner_wanted(const struct session *s)
{
    const struct transaction *t = &s->t;
    return t->spf == LEARNING || (t->authentication == LEARNING && t->ended);
}

static bool scanner_busy(const struct session *s)
{
    return session_awaits_scan(s, SCAN_SENDER) ||
           (s->t.scans[SCAN_CONTENT].step == SCAN_UNDER_WAY && s->t.sender_beside);
}

bool sender_study_ready(const struct session *s)
{
    return s->t.dns.resolver && s->t.dns.pending == 0 && scanner_wanted(s) && !scanner_busy(s);
}

void sender_study_go_on(struct session *s)
{
    struct transaction *t = &s->t;
    if (!t->dns.resolver)
        return;
    if (t->sender_domains == LEARNING && client_study_knows_names(s))
        look_up_domains(s, &t->sender_domains, false);
    if (t->domains == LEARNING && content_known(s))
        look_up_domains(s, &t->domains, true);
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

void sender_study_answer(struct session *s, const struct scan_answer *answer)
{
    struct transaction *t = &s->t;
    if (answer->wanted_count) {
        inquiry_ask(&t->dns, answer->wanted, answer->wanted_count);
        return;
    }
    if (t->asked_spf)
        t->spf = LEARNT;
    if (t->asked_authentication)
        t->authentication = LEARNT;
}

static void give_up(struct session *s, enum learning *what, enum producer producer)
{
    if (*what == LEARNING)
        fail(s, producer);
    *what = LEARNT;
}

void sender_study_failed(struct session *s)
{
    struct transaction *t = &s->t;
    if (t->asked_spf)
        give_up(s, &t->spf, PRODUCER_SPF);
    if (!t->asked_authentication)
        return;
    give_up(s, &t->authentication, PRODUCER_AUTHENTICATION);
    t->facts.unexamined = true;
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
    give_up(s, &t->spf, PRODUCER_SPF);
    give_up(s, &t->sender_domains, PRODUCER_SENDER_DOMAINS);
    if (t->open)
        sender_state_failed(s, s->awaited);
    if (s->awaited < PHASE_MESSAGE)
        return;
    give_up(s, &t->authentication, PRODUCER_AUTHENTICATION);
    give_up(s, &t->domains, PRODUCER_DOMAINS);
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

static enum learning asked(const struct session *s, enum producer producer)
{
    return s->proxy->wants[producer] ? LEARNING : UNASKED;
}

static void ask_about_envelope(struct session *s)
{
    struct auth_prefetch ahead;
    if (auth_prefetch_envelope(s->mail, s->helo, s->t.sender.address, &ahead))
        inquiry_ask(&s->t.dns, ahead.wanted, ahead.count);
}

static void without_dns(struct session *s)
{
    struct transaction *t = &s->t;
    give_up(s, &t->spf, PRODUCER_SPF);
    give_up(s, &t->authentication, PRODUCER_AUTHENTICATION);
    give_up(s, &t->sender_domains, PRODUCER_SENDER_DOMAINS);
    give_up(s, &t->domains, PRODUCER_DOMAINS);
}

void sender_study_begin(struct session *s)
{
    struct transaction *t = &s->t;
    const struct proxy *proxy = s->proxy;
    if (!(t->facts.keyed = facts_keyed_new(s->mail, config_of(s)->policy)))
        return; /* they stay pending, and so unknown */
    session_facts(s, PHASE_MAIL);
    sender_state_begin(s);
    t->spf = asked(s, PRODUCER_SPF);
    t->authentication = asked(s, PRODUCER_AUTHENTICATION);
    t->sender_domains = asked(s, PRODUCER_SENDER_DOMAINS);
    t->domains = asked(s, PRODUCER_DOMAINS);
    if (t->spf + t->authentication + t->sender_domains + t->domains == UNASKED)
        return;
    struct dns_answers *answers = dns_answers_new(s->mail);
    if (!answers || !proxy->resolver || getrandom(&t->sample, sizeof t->sample, 0) < 0) {
        without_dns(s);
        return;
    }
    t->sample %= 100;
    inquiry_begin(&t->dns, proxy->resolver, s->mail, answers, on_answers, s);
    t->dns.client = s->client;
    if (t->spf == LEARNING)
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
    if (t->authentication == LEARNING && t->dns.resolver &&
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

bool sender_study_done(const struct session *s, enum phase phase)
{
    const struct transaction *t = &s->t;
    if (phase < PHASE_MAIL || !t->open)
        return true;
    if (t->spf == LEARNING || t->sender_domains == LEARNING ||
        (t->state && state_pending(t->state) > 0))
        return false;
    return phase < PHASE_MESSAGE || (t->authentication != LEARNING && t->domains != LEARNING);
}
