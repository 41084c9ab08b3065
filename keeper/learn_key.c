/* SPDX-License-Identifier: ISC */
#include "keeper/learn_key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#define PURPOSE "gatepost spam features"

bool learn_feature_key(const struct unseal_keys *keys, uint8_t out[static SPAM_KEY_SIZE])
{
    unsigned char text[sizeof PURPOSE - 1 + SEAL_KEY], digest[EVP_MAX_MD_SIZE];
    memcpy(text, PURPOSE, sizeof PURPOSE - 1);
    memcpy(text + sizeof PURPOSE - 1, keys->keys[0].private, SEAL_KEY);
    bool done = EVP_Q_digest(NULL, "SHA256", NULL, text, sizeof text, digest, NULL) == 1;
    memcpy(out, digest, SPAM_KEY_SIZE);
    OPENSSL_cleanse(text, sizeof text);
    OPENSSL_cleanse(digest, sizeof digest);
    return done;
}
