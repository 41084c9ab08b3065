/* SPDX-License-Identifier: ISC */
#include "keeper/sealed_form.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

enum { SECRET = 32, NONCE = 12, NUMBER_END = NONCE - 1, ENCRYPT = 1, DECRYPT = 0, AS_BEFORE = -1 };

static EVP_KDF *hkdf;
static EVP_CIPHER *gcm;

static bool fetch(void)
{
    if (!hkdf)
        hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    if (!gcm)
        gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    return hkdf && gcm;
}

/* ---- the key ---- */

/* Refuses keys with which the secret would be zero, whoever has the other one. */
static bool agree(EVP_PKEY *own, EVP_PKEY *peer, unsigned char secret[static SECRET])
{
    size_t len = SECRET;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    bool done = ctx && EVP_PKEY_derive_init(ctx) > 0 && EVP_PKEY_derive_set_peer(ctx, peer) > 0 &&
                EVP_PKEY_derive(ctx, secret, &len) > 0 && len == SECRET;
    EVP_PKEY_CTX_free(ctx);
    return done;
}

static bool expand(unsigned char secret[static SECRET], unsigned char salt[static 2 * SEAL_KEY],
                   unsigned char key[static SECRET])
{
    static char digest[] = "SHA256", info[] = SEALED_INFO;
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, SECRET),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, (size_t)2 * SEAL_KEY),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, sizeof info - 1),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(hkdf);
    bool done = ctx && EVP_KDF_derive(ctx, key, SECRET, params) > 0;
    EVP_KDF_CTX_free(ctx);
    return done;
}

static bool start_cipher(struct sealed *s, const unsigned char key[static SECRET], int direction)
{
    s->cipher = EVP_CIPHER_CTX_new();
    return s->cipher && EVP_CipherInit_ex2(s->cipher, gcm, key, NULL, direction, NULL);
}

static bool start(struct sealed *s, EVP_PKEY *own, EVP_PKEY *peer, const struct seal_key *to,
                  int direction)
{
    unsigned char secret[SECRET], key[SECRET], salt[2 * SEAL_KEY];
    memcpy(salt, sealed_public(s->header), SEAL_KEY);
    memcpy(salt + SEAL_KEY, to->public, SEAL_KEY);
    bool done = fetch() && own && peer && agree(own, peer, secret) && expand(secret, salt, key) &&
                start_cipher(s, key, direction);
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(key, sizeof key);
    return done;
}

static EVP_PKEY *public_key(const unsigned char public[static SEAL_KEY])
{
    return EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, public, SEAL_KEY);
}

static bool write_header(struct sealed *s, const struct seal_key *to, EVP_PKEY *own)
{
    size_t len = SEAL_KEY;
    memcpy(s->header, SEALED_MAGIC, SEALED_MAGIC_LEN);
    memcpy(s->header + SEALED_MAGIC_LEN, to->id, SEAL_KEY_ID);
    return EVP_PKEY_get_raw_public_key(own, s->header + SEALED_MAGIC_LEN + SEAL_KEY_ID, &len) > 0;
}

bool sealed_begin(struct sealed *s, const struct seal_key *to, struct slice about)
{
    *s = (struct sealed){.about = about};
    EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), *peer = public_key(to->public);
    bool done = own && write_header(s, to, own) && start(s, own, peer, to, ENCRYPT);
    EVP_PKEY_free(own);
    EVP_PKEY_free(peer);
    ERR_clear_error();
    return done;
}

bool sealed_resume(struct sealed *s, const unsigned char header[static SEALED_HEADER],
                   const struct seal_key *to, const unsigned char private[static SEAL_KEY],
                   struct slice about)
{
    *s = (struct sealed){.about = about};
    memcpy(s->header, header, SEALED_HEADER);
    EVP_PKEY *own = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, private, SEAL_KEY);
    EVP_PKEY *peer = public_key(sealed_public(header));
    bool done = start(s, own, peer, to, DECRYPT);
    EVP_PKEY_free(own);
    EVP_PKEY_free(peer);
    ERR_clear_error();
    return done;
}

void sealed_end(struct sealed *s)
{
    EVP_CIPHER_CTX_free(s->cipher);
    *s = (struct sealed){.number = 0};
}

bool seal_key_of(const unsigned char public[static SEAL_KEY], struct seal_key *key)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    memcpy(key->public, public, SEAL_KEY);
    if (!EVP_Q_digest(NULL, "SHA256", NULL, public, SEAL_KEY, digest, NULL))
        return false;
    memcpy(key->id, digest, SEAL_KEY_ID);
    return true;
}

/* ---- chunks ---- */

static void make_nonce(uint64_t number, bool last, unsigned char nonce[static NONCE])
{
    memset(nonce, 0, NONCE);
    for (int at = NUMBER_END; number; number >>= 8)
        nonce[--at] = number & 0xff;
    nonce[NUMBER_END] = last;
}

static bool pass(EVP_CIPHER_CTX *cipher, unsigned char *out, const void *octets, size_t len)
{
    int done = 0;
    if (len == 0)
        return true;
    return len <= INT_MAX && EVP_CipherUpdate(cipher, out, &done, octets, (int)len);
}

static bool start_chunk(struct sealed *s, bool last)
{
    unsigned char nonce[NONCE];
    make_nonce(s->number++, last, nonce);
    return EVP_CipherInit_ex2(s->cipher, NULL, NULL, nonce, AS_BEFORE, NULL) &&
           pass(s->cipher, NULL, s->header, SEALED_HEADER) &&
           pass(s->cipher, NULL, s->about.ptr, s->about.len);
}

/* GCM keeps nothing back: at its end only the tag is made or looked at. */
static bool end_chunk(struct sealed *s)
{
    unsigned char none[EVP_MAX_BLOCK_LENGTH];
    int len = 0;
    return EVP_CipherFinal_ex(s->cipher, none, &len) > 0;
}

bool sealed_chunk(struct sealed *s, struct slice plain, bool last, unsigned char *out)
{
    return start_chunk(s, last) && pass(s->cipher, out, plain.ptr, plain.len) && end_chunk(s) &&
           EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_GET_TAG, SEALED_TAG, out + plain.len) > 0;
}

bool sealed_chunk_open(struct sealed *s, struct slice chunk, bool last, unsigned char *out)
{
    unsigned char tag[SEALED_TAG];
    if (chunk.len < SEALED_TAG)
        return false;
    size_t len = chunk.len - SEALED_TAG;
    memcpy(tag, chunk.ptr + len, SEALED_TAG);
    bool done = start_chunk(s, last) && pass(s->cipher, out, chunk.ptr, len) &&
                EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_SET_TAG, SEALED_TAG, tag) > 0 &&
                end_chunk(s);
    if (!done)
        OPENSSL_cleanse(out, len);
    ERR_clear_error();
    return done;
}

/* ---- before the jail ---- */

bool seal_prepare(void)
{
    static const unsigned char base_point[SEAL_KEY] = {9}; /* of RFC 7748: a key like another */
    unsigned char tag[SEALED_TAG];
    struct slice nothing = {NULL, 0};
    struct seal_key key;
    struct sealed s = {.number = 0};
    bool done = seal_key_of(base_point, &key) && sealed_begin(&s, &key, nothing) &&
                sealed_chunk(&s, nothing, true, tag);
    sealed_end(&s);
    return done;
}
