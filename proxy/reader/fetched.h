/* SPDX-License-Identifier: ISC
 * A message that is read from a mailbox: taken in whole, examined, and then what of it may be shown. */
#ifndef PROXY_READER_FETCHED_H
#define PROXY_READER_FETCHED_H

#include "proxy/process/holding.h"
#include "proxy/reader/reader.h"
#include "proxy/reader/turns.h"

#include <openssl/evp.h>

struct fetched;

/* Each comes once, maybe from inside; the message may be gone afterwards. */
struct fetched_owner {
    /* What may be shown: as long as the original, and valid until the end. */
    void (*show)(struct fetched *f, struct slice message);
    /* Nothing can be shown now. */
    void (*later)(struct fetched *f, const char *why);
    /* It is refused; NULL: what the verdict names is overlaid. */
    void (*refuse)(struct fetched *f);
};

struct fetched {
    struct reader *reader;
    const struct fetched_owner *owner;
    enum direction direction;
    struct examination message;
    struct reading verdict;
    char *
        overlaid; /* a copy in which nothing is seen that must not be; owned; NULL: none is needed */
    bool too_big;       /* or there was no room */
    uint64_t octets;    /* of it, as many as have come */
    EVP_MD_CTX *digest; /* of what has come of it; owned; NULL: nobody asks */
    bool digests;       /* nothing went wrong with it */
    struct holding holding;
    int64_t began;
    enum turn turn; /* to be examined; in proxy->turns unless it was not asked for */
    TAILQ_ENTRY(fetched) turns;
    void (*begin)(struct fetched *f); /* when it comes */
};

/* *f has its first three members, and is else empty. False: no memory; to be ended nevertheless. */
bool fetched_begin(struct fetched *f, bool header_only);
/* Frees what it holds, and waits for nothing more. */
void fetched_end(struct fetched *f);

/* The same of one that is there, in memory of somebody else, unchanged until the end. */
bool fetched_begin_over(struct fetched *f, struct slice message);

/* What is too big is taken to its end, and not kept. False: it never ends. */
bool fetched_take(struct fetched *f, struct slice octets);
uint64_t fetched_size(const struct fetched *f);

/* All of it is there. */
void fetched_judge(struct fetched *f);
/* Where no rule looks at messages (proxy->looks_at_mail): whether what has come of it may be shown, which
 * depends on who reads it. Nothing is waited for. */
bool fetched_passes(struct fetched *f);
/* The same of another message, which becomes its own, instead of the first. */
void fetched_judge_other(struct fetched *f, struct spool *spool, bool header_only);

/* What examines a spool, which becomes its own; and begins with what rules are told of a message that
 * is read. */
struct examination fetched_examination(struct reader *r, struct spool *spool,
                                       const struct examination_owner *owner, void *ctx);
void fetched_examine(struct reader *r, struct examination *e, enum direction direction);

/* ---- fetched_redact.c ---- */

/* The verdict redacts it. */
void fetched_redact(struct fetched *f);
/* Over these octets: all that stands behind `from`. */
void fetched_overlay_rest(struct fetched *f, char *octets, size_t len, size_t from);

#endif
