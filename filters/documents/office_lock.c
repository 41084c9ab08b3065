/* SPDX-License-Identifier: ISC */
#include "filters/documents/office_lock.h"

#include "base/utf8.h"
#include "filters/cpu_budget.h"
#include "filters/mime/bytes.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

enum {
    BLOCK = 16,
    SEGMENT = 4096, /* octets that have an initial vector of their own */
    SIZE = 8,       /* octets before the package that say how long it is */
    NUMBER = 4,
    BLOCK_KEY = 8,
    PAD = 0x36,
    STANDARD_PAD = 0x5c,
    STANDARD_ROOM = 64,
    SPINS_AT_ONCE = 1000,
    SPIN_OCTETS = 16, /* that one counts for */
};

struct digest {
    unsigned char octets[EVP_MAX_MD_SIZE];
    unsigned len;
};

/* Hash of two texts behind each other. */
static bool hash_pair(EVP_MD_CTX *ctx, const char *hash, const void *a, size_t a_len, const void *b,
                      size_t b_len, struct digest *out)
{
    return EVP_DigestInit_ex(ctx, EVP_get_digestbyname(hash), NULL) == 1 &&
           EVP_DigestUpdate(ctx, a, a_len) == 1 && EVP_DigestUpdate(ctx, b, b_len) == 1 &&
           EVP_DigestFinal_ex(ctx, out->octets, &out->len) == 1;
}

static void put_number(unsigned char out[NUMBER], uint32_t number)
{
    for (unsigned i = 0; i < NUMBER; i++)
        out[i] = (unsigned char)(number >> (8 * i));
}

size_t office_wide_password(struct slice text, unsigned char out[OFFICE_WIDE_MAX])
{
    size_t n = 0;
    while (text.len && n + 4 <= OFFICE_WIDE_MAX) {
        uint32_t code;
        size_t len = utf8_next(text, &code);
        if (len == 0)
            code = (unsigned char)text.ptr[0];
        uint32_t pair = code >= 0x10000 ? 0xdc00 + ((code - 0x10000) & 0x3ff) : 0;
        code = pair ? 0xd800 + ((code - 0x10000) >> 10) : code;
        out[n++] = (unsigned char)code;
        out[n++] = (unsigned char)(code >> 8);
        if (pair) {
            out[n++] = (unsigned char)pair;
            out[n++] = (unsigned char)(pair >> 8);
        }
        text = slice_from(text, len ? len : 1);
    }
    return n;
}

/* What makes it slow. */
static bool spin(EVP_MD_CTX *ctx, const struct office_lock *lock, struct digest *d)
{
    const EVP_MD *md = EVP_get_digestbyname(lock->password.hash);
    unsigned char number[NUMBER];
    for (uint32_t i = 0; i < lock->spins; i++) {
        put_number(number, i);
        if (EVP_DigestInit_ex(ctx, i ? NULL : md, NULL) != 1 ||
            EVP_DigestUpdate(ctx, number, NUMBER) != 1 ||
            EVP_DigestUpdate(ctx, d->octets, d->len) != 1 ||
            EVP_DigestFinal_ex(ctx, d->octets, &d->len) != 1)
            return false;
        if (i % SPINS_AT_ONCE == 0 && cpu_budget_spent((size_t)SPINS_AT_ONCE * SPIN_OCTETS))
            return false;
    }
    return true;
}

static bool hash_password(EVP_MD_CTX *ctx, const struct office_lock *lock, struct slice password,
                          struct digest *out)
{
    unsigned char wide[OFFICE_WIDE_MAX];
    size_t len = office_wide_password(password, wide);
    bool done = hash_pair(ctx, lock->password.hash, lock->password.octets, lock->password.len, wide,
                          len, out) &&
                spin(ctx, lock, out);
    OPENSSL_cleanse(wide, sizeof wide);
    return done;
}

/* ---- AES, without padding */

static const EVP_CIPHER *cipher_of(size_t key, bool chained)
{
    if (chained)
        return key == 16 ? EVP_aes_128_cbc() : key == 24 ? EVP_aes_192_cbc() : EVP_aes_256_cbc();
    return key == 16 ? EVP_aes_128_ecb() : key == 24 ? EVP_aes_192_ecb() : EVP_aes_256_ecb();
}

/* In place; `vector` NULL: each block by itself. */
static bool decrypt(const unsigned char *key, size_t key_len, const unsigned char *vector,
                    unsigned char *octets, size_t len)
{
    int n = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool done = ctx && len % BLOCK == 0 && len <= INT_MAX &&
                EVP_DecryptInit_ex(ctx, cipher_of(key_len, vector), NULL, key, vector) == 1 &&
                EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
                EVP_DecryptUpdate(ctx, octets, &n, octets, (int)len) == 1 && (size_t)n == len;
    EVP_CIPHER_CTX_free(ctx);
    return done;
}

/* ---- agile */

static bool decrypt_secret(EVP_MD_CTX *ctx, const struct office_lock *lock, const struct digest *d,
                           const unsigned char block_key[BLOCK_KEY], struct office_secret *secret)
{
    struct digest own;
    unsigned char key[OFFICE_KEY_MAX], vector[BLOCK];
    if (!hash_pair(ctx, lock->password.hash, d->octets, d->len, block_key, BLOCK_KEY, &own))
        return false;
    memset(key, PAD, sizeof key);
    memset(vector, PAD, sizeof vector);
    memcpy(key, own.octets, own.len < sizeof key ? own.len : sizeof key);
    memcpy(vector, lock->password.octets, lock->password.len < BLOCK ? lock->password.len : BLOCK);
    return decrypt(key, lock->password.key, vector, secret->octets, secret->len);
}

