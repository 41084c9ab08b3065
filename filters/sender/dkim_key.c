/* SPDX-License-Identifier: ISC */
#include "filters/sender/dkim_key.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static const char *const words[DKIM_ALGORITHMS] = {
    [DKIM_RSA_SHA256] = "rsa-sha256", [DKIM_ED25519_SHA256] = "ed25519-sha256"};
/* As in k=. */
static const char *const types[DKIM_ALGORITHMS] = {
    [DKIM_RSA_SHA256] = "rsa", [DKIM_ED25519_SHA256] = "ed25519"};

const char *dkim_algorithm_word(enum dkim_algorithm algorithm)
{
    return words[algorithm];
}

/* ---- read and made ---- */

static int no_passphrase(char *to, int size, int writing, void *asked)
{
    (void)to, (void)size, (void)writing;
    *(bool *)asked = true;
    return -1;
}

const char *dkim_private_read(struct slice pem, struct dkim_private *out)
{
    bool locked = false;
    BIO *in = pem.len <= DKIM_KEY_FILE_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
    *out = (struct dkim_private){0};
    out->key = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, &locked) : NULL;
    BIO_free(in);
    ERR_clear_error();
    if (!out->key)
        return locked ? "it is behind a passphrase, which nobody would type at a start; take it "
                        "off: openssl pkey -in FILE -out NEW"
                      : "there is no private key in it; expected PEM, such as -----BEGIN PRIVATE "
                        "KEY-----";
    int kind = EVP_PKEY_get_base_id(out->key);
    out->algorithm = kind == EVP_PKEY_ED25519 ? DKIM_ED25519_SHA256 : DKIM_RSA_SHA256;
    out->bits = (unsigned)EVP_PKEY_get_bits(out->key);
    if (kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_RSA)
        return NULL;
    dkim_private_free(out);
    return "it is of a type that DKIM does not know; expected RSA or Ed25519";
}

void dkim_private_free(struct dkim_private *key)
{
    EVP_PKEY_free(key->key);
    key->key = NULL;
}

const char *dkim_private_flaw(const struct dkim_private *key)
{
    if (key->algorithm != DKIM_RSA_SHA256)
        return NULL;
    return key->bits < DKIM_RSA_BITS_MIN   ? "it is too short; expected RSA with 2048 bits at least"
           : key->bits > DKIM_RSA_BITS_MAX ? "it is too long; expected RSA with 4096 bits at most"
                                           : NULL;
}

static EVP_PKEY *make(enum dkim_algorithm algorithm, unsigned bits)
{
    return algorithm == DKIM_RSA_SHA256 ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits)
                                        : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

bool dkim_private_make(enum dkim_algorithm algorithm, unsigned bits, struct buf *pem)
{
    EVP_PKEY *key = make(algorithm, bits);
    BIO *out = key ? BIO_new(BIO_s_secmem()) : NULL;
    char *octets = NULL;
    bool made = out && PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1;
    long len = made ? BIO_get_mem_data(out, &octets) : 0;
    if (len > 0)
        buf_append(pem, (struct slice){octets, (size_t)len});
    BIO_free(out);
    EVP_PKEY_free(key);
    return len > 0 && !pem->failed;
}

/* ---- used ---- */

static size_t sign_rsa(EVP_PKEY *key, const unsigned char *digest, unsigned char *signature)
{
    size_t len = DKIM_SIGNATURE_MAX;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    bool ok = context && EVP_PKEY_sign_init(context) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
              EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
              EVP_PKEY_sign(context, signature, &len, digest, DIGEST_OCTETS) == 1;
    EVP_PKEY_CTX_free(context);
    return ok ? len : 0;
}

/* RFC 8463 3: what is signed is the digest, as a message. */
static size_t sign_ed25519(EVP_PKEY *key, const unsigned char *digest, unsigned char *signature)
{
    size_t len = DKIM_SIGNATURE_MAX;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestSign(context, signature, &len, digest, DIGEST_OCTETS) == 1;
    EVP_MD_CTX_free(context);
    return ok ? len : 0;
}

size_t dkim_private_sign(const struct dkim_private *key,
                         const unsigned char digest[static DIGEST_OCTETS],
                         unsigned char signature[static DKIM_SIGNATURE_MAX])
{
    size_t len = key->algorithm == DKIM_RSA_SHA256 ? sign_rsa(key->key, digest, signature)
                                                   : sign_ed25519(key->key, digest, signature);
    ERR_clear_error();
    return len;
}

/* ---- published ---- */

/* RFC 8463 4.2: the 32 octets themselves. */
static unsigned char *public_of(const struct dkim_private *key, size_t *len)
{
    unsigned char *der = NULL;
    if (key->algorithm == DKIM_RSA_SHA256) {
        int size = i2d_PUBKEY(key->key, &der);
        *len = size > 0 ? (size_t)size : 0;
        return der;
    }
    *len = 32;
    der = OPENSSL_malloc(*len);
    if (der && EVP_PKEY_get_raw_public_key(key->key, der, len) == 1)
        return der;
    OPENSSL_free(der);
    return NULL;
}

bool dkim_private_record(const struct dkim_private *key, struct buf *out)
{
    char base64[1024]; /* RSA with 4096 bits takes 736 */
    size_t len = 0;
    unsigned char *public = public_of(key, &len);
    bool ok = public && len > 0 && len <= sizeof base64 / 4 * 3 - 3;
    if (ok) {
        EVP_EncodeBlock((unsigned char *)base64, public, (int)len);
        buf_printf(out, "v=DKIM1; k=%s; p=%s", types[key->algorithm], base64);
    }
    OPENSSL_free(public);
    return ok && !out->failed;
}

bool dkim_record_algorithm(struct slice record, enum dkim_algorithm *algorithm)
{
    static const struct slice begin[DKIM_ALGORITHMS] = {
        [DKIM_RSA_SHA256] = {"v=DKIM1; k=rsa;", 15},
        [DKIM_ED25519_SHA256] = {"v=DKIM1; k=ed25519;", 19}};
    for (int i = 0; i < DKIM_ALGORITHMS; i++)
        if (slice_starts(record, begin[i])) {
            *algorithm = (enum dkim_algorithm)i;
            return true;
        }
    return false;
}
