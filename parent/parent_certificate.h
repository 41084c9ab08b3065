/* SPDX-License-Identifier: ISC
 * A certificate chain and its key, in PEM: whether they can serve, and for how long. */
#ifndef PARENT_PARENT_CERTIFICATE_H
#define PARENT_PARENT_CERTIFICATE_H

#include "base/slice.h"

#include <openssl/x509.h>

enum certificate_fault {
    CERTIFICATE_SERVES,
    CERTIFICATE_SWAPPED,      /* the chain is the key, and the key the chain */
    CERTIFICATE_NO_CHAIN,     /* no certificate in it */
    CERTIFICATE_NO_KEY,       /* no private key in it */
    CERTIFICATE_LOCKED_KEY,   /* behind a passphrase */
    CERTIFICATE_OTHER_KEY,    /* the key belongs to another certificate */
    CERTIFICATE_BROKEN_CHAIN, /* what follows the first certificate cannot be read */
    CERTIFICATE_REFUSED,      /* by OpenSSL: too weak */
};

/* Seconds since 1970. */
struct validity {
    int64_t begins, ends;
    int64_t life; /* seconds; when less than a third of it is left, it is to be renewed */
};

enum { CERTIFICATE_NAME_MAX = 128 };

struct certificate_study {
    enum certificate_fault fault;
    bool binary;        /* the file that cannot be read is no PEM at all */
    const char *reason; /* OpenSSL's words, static; NULL: none */
    /* Of those that serve: */
    /* Others: when all that follow are valid (0: none follow). They come anew with the first, so
     * its life counts: one that lives for years may be in its last third for a year. */
    struct validity first, others;
    bool lacks_issuer; /* who signed the last one is not in the chain */
    char issuer[CERTIFICATE_NAME_MAX];
    char name[CERTIFICATE_NAME_MAX]; /* a name that it bears, if any */
};

void certificate_study(struct slice chain, struct slice key, struct certificate_study *study);

/* Whether who signed the last one of this chain is among these, in PEM. */
bool certificate_issued_by(struct slice chain, struct slice authorities);

/* Whether a client who asks for this name (also "*.example.com") is satisfied with the first one. */
bool chain_bears(struct slice chain, struct slice name);

/* How many certificates can be read there. */
size_t certificate_count(struct slice pem);

/* What there is to say of it at that time, as "it has expired 3 days ago, on ..."; false: nothing. */
enum { CERTIFICATE_WORDS = 160 };
bool certificate_term(const struct validity *validity, int64_t now,
                      char words[static CERTIFICATE_WORDS]);

/* The first of a chain in PEM: seconds since 1970; 0: it cannot be read. */
int64_t certificate_expires(struct slice chain);
int64_t certificate_end_of(const X509 *certificate);

#endif
