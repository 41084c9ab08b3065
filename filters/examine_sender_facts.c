/* SPDX-License-Identifier: ISC
 * From what the evaluators found to facts. */
#include "filters/examine_sender.h"

#include "filters/mime/headers.h"
#include "filters/sender/auth_results.h"
#include "filters/sender/key_record.h"
#include "filters/sender/list_id.h"
#include "policy/spelling.h"
#include "policy/types.h"

/* Where each list of words begins among the words of all lists. */
enum word_place {
#define WORDS(list) list##_BEGINS, list##_BEFORE = list##_BEGINS - 1,
#define WORD(list, word) list##_HAS_##word,
#define RECORD(name)
#define FIELD(record, name, ...)
#include "policy/types.def"
#undef WORDS
#undef WORD
#undef RECORD
#undef FIELD
};

/* Results travel as numbers: those of the evaluators are those of the policy. */
#define SAME(list, word, result)                                                                   \
    _Static_assert((int)list##_HAS_##word - (int)list##_BEGINS == (int)(result),                   \
                   "policy/types.def has another order")
SAME(spf_result, none, SPF_NONE);
SAME(spf_result, neutral, SPF_NEUTRAL);
SAME(spf_result, pass, SPF_PASS);
SAME(spf_result, fail, SPF_FAIL);
SAME(spf_result, softfail, SPF_SOFTFAIL);
SAME(spf_result, temperror, SPF_TEMPERROR);
SAME(spf_result, permerror, SPF_PERMERROR);
SAME(spf_identity, helo, SPF_HELO);
SAME(spf_identity, mailfrom, SPF_MAILFROM);
SAME(dkim_result, none, DKIM_NONE);
SAME(dkim_result, neutral, DKIM_NEUTRAL);
SAME(dkim_result, policy, DKIM_POLICY);
SAME(dkim_result, fail, DKIM_FAIL);
SAME(dkim_result, temperror, DKIM_TEMPERROR);
SAME(dkim_result, permerror, DKIM_PERMERROR);
SAME(dkim_result, pass, DKIM_PASS);
SAME(dmarc_result, none, DMARC_NONE);
SAME(dmarc_result, pass, DMARC_PASS);
SAME(dmarc_result, fail, DMARC_FAIL);
SAME(dmarc_result, temperror, DMARC_TEMPERROR);
SAME(dmarc_result, permerror, DMARC_PERMERROR);
SAME(dmarc_policy, none, DMARC_POLICY_NONE);
SAME(dmarc_policy, quarantine, DMARC_POLICY_QUARANTINE);
SAME(dmarc_policy, reject, DMARC_POLICY_REJECT);
SAME(arc_result, none, ARC_NONE);
SAME(arc_result, fail, ARC_FAIL);
SAME(arc_result, pass, ARC_PASS);

static struct value text_or_absent(struct slice text)
{
    return text.len ? value_text(text) : value_absent();
}

static struct value domain_or_absent(struct arena *arena, struct slice domain)
{
    return domain.len ? value_domain(arena, domain) : value_absent();
}

static bool make_list(struct arena *arena, size_t count, struct value *out)
{
    *out = (struct value){.state = VALUE_KNOWN, .list = {.count = count}};
    out->list.items = arena_array(arena, count, sizeof *out->list.items);
    return out->list.items != NULL;
}

/* Nothing can be missed any more: all this was looked up before. */
static bool is_validated(const struct sender_findings *f, struct slice name)
{
    struct dns_answer answer;
    return name.len && dns_look_up(f->dns, name, DNS_TXT, &answer) && answer.status == DNS_FOUND &&
           answer.authenticated;
}

static bool is_validated_key(const struct sender_findings *f, const struct dkim_signature *s)
{
    return s->selector.len && s->domain.len &&
           is_validated(f, key_record_name(f->arena, s->selector, s->domain));
}

static void fill_spf(const struct sender_findings *f, struct value *fact)
{
    const struct spf_outcome *spf = &f->spf;
    fact[FACT_SPF_RESULT] = value_integer(spf->result);
    fact[FACT_SPF_IDENTITY] = value_integer(spf->identity);
    fact[FACT_SPF_DOMAIN] = text_or_absent(spf->domain);
    fact[FACT_SPF_MECHANISM] = text_or_absent(spf->mechanism);
    fact[FACT_SPF_EXPLANATION] = text_or_absent(spf->explanation);
    fact[FACT_SPF_PROBLEM] = text_or_absent(spf->problem);
    fact[FACT_SPF_HELO] = value_integer(f->helo.result);
    fact[FACT_SPF_DNSSEC] = value_bool(is_validated(f, spf->domain));
}

static bool fill_signature(const struct sender_findings *f, size_t index, struct value *out)
{
    const struct dkim_signature *s = &f->dkim.signatures[index];
    struct value *fields =
        arena_array(f->arena, record_types[RECORD_signature].count, sizeof *fields);
    *out = (struct value){.state = VALUE_KNOWN, .fields = fields};
    if (!fields)
        return false;
    fields[signature_domain] = domain_or_absent(f->arena, s->domain);
    fields[signature_selector] = domain_or_absent(f->arena, s->selector);
    fields[signature_algorithm] = text_or_absent(s->algorithm);
    fields[signature_bits] = value_number(s->bits);
    fields[signature_result] = value_integer(s->result);
    fields[signature_reason] = text_or_absent(slice_of(s->reason));
    fields[signature_identity] =
        s->identity.len ? value_address(f->arena, s->identity) : value_absent();
    fields[signature_whole_body] = value_bool(s->whole_body);
    fields[signature_aligned] = value_bool(f->dmarc.aligned[index]);
    fields[signature_dnssec] = value_bool(is_validated_key(f, s));
    return true;
}

