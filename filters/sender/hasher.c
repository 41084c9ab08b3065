/* SPDX-License-Identifier: ISC */
#include "filters/sender/hasher.h"

static void hash_octets(void *context, const char *octets, size_t count)
{
    EVP_DigestUpdate(context, octets, count);
}

bool hasher_open(struct hasher *hasher)
{
    hasher->context = EVP_MD_CTX_new();
    hasher->sink = (struct canonical_sink){.write = hash_octets, .to = hasher->context};
    return hasher->context && EVP_DigestInit_ex(hasher->context, EVP_sha256(), NULL) == 1;
}

bool hasher_close(struct hasher *hasher, unsigned char digest[static DIGEST_OCTETS])
{
    canonical_flush(&hasher->sink);
    bool ok = EVP_DigestFinal_ex(hasher->context, digest, NULL) == 1;
    EVP_MD_CTX_free(hasher->context);
    return ok;
}
