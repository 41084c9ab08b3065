/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/retry_seal.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

enum { NONCE = 12, TAG = 16, PLAIN_MAX = 1024 };
_Static_assert(NONCE + TAG == RETRY_SEAL, "a sealed retry is nonce, text, tag");

static EVP_CIPHER_CTX *begin(const uint8_t *secret, const unsigned char *nonce, int direction)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    if (cipher && EVP_CipherInit_ex2(cipher, EVP_aes_256_gcm(), secret, nonce, direction, NULL))
        return cipher;
    EVP_CIPHER_CTX_free(cipher);
    return NULL;
}

/* Of a text that is as long as what comes of it. */
static bool run(EVP_CIPHER_CTX *cipher, struct slice in, unsigned char *out)
{
    int len = 0, last = 0;
    return EVP_CipherUpdate(cipher, out, &len, (const unsigned char *)in.ptr, (int)in.len) &&
           EVP_CipherFinal_ex(cipher, out + len, &last) && (size_t)len + (size_t)last == in.len;
}

bool retry_seal(struct buf *out, const uint8_t secret[static RETRY_SECRET], struct slice plain)
{
    unsigned char sealed[NONCE + PLAIN_MAX + TAG];
    if (plain.len > PLAIN_MAX || RAND_bytes(sealed, NONCE) != 1)
        return false;
    EVP_CIPHER_CTX *cipher = begin(secret, sealed, 1);
    bool done = cipher && run(cipher, plain, sealed + NONCE) &&
                EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG, sealed + NONCE + plain.len);
    EVP_CIPHER_CTX_free(cipher);
    return done && buf_append(out, (struct slice){(char *)sealed, plain.len + RETRY_SEAL});
}

bool retry_unseal(struct buf *out, const uint8_t secret[static RETRY_SECRET], struct slice sealed)
{
    unsigned char plain[PLAIN_MAX], tag[TAG];
    if (sealed.len < RETRY_SEAL || sealed.len > PLAIN_MAX + RETRY_SEAL)
        return false;
    struct slice text = slice_sub(sealed, NONCE, sealed.len - TAG);
    for (size_t i = 0; i < TAG; i++)
        tag[i] = (unsigned char)sealed.ptr[sealed.len - TAG + i];
    EVP_CIPHER_CTX *cipher = begin(secret, (const unsigned char *)sealed.ptr, 0);
    bool done = cipher && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG, tag) &&
                run(cipher, text, plain);
    EVP_CIPHER_CTX_free(cipher);
    return done && buf_append(out, (struct slice){(char *)plain, text.len});
}