static bool try_agile(EVP_MD_CTX *ctx, const struct office_lock *lock, const struct digest *d,
                      struct office_key *out)
{
    static const unsigned char of_verifier[] = {0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79},
                               of_hash[] = {0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e},
                               of_key[] = {0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6};
    struct office_secret verifier = lock->verifier, hash = lock->verifier_hash, key = lock->key;
    struct digest proof;
    if (!decrypt_secret(ctx, lock, d, of_verifier, &verifier) ||
        !decrypt_secret(ctx, lock, d, of_hash, &hash))
        return false;
    size_t len = lock->password.len < verifier.len ? lock->password.len : verifier.len;
    if (!hash_pair(ctx, lock->password.hash, verifier.octets, len, "", 0, &proof) ||
        hash.len < proof.len || memcmp(hash.octets, proof.octets, proof.len) != 0 ||
        !decrypt_secret(ctx, lock, d, of_key, &key))
        return false;
    out->len = lock->package.key;
    memcpy(out->octets, key.octets, out->len);
    return true;
}

/* ---- standard */

static bool standard_key(EVP_MD_CTX *ctx, const struct digest *d, size_t len,
                         struct office_key *out)
{
    static const unsigned char pads[] = {PAD, STANDARD_PAD}, none[NUMBER];
    unsigned char keys[2 * EVP_MAX_MD_SIZE], room[STANDARD_ROOM];
    struct digest own, half;
    size_t n = 0;
    if (!hash_pair(ctx, "SHA1", d->octets, d->len, none, NUMBER, &own))
        return false;
    for (size_t i = 0; i < sizeof pads; i++) {
        memset(room, pads[i], sizeof room);
        for (size_t k = 0; k < own.len; k++)
            room[k] ^= own.octets[k];
        if (!hash_pair(ctx, "SHA1", room, sizeof room, "", 0, &half))
            return false;
        memcpy(keys + n, half.octets, half.len);
        n += half.len;
    }
    out->len = len;
    memcpy(out->octets, keys, len);
    return true;
}

static bool try_standard(EVP_MD_CTX *ctx, const struct office_lock *lock, const struct digest *d,
                         struct office_key *out)
{
    struct office_secret verifier = lock->verifier, hash = lock->verifier_hash;
    struct digest proof;
    return standard_key(ctx, d, lock->password.key, out) &&
           decrypt(out->octets, out->len, NULL, verifier.octets, verifier.len) &&
           decrypt(out->octets, out->len, NULL, hash.octets, hash.len) &&
           hash_pair(ctx, "SHA1", verifier.octets, verifier.len, "", 0, &proof) &&
           memcmp(hash.octets, proof.octets, proof.len) == 0;
}

bool office_lock_try(const struct office_lock *lock, struct slice password, struct office_key *key)
{
    struct digest digest;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool opened =
        ctx && hash_password(ctx, lock, password, &digest) &&
        (lock->agile ? try_agile(ctx, lock, &digest, key) : try_standard(ctx, lock, &digest, key));
    EVP_MD_CTX_free(ctx);
    return opened;
}

/* ---- the package */

static bool decrypt_segments(EVP_MD_CTX *ctx, const struct office_lock *lock,
                             const struct office_key *key, unsigned char *octets, size_t len)
{
    unsigned char number[NUMBER], vector[BLOCK];
    struct digest own;
    for (size_t at = 0; at < len; at += SEGMENT) {
        size_t n = len - at < SEGMENT ? len - at : SEGMENT;
        put_number(number, (uint32_t)(at / SEGMENT));
        if (cpu_budget_spent(n) || !hash_pair(ctx, lock->package.hash, lock->package.octets,
                                              lock->package.len, number, NUMBER, &own))
            return false;
        memset(vector, PAD, sizeof vector);
        memcpy(vector, own.octets, own.len < BLOCK ? own.len : BLOCK);
        if (!decrypt(key->octets, key->len, vector, octets + at, n))
            return false;
    }
    return true;
}

struct slice office_lock_open(const struct office_lock *lock, const struct office_key *key,
                              char *stream, size_t len)
{
    const struct slice none = {"", 0};
    if (len < SIZE)
        return none;
    uint64_t size = bytes_le64((struct slice){stream, len}, 0);
    size_t blocks = (len - SIZE) / BLOCK * BLOCK;
    unsigned char *octets = (unsigned char *)stream + SIZE;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool opened = ctx && (lock->agile ? decrypt_segments(ctx, lock, key, octets, blocks)
                                      : decrypt(key->octets, key->len, NULL, octets, blocks));
    EVP_MD_CTX_free(ctx);
    return opened ? (struct slice){stream + SIZE, size < blocks ? (size_t)size : blocks} : none;
}

void office_lock_warm_up(void)
{
    static const char *const hashes[] = {"SHA1", "SHA256", "SHA384", "SHA512"};
    struct office_key key;
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
        struct office_lock lock = {.agile = true,
                                   .spins = 1,
                                   .password = {.hash = hashes[i], .len = BLOCK, .key = 16},
                                   .package = {.hash = hashes[i], .len = BLOCK, .key = 16},
                                   .verifier.len = BLOCK,
                                   .verifier_hash.len = EVP_MAX_MD_SIZE};
        office_lock_try(&lock, OFFICE_OWN_PASSWORD, &key);
    }
}
