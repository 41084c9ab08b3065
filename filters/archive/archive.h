/* SPDX-License-Identifier: ISC
 * One archive, one level: each member with all its names and, within a budget, its content.
 * Archives inside archives are the business of whoever is called back (filters/files/inspect.h).
 *
 * An archive is answered in one of four ways, which are told apart because a policy
 * treats them differently: all was seen; something is encrypted; something could not
 * be read (an unknown method, damage, a kind that nothing here opens);
 * a limit was hit. Only the first may ever count as clean. */
#ifndef FILTERS_ARCHIVE_ARCHIVE_H
#define FILTERS_ARCHIVE_ARCHIVE_H

#include "base/arena.h"
#include "filters/archive/passwords.h"

struct archive_limits {
    uint64_t total;       /* bytes unpacked, over everything that shares the budget */
    uint64_t member;      /* bytes of one member */
    size_t entries;       /* members, over everything that shares the budget */
    unsigned depth;       /* archives within archives */
    unsigned ratio;       /* unpacked to packed, of each archive and of each zip member ... */
    uint64_t ratio_floor; /* ... once it gives more bytes than this */
};

/* 128 MiB, 64 MiB, 10,000 members, 12 deep, 1:200 above 4 MiB. */
struct archive_limits archive_default_limits(void);
/* The defaults, with what a configuration sets. */
struct archive_limits archive_limits(uint64_t total, unsigned entries, unsigned depth);

struct archive_budget {
    struct archive_limits limits;
    uint64_t unpacked;
    size_t entries;
};

struct archive_report {
    bool encrypted;
    bool unscannable;
    bool limit;
    const char *why; /* of the first trouble: a constant; NULL when there was none */
};

struct archive_member {
    const struct slice *names; /* at least one; the first is what most programs show */
    size_t name_count;
    uint64_t declared; /* size; 0 when `sized` is false */
    bool sized;
    bool encrypted, directory, link;
    struct slice content; /* unpacked bytes; only during the call */
    bool complete;        /* content is all of it */
    /* Why it is not: "encrypted", "unsupported", "corrupt",
     * "limit", "split"; NULL when only unwanted. */
    const char *problem;
};

/* Called with what was found; a false answer stops the listing. */
struct archive_visitor {
    void *ctx;
    /* Is the whole content wanted, seeing how it begins? NULL: always. */
    bool (*wants)(void *ctx, struct slice name, struct slice beginning);
    bool (*member)(void *ctx, const struct archive_member *member);
    /* May be NULL. What to try on encrypted members; one that it opens stays `encrypted`. */
    passwords_source *passwords;
};

/* Lists `content`, named `name`, of the true type `type` (filetype_of). True when it is an archive
 * or a compressed file of any kind, or holds one at its end or behind a program; then *out tells
 * how that went. `scratch` serves during the call. */
bool archive_list(struct arena *scratch, struct archive_budget *budget, struct slice type,
                  struct slice name, struct slice content, const struct archive_visitor *visitor,
                  struct archive_report *out);

/* Notes one more trouble; the first one's `why` stays. */
void archive_report_add(struct archive_report *report, const char *problem);

#endif
