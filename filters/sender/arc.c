/* SPDX-License-Identifier: ISC
 * The structure of a chain (RFC 8617 5.2, steps 1 to 3), its keys, and its result. */
#include "filters/sender/arc.h"

#include "filters/sender/arc_chain.h"

enum kind { AAR, AMS, AS, OTHER };

const char *arc_result_word(enum arc_result result)
{
    static const char *const words[] = {
        [ARC_NONE] = "none", [ARC_FAIL] = "fail", [ARC_PASS] = "pass"};
    return words[result];
}

static bool fail(struct arc_outcome *out, const char *reason)
{
    out->result = ARC_FAIL;
    out->reason = reason;
    return false;
}

static enum kind kind_of(const struct header *field)
{
    static const struct slice names[] = {[AAR] = {"ARC-Authentication-Results", 26},
                                         [AMS] = {"ARC-Message-Signature", 21},
                                         [AS] = {"ARC-Seal", 8}};
    for (int kind = AAR; kind < OTHER; kind++)
        if (field->has_colon && slice_ieq(field->name, names[kind]))
            return (enum kind)kind;
    return OTHER;
}

/* 0: none, or not within 1 and ARC_SETS_MAX. */
static size_t instance_in(struct slice digits)
{
    uint64_t instance;
    return slice_to_u64(digits, ARC_SETS_MAX, &instance) ? (size_t)instance : 0;
}

/* "i=1; authserv-id; ..." (RFC 8617 4.1.1). *rest is what follows the first semicolon. */
static size_t results_instance(struct slice value, struct slice *rest)
{
    struct slice first, name, digits;
    if (!slice_cut(value, ';', &first, rest) || !slice_cut(first, '=', &name, &digits) ||
        !slice_eq(slice_trim(name), SLICE("i")))
        return 0;
    *rest = slice_trim(*rest);
    return instance_in(slice_trim(digits));
}

static bool take_results(struct arc_chain *chain, const struct header *field, size_t *instance,
                         struct arc_outcome *out)
{
    struct slice rest;
    *instance = results_instance(field->value, &rest);
    if (!*instance)
        return fail(out, "ARC-Authentication-Results without an instance");
    struct arc_set *set = &chain->sets[*instance - 1];
    if (set->has_results)
        return fail(out, "an instance has two ARC-Authentication-Results");
    set->has_results = true;
    set->results = *field;
    out->sealers[*instance - 1].authentication_results = rest;
    return true;
}

static bool take_signature(struct arc_chain *chain, const struct header *field, enum kind kind,
                           size_t *instance, struct arc_outcome *out)
{
    struct tag_list tags;
    if (!tag_list_parse(field->value, &tags))
        return fail(out, "malformed tag list");
    *instance = instance_in(tag_value(&tags, SLICE("i")));
    if (!*instance)
        return fail(out, "a signature without an instance");
    struct arc_set *set = &chain->sets[*instance - 1];
    struct arc_signature *signature = kind == AMS ? &set->message : &set->seal;
    if (signature->present)
        return fail(out, "an instance has two signatures of one kind");
    signature->present = true;
    signature->field = *field;
    signature->tags = tags;
    return true;
}

/* False with a result: the chain is malformed. */
static bool collect(struct arc_chain *chain, struct arc_outcome *out)
{
    for (size_t i = 0; i < chain->fields.count; i++) {
        const struct header *field = &chain->fields.fields[i].field;
        enum kind kind = kind_of(field);
        size_t instance = 0;
        if (kind == OTHER)
            continue;
        if (field->raw.len > ARC_FIELD_OCTETS_MAX)
            return fail(out, "a field is too long");
        if (kind == AAR ? !take_results(chain, field, &instance, out)
                        : !take_signature(chain, field, kind, &instance, out))
            return false;
        if (instance > chain->count)
            chain->count = instance;
    }
    return true;
}

