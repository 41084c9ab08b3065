/* SPDX-License-Identifier: ISC
 * check_host() of RFC 7208 section 4, and the two identities. */
#include "filters/sender/spf_internal.h"

#include "base/domain_name.h"

#include <string.h>

static enum spf_result check_host(struct spf_evaluation *e, struct slice domain, bool included);

static enum spf_result failed(struct spf_evaluation *e, enum spf_result result,
                              struct slice problem)
{
    e->problem = problem;
    return result;
}

/* Finds the one SPF record among the TXT records (4.4, 4.5); SPF_PASS: it was found. */
static enum spf_result select_record(struct spf_evaluation *e, struct slice domain,
                                     struct slice *record)
{
    struct dns_answer answer;
    record->ptr = NULL;
    if (!spf_is_domain(domain) || !spf_ask(e, domain, DNS_TXT, &answer))
        return SPF_NONE;
    if (dns_failed(&answer))
        return failed(e, SPF_TEMPERROR, SLICE("DNS failed"));
    for (size_t i = 0; i < answer.count; i++) {
        if (!spf_record_is(answer.records[i].text))
            continue;
        if (record->ptr)
            return failed(e, SPF_PERMERROR, SLICE("more than one SPF record"));
        *record = answer.records[i].text;
    }
    return record->ptr ? SPF_PASS : SPF_NONE;
}

static void prefetch_domain(struct spf_evaluation *e, struct slice spec)
{
    if (spec.ptr && slice_find(spec, '%') == spec.len)
        dns_prefetch(e->answers, spec, DNS_TXT);
}

/* No more than what the evaluation may still ask. */
static void prefetch_records(struct spf_evaluation *e, const struct spf_record *record)
{
    struct slice rest = record->terms;
    struct spf_term term;
    unsigned left = SPF_LOOKUPS_MAX - e->lookups;
    while (left > 0 && spf_next_term(&rest, &term) && term.mechanism != SPF_ALL)
        if (term.mechanism == SPF_INCLUDE) {
            prefetch_domain(e, term.domain);
            left--;
        }
    if (left > 0)
        prefetch_domain(e, record->redirect);
}

/* The record of an include or redirect. False: e->problem says why. */
static bool find_target(struct spf_evaluation *e, struct slice spec, struct slice domain,
                        struct slice *target)
{
    if (!spf_count_lookup(e))
        return false;
    enum spf_expansion expansion = spf_target(e, spec, domain, SPF_IN_RECORD, target);
    if (expansion == SPF_TOO_LONG)
        e->problem = SLICE("a macro grows too long");
    return expansion == SPF_EXPANDED && !e->abandoned;
}

/* The table of 5.2. Nested no deeper than there are look-ups to spend. */
static enum spf_match match_include(struct spf_evaluation *e, const struct spf_term *term,
                                    struct slice domain)
{
    struct slice target;
    if (!find_target(e, term->domain, domain, &target))
        return SPF_MATCH_PERMERROR;
    switch (check_host(e, target, true)) {
    case SPF_PASS:
        return SPF_MATCH;
    case SPF_TEMPERROR:
        return SPF_MATCH_TEMPERROR;
    case SPF_NONE:
        e->problem = SLICE("an included domain has no SPF record");
        return SPF_MATCH_PERMERROR;
    case SPF_PERMERROR:
        return SPF_MATCH_PERMERROR;
    default:
        return SPF_NO_MATCH;
    }
}

/* Goes through the mechanisms in their order. False: none matched. */
static bool evaluate_terms(struct spf_evaluation *e, struct slice rest, struct slice domain,
                           bool included, enum spf_result *result)
{
    struct spf_term term;
    while (spf_next_term(&rest, &term) && !e->abandoned) {
        if (spf_macro_undefined(e, term.domain))
            continue;
        enum spf_match match = term.mechanism == SPF_INCLUDE ? match_include(e, &term, domain)
                                                             : spf_match(e, &term, domain);
        if (match == SPF_NO_MATCH)
            continue;
        if (!included)
            e->mechanism = term.text;
        *result = match == SPF_MATCH             ? term.qualifier
                  : match == SPF_MATCH_TEMPERROR ? SPF_TEMPERROR
                                                 : SPF_PERMERROR;
        return true;
    }
    return false;
}

static bool is_printable(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] > '~')
            return false;
    return true;
}

/* Whatever is wrong with an explanation, there is none (6.2). */
static void explain(struct spf_evaluation *e, struct slice exp, struct slice domain)
{
    struct slice target, text;
    struct dns_answer answer;
    bool ends_in_macro;
    if (!exp.ptr || e->abandoned)
        return;
    enum spf_expansion expansion = spf_target(e, exp, domain, SPF_IN_EXPLANATION, &target);
    if (expansion != SPF_EXPANDED || e->abandoned || !spf_ask(e, target, DNS_TXT, &answer))
        return;
    if (answer.count != 1 ||
        !spf_macro_check(answer.records[0].text, SPF_IN_EXPLANATION, &ends_in_macro))
        return;
    expansion = spf_macro_expand(e, answer.records[0].text, domain, SPF_IN_EXPLANATION, &text);
    if (expansion == SPF_EXPANDED && is_printable(text))
        e->explanation = text;
}

