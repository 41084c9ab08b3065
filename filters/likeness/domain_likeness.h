/* SPDX-License-Identifier: ISC
 * Which known domains a domain looks like.
 *
 *   letters   the same but for letters that are taken for one another (look.h, label.h)
 *   spelling  a letter too many, too few or wrong, or two exchanged: one such slip where the shorter
 *             label has 5 to 8 letters, two where it has more, none where it has less
 *   words     the known label among others: "paypal-support", "mypaypal", or a label below another
 *             domain ("paypal.com.example.net"). Of less than five letters only beside words that are
 *             usual there (added_words.def), or alone
 *   ending    the same label under another public suffix
 *
 * Labels are those of registered domains (filters/dns/org_domain.h); words are looked for in all. */
#ifndef FILTERS_LIKENESS_DOMAIN_LIKENESS_H
#define FILTERS_LIKENESS_DOMAIN_LIKENESS_H

#include "filters/likeness/known.h"

/* As in types.def: the first tells most. */
enum likeness_by {
    LIKENESS_BY_LETTERS,
    LIKENESS_BY_SPELLING,
    LIKENESS_BY_WORDS,
    LIKENESS_BY_ENDING,
};

struct likeness_found {
    const struct known *known;
    enum likeness_by by;
};

enum { LIKENESSES_MAX = 16 };

/* Each known domain once. */
struct likenesses {
    struct likeness_found found[LIKENESSES_MAX];
    size_t count;
    bool cut; /* there are more */
};

/* Adds those of a domain in its one spelling (base/domain_name.h). None, when it is known itself, below
 * one that is, or has no registered domain. */
void domain_likenesses(const struct known_domains *all, struct slice domain,
                       struct likenesses *out);

/* The same of a domain that a provider gives to anybody below its own: by words alone, in the labels
 * below the registered one. */
void domain_likenesses_below(const struct known_domains *all, struct slice domain,
                             struct likenesses *out);

/* The same of words alone in one label, which is looked at as a whole too, if `whole`. */
void label_words(const struct known_domains *all, struct slice label, bool whole,
                 struct likenesses *out);

void likenesses_add(struct likenesses *out, const struct known *known, enum likeness_by by);

#endif
