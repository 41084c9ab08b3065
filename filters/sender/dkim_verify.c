/* SPDX-License-Identifier: ISC
 * What a signature says of body and header, looked at as RFC 6376 6.1.1 and 6.1.3 have it. Its field
 * may hold U-labels in d=, i= and s= (RFC 8616 3). */
#include "base/domain_name.h"
#include "filters/sender/dkim_parts.h"
#include "filters/sender/hasher.h"

#include <openssl/crypto.h>
#include <string.h>

/* l= leaves out what follows so many octets. */
struct limited {
    EVP_MD_CTX *context;
    uint64_t left;
};

static void judge(struct dkim_candidate *c, enum dkim_result result, const char *reason)
{
    c->signature->result = result;
    c->signature->reason = reason;
    c->wanted = false;
}

static void hash_limited(void *to, const char *octets, size_t count)
{
    struct limited *limited = to;
    if (count > limited->left)
        count = (size_t)limited->left;
    EVP_DigestUpdate(limited->context, octets, count);
    limited->left -= count;
}

static bool is_below(struct slice name, struct slice domain)
{
    return name.len > domain.len && slice_iends(name, domain) &&
           name.ptr[name.len - domain.len - 1] == '.';
}

static bool fits(struct slice name, struct slice domain, bool strict)
{
    return slice_ieq(name, domain) || (!strict && is_below(name, domain));
}

/* A long i= is folded by some within its domain. */
static struct slice without_blanks(struct arena *arena, struct slice text)
{
    char *out = arena_alloc(arena, text.len + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < text.len; i++)
        if (!ascii_blank(text.ptr[i]))
            out[n++] = text.ptr[i];
    return (struct slice){out, n};
}

/* i= is d= or below it, or with t=s in the key the same (RFC 6376 3.6.1). */
static bool identity_fits(struct arena *arena, const struct dkim_candidate *c)
{
    struct slice identity = c->signature->identity, said = c->signature->domain;
    size_t at = slice_rfind(identity, '@');
    struct slice named = without_blanks(arena, slice_from(identity, at + 1));
    struct domain_name name, domain;
    if (at == identity.len)
        return false;
    return fits(named, said, c->key.strict) ||
           (!domain_name_make(arena, named, &name) && !domain_name_make(arena, said, &domain) &&
            fits(name.text, domain.text, c->key.strict));
}

/* NUL ends a field for some, and would hide from them what is signed behind it. */
static bool signs_nul(const struct dkim_job *job, struct slice names)
{
    for (size_t i = 0; i < job->fields.count; i++) {
        const struct header *field = &job->fields.fields[i].field;
        if (slice_find(field->raw, '\0') < field->raw.len && tag_items_have(names, field->name))
            return true;
    }
    return false;
}

/* NULL, or why nothing needs to be hashed. */
static const char *flaw(struct dkim_job *job, const struct dkim_candidate *c)
{
    struct slice names = tag_value(&c->tags, SLICE("h"));
    if (!tag_items_have(names, SLICE("From")))
        return "h= does not name From";
    if (!tag_value(&c->tags, SLICE("b")).len || !tag_value(&c->tags, SLICE("bh")).len)
        return "b= or bh= missing";
    if (!identity_fits(job->arena, c))
        return "i= is not within d=";
    if (signs_nul(job, names))
        return "a signed header field is malformed";
    return NULL;
}

static bool hash_body(const struct dkim_job *job, const struct dkim_candidate *c,
                      unsigned char *digest)
{
    struct hasher hasher;
    bool ok = hasher_open(&hasher);
    struct limited limited = {hasher.context, c->has_length ? c->body_length : UINT64_MAX};
    hasher.sink.write = hash_limited;
    hasher.sink.to = &limited;
    if (ok)
        canonical_body(&hasher.sink, job->body, c->forms.relaxed_body);
    return hasher_close(&hasher, digest) && ok;
}

/* Signatures of one message mostly hash the same: its whole body, in one form. */
static bool body_digest(struct dkim_job *job, const struct dkim_candidate *c, unsigned char *digest)
{
    struct dkim_body_hash *whole = &job->body_hash[c->forms.relaxed_body];
    if (!c->signature->whole_body)
        return hash_body(job, c, digest);
    if (!whole->known)
        whole->known = hash_body(job, c, whole->octets);
    memcpy(digest, whole->octets, DIGEST_OCTETS);
    return whole->known;
}

static bool header_digest(struct dkim_job *job, const struct dkim_candidate *c,
                          unsigned char *digest)
{
    struct hasher hasher;
    bool relaxed = c->forms.relaxed_header;
    struct slice names = tag_value(&c->tags, SLICE("h"));
    bool ok =
        hasher_open(&hasher) && canonical_selected(&hasher.sink, &job->fields, names, relaxed);
    if (ok)
        canonical_field(&hasher.sink, &c->field, relaxed, tag_find(&c->tags, SLICE("b"))->raw);
    return hasher_close(&hasher, digest) && ok;
}

static bool body_holds(struct dkim_job *job, const struct dkim_candidate *c, struct slice expected)
{
    unsigned char digest[DIGEST_OCTETS];
    return expected.len == DIGEST_OCTETS && body_digest(job, c, digest) &&
           CRYPTO_memcmp(expected.ptr, digest, DIGEST_OCTETS) == 0;
}

static bool signature_holds(struct dkim_job *job, const struct dkim_candidate *c,
                            struct slice octets)
{
    unsigned char digest[DIGEST_OCTETS];
    return header_digest(job, c, digest) && key_record_verifies(&c->key, digest, octets);
}

static void verify(struct dkim_job *job, struct dkim_candidate *c)
{
    struct slice body_hash, octets;
    const char *wrong = flaw(job, c);
    if (wrong)
        judge(c, DKIM_PERMERROR, wrong);
    else if (!key_base64(job->arena, tag_value(&c->tags, SLICE("bh")), &body_hash) ||
             !key_base64(job->arena, tag_value(&c->tags, SLICE("b")), &octets))
        judge(c, DKIM_PERMERROR, "b= or bh= is no base64");
    else if (!body_holds(job, c, body_hash))
        judge(c, DKIM_FAIL, "body hash does not verify");
    else if (!signature_holds(job, c, octets))
        judge(c, DKIM_FAIL, "signature does not verify");
    else if (c->key.bits < DKIM_KEY_BITS_MIN && !c->key.ed25519)
        judge(c, DKIM_POLICY, "key shorter than 1024 bits");
    else
        judge(c, DKIM_PASS, "");
}

void dkim_verify_signatures(struct dkim_job *job)
{
    for (size_t i = 0; i < job->count; i++)
        if (job->candidates[i].wanted)
            verify(job, &job->candidates[i]);
}
