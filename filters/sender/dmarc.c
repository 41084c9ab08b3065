/* SPDX-License-Identifier: ISC */
#include "filters/sender/dmarc.h"

#include "filters/sender/dmarc_align.h"

struct dmarc_run {
    struct arena *arena;
    struct dns_answers *dns;
    const struct dmarc_input *in;
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

/* ---- the policy (RFC 9989 4.10.1) ---- */

/* A name below which something is, is (RFC 8020 2). False: a miss, or no answer. */
static bool tell_existence(struct dmarc_run *run, const struct dmarc_step *author, bool *exists)
{
    struct dns_answer answer;
    *exists = author->status != DNS_NO_NAME;
    if (*exists)
        return true;
    dns_reserve(run->dns, author->domain, DNS_A);
    if (!dns_look_up(run->dns, author->domain, DNS_A, &answer))
        return false;
    *exists = answer.status != DNS_NO_NAME;
    return !dns_failed(&answer);
}

/* What a domain asks for: found by a walk that began there. */
struct discovered {
    enum dmarc_standing standing;
    const struct dmarc_step *step;
    enum dmarc_policy policy;
};

static struct discovered discover(struct dmarc_run *run, const struct dmarc_walk *walk)
{
    struct discovered found = {.standing = DMARC_ABSENT};
    bool exists;
    found.standing = dmarc_walk_policy(walk, &found.step);
    if (found.standing != DMARC_PRESENT)
        return found;
    const struct dmarc_record *record = &found.step->record;
    found.policy = found.step == walk->steps ? record->p : record->sp;
    if (found.step == walk->steps || record->np == record->sp)
        return found;
    if (!tell_existence(run, walk->steps, &exists))
        found.standing = DMARC_UNREACHED;
    else if (!exists)
        found.policy = record->np;
    return found;
}

/* ---- alignment ---- */

struct aligned {
    bool spf, dkim;
    bool unknown; /* it could not be verified that one is aligned, or that one passed that is */
};

/* One identifier: passed, and aligned. */
static bool is_aligned(struct dmarc_run *run, const struct dmarc_identifier *identifier,
                       struct slice author, const struct dmarc_walk *walk, bool *unknown)
{
    if (identifier->outcome == DMARC_NOT_PASSED)
        return false;
    enum dmarc_alignment is = dmarc_align(run->arena, run->dns, identifier->domain, author, walk);
    bool passed = identifier->outcome == DMARC_PASSED;
    *unknown |= is == DMARC_UNCERTAIN || (is == DMARC_ALIGNED && !passed);
    return is == DMARC_ALIGNED && passed;
}

/* `each`: of the signatures, or NULL. Without a record nothing but the same domain is aligned, as
 * with one that is strict. */
static struct aligned align(struct dmarc_run *run, const struct dmarc_walk *walk,
                            const struct discovered *policy, bool *each)
{
    const struct dmarc_input *in = run->in;
    const struct dmarc_record *record =
        policy->standing == DMARC_PRESENT ? &policy->step->record : NULL;
    const struct dmarc_walk *of_spf = record && !record->spf_strict ? walk : NULL,
                            *of_dkim = record && !record->dkim_strict ? walk : NULL;
    struct slice author = walk->steps[0].domain;
    struct aligned found = {false, false, false};
    found.spf = is_aligned(run, &in->spf, author, of_spf, &found.unknown);
    for (size_t i = 0; i < in->dkim_count; i++) {
        bool is = is_aligned(run, &in->dkim[i], author, of_dkim, &found.unknown);
        found.dkim |= is;
        if (each)
            each[i] = is;
    }
    return found;
}

/* ---- the message ---- */

/* No record was found for any author. */
static void conclude_without(enum author_kind kind, enum dmarc_standing worst, struct dmarc *out)
{
    if (worst == DMARC_UNREACHED) {
        out->result = DMARC_TEMPERROR;
        out->reason = "the record could not be looked up";
    } else if (kind == AUTHOR_INVALID) {
        out->result = DMARC_PERMERROR;
        out->reason = "From is not valid";
    } else if (worst == DMARC_NO_POLICY) {
        out->result = DMARC_PERMERROR;
        out->reason = "the record has no valid policy";
    } else {
        out->result = DMARC_NONE;
        out->reason = worst == DMARC_SEVERAL ? "several records" : NULL;
    }
}

/* Of several authors' records the strictest counts. */
static void take(const struct dmarc_walk *walk, const struct discovered *found, struct dmarc *out)
{
    if (out->found && found->policy <= out->policy)
        return;
    out->found = true;
    out->domain = walk->steps[0].domain;
    out->record_domain = found->step->domain;
    out->organisation = dmarc_walk_organisation(walk);
    out->policy = found->policy;
    out->record = found->step->record;
}

static void judge(const struct aligned *aligned, struct dmarc *out)
{
    if (aligned->spf || aligned->dkim) {
        out->result = DMARC_PASS;
    } else if (aligned->unknown) {
        out->result = DMARC_TEMPERROR;
        out->reason = "an aligned identifier could not be verified";
    } else {
        out->result = DMARC_FAIL;
    }
}

static void conclude(const struct dmarc_input *in, enum dmarc_standing worst,
                     const struct aligned *aligned, struct dmarc *out)
{
    enum author_kind kind = in->author->kind;
    if (!out->found) {
        conclude_without(kind, worst, out);
    } else if (kind == AUTHOR_ONE) {
        judge(aligned, out);
    } else {
        out->result = DMARC_FAIL;
        out->reason = kind == AUTHOR_SEVERAL ? "several authors" : "From is not valid";
    }
}

/* One of the authors. */
static enum dmarc_standing judge_author(struct dmarc_run *run, struct slice domain, bool *each,
                                        struct aligned *aligned, struct dmarc *out)
{
    struct dmarc_walk walk;
    if (author_is_literal(domain) || !dmarc_walk(run->dns, domain, &walk))
        return DMARC_ABSENT;
    struct discovered found = discover(run, &walk);
    if (found.standing == DMARC_PRESENT)
        take(&walk, &found, out);
    if (run->in->author->kind == AUTHOR_ONE) {
        *aligned = align(run, &walk, &found, each);
        out->organisation = dmarc_walk_organisation(&walk);
        out->spf_aligned = aligned->spf;
        out->dkim_aligned = aligned->dkim;
    }
    return found.standing;
}

/* What others could show as the author is protected by its own record:
 * where that has none, nothing changes. */
static void judge_other(struct dmarc_run *run, struct slice domain, struct dmarc *out)
{
    struct dmarc_walk walk;
    struct aligned is = {false, false, false};
    bool failed = out->result == DMARC_FAIL;
    if (!dmarc_walk(run->dns, domain, &walk))
        return;
    struct discovered found = discover(run, &walk);
    bool present = found.standing == DMARC_PRESENT;
    if (present)
        is = align(run, &walk, &found, NULL);
    if ((!present && found.standing != DMARC_UNREACHED) || is.spf || is.dkim)
        return;
    if (present && !is.unknown) {
        out->found = out->found && failed;
        take(&walk, &found, out);
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
    const struct author *author = in->author;
    enum dmarc_standing worst = DMARC_ABSENT;
    struct aligned aligned = {false, false, false};
    bool *each = arena_array(arena, in->dkim_count, sizeof *each);
    *out = (struct dmarc){.domain = author->count ? author->domains[0] : SLICE(""),
                          .organisation = SLICE(""),
                          .aligned = each};
    if (!each)
        return false;
    for (size_t i = 0; i < author->count; i++) {
        enum dmarc_standing found = judge_author(&run, author->domains[i], each, &aligned, out);
        if (found != DMARC_PRESENT && found > worst)
            worst = found;
    }
    conclude(in, worst, &aligned, out);
    for (size_t i = 0; i < author->others_count; i++)
        judge_other(&run, author->others[i], out);
    if (dns_missed(dns))
        dmarc_prefetch(dns, author);
    return !arena_failed(arena);
}

void dmarc_prefetch(struct dns_answers *dns, const struct author *author)
{
    for (size_t i = 0; i < author->count; i++)
        if (!author_is_literal(author->domains[i]))
            dmarc_walk_want(dns, author->domains[i], dns_reserve);
    for (size_t i = 0; i < author->others_count; i++)
        dmarc_walk_want(dns, author->others[i], dns_reserve);
}

/* ---- what is to be done ---- */

enum dmarc_policy dmarc_asked(const struct dmarc *dmarc)
{
    if (!dmarc->found || dmarc->policy == DMARC_POLICY_NONE)
        return DMARC_POLICY_NONE;
    return dmarc->record.testing ? (enum dmarc_policy)(dmarc->policy - 1) : dmarc->policy;
}

enum dmarc_policy dmarc_disposition(const struct dmarc *dmarc)
{
    return dmarc->result == DMARC_FAIL ? dmarc_asked(dmarc) : DMARC_POLICY_NONE;
}
