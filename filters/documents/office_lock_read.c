/* SPDX-License-Identifier: ISC
 * How a document says that it is locked. */
#include "filters/documents/office_lock.h"
#include "filters/html/html_tokens.h"
#include "filters/mime/bytes.h"

#include <openssl/evp.h>
#include <string.h>

enum {
    INFO_MAX = 64 * 1024,
    INFO_HEADER = 8, /* version, flags */
    ENCODED_MAX = OFFICE_SECRET_MAX / 3 * 4 + 4,
    STANDARD_SPINS = 50000,
    STANDARD_SALT = 16,
    STANDARD_VERIFIER = 16,
    STANDARD_HASH = 32, /* SHA-1, to whole blocks */
    ALGORITHM_AES_128 = 0x660e,
    ALGORITHM_AES_256 = 0x6610,
    BITS = 8,
};

static bool set_octets(unsigned char *out, size_t size, struct slice from, size_t *len)
{
    if (from.len > size)
        return false;
    memcpy(out, from.ptr, from.len);
    *len = from.len;
    return true;
}

/* ---- agile: XML */

static size_t from_base64(struct slice text, unsigned char *out, size_t size)
{
    unsigned char room[ENCODED_MAX];
    size_t padding = 0;
    while (padding < 2 && padding < text.len && text.ptr[text.len - 1 - padding] == '=')
        padding++;
    if (text.len % 4 || text.len > ENCODED_MAX)
        return 0;
    int n = EVP_DecodeBlock(room, (const unsigned char *)text.ptr, (int)text.len);
    if (n < (int)padding || (size_t)n - padding > size)
        return 0;
    memcpy(out, room, (size_t)n - padding);
    return (size_t)n - padding;
}

static const char *hash_of(struct slice name)
{
    static const struct {
        struct slice name;
        const char *openssl;
    } hashes[] = {{SLICE("SHA1"), "SHA1"},     {SLICE("SHA-1"), "SHA1"},
                  {SLICE("SHA256"), "SHA256"}, {SLICE("SHA-256"), "SHA256"},
                  {SLICE("SHA384"), "SHA384"}, {SLICE("SHA-384"), "SHA384"},
                  {SLICE("SHA512"), "SHA512"}, {SLICE("SHA-512"), "SHA512"}};
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++)
        if (slice_ieq(name, hashes[i].name))
            return hashes[i].openssl;
    return NULL;
}

/* What both elements say. False: it cannot be opened here. */
static bool read_salt(struct office_salt *salt, struct slice name, struct slice value)
{
    uint64_t bits;
    if (slice_eq(name, SLICE("saltValue")))
        salt->len = from_base64(value, salt->octets, sizeof salt->octets);
    else if (slice_eq(name, SLICE("hashAlgorithm")))
        salt->hash = hash_of(value);
    else if (slice_eq(name, SLICE("keyBits")))
        salt->key =
            slice_to_u64(value, (uint64_t)OFFICE_KEY_MAX * BITS, &bits) ? (size_t)bits / BITS : 0;
    else if (slice_eq(name, SLICE("cipherAlgorithm")))
        return slice_ieq(value, SLICE("AES"));
    else if (slice_eq(name, SLICE("cipherChaining")))
        return slice_ieq(value, SLICE("ChainingModeCBC"));
    else if (slice_eq(name, SLICE("blockSize")))
        return slice_eq(value, SLICE("16"));
    return true;
}

static void read_secret(struct office_secret *out, struct slice value)
{
    out->len = from_base64(value, out->octets, sizeof out->octets);
}

static bool read_key(struct office_lock *lock, struct slice name, struct slice value)
{
    uint64_t spins;
    if (slice_eq(name, SLICE("spinCount"))) {
        bool fits = slice_to_u64(value, OFFICE_SPINS_MAX, &spins);
        lock->spins = fits ? (uint32_t)spins : 0;
        return fits;
    }
    if (slice_eq(name, SLICE("encryptedVerifierHashInput")))
        read_secret(&lock->verifier, value);
    else if (slice_eq(name, SLICE("encryptedVerifierHashValue")))
        read_secret(&lock->verifier_hash, value);
    else if (slice_eq(name, SLICE("encryptedKeyValue")))
        read_secret(&lock->key, value);
    return read_salt(&lock->password, name, value);
}

static bool is_cipher_key(size_t octets)
{
    return octets == 16 || octets == 24 || octets == 32;
}

static bool is_complete(const struct office_lock *lock)
{
    return lock->password.hash && lock->package.hash && lock->password.len && lock->package.len &&
           is_cipher_key(lock->password.key) && is_cipher_key(lock->package.key) &&
           lock->verifier.len && lock->verifier_hash.len && lock->key.len >= lock->package.key;
}

static bool read_agile(struct slice xml, struct office_lock *lock)
{
    struct html_tokens tokens = html_tokens_of(xml, HTML_XML);
    struct html_token token;
    struct slice element = {"", 0};
    bool known = true;
    lock->agile = true;
    while (known && html_next(&tokens, &token)) {
        if (token.kind == HTML_TAG)
            element = token.name;
        else if (token.kind == HTML_ATTRIBUTE && slice_eq(element, SLICE("keyData")))
            known = read_salt(&lock->package, token.name, token.value);
        else if (token.kind == HTML_ATTRIBUTE && slice_iends(element, SLICE("encryptedKey")))
            known = read_key(lock, token.name, token.value);
    }
    return known && is_complete(lock);
}

/* ---- standard: octets */

static bool read_standard(struct slice info, struct office_lock *lock)
{
    uint32_t header = bytes_le32(info, 0);
    struct slice verifier = slice_from(info, 4 + (size_t)header);
    uint32_t algorithm = bytes_le32(info, 4 + 8);
    uint32_t bits = bytes_le32(info, 4 + 16);
    size_t hash = 4 + STANDARD_SALT + STANDARD_VERIFIER + 4;
    if (algorithm < ALGORITHM_AES_128 || algorithm > ALGORITHM_AES_256 ||
        !is_cipher_key(bits / BITS) || bytes_le32(verifier, 0) != STANDARD_SALT ||
        !bytes_has(verifier, 0, hash + STANDARD_HASH))
        return false;
    lock->spins = STANDARD_SPINS;
    lock->password.hash = "SHA1";
    lock->password.key = bits / BITS;
    size_t at = 4 + STANDARD_SALT;
    return set_octets(lock->password.octets, OFFICE_SALT_MAX, slice_sub(verifier, 4, at),
                      &lock->password.len) &&
           set_octets(lock->verifier.octets, OFFICE_SECRET_MAX,
                      slice_sub(verifier, at, at + STANDARD_VERIFIER), &lock->verifier.len) &&
           set_octets(lock->verifier_hash.octets, OFFICE_SECRET_MAX,
                      slice_sub(verifier, hash, hash + STANDARD_HASH), &lock->verifier_hash.len);
}

bool office_lock_read(struct arena *arena, const struct ole *ole, struct office_lock *out)
{
    *out = (struct office_lock){0};
    const struct ole_entry *entry = ole_find(ole, SLICE("EncryptionInfo"));
    if (!entry)
        return false;
    struct slice info = ole_read(arena, ole, entry, INFO_MAX);
    if (!bytes_has(info, 0, INFO_HEADER))
        return false;
    uint16_t major = bytes_le16(info, 0), minor = bytes_le16(info, 2);
    if (major == 4 && minor == 4)
        return read_agile(slice_from(info, INFO_HEADER), out);
    return major >= 2 && major <= 4 && minor == 2 &&
           read_standard(slice_from(info, INFO_HEADER), out);
}
