/* SPDX-License-Identifier: ISC
 * The form of what is sealed, for those who write (seal.c) and read it (unseal.c):
 *
 *   octets    what
 *   8         "GPSEAL1\n"
 *   8         the id of the key: the first octets of SHA-256 of its 32
 *   32        an X25519 public key that was made for this file alone
 *   65536+16  a chunk, sealed, and its tag; any number of them
 *   0..65536  the last chunk, sealed,
 *   16        and its tag
 *
 * The chunks are one zstd frame, cut; nothing stands behind it in them, and its window is at most
 * 8 MiB. Each is sealed with AES-256-GCM:
 *
 *   key     HKDF-SHA256; secret: what X25519 makes of the file's key and the recipient's; salt:
 *           the file's public key, the recipient's; info: "gatepost sealed message 1"
 *   nonce   11 octets: the chunk's number from 0, big-endian; 1 octet: 1 for the last chunk, else 0
 *   beside  the file's first 48 octets; then `about`, which is not in the file
 *
 * The last chunk is the one behind which the file ends: no chunk can be dropped, moved or cut off
 * without its tag or the next one's being wrong. No nonce comes twice, since no key does. */
#ifndef KEEPER_SEALED_FORM_H
#define KEEPER_SEALED_FORM_H

#include "keeper/seal.h"

#include <openssl/evp.h>

#define SEALED_MAGIC "GPSEAL1\n"
#define SEALED_INFO "gatepost sealed message 1"

enum {
    SEALED_MAGIC_LEN = sizeof SEALED_MAGIC - 1,
    SEALED_HEADER = SEALED_MAGIC_LEN + SEAL_KEY_ID + SEAL_KEY,
    SEALED_CHUNK = 64 * 1024,
    SEALED_TAG = 16,
    SEALED_WINDOW_LOG = 23,
};

/* A file that is being written or read. */
struct sealed {
    unsigned char header[SEALED_HEADER];
    struct slice about; /* the caller's */
    EVP_CIPHER_CTX *cipher;
    uint64_t number; /* of the next chunk */
};

/* The key of a header. */
static inline const unsigned char *sealed_id(const unsigned char header[static SEALED_HEADER])
{
    return header + SEALED_MAGIC_LEN;
}
static inline const unsigned char *sealed_public(const unsigned char header[static SEALED_HEADER])
{
    return header + SEALED_MAGIC_LEN + SEAL_KEY_ID;
}

/* Begins a file with a key of its own; its header is to be written. False: out of memory, or the
 * key is none: no secret comes of it. sealed_end in any case. */
bool sealed_begin(struct sealed *s, const struct seal_key *to, struct slice about);

/* Begins to read one that has this header. False, and sealed_end, as above. */
bool sealed_resume(struct sealed *s, const unsigned char header[static SEALED_HEADER],
                   const struct seal_key *to, const unsigned char private[static SEAL_KEY],
                   struct slice about);

/* Wipes and frees. */
void sealed_end(struct sealed *s);

/* Seals the next chunk, of at most SEALED_CHUNK octets, and all of them but for the last one;
 * `out` gets SEALED_TAG more. False: OpenSSL fails. */
bool sealed_chunk(struct sealed *s, struct slice plain, bool last, unsigned char *out);

/* Opens the next chunk, which has its tag at its end, into `out`: SEALED_TAG less. False: it is not
 * what was sealed there, and `out` holds nothing of it. */
bool sealed_chunk_open(struct sealed *s, struct slice chunk, bool last, unsigned char *out);

#endif
