/* SPDX-License-Identifier: ISC */
#include "keeper/unseal.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

/* What stands between two lines of PEM; its octets are secret. */
struct block {
    char *name, *header;
    unsigned char *octets;
    long len;
};

static void block_free(struct block *b)
{
    OPENSSL_secure_free(b->name);
    OPENSSL_secure_free(b->header);
    OPENSSL_secure_clear_free(b->octets, (size_t)b->len);
    *b = (struct block){.len = 0};
}

/* NULL, and a block, or nothing: there is no more. Else why not. */
static const char *next_block(BIO *text, struct block *b)
{
    enum { FLAGS = PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE };
    *b = (struct block){.len = 0};
    ERR_clear_error();
    if (PEM_read_bio_ex(text, &b->name, &b->header, &b->octets, &b->len, FLAGS))
        return NULL;
    *b = (struct block){.len = 0};
    bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    return end ? NULL : "this is no well-formed PEM";
}

/* NULL: it is no key. */
static EVP_PKEY *decode(const struct block *b)
{
    const unsigned char *at = b->octets;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, b->len);
    EVP_PKEY *key = info && at == b->octets + b->len ? EVP_PKCS82PKEY(info) : NULL;
    PKCS8_PRIV_KEY_INFO_free(info);
    return key;
}

static const char *take_raw(const EVP_PKEY *key, struct unseal_key *out)
{
    size_t private_len = SEAL_KEY, public_len = SEAL_KEY;
    unsigned char public[SEAL_KEY];
    if (!EVP_PKEY_is_a(key, "X25519"))
        return "one key is not of X25519";
    if (EVP_PKEY_get_raw_private_key(key, out->private, &private_len) <= 0 ||
        EVP_PKEY_get_raw_public_key(key, public, &public_len) <= 0 ||
        !seal_key_of(public, &out->public))
        return "out of memory";
    return NULL;
}

static const char *take_block(const struct block *b, struct unseal_keys *keys)
{
    if (strcmp(b->name, PEM_STRING_PKCS8) == 0 || b->header[0])
        return "one key has a passphrase";
    if (strcmp(b->name, PEM_STRING_PKCS8INF) != 0)
        return "something beside private keys in PKCS#8 is there";
    if (keys->count == UNSEAL_KEYS)
        return "there are too many keys";
    EVP_PKEY *key = decode(b);
    if (!key)
        return "one key cannot be read";
    const char *reason = take_raw(key, &keys->keys[keys->count++]);
    EVP_PKEY_free(key);
    return reason;
}

static const char *take_all(BIO *text, struct unseal_keys *keys)
{
    struct block b;
    const char *reason = next_block(text, &b);
    while (!reason && b.name) {
        reason = take_block(&b, keys);
        block_free(&b);
        if (!reason)
            reason = next_block(text, &b);
    }
    return reason || keys->count ? reason : "no private key is there";
}

static const char *read_text(struct slice pem, struct unseal_keys *keys)
{
    if (pem.len > UNSEAL_PEM)
        return "it is too large for a few keys";
    if (pem.len == 0)
        return "no private key is there";
    BIO *text = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    const char *reason = text ? take_all(text, keys) : "out of memory";
    BIO_free(text);
    return reason;
}

bool unseal_keys_read(struct slice pem, struct unseal_keys *keys, const char **reason)
{
    keys->count = 0;
    *reason = read_text(pem, keys);
    if (*reason)
        unseal_keys_wipe(keys);
    ERR_clear_error();
    return !*reason;
}

void unseal_keys_public(const struct unseal_keys *keys, size_t index, struct seal_key *out)
{
    *out = keys->keys[index].public;
}

void unseal_keys_wipe(struct unseal_keys *keys)
{
    OPENSSL_cleanse(keys, sizeof *keys);
}