static bool sets_are_whole(const struct arc_chain *chain, struct arc_outcome *out)
{
    for (size_t i = 0; i < chain->count; i++) {
        const struct arc_set *set = &chain->sets[i];
        if (!set->has_results || !set->message.present || !set->seal.present)
            return fail(out, "an instance is not complete");
    }
    return true;
}

static bool cv_is_right(const struct arc_chain *chain, struct arc_outcome *out)
{
    if (slice_ieq(tag_value(&chain->sets[chain->count - 1].seal.tags, SLICE("cv")), SLICE("fail")))
        return fail(out, "the last sealer found the chain broken");
    for (size_t i = 0; i < chain->count; i++) {
        struct slice cv = tag_value(&chain->sets[i].seal.tags, SLICE("cv"));
        if (!slice_ieq(cv, i == 0 ? SLICE("none") : SLICE("pass")))
            return fail(out, "cv= is not what it must be");
    }
    return true;
}

/* What both kinds of signature need. */
static const char *common_flaw(struct arena *arena, struct arc_signature *s)
{
    struct slice a = tag_value(&s->tags, SLICE("a"));
    uint64_t time;
    if (!slice_ieq(a, SLICE("rsa-sha256")) && !slice_ieq(a, SLICE("ed25519-sha256")))
        return "unknown or obsolete algorithm";
    if (!tag_value(&s->tags, SLICE("d")).len || !tag_value(&s->tags, SLICE("s")).len)
        return "d= or s= missing";
    if (tag_find(&s->tags, SLICE("t")) &&
        !slice_to_u64(tag_value(&s->tags, SLICE("t")), INT64_MAX, &time))
        return "t= is not a number";
    if (!key_base64(arena, tag_value(&s->tags, SLICE("b")), &s->octets))
        return "b= is missing or no base64";
    return NULL;
}

static const char *message_flaw(const struct arc_chain *chain, struct arc_signature *s)
{
    struct canonical_forms forms;
    struct slice h = tag_value(&s->tags, SLICE("h"));
    const struct tag *c = tag_find(&s->tags, SLICE("c")), *x = tag_find(&s->tags, SLICE("x"));
    uint64_t expires;
    if (c && !canonical_forms(c->value, &forms))
        return "unknown canonical form";
    if (!h.len || !tag_items_have(h, SLICE("From")))
        return "h= does not name From";
    if (tag_items_have(h, SLICE("ARC-Seal")))
        return "h= names ARC-Seal";
    if (!tag_value(&s->tags, SLICE("bh")).len)
        return "bh= missing";
    if (x && (!slice_to_u64(x->value, INT64_MAX, &expires) || expires <= chain->now))
        return "signature expired";
    return common_flaw(chain->arena, s);
}

/* RFC 8617 4.1.3: a seal with h= must fail. */
static const char *seal_flaw(const struct arc_chain *chain, struct arc_signature *s)
{
    if (tag_find(&s->tags, SLICE("h")) || tag_find(&s->tags, SLICE("bh")))
        return "a seal names what it signs";
    return common_flaw(chain->arena, s);
}

static struct slice key_name(const struct arc_chain *chain, const struct arc_signature *s)
{
    return key_record_name(chain->arena, tag_value(&s->tags, SLICE("s")),
                           tag_value(&s->tags, SLICE("d")));
}

static bool look_key_up(const struct arc_chain *chain, struct dns_answers *dns,
                        struct arc_signature *s)
{
    struct dns_answer answer;
    struct slice record;
    if (s->wrong)
        return true;
    if (!dns_look_up(dns, key_name(chain, s), DNS_TXT, &answer))
        return false;
    s->wrong = key_record_choose(&answer, &record, &s->temporary);
    if (!s->wrong)
        s->wrong = key_record_read(chain->arena, record, tag_value(&s->tags, SLICE("a")), &s->key);
    if (!s->wrong && s->key.bits < ARC_KEY_BITS_MIN && !s->key.ed25519)
        s->wrong = "key shorter than 1024 bits";
    return true;
}

