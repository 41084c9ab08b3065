/* SPDX-License-Identifier: ISC
 * What needs no cryptography is judged here: the tag list, the algorithm, the times, the key's
 * place in DNS. The rest is dkim_verify.c's. */
#include "filters/sender/dkim.h"

#include "filters/sender/dkim_parts.h"

enum { SIGNATURE_OCTETS_MAX = 16 * 1024, CLOCK_DRIFT = 300 };

const char *dkim_result_word(enum dkim_result result)
{
    static const char *const words[] = {
        [DKIM_NONE] = "none", [DKIM_NEUTRAL] = "neutral",     [DKIM_POLICY] = "policy",
        [DKIM_FAIL] = "fail", [DKIM_TEMPERROR] = "temperror", [DKIM_PERMERROR] = "permerror",
        [DKIM_PASS] = "pass"};
    return words[result];
}

static bool refuse(struct dkim_candidate *c, enum dkim_result result, const char *reason)
{
    c->signature->result = result;
    c->signature->reason = reason;
    c->wanted = false;
    return false;
}

/* RFC 6376 3.5: q= lists methods; "dns/txt" is the only one there is. */
static bool query_is_known(struct slice q)
{
    return q.len == 0 || tag_items_have(q, SLICE("dns/txt")) || tag_items_have(q, SLICE("dns"));
}

static size_t items_in(struct slice list)
{
    struct slice item;
    size_t count = 0;
    while (tag_items_next(&list, &item))
        count++;
    return count;
}

static bool read_number(const struct tag_list *tags, struct slice name, uint64_t *number)
{
    const struct tag *tag = tag_find(tags, name);
    return !tag || slice_to_u64(tag->value, INT64_MAX, number);
}

/* What is left out is simple (RFC 6376 3.5). */
static bool read_forms(struct dkim_candidate *c)
{
    const struct tag *forms = tag_find(&c->tags, SLICE("c"));
    c->forms = (struct canonical_forms){false, false};
    return !forms || canonical_forms(forms->value, &c->forms);
}

/* Blanks within are left out by some readers. */
static bool is_split(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (ascii_blank(name.ptr[i]) || name.ptr[i] == '\r' || name.ptr[i] == '\n')
            return true;
    return false;
}

static bool judge_times(struct dkim_candidate *c, uint64_t now)
{
    uint64_t expires = UINT64_MAX;
    if (!read_number(&c->tags, SLICE("t"), &c->signed_at) ||
        !read_number(&c->tags, SLICE("x"), &expires))
        return refuse(c, DKIM_PERMERROR, "time is not a number");
    if (expires <= now)
        return refuse(c, DKIM_PERMERROR, "signature expired");
    if (c->signed_at > now + CLOCK_DRIFT)
        return refuse(c, DKIM_PERMERROR, "signature is from the future");
    if (c->signed_at >= expires)
        return refuse(c, DKIM_PERMERROR, "signature expires before it was made");
    return true;
}

static bool judge_algorithm(struct dkim_candidate *c)
{
    struct slice a = c->signature->algorithm;
    if (slice_ieq(a, SLICE("rsa-sha1")))
        return refuse(c, DKIM_PERMERROR, "rsa-sha1 is obsolete (RFC 8301)");
    if (!slice_ieq(a, SLICE("rsa-sha256")) && !slice_ieq(a, SLICE("ed25519-sha256")))
        return refuse(c, DKIM_PERMERROR, "unknown algorithm");
    return true;
}

static void describe(struct arena *arena, struct dkim_candidate *c)
{
    struct dkim_signature *s = c->signature;
    const struct tag *identity = tag_find(&c->tags, SLICE("i"));
    s->domain = tag_value(&c->tags, SLICE("d"));
    s->selector = tag_value(&c->tags, SLICE("s"));
    s->algorithm = tag_value(&c->tags, SLICE("a"));
    s->identity = identity ? header_unfold(arena, identity->value)
                           : arena_printf(arena, "@%.*s", SLICE_ARGS(s->domain));
    if (!s->identity.ptr)
        s->identity = SLICE("");
}

static bool judge_tags(struct arena *arena, struct dkim_candidate *c, const struct header *field,
                       uint64_t now)
{
    if (field->raw.len > SIGNATURE_OCTETS_MAX)
        return refuse(c, DKIM_PERMERROR, "signature field too long");
    if (!tag_list_parse(field->value, &c->tags))
        return refuse(c, DKIM_PERMERROR, "malformed tag list");
    describe(arena, c);
    if (!slice_eq(tag_value(&c->tags, SLICE("v")), SLICE("1")))
        return refuse(c, DKIM_PERMERROR, "v= is not 1");
    if (!c->signature->domain.len || !c->signature->selector.len)
        return refuse(c, DKIM_PERMERROR, "d= or s= missing");
    if (is_split(c->signature->domain) || is_split(c->signature->selector))
        return refuse(c, DKIM_PERMERROR, "d= or s= can be read in two ways");
    if (!query_is_known(tag_value(&c->tags, SLICE("q"))))
        return refuse(c, DKIM_PERMERROR, "unknown query method");
    if (items_in(tag_value(&c->tags, SLICE("h"))) > SIGNED_NAMES_MAX)
        return refuse(c, DKIM_PERMERROR, "h= names too many fields");
    if (!read_forms(c))
        return refuse(c, DKIM_PERMERROR, "unknown canonical form");
    c->has_length = tag_find(&c->tags, SLICE("l")) != NULL;
    if (!read_number(&c->tags, SLICE("l"), &c->body_length))
        return refuse(c, DKIM_PERMERROR, "l= is not a number");
    return judge_algorithm(c) && judge_times(c, now);
}

