/* SPDX-License-Identifier: ISC
 * The sender: SPF, DKIM, ARC, DMARC and the lists of domains, over one table of DNS answers. What
 * is hostile (records, signatures) is looked at by a scanner; it says which names it wants, they
 * are looked up here, and it is asked again. */
#include "proxy/examine/examination.h"

#include "base/clock.h"
#include "filters/mime/headers.h"
#include "filters/sender/auth_prefetch.h"
#include "proxy/examine/answered.h"
#include "proxy/examine/asked_before.h"
#include "proxy/examine/spool_room.h"

static const struct config *config_of(const struct examination *e)
{
    return e->proxy->config;
}

static struct asked_sender asked_sender(const struct examination *e)
{
    const struct scan_sender *from = &e->study.from;
    struct slice domain = slice_from(from->sender, slice_rfind(from->sender, '@'));
    return (struct asked_sender){from->client, from->helo, domain};
}

static bool is_of_signature(struct slice name)
{
    return slice_istarts(name, SLICE("_dmarc.")) ||
           slice_search(name, SLICE("._domainkey.")) < name.len;
}

/* What SPF asks, that is; with the message come names of signatures, which are others each time. */
static void remember(const struct examination *e, const struct dns_wanted *wanted, size_t count)
{
    struct asked_sender sender = asked_sender(e);
    struct dns_wanted names[ASKED_BEFORE_NAMES];
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < ASKED_BEFORE_NAMES; i++)
        if (!wanted[i].reserved && !is_of_signature(wanted[i].name))
            names[kept++] = wanted[i];
    if (e->study.in_job[PRODUCER_SPF])
        asked_before_note(e->proxy->asked_before, &sender, clock_ms(), names, kept);
}

/* Of what lies in a mailbox it is not the sender's doing. */
static unsigned ask(struct examination *e, const struct dns_wanted *wanted, size_t count)
{
    unsigned pending = inquiry_ask(&e->dns, wanted, count);
    e->facts.withheld = e->dns.withheld && e->study.from.client.family != 0;
    return pending;
}

/* Lists out of a budget of their own: the links of a message must not use up what is needed to find
 * out who sent it. */
static unsigned look_up(void *ctx, enum producer whose, const struct dns_wanted *wanted,
                        size_t count)
{
    struct examination *e = ctx;
    if (whose == PRODUCER_AUTHENTICATION)
        remember(e, wanted, count);
    if (whose != PRODUCER_SENDER_DOMAINS && whose != PRODUCER_DOMAINS)
        return ask(e, wanted, count);
    unsigned others = e->dns.queries;
    e->dns.queries = e->list_queries;
    unsigned pending = ask(e, wanted, count);
    e->list_queries = e->dns.queries;
    e->dns.queries = others;
    return pending;
}

/* ---- rounds ---- */

static bool scanner_busy(const struct examination *e)
{
    return examination_awaits_scan(e, SCAN_SENDER) ||
           (e->scans[SCAN_CONTENT].step == SCAN_UNDER_WAY && e->sender_beside);
}

bool examination_asks_scanner(const struct examination *e)
{
    return e->dns.resolver && e->dns.pending == 0 && study_asks_scanner(&e->study, e->whole) &&
           !scanner_busy(e);
}

static void learn_client(struct examination *e)
{
    if (e->study.about[PRODUCER_CLIENT] != LEARNING || !client_study_knows_names(e->client))
        return;
    client_study_facts(e->client, &e->facts);
    study_known(&e->study, PRODUCER_CLIENT);
}

void examination_go_on(struct examination *e)
{
    if (!e->dns.resolver)
        return;
    learn_client(e);
    e->study.suspended = shared_suspended(e->proxy->shared);
    do
        study_advance(&e->study);
    /* The job about the content asks about the sender as well when its turn comes. */
    while (examination_asks_scanner(e) && e->scans[SCAN_CONTENT].step != SCAN_IN_LINE &&
           examination_scan_sender(e));
}

void examination_needs_spf(struct examination *e)
{
    if (!examination_spf_waits(e))
        return;
    e->study.spf_waits = false;
    examination_go_on(e);
}

static void on_answers(void *ctx)
{
    struct examination *e = ctx;
    examination_go_on(e);
    e->owner->changed(e->ctx);
}