static bool look_keys_up(struct arc_chain *chain, struct dns_answers *dns)
{
    for (size_t i = chain->count; i-- > 0;) {
        struct arc_set *set = &chain->sets[i];
        set->message.wrong = message_flaw(chain, &set->message);
        set->seal.wrong = seal_flaw(chain, &set->seal);
        if (!set->message.wrong)
            dns_prefetch(dns, key_name(chain, &set->message), DNS_TXT);
        if (!set->seal.wrong)
            dns_prefetch(dns, key_name(chain, &set->seal), DNS_TXT);
    }
    for (size_t i = chain->count; i-- > 0;)
        if (!look_key_up(chain, dns, &chain->sets[i].message) ||
            !look_key_up(chain, dns, &chain->sets[i].seal))
            return false;
    return true;
}

/* What never holds counts before what only the DNS did not tell: else whoever can make a key's zone
 * fail could have a forged chain taken for one that may be good. */
static void must_hold(struct arc_outcome *out, const struct arc_signature *s)
{
    bool failed = out->result == ARC_FAIL;
    if (!s->wrong || (failed && (s->temporary || !out->temporary)))
        return;
    fail(out, s->wrong);
    out->temporary = s->temporary;
}

static void conclude(const struct arc_chain *chain, struct arc_outcome *out)
{
    size_t oldest = chain->count;
    while (oldest > 0 && !chain->sets[oldest - 1].message.wrong)
        oldest--;
    out->result = ARC_PASS;
    out->oldest_pass = oldest ? (unsigned)oldest + 1 : 0;
    must_hold(out, &chain->sets[chain->count - 1].message);
    for (size_t i = chain->count; i-- > 0;)
        must_hold(out, &chain->sets[i].seal);
    if (out->result == ARC_FAIL)
        out->oldest_pass = 0;
}

static void name_sealers(const struct arc_chain *chain, struct arc_outcome *out)
{
    out->count = chain->count;
    for (size_t i = 0; i < chain->count; i++) {
        out->sealers[i].domain = tag_value(&chain->sets[i].seal.tags, SLICE("d"));
        out->sealers[i].selector = tag_value(&chain->sets[i].seal.tags, SLICE("s"));
    }
}

static bool has_arc_fields(struct slice block)
{
    struct header field;
    while (headers_next(&block, &field))
        if (kind_of(&field) != OTHER)
            return true;
    return false;
}

bool arc_examine(struct arena *arena, struct dns_answers *dns, struct slice message, uint64_t now,
                 struct arc_outcome *out)
{
    size_t body;
    struct slice block = headers_block(message, &body);
    *out = (struct arc_outcome){.reason = ""};
    if (!has_arc_fields(block))
        return true;
    struct arc_chain *chain = arena_alloc(arena, sizeof *chain);
    out->sealers = arena_array(arena, ARC_SETS_MAX, sizeof *out->sealers);
    if (!chain || !out->sealers)
        return false;
    *chain = (struct arc_chain){.arena = arena, .body = slice_from(message, body), .now = now};
    chain->sets = arena_array(arena, ARC_SETS_MAX, sizeof *chain->sets);
    if (!chain->sets)
        return false;
    if (!field_index(arena, block, &chain->fields)) {
        fail(out, "too many header fields");
        return !arena_failed(arena);
    }
    if (!fields_are_whole(&chain->fields)) {
        fail(out, "a line of the header is no field");
        return true;
    }
    if (!collect(chain, out) || !sets_are_whole(chain, out))
        return true;
    name_sealers(chain, out);
    if (!cv_is_right(chain, out))
        return true;
    if (!look_keys_up(chain, dns) || !arc_verify_messages(chain) || !arc_verify_seals(chain))
        return false;
    conclude(chain, out);
    return !arena_failed(arena);
}
