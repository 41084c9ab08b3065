/* SPDX-License-Identifier: ISC
 * To make a key ready costs OpenSSL as much as a signature's check, so the last few are kept: most mail
 * is of few senders. */
#include "filters/sender/rsa_key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

enum { KEPT = 16, OCTETS_MAX = 512 /* of a key of 4096 bits */, SHA256_OCTETS = 32 };

static bool push(OSSL_PARAM_BLD *parameters, const char *name, struct slice number, BIGNUM **to)
{
    *to = BN_bin2bn((const unsigned char *)number.ptr, (int)number.len, NULL);
    return *to && OSSL_PARAM_BLD_push_BN(parameters, name, *to) == 1;
}

static EVP_PKEY *key_from(const OSSL_PARAM *parameters)
{
    EVP_PKEY *made = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (context && EVP_PKEY_fromdata_init(context) == 1)
        EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, (OSSL_PARAM *)(uintptr_t)parameters);
    EVP_PKEY_CTX_free(context);
    return made;
}

static EVP_PKEY *make(const struct rsa_key *key)
{
    EVP_PKEY *made = NULL;
    BIGNUM *n = NULL, *e = NULL;
    OSSL_PARAM *parameters = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (builder && push(builder, OSSL_PKEY_PARAM_RSA_N, key->modulus, &n) &&
        push(builder, OSSL_PKEY_PARAM_RSA_E, key->exponent, &e))
        parameters = OSSL_PARAM_BLD_to_param(builder);
    if (parameters)
        made = key_from(parameters);
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(builder);
    BN_free(n);
    BN_free(e);
    return made;
}

static EVP_PKEY_CTX *make_ready(const struct rsa_key *key)
{
    EVP_PKEY *public = make(key);
    EVP_PKEY_CTX *context = public ? EVP_PKEY_CTX_new(public, NULL) : NULL;
    EVP_PKEY_free(public); /* the context has its own */
    if (context && EVP_PKEY_verify_init(context) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
        EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1)
        return context;
    EVP_PKEY_CTX_free(context);
    return NULL;
}

/* ---- kept ---- */

struct kept {
    char numbers[OCTETS_MAX + sizeof(uint64_t)]; /* modulus, exponent */
    size_t modulus_len, exponent_len;            /* modulus_len 0: none */
    EVP_PKEY_CTX *ready;
    uint64_t used; /* when, as uses are counted */
};

static bool is_of(const struct kept *kept, const struct rsa_key *key)
{
    return kept->modulus_len == key->modulus.len && kept->exponent_len == key->exponent.len &&
           memcmp(kept->numbers, key->modulus.ptr, key->modulus.len) == 0 &&
           memcmp(kept->numbers + key->modulus.len, key->exponent.ptr, key->exponent.len) == 0;
}

static void keep(struct kept *place, const struct rsa_key *key, EVP_PKEY_CTX *ready)
{
    EVP_PKEY_CTX_free(place->ready);
    place->ready = ready;
    place->modulus_len = key->modulus.len;
    place->exponent_len = key->exponent.len;
    memcpy(place->numbers, key->modulus.ptr, key->modulus.len);
    memcpy(place->numbers + key->modulus.len, key->exponent.ptr, key->exponent.len);
}

/* Of this process, until others have come; NULL: it cannot be made. */
static EVP_PKEY_CTX *ready_for(const struct rsa_key *key)
{
    static struct kept all[KEPT];
    static uint64_t uses;
    struct kept *place = &all[0];
    for (size_t i = 0; i < KEPT; i++) {
        if (is_of(&all[i], key)) {
            all[i].used = ++uses;
            return all[i].ready;
        }
        if (all[i].used < place->used)
            place = &all[i];
    }
    EVP_PKEY_CTX *ready = make_ready(key);
    if (!ready)
        return NULL;
    keep(place, key, ready);
    place->used = ++uses;
    return ready;
}

static bool is_kept(const struct rsa_key *key)
{
    return key->modulus.len <= OCTETS_MAX && key->exponent.len <= sizeof(uint64_t);
}

bool rsa_key_verifies(const struct rsa_key *key, const unsigned char *digest,
                      struct slice signature)
{
    EVP_PKEY_CTX *context = is_kept(key) ? ready_for(key) : make_ready(key);
    bool ok = context && EVP_PKEY_verify(context, (const unsigned char *)signature.ptr,
                                         signature.len, digest, SHA256_OCTETS) == 1;
    if (!is_kept(key))
        EVP_PKEY_CTX_free(context);
    return ok;
}