static void give_up_redis(struct examination *e, enum phase awaited)
{
    if (e->state)
        state_cancel(e->state);
    examination_state_failed(e, awaited);
}

void examination_hurry(struct examination *e, enum phase awaited)
{
    if (e->dns.resolver)
        inquiry_hurry(&e->dns, true);
    if (!e->begun)
        return;
    give_up_redis(e, awaited);
    examination_go_on(e);
}

void examination_patient(struct examination *e)
{
    if (e->dns.resolver)
        inquiry_hurry(&e->dns, false);
}

/* What was asked of Redis before a wait was too long does not keep it from being asked again. */
static void cancel(struct examination *e)
{
    if (e->dns.resolver)
        inquiry_cancel(&e->dns);
    if (e->state)
        state_cancel(e->state);
    examination_drop_scan(e, SCAN_SENDER);
}

void examination_give_up(struct examination *e, enum phase awaited)
{
    cancel(e);
    study_give_up(&e->study, PRODUCER_SPF);
    study_give_up(&e->study, PRODUCER_SENDER_DOMAINS);
    if (e->begun)
        examination_state_failed(e, awaited);
    if (awaited < PHASE_MESSAGE)
        return;
    study_give_up(&e->study, PRODUCER_AUTHENTICATION);
    study_give_up(&e->study, PRODUCER_DOMAINS);
}

/* ---- the end ---- */

void examination_drop_body(struct examination *e)
{
    spool_free(&e->spool);
    spool_room_give(e->proxy, e->holder, e->spool_taken);
    e->spool_taken = 0;
}

void examination_end(struct examination *e)
{
    cancel(e);
    for (int slot = 0; slot < SCAN_SLOTS; slot++)
        examination_drop_scan(e, (enum scan_slot)slot);
    examination_give_scan_room(e);
    examination_drop_body(e);
}

/* ---- beginning ---- */

/* Those that it finds out itself. */
static const enum producer producers[] = {PRODUCER_SPF, PRODUCER_AUTHENTICATION,
                                          PRODUCER_SENDER_DOMAINS, PRODUCER_DOMAINS};
/* Those that it waits for. */
static const enum producer others[] = {PRODUCER_CLIENT, PRODUCER_MESSAGE, PRODUCER_LINKS};
enum {
    PRODUCERS = sizeof producers / sizeof *producers,
    OTHERS = sizeof others / sizeof *others,
};

/* What nobody can find out of a message that lay in a mailbox. */
static const enum producer of_delivery[] = {
    PRODUCER_CLIENT,       PRODUCER_HELO,           PRODUCER_DNSBL,    PRODUCER_SENDER_DOMAINS,
    PRODUCER_SPF,          PRODUCER_RATE,           PRODUCER_GREYLIST, PRODUCER_HISTORY,
    PRODUCER_LISTED,       PRODUCER_LOGIN_FAILURES, PRODUCER_GEO,      PRODUCER_CONTACT,
    PRODUCER_CAMPAIGN,     PRODUCER_REPORTED,       PRODUCER_ANSWERED, PRODUCER_ANSWERED_AUTHOR,
    PRODUCER_LOGIN_AUTHOR, PRODUCER_REPLY,
};
enum { OF_DELIVERY = sizeof of_delivery / sizeof *of_delivery };

/* False: nobody asks. */
static bool want(struct examination *e)
{
    const bool *wants = e->wants;
    bool any = false;
    for (int i = 0; i < PRODUCERS; i++)
        any |= wants[producers[i]];
    for (int i = 0; any && i < PRODUCERS; i++)
        if (wants[producers[i]])
            study_want(&e->study, producers[i]);
    for (int i = 0; any && i < OTHERS; i++)
        if (wants[others[i]])
            study_want(&e->study, others[i]);
    return any;
}

static void ask_about_envelope(struct examination *e)
{
    struct auth_prefetch ahead;
    struct asked_sender sender = asked_sender(e);
    const struct dns_wanted *before = NULL;
    if (auth_prefetch_envelope(e->arena, e->study.from.helo, e->study.from.sender, &ahead))
        ask(e, ahead.wanted, ahead.count);
    size_t count = asked_before_find(e->proxy->asked_before, &sender, clock_ms(), &before);
    ask(e, before, count);
}

static void without_dns(struct examination *e)
{
    for (int i = 0; i < PRODUCERS; i++)
        study_give_up(&e->study, producers[i]);
}