static enum spf_result check_host(struct spf_evaluation *e, struct slice domain, bool included)
{
    struct slice text, wrong;
    struct spf_record record;
    enum spf_result result;
    for (bool redirected = false;; redirected = true) {
        result = select_record(e, domain, &text);
        if (result == SPF_NONE && redirected)
            return failed(e, SPF_PERMERROR, SLICE("a redirect leads to no SPF record"));
        if (result != SPF_PASS || e->abandoned)
            return result;
        if (!spf_record_parse(text, &record, &wrong)) {
            if (!included)
                e->mechanism = wrong;
            return failed(e, SPF_PERMERROR, SLICE("a syntax error in an SPF record"));
        }
        prefetch_records(e, &record);
        if (evaluate_terms(e, record.terms, domain, included, &result)) {
            if (result == SPF_FAIL && !included)
                explain(e, record.exp, domain);
            return result;
        }
        if (!record.redirect.ptr || e->abandoned)
            return SPF_NEUTRAL;
        if (!find_target(e, record.redirect, domain, &domain))
            return SPF_PERMERROR;
    }
}

/* ---- identities */

static struct ip plain_ipv4(const struct ip *ip)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct ip plain = {.family = 4};
    if (ip->family != 6 || memcmp(ip->bytes, mapped, sizeof mapped) != 0)
        return *ip;
    memcpy(plain.bytes, ip->bytes + sizeof mapped, 4);
    return plain;
}

static bool set_sender(struct spf_evaluation *e, struct slice local, struct slice domain)
{
    char *whole = arena_alloc(e->arena, local.len + 1 + domain.len);
    if (!whole)
        return false;
    memcpy(whole, local.ptr, local.len);
    whole[local.len] = '@';
    if (domain.len)
        memcpy(whole + local.len + 1, domain.ptr, domain.len);
    e->sender = (struct slice){whole, local.len + 1 + domain.len};
    e->local = local;
    e->sender_domain = domain;
    return true;
}

/* In A-labels (4.3, RFC 8616 4). What is no name of a host is asked as it stands, in lower case: an
 * SPF record may be at a name with other octets in it. */
static struct slice asked_name(struct arena *arena, struct slice domain)
{
    struct domain_name name;
    if (!domain_name_make(arena, domain, &name))
        return name.text;
    domain = spf_without_dot(domain);
    char *copy = arena_cstr(arena, domain);
    for (size_t i = 0; copy && i < domain.len; i++)
        copy[i] = ascii_lower(copy[i]);
    return (struct slice){copy, domain.len};
}

static bool evaluate(struct arena *arena, struct dns_answers *answers,
                     const struct spf_input *input, struct slice local, struct spf_outcome *out)
{
    struct spf_evaluation e = {
        .arena = arena, .answers = answers, .input = input, .client = plain_ipv4(&input->client)};
    struct slice domain = asked_name(arena, out->domain);
    e.helo = asked_name(arena, input->helo);
    if (!domain.ptr || !e.helo.ptr || !set_sender(&e, local, domain))
        return false;
    if (e.client.family)
        out->result = check_host(&e, domain, false);
    out->domain = domain;
    out->explanation = e.explanation;
    out->mechanism = e.mechanism;
    if (out->result == SPF_TEMPERROR || out->result == SPF_PERMERROR)
        out->problem = e.problem;
    out->lookups = e.lookups;
    return !e.abandoned;
}

/* The local part of a sender that has none is "postmaster" (4.3). */
bool spf_evaluate_helo(struct arena *arena, struct dns_answers *answers,
                       const struct spf_input *input, struct spf_outcome *out)
{
    *out = (struct spf_outcome){.identity = SPF_HELO, .domain = input->helo};
    return evaluate(arena, answers, input, SLICE("postmaster"), out);
}

bool spf_evaluate(struct arena *arena, struct dns_answers *answers, const struct spf_input *input,
                  struct spf_outcome *out)
{
    struct slice sender = input->sender, local = SLICE("postmaster");
    size_t at = slice_rfind(sender, '@');
    if (sender.len == 0)
        return spf_evaluate_helo(arena, answers, input, out);
    if (at > 0 && at < sender.len)
        local = slice_sub(sender, 0, at);
    *out = (struct spf_outcome){.identity = SPF_MAILFROM,
                                .domain = at < sender.len ? slice_from(sender, at + 1) : sender};
    return evaluate(arena, answers, input, local, out);
}

const char *spf_result_word(enum spf_result result)
{
    static const char *const words[] = {"none",     "neutral",   "pass",     "fail",
                                        "softfail", "temperror", "permerror"};
    return words[result];
}