static bool fill_dkim(const struct sender_findings *f, struct value *fact)
{
    struct value *list = &fact[FACT_DKIM];
    fact[FACT_DKIM_RESULT] = value_integer(f->dkim.result);
    if (!make_list(f->arena, f->dkim.count, list))
        return false;
    list->list.cut = f->dkim.ignored > 0;
    for (size_t i = 0; i < f->dkim.count; i++)
        if (!fill_signature(f, i, &list->list.items[i]))
            return false;
    return true;
}

static bool fill_uris(struct arena *arena, const struct dmarc_uris *uris, struct value *out)
{
    if (!make_list(arena, uris->count, out))
        return false;
    for (size_t i = 0; i < uris->count; i++)
        out->list.items[i] = value_text(uris->items[i]);
    return true;
}

/* Whether DMARC could not be judged, and our own limits on questions may be why: what is then
 * unknown defers the message (facts.unasked). */
static bool is_unjudged(const struct sender_findings *f)
{
    return f->dmarc.result == DMARC_TEMPERROR && dns_unasked(f->dns);
}

static void fill_policy(const struct sender_findings *f, struct value *fact)
{
    const struct dmarc *dmarc = &f->dmarc;
    struct slice name = {NULL, 0};
    fact[FACT_DMARC_POLICY] = fact[FACT_DMARC_PUBLISHED] = fact[FACT_DMARC_RECORD_DOMAIN] =
        fact[FACT_DMARC_TESTING] = is_unjudged(f) ? value_unknown() : value_absent();
    if (dmarc->found) {
        fact[FACT_DMARC_POLICY] = value_integer(dmarc_asked(dmarc));
        fact[FACT_DMARC_PUBLISHED] = value_integer(dmarc->policy);
        fact[FACT_DMARC_RECORD_DOMAIN] = value_text(dmarc->record_domain);
        fact[FACT_DMARC_TESTING] = value_bool(dmarc->record.testing);
        name = arena_printf(f->arena, "_dmarc.%.*s", SLICE_ARGS(dmarc->record_domain));
    }
    fact[FACT_DMARC_DNSSEC] = value_bool(is_validated(f, name));
}

static bool fill_dmarc(const struct sender_findings *f, struct value *fact)
{
    const struct dmarc *dmarc = &f->dmarc;
    const char *reason = is_unjudged(f) ? "more DNS questions than may be asked" : dmarc->reason;
    fact[FACT_DMARC_RESULT] = is_unjudged(f) ? value_unknown() : value_integer(dmarc->result);
    fact[FACT_DMARC_DOMAIN] = text_or_absent(dmarc->domain);
    fact[FACT_DMARC_ORG_DOMAIN] = text_or_absent(dmarc->organisation);
    fact[FACT_DMARC_REASON] = text_or_absent(slice_of(reason));
    fact[FACT_DMARC_SPF_ALIGNED] = value_bool(dmarc->spf_aligned);
    fact[FACT_DMARC_DKIM_ALIGNED] = value_bool(dmarc->dkim_aligned);
    fill_policy(f, fact);
    return fill_uris(f->arena, &dmarc->record.rua, &fact[FACT_DMARC_REPORTS]) &&
           fill_uris(f->arena, &dmarc->record.ruf, &fact[FACT_DMARC_FAILURE_REPORTS]);
}

/* What the first sealer wrote down is worth something only while the chain holds. */
static struct value first_dmarc(const struct arc_outcome *arc)
{
    if (arc->temporary)
        return value_unknown();
    if (arc->result != ARC_PASS || arc->count == 0)
        return value_absent();
    struct slice word = auth_results_read(arc->sealers[0].authentication_results, SLICE("dmarc"));
    for (int result = DMARC_NONE; result <= DMARC_PERMERROR; result++)
        if (slice_ieq(word, slice_of(dmarc_result_word((enum dmarc_result)result))))
            return value_integer(result);
    return value_absent();
}

static bool fill_arc(const struct sender_findings *f, struct value *fact)
{
    const struct arc_outcome *arc = &f->arc;
    struct value *sealers = &fact[FACT_ARC_SEALERS];
    fact[FACT_ARC_RESULT] = arc->temporary ? value_unknown() : value_integer(arc->result);
    fact[FACT_ARC_REASON] = text_or_absent(slice_of(arc->reason));
    fact[FACT_ARC_OLDEST_PASS] =
        arc->result == ARC_PASS ? value_number(arc->oldest_pass) : value_absent();
    fact[FACT_ARC_DMARC] = first_dmarc(arc);
    if (!make_list(f->arena, arc->count, sealers))
        return false;
    for (size_t i = 0; i < arc->count; i++)
        sealers->list.items[i] = value_domain(f->arena, arc->sealers[i].domain);
    return true;
}

static struct value signed_by_its_list(const struct sender_findings *f)
{
    struct slice list = list_id(f->arena, headers_block(f->message, NULL));
    enum list_signature is = list_signed(f->arena, list, &f->dkim);
    return is == LIST_UNCERTAIN ? value_unknown() : value_bool(is == LIST_SIGNED);
}

bool sender_facts(const struct sender_findings *f, struct facts *facts)
{
    if (f->job->spf)
        fill_spf(f, facts->fact);
    facts->unasked = f->job->authentication && dns_unasked(f->dns);
    if (!f->job->authentication)
        return true;
    facts->fact[FACT_MESSAGE_LIST_SIGNED] = signed_by_its_list(f);
    return (fill_dkim(f, facts->fact) && fill_dmarc(f, facts->fact) && fill_arc(f, facts->fact));
}
