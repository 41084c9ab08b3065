/* SPDX-License-Identifier: ISC
 * Private keys that mail is signed with (RFC 6376 3.3, RFC 8463): read, made, used, and what the DNS
 * is to say of them. */
#ifndef FILTERS_SENDER_DKIM_KEY_H
#define FILTERS_SENDER_DKIM_KEY_H

#include "base/buf.h"
#include "filters/sender/key_record.h"

#include <openssl/evp.h>

enum dkim_algorithm { DKIM_RSA_SHA256, DKIM_ED25519_SHA256, DKIM_ALGORITHMS };

/* As in a=: "rsa-sha256". */
const char *dkim_algorithm_word(enum dkim_algorithm algorithm);

enum {
    DKIM_RSA_BITS_MIN = 2048, /* RFC 8301 3.2: signers should */
    DKIM_RSA_BITS_MAX = 4096, /* the most that verifiers must know */
    DKIM_SIGNATURE_MAX = DKIM_RSA_BITS_MAX / 8,
    DKIM_KEY_FILE_MAX = 64 * 1024,
};

struct dkim_private {
    EVP_PKEY *key;
    enum dkim_algorithm algorithm;
    unsigned bits;
};

/* Reads PEM without a passphrase. NULL, and dkim_private_free is due; or what is wrong. Short keys
 * are read: dkim_private_flaw. */
const char *dkim_private_read(struct slice pem, struct dkim_private *out);
void dkim_private_free(struct dkim_private *key);

/* Why mail is not signed with it. NULL: it is. */
const char *dkim_private_flaw(const struct dkim_private *key);

/* A new one, RSA with so many bits or Ed25519, as PEM (PKCS #8) at the end of `pem`. False: it cannot
 * be made, or there is no memory. */
bool dkim_private_make(enum dkim_algorithm algorithm, unsigned bits, struct buf *pem);

/* Signs a SHA-256 digest. The octets of the signature; 0: it cannot be. */
size_t dkim_private_sign(const struct dkim_private *key,
                         const unsigned char digest[static DIGEST_OCTETS],
                         unsigned char signature[static DKIM_SIGNATURE_MAX]);

/* What a TXT record at SELECTOR._domainkey.DOMAIN is to say: "v=DKIM1; k=rsa; p=...". False: there
 * is no memory. */
bool dkim_private_record(const struct dkim_private *key, struct buf *out);

/* Of such a record, whose it is. False: it is none. */
bool dkim_record_algorithm(struct slice record, enum dkim_algorithm *algorithm);

#endif
