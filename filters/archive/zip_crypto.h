/* SPDX-License-Identifier: ISC
 * PKWARE's traditional encryption of zips (APPNOTE.TXT 6.1), and their CRC-32. */
#ifndef FILTERS_ARCHIVE_ZIP_CRYPTO_H
#define FILTERS_ARCHIVE_ZIP_CRYPTO_H

#include "base/slice.h"

enum {
    ZIP_CRYPTO_HEADER = 12 /* octets before the content; the last one tells a wrong password */
};

struct zip_crypto {
    uint32_t keys[3];
};

struct zip_crypto zip_crypto_of(struct slice password);

/* Decrypts the next octet. */
unsigned char zip_crypto_next(struct zip_crypto *crypto, unsigned char octet);

uint32_t zip_crc32(struct slice octets);

#endif
