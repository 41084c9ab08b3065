/* SPDX-License-Identifier: ISC */
#include "filters/sender/dmarc.h"

#include "filters/dns/org_domain.h"

struct dmarc_run {
    struct arena *arena;
    struct dns_answers *dns;
    const struct dmarc_input *in;
};

/* What stands at one name, or was discovered for one domain. */
enum discovery { FOUND, NOTHING, SEVERAL_RECORDS, UNUSABLE, DNS_ERROR };

struct policy_record {
    struct slice domain;
    struct dmarc_record record;
};

const char *dmarc_result_word(enum dmarc_result result)
{
    static const char *const words[] = {"none", "pass", "fail", "temperror", "permerror"};
    return words[result];
}

const char *dmarc_policy_word(enum dmarc_policy policy)
{
    static const char *const words[] = {"none", "quarantine", "reject"};
    return words[policy];
}

/* ---- discovery (RFC 7489 6.6.3) ---- */

static struct slice record_name(struct arena *arena, struct slice domain)
{
    return arena_printf(arena, "_dmarc.%.*s", SLICE_ARGS(domain));
}

static enum discovery query(struct dmarc_run *run, struct slice domain, struct policy_record *out)
{
    struct dns_answer answer;
    enum discovery found = NOTHING;
    struct slice name = record_name(run->arena, domain);
    if (!name.ptr || !dns_look_up(run->dns, name, DNS_TXT, &answer))
        return NOTHING;
    if (answer.status == DNS_FAILED || answer.status == DNS_TIMED_OUT)
        return DNS_ERROR;
    for (size_t i = 0; answer.status == DNS_FOUND && i < answer.count; i++) {
        struct dmarc_record record;
        enum dmarc_parse parsed = dmarc_record_parse(answer.records[i].text, &record);
        if (parsed == DMARC_OTHER)
            continue;
        if (found != NOTHING)
            return SEVERAL_RECORDS;
        found = parsed == DMARC_USABLE ? FOUND : UNUSABLE;
        *out = (struct policy_record){domain, record};
    }
    return found;
}

static enum discovery discover(struct dmarc_run *run, struct slice domain,
                               struct policy_record *out)
{
    struct slice above = org_domain(domain);
    bool two_steps = above.len > 0 && above.len < domain.len;
    if (two_steps) {
        struct slice name = record_name(run->arena, above);
        if (name.ptr)
            dns_prefetch(run->dns, name, DNS_TXT);
    }
    enum discovery found = query(run, domain, out);
    return found == NOTHING && two_steps ? query(run, above, out) : found;
}

/* RFC 9091 2.7: neither A nor AAAA nor MX. */
static bool does_not_exist(struct dmarc_run *run, struct slice domain)
{
    static const enum dns_type types[] = {DNS_A, DNS_AAAA, DNS_MX};
    struct dns_answer answer;
    bool none = true;
    for (size_t i = 0; i < 3; i++)
        dns_prefetch(run->dns, domain, types[i]);
    for (size_t i = 0; none && i < 3; i++)
        none = dns_look_up(run->dns, domain, types[i], &answer) &&
               (answer.status == DNS_NO_DATA || answer.status == DNS_NO_NAME);
    return none;
}

static enum dmarc_policy policy_for(struct dmarc_run *run, struct slice domain,
                                    const struct policy_record *found)
{
    const struct dmarc_record *record = &found->record;
    if (slice_eq(domain, found->domain))
        return record->p;
    bool absent = run->in->honour_np && record->has_np && does_not_exist(run, domain);
    return absent ? record->np : record->sp;
}

/* ---- alignment (RFC 7489 3.1) ---- */

static struct slice without_outer_dots(struct slice s)
{
    while (s.len && s.ptr[0] == '.')
        s = slice_from(s, 1);
    while (s.len && s.ptr[s.len - 1] == '.')
        s.len--;
    return s;
}

bool dmarc_aligned(struct arena *arena, struct slice identifier, struct slice author, bool strict)
{
    struct slice domain;
    if (author.len == 0 || !domain_normalise(arena, without_outer_dots(identifier), &domain))
        return false;
    if (slice_eq(domain, author))
        return true;
    struct slice above = org_domain(author);
    return !strict && above.len > 0 && slice_eq(org_domain(domain), above);
}

static bool is_aligned(struct dmarc_run *run, const struct dmarc_identifier *identifier,
                       struct slice author, bool strict, bool *unknown)
{
    if (identifier->outcome == DMARC_NOT_PASSED ||
        !dmarc_aligned(run->arena, identifier->domain, author, strict))
        return false;
    if (identifier->outcome == DMARC_NOT_KNOWN)
        *unknown = true;
    return identifier->outcome == DMARC_PASSED;
}

struct alignment {
    bool spf, dkim;
    bool unknown; /* an identifier that would be aligned could not be verified */
};

static struct alignment align(struct dmarc_run *run, struct slice domain,
                              const struct dmarc_record *record)
{
    const struct dmarc_input *in = run->in;
    struct alignment found = {false, false, false};
    found.spf = is_aligned(run, &in->spf, domain, record->spf_strict, &found.unknown);
    for (size_t i = 0; i < in->dkim_count; i++)
        found.dkim |= is_aligned(run, &in->dkim[i], domain, record->dkim_strict, &found.unknown);
    return found;
}

