/* SPDX-License-Identifier: ISC */
#include "filters/likeness/domain_likeness.h"

#include "filters/dns/org_domain.h"
#include "filters/likeness/label.h"

/* Letters of the shorter of two labels, from which on a slip is taken for one, and two are. */
enum { ONE_SLIP_FROM = 5, TWO_SLIPS_FROM = 9 };

void likenesses_add(struct likenesses *out, const struct known *known, enum likeness_by by)
{
    for (size_t i = 0; i < out->count; i++)
        if (out->found[i].known == known) {
            if (by < out->found[i].by)
                out->found[i].by = by;
            return;
        }
    if (out->count < LIKENESSES_MAX)
        out->found[out->count++] = (struct likeness_found){known, by};
    else
        out->cut = true;
}

/* ---- letters, endings ---- */

static void find_form(const struct known_domains *all, enum known_by by,
                      const struct label_form *form, struct slice label, struct likenesses *out)
{
    size_t at = 0;
    for (const struct known *known;
         (known = known_next(all, by, label_form_slice(form), &at)) != NULL;)
        likenesses_add(out, known,
                       slice_eq(known->label, label) ? LIKENESS_BY_ENDING : LIKENESS_BY_LETTERS);
}

/* ---- spelling ---- */

static unsigned slips(size_t letters)
{
    return letters < ONE_SLIP_FROM ? 0 : letters < TWO_SLIPS_FROM ? 1 : 2;
}

static unsigned bits(uint32_t set)
{
    return (unsigned)__builtin_popcount(set);
}

/* A slip puts one letter into the set and takes one out of it at most. */
static bool near(const struct known *known, struct slice letters, uint32_t set)
{
    size_t shorter = known->letters.len < letters.len ? known->letters.len : letters.len;
    unsigned most = slips(shorter);
    return most && bits(known->set ^ set) <= 2 * most &&
           label_within(known->letters, letters, most);
}

static void find_spelling(const struct known_domains *all, struct slice letters,
                          struct likenesses *out)
{
    uint32_t set = label_set(letters);
    size_t from = letters.len > 2 ? letters.len - 2 : 0;
    for (size_t len = from; len <= letters.len + 2; len++) {
        size_t count;
        const struct known *const *items = known_of_length(all, len, &count);
        for (size_t i = 0; i < count && !out->cut; i++)
            if (!slice_eq(items[i]->letters, letters) && near(items[i], letters, set))
                likenesses_add(out, items[i], LIKENESS_BY_SPELLING);
    }
}

/* ---- all ---- */

/* The registered domain, and what stands before it, ended by a dot. False: there is none, or it is
 * known. */
static bool split(const struct known_domains *all, struct slice domain, struct slice *registered,
                  struct slice *below)
{
    *registered = org_domain(domain);
    *below = slice_sub(domain, 0, domain.len - registered->len);
    return registered->len > 0 && !known_domains_hold(all, domain, *registered);
}

static void find_below(const struct known_domains *all, struct slice below, struct likenesses *out)
{
    while (below.len > 0) {
        struct slice label;
        slice_cut(below, '.', &label, &below);
        label_words(all, label, true, out);
    }
}

static void find_registered(const struct known_domains *all, struct slice registered,
                            struct likenesses *out)
{
    struct slice label = slice_sub(registered, 0, slice_find(registered, '.'));
    struct label_form look, letters, pairs;
    label_look(label, &look);
    label_letters(label_form_slice(&look), &letters);
    label_pairs(label_form_slice(&look), &pairs);
    find_form(all, KNOWN_BY_LETTERS, &letters, label, out);
    find_form(all, KNOWN_BY_PAIRS, &pairs, label, out);
    find_spelling(all, label_form_slice(&letters), out);
    label_words(all, label, false, out);
}

void domain_likenesses(const struct known_domains *all, struct slice domain, struct likenesses *out)
{
    struct slice registered, below;
    if (!split(all, domain, &registered, &below))
        return;
    find_registered(all, registered, out);
    find_below(all, below, out);
}

void domain_likenesses_below(const struct known_domains *all, struct slice domain,
                             struct likenesses *out)
{
    struct slice registered, below;
    if (split(all, domain, &registered, &below))
        find_below(all, below, out);
}
