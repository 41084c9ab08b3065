/* SPDX-License-Identifier: ISC */
#include "filters/study.h"

#include "filters/dns/blocklists.h"
#include "filters/dns/client_names.h"

enum { ROUNDS_MAX = 16 }; /* each evaluator has lower bounds of its own */

/* ---- what is known ---- */

void study_want(struct study *study, enum producer producer)
{
    study->about[producer] = LEARNING;
}

void study_known(struct study *study, enum producer producer)
{
    if (study->about[producer] == LEARNING)
        study->about[producer] = LEARNT;
}

void study_give_up(struct study *study, enum producer producer)
{
    if (study->about[producer] == LEARNING)
        facts_fail(study->facts, producer, study->config->policy);
    study_known(study, producer);
}

bool study_done(const struct study *study, enum phase phase)
{
    for (int i = 0; i < PRODUCER_COUNT; i++)
        if (study->about[i] == LEARNING && producer_info((enum producer)i)->phase <= phase)
            return false;
    return true;
}

/* ---- domains in lists ---- */

struct domains {
    struct slice *items;
    size_t count;
};

static void add(struct domains *domains, struct slice text)
{
    if (text.len)
        domains->items[domains->count++] = text;
}

static struct slice domain_of(struct slice address)
{
    return slice_from(address, slice_rfind(address, '@') + 1);
}

/* The confirmed one; else empty. */
static struct slice client_name(const struct facts *facts)
{
    const struct value *name = &facts->fact[FACT_CLIENT_PTR],
                       *confirmed = &facts->fact[FACT_CLIENT_FCRDNS];
    bool holds = confirmed->state == VALUE_KNOWN && confirmed->truth && name->state == VALUE_KNOWN;
    return holds ? name->text : SLICE("");
}

enum { OF_ENVELOPE = 3 };

static void of_envelope(const struct study *study, struct domains *domains)
{
    add(domains, study->from.helo);
    add(domains, domain_of(study->from.sender));
    add(domains, client_name(study->facts));
}

static size_t count_of(const struct value *list)
{
    return list->state == VALUE_KNOWN ? list->list.count : 0;
}

/* Those, of every author, and what the body points to. */
static void of_message(const struct study *study, struct domains *domains)
{
    const struct value *authors = &study->facts->fact[FACT_MESSAGE_FROM_ALL],
                       *links = &study->facts->fact[FACT_MESSAGE_DOMAINS];
    of_envelope(study, domains);
    for (size_t i = 0; i < count_of(authors); i++)
        add(domains, domain_of(authors->list.items[i].text));
    for (size_t i = 0; i < count_of(links); i++)
        add(domains, links->list.items[i].text);
}

static size_t room_for(const struct study *study)
{
    const struct value *fact = study->facts->fact;
    return OF_ENVELOPE + count_of(&fact[FACT_MESSAGE_FROM_ALL]) +
           count_of(&fact[FACT_MESSAGE_DOMAINS]);
}

static bool whole(const struct value *list)
{
    return list->state == VALUE_KNOWN && !list->list.cut;
}

/* Of authors and links beyond a cap, or that no scanner has read,
 * it is not known whether they are listed. */
static void cut_domains(struct facts *facts)
{
    if (whole(&facts->fact[FACT_MESSAGE_FROM_ALL]) && whole(&facts->fact[FACT_MESSAGE_DOMAINS]))
        return;
    facts->fact[FACT_DOMAINS_FOUND].list.cut = true;
    facts->fact[FACT_DOMAINS_LISTS].list.cut = true;
}

static bool look_up_domains(struct study *study, bool message)
{
    struct domains domains = {
        .items = arena_array(study->arena, room_for(study), sizeof *domains.items)};
    if (!domains.items)
        return false;
    (message ? of_message : of_envelope)(study, &domains);
    bool fine = (message ? blocklists_message : blocklists_sender)(
        study->arena, study->answers, study->config, study->suspended, domains.items, domains.count,
        study->facts);
    if (message)
        cut_domains(study->facts);
    return fine;
}

/* ---- the evaluators, over the answers ---- */

/* False: the arena is full. */
static bool evaluate(struct study *study, enum producer producer)
{
    const struct ip *client = &study->from.client;
    switch (producer) {
    case PRODUCER_CLIENT:
        return client_names(study->arena, study->answers, client, study->facts);
    case PRODUCER_HELO:
        return helo_names(study->arena, study->answers, client, study->from.helo, study->facts);
    case PRODUCER_DNSBL:
        return blocklists_client(study->arena, study->answers, study->config, study->suspended,
                                 client, study->facts);
    case PRODUCER_SENDER_DOMAINS:
        return look_up_domains(study, false);
    default:
        return look_up_domains(study, true);
    }
}

static bool is_due(const struct study *study, enum producer producer)
{
    uint64_t needs = producer_info(producer)->needs;
    for (int i = 0; i < PRODUCER_COUNT; i++)
        if (needs & UINT64_C(1) << i && study->about[i] == LEARNING)
            return false;
    return study->about[producer] == LEARNING;
}

/* Facts that were filled after a miss are filled again in the next round. */
static void advance(struct study *study, enum producer producer)
{
    for (int round = 0; round < ROUNDS_MAX; round++) {
        size_t count;
        dns_answers_restart(study->answers);
        if (!evaluate(study, producer))
            break;
        if (!dns_missed(study->answers)) {
            study_known(study, producer);
            return;
        }
        const struct dns_wanted *wanted = dns_wanted(study->answers, &count);
        if (study->look_up(study->ctx, producer, wanted, count) > 0)
            return;
    }
    study_give_up(study, producer);
}

void study_advance(struct study *study)
{
    for (int i = 0; study->answers && i < PRODUCER_COUNT; i++)
        if (producer_info((enum producer)i)->asks == ASKS_DNS && is_due(study, (enum producer)i))
            advance(study, (enum producer)i);
}

/* ---- the scanner ---- */

static const enum producer scanned[] = {PRODUCER_SPF, PRODUCER_AUTHENTICATION};
enum { SCANNED = sizeof scanned / sizeof *scanned };

bool study_asks_scanner(const struct study *study, bool with_message)
{
    return (study->about[PRODUCER_SPF] == LEARNING && (with_message || !study->spf_waits)) ||
           (with_message && study->about[PRODUCER_AUTHENTICATION] == LEARNING);
}

void study_describe(struct study *study, bool with_message, struct scan_job *job)
{
    job->from = study->from;
    job->spf = study->about[PRODUCER_SPF] == LEARNING;
    job->authentication = with_message && study->about[PRODUCER_AUTHENTICATION] == LEARNING;
    job->dns = study->answers;
    study->in_job[PRODUCER_SPF] = job->spf;
    study->in_job[PRODUCER_AUTHENTICATION] = job->authentication;
}

void study_describe_none(struct study *study, struct scan_job *job)
{
    job->from = study->from;
    job->spf = job->authentication = false;
}

void study_hear(struct study *study, const struct scan_answer *answer)
{
    if (answer->wanted_count) {
        study->look_up(study->ctx, PRODUCER_AUTHENTICATION, answer->wanted, answer->wanted_count);
        return;
    }
    for (int i = 0; i < SCANNED; i++)
        if (study->in_job[scanned[i]])
            study_known(study, scanned[i]);
}

void study_scanner_failed(struct study *study)
{
    for (int i = 0; i < SCANNED; i++)
        if (study->in_job[scanned[i]])
            study_give_up(study, scanned[i]);
    study->facts->unexamined |= study->in_job[PRODUCER_AUTHENTICATION];
}