static void judge(struct dmarc_run *run, struct dmarc *out)
{
    struct alignment found = align(run, out->domain, &out->record);
    out->spf_aligned = found.spf;
    out->dkim_aligned = found.dkim;
    if (found.spf || found.dkim) {
        out->result = DMARC_PASS;
    } else if (found.unknown) {
        out->result = DMARC_TEMPERROR;
        out->reason = "an aligned identifier could not be verified";
    } else {
        out->result = DMARC_FAIL;
    }
}

/* ---- the message ---- */

/* No record was found for any author. */
static void conclude_without(enum author_kind kind, enum discovery worst, struct dmarc *out)
{
    if (worst == DNS_ERROR) {
        out->result = DMARC_TEMPERROR;
        out->reason = "the record could not be looked up";
    } else if (kind == AUTHOR_INVALID) {
        out->result = DMARC_PERMERROR;
        out->reason = "From is not valid";
    } else if (worst == UNUSABLE) {
        out->result = DMARC_PERMERROR;
        out->reason = "the record has no valid policy";
    } else {
        out->result = DMARC_NONE;
        out->reason = worst == SEVERAL_RECORDS ? "several records" : NULL;
    }
}

/* Of several authors' records the strictest counts. */
static void take(struct dmarc_run *run, struct slice domain, const struct policy_record *found,
                 struct dmarc *out)
{
    enum dmarc_policy policy = policy_for(run, domain, found);
    if (out->found && policy <= out->policy)
        return;
    out->found = true;
    out->domain = domain;
    out->record_domain = found->domain;
    out->policy = policy;
    out->record = found->record;
}

static void conclude(struct dmarc_run *run, enum discovery worst, struct dmarc *out)
{
    enum author_kind kind = run->in->author->kind;
    if (!out->found) {
        conclude_without(kind, worst, out);
    } else if (kind == AUTHOR_ONE) {
        judge(run, out);
    } else {
        out->result = DMARC_FAIL;
        out->reason = kind == AUTHOR_SEVERAL ? "several authors" : "From is not valid";
    }
}

/* What others could show as the author is protected by its own record:
 * where that has none, nothing changes. */
static void judge_other(struct dmarc_run *run, struct slice domain, struct dmarc *out)
{
    struct policy_record record;
    struct alignment is = {false, false, false};
    bool failed = out->result == DMARC_FAIL;
    enum discovery found = discover(run, domain, &record);
    if (found == FOUND)
        is = align(run, domain, &record.record);
    if ((found != FOUND && found != DNS_ERROR) || is.spf || is.dkim)
        return;
    if (found == FOUND && !is.unknown) {
        out->found = out->found && failed;
        take(run, domain, &record, out);
        out->result = DMARC_FAIL;
        out->reason = "From can be read as another's";
    } else if (!failed) {
        out->result = DMARC_TEMPERROR;
        out->reason = "From can be read as another's, who could not be looked up";
    }
}

bool dmarc_evaluate(struct arena *arena, struct dns_answers *dns, const struct dmarc_input *in,
                    struct dmarc *out)
{
    struct dmarc_run run = {arena, dns, in};
    enum discovery worst = NOTHING;
    *out = (struct dmarc){.domain = in->author->count ? in->author->domains[0] : SLICE("")};
    for (size_t i = 0; i < in->author->count; i++) {
        struct policy_record record;
        struct slice domain = in->author->domains[i];
        enum discovery found =
            author_is_literal(domain) ? NOTHING : discover(&run, domain, &record);
        if (found == FOUND)
            take(&run, domain, &record, out);
        else if (found > worst)
            worst = found;
    }
    conclude(&run, worst, out);
    for (size_t i = 0; i < in->author->others_count; i++)
        judge_other(&run, in->author->others[i], out);
    return !arena_failed(arena);
}

static void prefetch(struct arena *arena, struct dns_answers *dns, struct slice domain)
{
    const struct slice domains[] = {domain, org_domain(domain)};
    for (size_t k = 0; k < 2; k++) {
        struct slice name = record_name(arena, domains[k]);
        if (name.ptr && domains[k].len && !author_is_literal(domains[k]))
            dns_prefetch(dns, name, DNS_TXT);
    }
}

void dmarc_prefetch(struct arena *arena, struct dns_answers *dns, const struct author *author)
{
    for (size_t i = 0; i < author->count; i++)
        prefetch(arena, dns, author->domains[i]);
    for (size_t i = 0; i < author->others_count; i++)
        prefetch(arena, dns, author->others[i]);
}

enum dmarc_policy dmarc_asked(const struct dmarc *dmarc, unsigned sample)
{
    bool milder = dmarc->record.testing || sample >= dmarc->record.pct;
    if (!dmarc->found || dmarc->policy == DMARC_POLICY_NONE)
        return DMARC_POLICY_NONE;
    return milder ? (enum dmarc_policy)(dmarc->policy - 1) : dmarc->policy;
}

enum dmarc_policy dmarc_disposition(const struct dmarc *dmarc, unsigned sample)
{
    return dmarc->result == DMARC_FAIL ? dmarc_asked(dmarc, sample) : DMARC_POLICY_NONE;
}
