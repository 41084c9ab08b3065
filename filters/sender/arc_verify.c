/* SPDX-License-Identifier: ISC
 * The signatures of a chain: what is hashed (RFC 8617 5.1.1, RFC 6376 3.7) and whether it holds. */
#include "filters/sender/arc_chain.h"
#include "filters/sender/hasher.h"

#include <openssl/crypto.h>

static bool hash_body(struct arc_chain *chain, bool relaxed)
{
    struct hasher hasher;
    if (chain->body_hash[relaxed].known)
        return true;
    bool ok = hasher_open(&hasher);
    if (ok)
        canonical_body(&hasher.sink, chain->body, relaxed);
    ok = hasher_close(&hasher, chain->body_hash[relaxed].octets) && ok;
    chain->body_hash[relaxed].known = ok;
    return ok;
}

/* Where b= stands in its field. */
static struct slice signature_text(const struct arc_signature *s)
{
    return tag_find(&s->tags, SLICE("b"))->raw;
}

static void check(struct arc_signature *s, const unsigned char *digest)
{
    if (!key_record_verifies(&s->key, digest, s->octets))
        s->wrong = "a signature does not verify";
}

/* An l= that leaves out a part of the body is not trusted with a chain. */
static const char *body_flaw(const struct arc_chain *chain, const struct arc_signature *s,
                             bool relaxed)
{
    struct slice expected;
    const struct tag *l = tag_find(&s->tags, SLICE("l"));
    uint64_t length;
    if (l && (!slice_to_u64(l->value, INT64_MAX, &length) ||
              length != canonical_body_length(chain->body, relaxed)))
        return "l= is not the length of the body";
    if (!key_base64(chain->arena, tag_value(&s->tags, SLICE("bh")), &expected) ||
        expected.len != DIGEST_OCTETS ||
        CRYPTO_memcmp(expected.ptr, chain->body_hash[relaxed].octets, DIGEST_OCTETS) != 0)
        return "the body hash does not verify";
    return NULL;
}

static bool verify_message(struct arc_chain *chain, struct arc_signature *s)
{
    struct canonical_forms forms = {true, true}; /* all sealers mean relaxed when c= is absent */
    struct hasher hasher;
    unsigned char digest[DIGEST_OCTETS];
    const struct tag *c = tag_find(&s->tags, SLICE("c"));
    if (c)
        canonical_forms(c->value, &forms);
    if (!hash_body(chain, forms.relaxed_body))
        return false;
    s->wrong = body_flaw(chain, s, forms.relaxed_body);
    if (s->wrong)
        return true;
    bool ok = hasher_open(&hasher);
    if (ok && !canonical_selected(&hasher.sink, &chain->fields, tag_value(&s->tags, SLICE("h")),
                                  forms.relaxed_header))
        s->wrong = "h= names too many fields";
    if (ok)
        canonical_field(&hasher.sink, &s->field, forms.relaxed_header, signature_text(s));
    ok = hasher_close(&hasher, digest) && ok;
    if (ok && !s->wrong)
        check(s, digest);
    return ok;
}

bool arc_verify_messages(struct arc_chain *chain)
{
    for (size_t i = chain->count; i-- > 0;) {
        struct arc_signature *s = &chain->sets[i].message;
        if (!s->wrong && !verify_message(chain, s))
            return false;
    }
    return true;
}

/* The seal closes what has been hashed so far; the hash goes on with it in the next one. */
static bool verify_seal(struct hasher *all, struct arc_signature *s)
{
    struct hasher one;
    unsigned char digest[DIGEST_OCTETS];
    canonical_flush(&all->sink);
    bool ok = hasher_open(&one) && EVP_MD_CTX_copy_ex(one.context, all->context) == 1;
    if (ok)
        canonical_field(&one.sink, &s->field, true, signature_text(s));
    ok = hasher_close(&one, digest) && ok;
    if (ok)
        check(s, digest);
    return ok;
}

bool arc_verify_seals(struct arc_chain *chain)
{
    struct hasher all;
    unsigned char unused[DIGEST_OCTETS];
    bool ok = hasher_open(&all);
    for (size_t i = 0; ok && i < chain->count; i++) {
        struct arc_set *set = &chain->sets[i];
        canonical_field(&all.sink, &set->results, true, SLICE(""));
        canonical_field(&all.sink, &set->message.field, true, SLICE(""));
        if (!set->seal.wrong)
            ok = verify_seal(&all, &set->seal);
        canonical_field(&all.sink, &set->seal.field, true, SLICE(""));
    }
    return hasher_close(&all, unused) && ok;
}
