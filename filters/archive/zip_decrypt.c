/* SPDX-License-Identifier: ISC */
#include "filters/archive/zip_decrypt.h"

#include "filters/archive/zip_crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

enum {
    FLAG_STREAMED = 1 << 3,
    FLAG_STRONG = 1 << 6,
    METHOD_AES = 99,
    ROUNDS = 1000,
    VERIFIER = 2,
    MAC = 10, /* octets of the HMAC that are there */
    BLOCK = 16,
    KEY_MAX = 32,
    KEYS_MAX = 2 * KEY_MAX + VERIFIER,
    STEP = 4096, /* octets that are decrypted at once; whole blocks */
};

bool zip_decrypts(const struct zip_member *m)
{
    if (m->flags & FLAG_STRONG)
        return false;
    return m->method != METHOD_AES || (m->aes_strength >= 1 && m->aes_strength <= 3);
}

/* ---- AES: salt, verifier, octets, the beginning of their HMAC-SHA1 */

struct aes {
    struct slice salt, verifier, octets, mac;
    size_t key; /* octets */
};

static bool cut_aes(const struct zip_member *m, struct slice packed, struct aes *out)
{
    size_t salt = 4 + 4 * (size_t)m->aes_strength;
    if (packed.len < salt + VERIFIER + MAC)
        return false;
    *out = (struct aes){
        .salt = slice_sub(packed, 0, salt),
        .verifier = slice_sub(packed, salt, salt + VERIFIER),
        .octets = slice_sub(packed, salt + VERIFIER, packed.len - MAC),
        .mac = slice_from(packed, packed.len - MAC),
        .key = 8 + 8 * (size_t)m->aes_strength,
    };
    return true;
}

static const unsigned char *octets_of(struct slice s)
{
    return (const unsigned char *)s.ptr;
}

static bool derive(const struct aes *aes, struct slice password, unsigned char keys[KEYS_MAX])
{
    int length = (int)(2 * aes->key + VERIFIER);
    return PKCS5_PBKDF2_HMAC_SHA1(password.ptr, (int)password.len, octets_of(aes->salt),
                                  (int)aes->salt.len, ROUNDS, length, keys) == 1 &&
           memcmp(keys + 2 * aes->key, aes->verifier.ptr, VERIFIER) == 0;
}

static bool is_whole(const struct aes *aes, const unsigned char *key)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    return HMAC(EVP_sha1(), key, (int)aes->key, octets_of(aes->octets), aes->octets.len, mac,
                &length) &&
           memcmp(mac, aes->mac.ptr, MAC) == 0;
}

static const EVP_CIPHER *cipher_of(size_t key)
{
    return key == 16 ? EVP_aes_128_ecb() : key == 24 ? EVP_aes_192_ecb() : EVP_aes_256_ecb();
}

/* The counter runs from 1, its lowest octet first, other than OpenSSL's. */
static void count_on(unsigned char counter[BLOCK])
{
    for (size_t i = 0; i < 8 && ++counter[i] == 0; i++)
        ;
}

static bool decrypt_step(EVP_CIPHER_CTX *ctx, unsigned char counter[BLOCK], struct slice octets,
                         struct buf *plain)
{
    unsigned char counters[STEP] = {0}, stream[STEP + BLOCK];
    int length = 0;
    for (size_t at = 0; at < octets.len; at += BLOCK) {
        count_on(counter);
        memcpy(counters + at, counter, BLOCK);
    }
    int blocks = (int)((octets.len + BLOCK - 1) / BLOCK * BLOCK);
    if (EVP_EncryptUpdate(ctx, stream, &length, counters, blocks) != 1)
        return false;
    for (size_t i = 0; i < octets.len; i++)
        stream[i] ^= (unsigned char)octets.ptr[i];
    return buf_append(plain, (struct slice){(const char *)stream, octets.len});
}

static bool decrypt_aes(const struct aes *aes, const unsigned char *key, struct buf *plain)
{
    unsigned char counter[BLOCK] = {0};
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool going = ctx && EVP_EncryptInit_ex(ctx, cipher_of(aes->key), NULL, key, NULL) == 1;
    for (size_t at = 0; going && at < aes->octets.len; at += STEP)
        going = decrypt_step(ctx, counter, slice_sub(aes->octets, at, at + STEP), plain);
    EVP_CIPHER_CTX_free(ctx);
    return going;
}

static bool open_aes(const struct zip_member *m, struct slice packed, struct slice password,
                     struct buf *plain)
{
    struct aes aes;
    unsigned char keys[KEYS_MAX];
    bool opened = cut_aes(m, packed, &aes) && derive(&aes, password, keys) &&
                  is_whole(&aes, keys + aes.key) && decrypt_aes(&aes, keys, plain);
    OPENSSL_cleanse(keys, sizeof keys);
    return opened;
}

/* ---- PKWARE's */

static bool open_old(const struct zip_member *m, struct slice packed, struct slice password,
                     struct buf *plain)
{
    char step[STEP];
    struct zip_crypto crypto = zip_crypto_of(password);
    unsigned char last = 0;
    if (packed.len < ZIP_CRYPTO_HEADER)
        return false;
    for (size_t i = 0; i < ZIP_CRYPTO_HEADER; i++)
        last = zip_crypto_next(&crypto, (unsigned char)packed.ptr[i]);
    bool streamed = m->flags & FLAG_STREAMED && last == m->time >> 8;
    if (last != m->crc >> 24 && !streamed)
        return false;
    packed = slice_from(packed, ZIP_CRYPTO_HEADER);
    while (packed.len && !plain->failed) {
        size_t n = packed.len < STEP ? packed.len : STEP;
        for (size_t i = 0; i < n; i++)
            step[i] = (char)zip_crypto_next(&crypto, (unsigned char)packed.ptr[i]);
        buf_append(plain, (struct slice){step, n});
        packed = slice_from(packed, n);
    }
    return !plain->failed;
}

bool zip_decrypt(const struct zip_member *m, struct slice packed, struct slice password,
                 struct buf *plain)
{
    return m->method == METHOD_AES ? open_aes(m, packed, password, plain)
                                   : open_old(m, packed, password, plain);
}

void zip_decrypt_warm_up(void)
{
    static const char octets[4 + 4 + VERIFIER + MAC + BLOCK];
    struct zip_member m = {.method = METHOD_AES, .aes_strength = 1};
    unsigned char keys[KEYS_MAX];
    struct buf plain = buf_init(BLOCK);
    struct aes aes;
    if (cut_aes(&m, (struct slice){octets, sizeof octets}, &aes)) {
        derive(&aes, SLICE("warm"), keys);
        is_whole(&aes, keys);
        decrypt_aes(&aes, keys, &plain);
    }
    buf_release(&plain);
}
