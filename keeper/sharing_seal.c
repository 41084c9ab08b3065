/* SPDX-License-Identifier: ISC */
#include "keeper/sharing_seal.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

enum { SALT = 16, NONCE = 12, TAG = 16, KEY = 32, HEAD = SALT + NONCE };
_Static_assert((int)SHARING_SEALED == (int)HEAD + (int)TAG, "what the header says");

#define PURPOSE "gatepost sharing 1"

/* ---- keys ---- */

bool sharing_secret(const struct unseal_keys *keys, unsigned char secret[static LEARN_SHARED])
{
    static char digest[] = "SHA256", info[] = PURPOSE;
    unsigned char private[SEAL_KEY];
    memcpy(private, keys->keys[0].private, SEAL_KEY);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, private, SEAL_KEY),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, sizeof info - 1),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    bool done = ctx && EVP_KDF_derive(ctx, secret, LEARN_SHARED, params) > 0;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    OPENSSL_cleanse(private, sizeof private);
    return done;
}

/* HMAC-SHA256 of a purpose and of what is behind it. */
static bool derive(const unsigned char *secret, const char *purpose, struct slice more,
                   unsigned char out[static KEY])
{
    char room[64 + SALT];
    struct buf text = buf_over(room, sizeof room);
    unsigned n = KEY;
    buf_cstr(&text, purpose);
    buf_append(&text, more);
    return !text.failed && HMAC(EVP_sha256(), secret, KEY, (const unsigned char *)room,
                                buf_len(&text), out, &n) != NULL;
}

bool sharing_keys_of(const unsigned char secret[static LEARN_SHARED], struct sharing_keys *out)
{
    static const struct slice none = {NULL, 0};
    unsigned char accounts[KEY], names[KEY];
    bool done = derive(secret, "seal", none, out->seal) &&
                derive(secret, "accounts", none, accounts) && derive(secret, "names", none, names);
    memcpy(out->accounts, accounts, sizeof out->accounts);
    memcpy(out->names, names, sizeof out->names);
    OPENSSL_cleanse(accounts, sizeof accounts);
    OPENSSL_cleanse(names, sizeof names);
    return done;
}

/* ---- sealing ---- */

/* A cipher at its beginning: NULL: out of memory. `head`: salt and nonce. */
static EVP_CIPHER_CTX *begin(const struct sharing_keys *keys, const unsigned char *head,
                             struct slice about, int encrypts)
{
    unsigned char key[KEY];
    int n;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool done =
        ctx && about.len <= INT_MAX &&
        derive(keys->seal, "entry", (struct slice){(const char *)head, SALT}, key) &&
        EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), key, head + SALT, encrypts, NULL) > 0 &&
        EVP_CipherUpdate(ctx, NULL, &n, (const unsigned char *)about.ptr, (int)about.len) > 0;
    OPENSSL_cleanse(key, sizeof key);
    if (done)
        return ctx;
    EVP_CIPHER_CTX_free(ctx);
    return NULL;
}

static bool pass(EVP_CIPHER_CTX *ctx, struct slice octets, unsigned char *out)
{
    int n = 0;
    return octets.len == 0 ||
           EVP_CipherUpdate(ctx, out, &n, (const unsigned char *)octets.ptr, (int)octets.len) > 0;
}

bool sharing_seal(const struct sharing_keys *keys, struct slice about, struct slice plain,
                  struct buf *out)
{
    unsigned char none[EVP_MAX_BLOCK_LENGTH];
    int n;
    if (plain.len > INT_MAX - SHARING_SEALED)
        return false;
    unsigned char *room = malloc(plain.len + SHARING_SEALED);
    bool random = room && RAND_bytes(room, HEAD) > 0;
    EVP_CIPHER_CTX *ctx = random ? begin(keys, room, about, 1) : NULL;
    bool done = ctx && pass(ctx, plain, room + HEAD) && EVP_CipherFinal_ex(ctx, none, &n) > 0 &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, room + HEAD + plain.len) > 0 &&
                buf_append(out, (struct slice){(char *)room, plain.len + SHARING_SEALED});
    EVP_CIPHER_CTX_free(ctx);
    free(room);
    return done;
}

bool sharing_unseal(const struct sharing_keys *keys, struct slice about, struct slice sealed,
                    struct buf *out)
{
    unsigned char none[EVP_MAX_BLOCK_LENGTH], tag[TAG];
    int n;
    if (sealed.len < SHARING_SEALED || sealed.len > INT_MAX)
        return false;
    struct slice coded = slice_sub(sealed, HEAD, sealed.len - TAG);
    memcpy(tag, sealed.ptr + sealed.len - TAG, TAG);
    unsigned char *room = malloc(coded.len + 1);
    EVP_CIPHER_CTX *ctx = room ? begin(keys, (const unsigned char *)sealed.ptr, about, 0) : NULL;
    bool done = ctx && pass(ctx, coded, room) &&
                EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) > 0 &&
                EVP_CipherFinal_ex(ctx, none, &n) > 0 &&
                buf_append(out, (struct slice){(char *)room, coded.len});
    EVP_CIPHER_CTX_free(ctx);
    free(room);
    ERR_clear_error();
    return done;
}
