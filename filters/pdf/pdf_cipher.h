/* SPDX-License-Identifier: ISC
 * The ciphers and digests of PDF's encryption, over libcrypto; RC4 is filters/rc4.h. */
#ifndef FILTERS_PDF_PDF_CIPHER_H
#define FILTERS_PDF_PDF_CIPHER_H

#include "base/buf.h"

enum { DIGEST_MAX = 64, AES_BLOCK = 16, AES_256_KEY = 32 };

/* Loads what libcrypto loads lazily. Once a process, before the jail. */
bool pdf_cipher_warm_up(void);

enum pdf_digest { PDF_MD5, PDF_SHA256, PDF_SHA384, PDF_SHA512 };

/* The digest of the parts, one behind the other; its length, 0 when memory is out. */
size_t pdf_digest(enum pdf_digest kind, const struct slice *parts, size_t count,
                  uint8_t out[DIGEST_MAX]);

/* AES in CBC mode with a key of 16 or 32 octets, whole blocks: appends to `out`. False when that is
 * full or memory is out. */
bool pdf_aes(bool encrypt, struct slice key, const uint8_t iv[AES_BLOCK], struct slice in,
             struct buf *out);

#endif
