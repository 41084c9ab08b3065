/* SPDX-License-Identifier: ISC
 * The domains that others might be taken for: ours, partners', brands'. Built once, never changed. */
#ifndef FILTERS_LIKENESS_KNOWN_H
#define FILTERS_LIKENESS_KNOWN_H

#include "base/arena.h"
#include "policy/config.h"

/* As in types.def. */
enum likeness_of { LIKENESS_OF_OWN, LIKENESS_OF_PARTNER, LIKENESS_OF_BRAND };

struct known {
    struct slice name;           /* as it was configured */
    struct slice label;          /* the first of its registered domain: "example" */
    struct slice letters, pairs; /* label.h */
    uint32_t set;
    enum likeness_of of;
};

struct known_domains;

/* Of the configuration's domains and tables. NULL: the arena is full. */
struct known_domains *known_domains_new(struct arena *arena, const struct config *config);

/* Whether the domain is one of them, below one, or of the same registered domain (which is empty: there
 * is none) as one. */
bool known_domains_hold(const struct known_domains *all, struct slice domain,
                        struct slice registered);

enum known_by { KNOWN_BY_LETTERS, KNOWN_BY_PAIRS };

/* The next whose form is this, *at being 0 at first; NULL: no other. Of several with the same label
 * there is one: ours, else the first of the partners, else of the brands. */
const struct known *known_next(const struct known_domains *all, enum known_by by, struct slice form,
                               size_t *at);

/* Those with `len` letters. */
const struct known *const *known_of_length(const struct known_domains *all, size_t len,
                                           size_t *count);

#endif
