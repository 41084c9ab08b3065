/* SPDX-License-Identifier: ISC
 * RSA public keys in DER, read without OpenSSL's decoder, which takes some hundred times as long. */
#ifndef FILTERS_SENDER_RSA_KEY_H
#define FILTERS_SENDER_RSA_KEY_H

#include "base/slice.h"

/* Big-endian, without zeros before them; they point into the DER. */
struct rsa_key {
    struct slice modulus, exponent;
};

/* Reads a SubjectPublicKeyInfo (RFC 3279 2.3.1) or a bare RSAPublicKey (RFC 8017 A.1.1) in strict
 * DER, with nothing after it. False: it is neither; another decoder may still make something of
 * it. */
bool rsa_key_read(struct slice der, struct rsa_key *key);

/* Of the modulus. */
unsigned rsa_key_bits(const struct rsa_key *key);

/* Whether `signature` is that key's, PKCS #1 1.5, over a SHA-256 digest of 32 octets. Also false
 * when memory is short. */
bool rsa_key_verifies(const struct rsa_key *key, const unsigned char *digest,
                      struct slice signature);

#endif