/* l= counts canonical octets (RFC 6376 3.5). */
static void judge_length(struct dkim_job *job, struct dkim_candidate *c)
{
    if (!c->wanted || !c->has_length)
        return;
    uint64_t *length = &job->body_length[c->forms.relaxed_body];
    if (*length == BODY_NOT_MEASURED)
        *length = canonical_body_length(job->body, c->forms.relaxed_body);
    c->signature->whole_body = c->body_length >= *length;
    if (c->body_length > *length)
        refuse(c, DKIM_PERMERROR, "l= is more than the body");
}

static void judge_answer(struct arena *arena, struct dkim_candidate *c,
                         const struct dns_answer *answer)
{
    struct slice record;
    bool temporary;
    const char *wrong = key_record_choose(answer, &record, &temporary);
    if (wrong) {
        refuse(c, temporary ? DKIM_TEMPERROR : DKIM_PERMERROR, wrong);
        return;
    }
    wrong = key_record_read(arena, record, c->signature->algorithm, &c->key);
    c->signature->bits = c->key.bits;
    c->signature->test_key = c->key.test;
    if (wrong)
        refuse(c, DKIM_PERMERROR, wrong);
}

/* All names first, so that one restart brings all answers. */
static bool look_keys_up(struct dkim_job *job, struct dns_answers *dns)
{
    struct slice names[DKIM_SIGNATURES_MAX] = {{NULL, 0}};
    for (size_t i = 0; i < job->count; i++) {
        struct dkim_candidate *c = &job->candidates[i];
        if (!c->wanted)
            continue;
        names[i] = key_record_name(job->arena, c->signature->selector, c->signature->domain);
        if (!names[i].ptr)
            return false;
        dns_prefetch(dns, names[i], DNS_TXT);
    }
    for (size_t i = 0; i < job->count; i++) {
        struct dns_answer answer;
        if (!job->candidates[i].wanted)
            continue;
        if (!dns_look_up(dns, names[i], DNS_TXT, &answer))
            return false;
        judge_answer(job->arena, &job->candidates[i], &answer);
    }
    return !arena_failed(job->arena);
}

static bool is_signature(const struct header *field)
{
    return field->has_colon && slice_ieq(field->name, SLICE("DKIM-Signature"));
}

static void add_candidate(struct dkim_job *job, const struct header *field,
                          struct dkim_outcome *out)
{
    struct dkim_candidate *c = &job->candidates[job->count++];
    c->signature = &out->signatures[out->count++];
    c->signature->whole_body = c->wanted = true;
    c->signature->reason = "";
    c->field = *field;
    judge_tags(job->arena, c, field, job->now);
}

static bool collect(struct dkim_job *job, struct slice block, struct dkim_outcome *out)
{
    bool indexed = field_index(job->arena, block, &job->fields);
    if (!indexed && arena_failed(job->arena))
        return false;
    struct header field;
    while (headers_next(&block, &field)) {
        if (!is_signature(&field))
            continue;
        if (job->count == DKIM_SIGNATURES_MAX)
            out->ignored++;
        else
            add_candidate(job, &field, out);
    }
    const char *flaw = !indexed                          ? "too many header fields"
                       : !fields_are_whole(&job->fields) ? "a line of the header is no field"
                                                         : NULL;
    for (size_t i = 0; i < job->count && flaw; i++)
        refuse(&job->candidates[i], DKIM_PERMERROR, flaw);
    return true;
}

static unsigned rank(enum dkim_result result)
{
    static const unsigned ranks[] = {
        [DKIM_NONE] = 0, [DKIM_PERMERROR] = 1, [DKIM_NEUTRAL] = 2, [DKIM_POLICY] = 3,
        [DKIM_FAIL] = 4, [DKIM_TEMPERROR] = 5, [DKIM_PASS] = 6};
    return ranks[result];
}

static void find_best(struct dkim_outcome *out)
{
    for (size_t i = 0; i < out->count; i++)
        if (rank(out->signatures[i].result) > rank(out->result))
            out->result = out->signatures[i].result;
}

bool dkim_examine(struct arena *arena, struct dns_answers *dns, struct slice message, uint64_t now,
                  struct dkim_outcome *out)
{
    size_t body;
    struct slice block = headers_block(message, &body);
    struct dkim_job *job = arena_alloc(arena, sizeof *job);
    *out = (struct dkim_outcome){
        .signatures = arena_array(arena, DKIM_SIGNATURES_MAX, sizeof *out->signatures)};
    if (!job || !out->signatures)
        return false;
    *job = (struct dkim_job){.arena = arena,
                             .body = slice_from(message, body),
                             .now = now,
                             .body_length = {BODY_NOT_MEASURED, BODY_NOT_MEASURED}};
    if (!collect(job, block, out) || !look_keys_up(job, dns))
        return false;
    for (size_t i = 0; i < job->count; i++)
        judge_length(job, &job->candidates[i]);
    dkim_verify_signatures(job);
    find_best(out);
    return !arena_failed(arena);
}