static void begin_dns(struct examination *e)
{
    struct proxy *proxy = e->proxy;
    e->study.answers = dns_answers_new(e->arena);
    if (!e->study.answers || !proxy->resolver) {
        without_dns(e);
        return;
    }
    inquiry_begin(&e->dns, proxy->resolver, e->arena, e->study.answers, on_answers, e);
    e->dns.asker = (struct asker){e->holder->network, e->holder->wider};
    if (e->study.about[PRODUCER_SPF] == LEARNING)
        ask_about_envelope(e);
    examination_go_on(e);
}

void examination_begin(struct examination *e, const struct scan_sender *from)
{
    e->study = (struct study){.config = config_of(e),
                              .arena = e->arena,
                              .facts = &e->facts,
                              .from = *from,
                              .look_up = look_up,
                              .ctx = e};
    e->study.spf_waits = e->spf_may_wait && e->wants[PRODUCER_AUTHENTICATION];
    e->begun = true;
    if (!e->facts.keyed) /* out of memory: they stay pending, and so unknown */
        return;
    examination_state_begin(e);
    if (want(e))
        begin_dns(e);
}

static void want_what_lasts(struct examination *e)
{
    static const enum producer lasting[] = {PRODUCER_MESSAGE, PRODUCER_LINKS,
                                            PRODUCER_AUTHENTICATION, PRODUCER_DOMAINS};
    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++)
        if (e->wants[lasting[i]])
            study_want(&e->study, lasting[i]);
}

void examination_begin_fetched(struct examination *e)
{
    const struct policy *policy = config_of(e)->policy;
    e->study = (struct study){.config = config_of(e),
                              .arena = e->arena,
                              .facts = &e->facts,
                              .look_up = look_up,
                              .ctx = e};
    e->begun = true;
    for (int i = 0; i < OF_DELIVERY; i++)
        facts_absent(&e->facts, of_delivery[i], policy);
    facts_absent(&e->facts, PRODUCER_SESSION, policy);
    facts_none_of_ours(&e->facts, policy);
    want_what_lasts(e);
    if (e->facts.keyed && (e->wants[PRODUCER_AUTHENTICATION] || e->wants[PRODUCER_DOMAINS]))
        begin_dns(e);
}

void examination_header(struct examination *e, struct slice block)
{
    struct auth_prefetch ahead;
    if (e->header_asked)
        return;
    e->header_asked = true;
    if (e->study.about[PRODUCER_AUTHENTICATION] == LEARNING && e->dns.resolver &&
        auth_prefetch_header(e->arena, e->study.from.sender, block, &ahead))
        ask(e, ahead.wanted, ahead.count);
}

static void whole(struct examination *e)
{
    e->whole = true;
    if (!e->header_asked)
        examination_header(e, headers_block(spool_bytes(e->spool), NULL));
}

void examination_message(struct examination *e)
{
    whole(e);
    if (e->state && e->proxy->counts[RATE_MESSAGES])
        state_rates(e->state, RATE_MESSAGES);
    answered_ask_reply(e);
    examination_account(e);
    examination_scan(e);
    examination_go_on(e);
}

void examination_signer(struct examination *e)
{
    whole(e);
    study_give_up(&e->study, PRODUCER_DOMAINS);
    examination_go_on(e);
}

void examination_banners(struct examination *e)
{
    e->banners_only = true;
    whole(e);
    examination_scan(e);
    examination_signer(e);
}

/* ---- what has come of it ---- */

bool examination_waits(const struct examination *e)
{
    return e->dns.pending > 0 || (e->state && state_pending(e->state) > 0);
}

static enum phase known_from(const struct examination *e, enum producer producer)
{
    bool waits = producer == PRODUCER_SPF && e->study.spf_waits;
    return waits ? PHASE_MESSAGE : producer_info(producer)->phase;
}

/* The client's study says itself what of it is awaited, the scanner's line what of the message. */
bool examination_done(const struct examination *e, enum phase phase)
{
    if (phase < PHASE_MAIL || !e->begun)
        return true;
    if (e->state && state_pending(e->state) > 0)
        return false;
    for (int i = 0; i < PRODUCERS; i++)
        if (e->study.about[producers[i]] == LEARNING && known_from(e, producers[i]) <= phase)
            return false;
    return true;
}
