/* SPDX-License-Identifier: ISC */
#include "console/learn/message_digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <unistd.h>

enum { CHUNK = 65536 };

static bool add_all(EVP_MD_CTX *sum, int message)
{
    char chunk[CHUNK];
    ssize_t got;
    for (off_t at = 0; (got = pread(message, chunk, sizeof chunk, at)) > 0; at += got)
        if (EVP_DigestUpdate(sum, chunk, (size_t)got) != 1)
            return false;
    return got == 0;
}

bool message_digest(int message, unsigned char digest[static LABEL_MESSAGE])
{
    EVP_MD_CTX *sum = EVP_MD_CTX_new();
    errno = ENOMEM;
    bool ok = sum && EVP_DigestInit_ex(sum, EVP_sha256(), NULL) == 1 && add_all(sum, message) &&
              EVP_DigestFinal_ex(sum, digest, NULL) == 1;
    EVP_MD_CTX_free(sum);
    return ok;
}
