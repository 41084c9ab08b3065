/* SPDX-License-Identifier: ISC
 * Cryptographic messages (CMS, RFC 5652; PKCS #7 before it): what a signature, a compression or a
 * digest is wrapped around. No signature is verified and no certificate read. DER, BER, and either
 * of them as base64 text, with the lines "-----BEGIN ...-----" or without. */
#ifndef FILTERS_CONTAINERS_CMS_H
#define FILTERS_CONTAINERS_CMS_H

#include "base/arena.h"

enum cms_kind {
    CMS_CONTENT,    /* to be read by anybody: signed, digested, authenticated, plain */
    CMS_COMPRESSED, /* the same behind zlib (RFC 3274) */
    CMS_BARE,       /* no content: a signature that stands beside it, certificates alone */
    CMS_ENCRYPTED,  /* enveloped, encrypted, authenticated and enveloped (RFC 5083) */
    CMS_OTHER,      /* a kind, or a compression, that is not known here */
};

struct cms {
    enum cms_kind kind;
    struct slice content; /* a part of the input or in the arena */
    struct slice place;   /* the part of the input that holds it; empty for base64 */
    struct slice wraps;   /* the type of the content when that is such a message without its
                           * ContentInfo (cms_wrap); else empty */
    bool broken;          /* its structure breaks off or is none; content is what there was */
};

/* Does it begin as one? Looks at the first octets only. */
bool cms_is(struct slice data);

/* ... as one that is encrypted? The octets up to the type suffice. */
bool cms_is_encrypted(struct slice data);

/* Reads what is one (cms_is). False when the arena is full. */
bool cms_open(struct arena *arena, struct slice data, struct cms *out);

/* A content of the type `wraps` with the ContentInfo that it lacks (RFC 5652 3), for cms_open().
 * ptr is NULL when the arena is full. */
struct slice cms_wrap(struct arena *arena, struct slice wraps, struct slice content);

#endif
