/* SPDX-License-Identifier: ISC */
#include "filters/pdf/pdf_cipher.h"

#include "filters/cpu_budget.h"

#include <openssl/evp.h>

enum { PIECE = 1 << 16 };

static const EVP_MD *digest_of(enum pdf_digest kind)
{
    switch (kind) {
    case PDF_MD5:
        return EVP_md5();
    case PDF_SHA256:
        return EVP_sha256();
    case PDF_SHA384:
        return EVP_sha384();
    case PDF_SHA512:
        return EVP_sha512();
    }
    return NULL;
}

size_t pdf_digest(enum pdf_digest kind, const struct slice *parts, size_t count,
                  uint8_t out[DIGEST_MAX])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned len = 0;
    bool ok = context && EVP_DigestInit_ex(context, digest_of(kind), NULL) == 1;
    for (size_t i = 0; ok && i < count; i++)
        ok = EVP_DigestUpdate(context, parts[i].ptr, parts[i].len) == 1;
    ok = ok && EVP_DigestFinal_ex(context, out, &len) == 1;
    EVP_MD_CTX_free(context);
    return ok ? len : 0;
}

static bool update(EVP_CIPHER_CTX *context, struct slice in, struct buf *out)
{
    while (in.len) {
        struct slice piece = slice_sub(in, 0, PIECE);
        size_t room;
        int written = 0;
        char *to = buf_reserve(out, piece.len + AES_BLOCK, &room);
        if (!to || room < piece.len || cpu_budget_spent(piece.len)) {
            out->failed = true;
            return false;
        }
        if (EVP_CipherUpdate(context, (uint8_t *)to, &written, (const uint8_t *)piece.ptr,
                             (int)piece.len) != 1)
            return false;
        buf_commit(out, (size_t)written);
        in = slice_from(in, piece.len);
    }
    return true;
}

bool pdf_aes(bool encrypt, struct slice key, const uint8_t iv[AES_BLOCK], struct slice in,
             struct buf *out)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const EVP_CIPHER *cipher = key.len == AES_256_KEY ? EVP_aes_256_cbc() : EVP_aes_128_cbc();
    bool ok = context &&
              EVP_CipherInit_ex(context, cipher, NULL, (const uint8_t *)key.ptr, iv, encrypt) == 1;
    ok = ok && EVP_CIPHER_CTX_set_padding(context, 0) == 1 && update(context, in, out);
    EVP_CIPHER_CTX_free(context);
    return ok;
}

bool pdf_cipher_warm_up(void)
{
    static const uint8_t zeros[AES_256_KEY];
    uint8_t digest[DIGEST_MAX];
    bool ok = true;
    for (int kind = PDF_MD5; kind <= PDF_SHA512; kind++)
        ok = ok && pdf_digest((enum pdf_digest)kind, NULL, 0, digest) > 0;
    struct slice block = {(const char *)zeros, AES_BLOCK}, key = {block.ptr, AES_256_KEY};
    struct buf out = buf_init(1 << 10);
    for (int encrypt = 0; encrypt <= 1; encrypt++)
        ok = ok && pdf_aes(encrypt, block, zeros, block, &out) &&
             pdf_aes(encrypt, key, zeros, block, &out);
    buf_release(&out);
    return ok;
}
