/* SPDX-License-Identifier: ISC
 * Signatures whose own field is not ASCII: U-labels in d=, i= and s= (RFC 8616 3). libopendkim
 * takes none of them, so they are verified here, as RFC 6376 6.1 has it. */
#include "base/domain_name.h"
#include "filters/sender/dkim_parts.h"
#include "filters/sender/hasher.h"
#include "policy/spelling.h"

#include <openssl/crypto.h>

/* l= leaves out what follows so many octets. */
struct limited {
    EVP_MD_CTX *context;
    uint64_t left;
};

static bool judge(struct dkim_candidate *c, enum dkim_result result, const char *reason)
{
    c->signature->result = result;
    c->signature->reason = reason;
    c->wanted = false;
    return false;
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

/* i= is d= or below it, or with t=s in the key the same (RFC 6376 3.6.1). */
static bool identity_fits(struct arena *arena, const struct dkim_candidate *c,
                          const struct key_record *key)
{
    struct slice identity = c->signature->identity;
    size_t at = slice_rfind(identity, '@');
    struct domain_name name, domain;
    if (domain_name_make(arena, slice_from(identity, at + 1), &name) ||
        domain_name_make(arena, c->signature->domain, &domain))
        return false;
    return slice_eq(name.text, domain.text) || (!key->strict && is_below(name.text, domain.text));
}

static bool hash_body(const struct dkim_job *job, const struct dkim_candidate *c, bool relaxed,
                      unsigned char *digest)
{
    struct hasher hasher;
    bool ok = hasher_open(&hasher);
    struct limited limited = {hasher.context, c->has_length ? c->body_length : UINT64_MAX};
    hasher.sink.write = hash_limited;
    hasher.sink.to = &limited;
    if (ok)
        canonical_body(&hasher.sink, job->body, relaxed);
    return hasher_close(&hasher, digest) && ok;
}

static bool hash_header(struct dkim_job *job, const struct dkim_candidate *c, bool relaxed,
                        unsigned char *digest)
{
    struct hasher hasher;
    struct slice names = tag_value(&c->tags, SLICE("h"));
    bool ok =
        hasher_open(&hasher) && canonical_selected(&hasher.sink, &job->fields, names, relaxed);
    if (ok)
        canonical_field(&hasher.sink, &c->field, relaxed, tag_find(&c->tags, SLICE("b"))->raw);
    return hasher_close(&hasher, digest) && ok;
}

static bool body_holds(struct dkim_job *job, struct dkim_candidate *c, bool relaxed)
{
    unsigned char digest[DIGEST_OCTETS];
    struct slice expected;
    return key_base64(job->arena, tag_value(&c->tags, SLICE("bh")), &expected) &&
           expected.len == DIGEST_OCTETS && hash_body(job, c, relaxed, digest) &&
           CRYPTO_memcmp(expected.ptr, digest, DIGEST_OCTETS) == 0;
}

static bool signature_holds(struct dkim_job *job, struct dkim_candidate *c, bool relaxed,
                            const struct key_record *key)
{
    unsigned char digest[DIGEST_OCTETS];
    struct slice octets;
    return key_base64(job->arena, tag_value(&c->tags, SLICE("b")), &octets) &&
           hash_header(job, c, relaxed, digest) && key_record_verifies(key, digest, octets);
}

static bool verify(struct dkim_job *job, struct dkim_candidate *c)
{
    struct canonical_forms forms;
    struct key_record key;
    const char *wrong = key_record_read(job->arena, c->key, c->signature->algorithm, &key);
    if (wrong)
        return judge(c, DKIM_PERMERROR, wrong);
    if (!canonical_forms(tag_value(&c->tags, SLICE("c")), &forms))
        return judge(c, DKIM_PERMERROR, "unknown canonical form");
    if (!tag_items_have(tag_value(&c->tags, SLICE("h")), SLICE("From")))
        return judge(c, DKIM_PERMERROR, "h= does not name From");
    if (!tag_find(&c->tags, SLICE("b")) || !tag_find(&c->tags, SLICE("bh")))
        return judge(c, DKIM_PERMERROR, "b= or bh= missing");
    if (!identity_fits(job->arena, c, &key))
        return judge(c, DKIM_PERMERROR, "i= is not within d=");
    if (key.bits < DKIM_KEY_BITS_MIN && !key.ed25519)
        return judge(c, DKIM_POLICY, "key shorter than 1024 bits");
    if (!body_holds(job, c, forms.relaxed_body))
        return judge(c, DKIM_FAIL, "body hash does not verify");
    if (!signature_holds(job, c, forms.relaxed_header, &key))
        return judge(c, DKIM_FAIL, "signature does not verify");
    judge(c, DKIM_PASS, "");
    return true;
}

void dkim_utf8_verify(struct dkim_job *job)
{
    for (size_t i = 0; i < job->count; i++)
        if (job->candidates[i].wanted && !slice_is_ascii(job->candidates[i].field.raw))
            verify(job, &job->candidates[i]);
}
