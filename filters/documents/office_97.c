/* SPDX-License-Identifier: ISC */
#include "filters/documents/office_97.h"

#include "filters/cpu_budget.h"
#include "filters/documents/office_97_streams.h"
#include "filters/documents/office_lock.h"
#include "filters/mime/bytes.h"
#include "filters/rc4.h"

#include <openssl/evp.h>
#include <string.h>

enum {
    PREFIX = 5, /* octets of MD5's that count */
    TIMES = 16, /* that prefix and salt are hashed */
    PARTS = 2 * TIMES,
    RC4_KEY = 16,
    NUMBER = 4,
    BITS_USUAL = 40,
    MD5_LEN = 16,
    SHA1_LEN = 20,
};

static bool hash(bool cryptoapi, const struct slice *parts, size_t count, char out[EVP_MAX_MD_SIZE])
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = ctx && EVP_DigestInit_ex(ctx, cryptoapi ? EVP_sha1() : EVP_md5(), NULL) == 1;
    for (size_t i = 0; ok && i < count; i++)
        ok = EVP_DigestUpdate(ctx, parts[i].ptr, parts[i].len) == 1;
    ok = ok && EVP_DigestFinal_ex(ctx, (unsigned char *)out, NULL) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

/* ---- the lock ---- */

static void take(char *out, struct slice in, uint64_t at, size_t len)
{
    memcpy(out, in.ptr + at, len);
}

/* [MS-OFFCRYPTO] 2.3.6.1: version, salt, verifier, its hash. */
static bool read_standard(struct slice s, struct office_97_lock *out)
{
    const size_t salt = 4, verifier = salt + OFFICE_97_SALT, proof = verifier + OFFICE_97_VERIFIER;
    if (!bytes_has(s, proof, MD5_LEN))
        return false;
    *out = (struct office_97_lock){.key = PREFIX};
    take(out->salt, s, salt, OFFICE_97_SALT);
    take(out->verifier, s, verifier, OFFICE_97_VERIFIER);
    take(out->hash, s, proof, MD5_LEN);
    return true;
}

/* 2.3.5.1: version, flags, the header's size, the header (2.3.2), the verifier (2.3.3). */
static bool read_cryptoapi(struct slice s, struct office_97_lock *out)
{
    const size_t header = 12;
    uint32_t size = bytes_le32(s, 8), bits = bytes_le32(s, header + 16);
    size_t salt = header + (size_t)size + 4, verifier = salt + OFFICE_97_SALT;
    size_t proof = verifier + OFFICE_97_VERIFIER + 4;
    bits = bits ? bits : BITS_USUAL;
    if (size > s.len || !bytes_has(s, proof, SHA1_LEN) || bits % 8 || bits < 40 || bits > 128)
        return false;
    *out = (struct office_97_lock){.cryptoapi = true, .key = bits / 8};
    take(out->salt, s, salt, OFFICE_97_SALT);
    take(out->verifier, s, verifier, OFFICE_97_VERIFIER);
    take(out->hash, s, proof, SHA1_LEN);
    return true;
}

bool office_97_read(struct arena *arena, const struct ole *ole, struct office_97_lock *out)
{
    struct slice header = office_97_header(arena, ole);
    uint16_t major = bytes_le16(header, 0), minor = bytes_le16(header, 2);
    if (major == 1 && minor == 1)
        return read_standard(header, out);
    return major >= 2 && major <= 4 && minor == 2 && read_cryptoapi(header, out);
}

/* ---- keys ---- */

/* 2.3.6.2: MD5 of sixteen times the beginning of the password's MD5 and the salt. */
static bool standard_base(const struct office_97_lock *lock, struct slice password, char *out)
{
    struct slice parts[PARTS];
    char first[EVP_MAX_MD_SIZE];
    if (!hash(false, &password, 1, first))
        return false;
    for (size_t i = 0; i < TIMES; i++) {
        parts[2 * i] = (struct slice){first, PREFIX};
        parts[2 * i + 1] = (struct slice){lock->salt, OFFICE_97_SALT};
    }
    return hash(false, parts, PARTS, out);
}

static bool make_base(const struct office_97_lock *lock, struct slice password,
                      struct office_97_key *key)
{
    char out[EVP_MAX_MD_SIZE];
    const struct slice parts[] = {{lock->salt, OFFICE_97_SALT}, password};
    key->len = lock->cryptoapi ? SHA1_LEN : PREFIX;
    bool made = lock->cryptoapi ? hash(true, parts, 2, out) : standard_base(lock, password, out);
    if (made)
        memcpy(key->base, out, key->len);
    return made;
}

bool office_97_block(const struct office_97_lock *lock, const struct office_97_key *key,
                     uint32_t block, char *octets, size_t len)
{
    char out[EVP_MAX_MD_SIZE], number[NUMBER];
    for (unsigned i = 0; i < NUMBER; i++)
        number[i] = (char)(block >> (8 * i));
    const struct slice parts[] = {{key->base, key->len}, {number, NUMBER}};
    if (cpu_budget_spent(len) || !hash(lock->cryptoapi, parts, 2, out))
        return false;
    size_t used = lock->cryptoapi ? lock->key : RC4_KEY;
    if (used == BITS_USUAL / 8) { /* 2.3.5.2: forty bits stand before zeros */
        memset(out + used, 0, RC4_KEY - used);
        used = RC4_KEY;
    }
    rc4((struct slice){out, used}, octets, len);
    return true;
}

bool office_97_try(const struct office_97_lock *lock, struct slice password,
                   struct office_97_key *key)
{
    unsigned char wide[OFFICE_WIDE_MAX];
    size_t len = office_wide_password(password, wide), n = lock->cryptoapi ? SHA1_LEN : MD5_LEN;
    char both[OFFICE_97_VERIFIER + OFFICE_97_HASH], proof[EVP_MAX_MD_SIZE];
    memcpy(both, lock->verifier, OFFICE_97_VERIFIER);
    memcpy(both + OFFICE_97_VERIFIER, lock->hash, n);
    const struct slice verifier = {both, OFFICE_97_VERIFIER};
    return make_base(lock, (struct slice){(const char *)wide, len}, key) &&
           office_97_block(lock, key, 0, both, OFFICE_97_VERIFIER + n) &&
           hash(lock->cryptoapi, &verifier, 1, proof) &&
           memcmp(proof, both + OFFICE_97_VERIFIER, n) == 0;
}
