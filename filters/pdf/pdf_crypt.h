/* SPDX-License-Identifier: ISC
 * The standard security handler of PDF (ISO 32000-2, 7.6) with a user password; with the empty one
 * whoever opens such a file is asked for none. RC4 and AES-128 (revisions 2 to 4), AES-256 (5 and 6). */
#ifndef FILTERS_PDF_PDF_CRYPT_H
#define FILTERS_PDF_PDF_CRYPT_H

#include "base/arena.h"
#include "filters/pdf/pdf_cipher.h"
#include "filters/pdf/pdf_syntax.h"

enum pdf_method { PDF_PLAIN, PDF_RC4, PDF_AES_128, PDF_AES_256 };

struct pdf_crypt {
    uint8_t key[32];
    size_t key_len;
    enum pdf_method strings, streams, files;
    bool failed; /* memory was out: whether it opens is not known */
};

/* Opens what is encrypted as the dictionary nodes[dict] says; `id` is the first part of the file's
 * identifier; of the password the first 32 octets count. False: it needs another password, or is of another handler, or the arena is full. */
bool pdf_crypt_open(struct arena *arena, const struct pdf_tree *tree, uint32_t dict,
                    struct slice id, struct slice password, struct pdf_crypt *out);

/* Appends what `in`, a string or stream of that object, was before. False: it does not fit, or is no
 * such thing. */
bool pdf_decrypt(const struct pdf_crypt *crypt, enum pdf_method method, uint32_t number,
                 uint32_t generation, struct slice in, struct buf *out);

#endif
