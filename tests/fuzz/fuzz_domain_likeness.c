/* SPDX-License-Identifier: ISC
 * Whatever a domain is: what it looks like is bounded, each known domain is told once, what is known
 * looks like nobody, and case changes nothing. */
#include "filters/likeness/domain_likeness.h"

#include "filters/likeness/label.h"
#include "policy/spelling.h"
#include "tests/fuzz/target.h"

static const char *const names[] = {"paypal.com", "paypal.de",        "microsoft.com",
                                    "dhl.com",    "3m.com",           "deutsche-bank.de",
                                    "mail.com",   "xn--bcher-kva.de", "co.uk"};
enum { NAMES = sizeof names / sizeof *names };

static struct domain_name known[NAMES];
static const struct known_domains *all;
static struct arena *of_known;

FUZZ_WARM_UP()
{
    static struct config config;
    of_known = arena_new(1 << 20);
    for (size_t i = 0; of_known && i < NAMES; i++)
        known[i].text = slice_of(names[i]);
    config.impersonation = (struct impersonation){.brands = known, .brand_count = NAMES};
    all = of_known ? known_domains_new(of_known, &config) : NULL;
    return all != NULL;
}

static struct slice letters_of(struct slice label, struct label_form *form)
{
    struct label_form look;
    label_look(label, &look);
    label_letters(label_form_slice(&look), form);
    return label_form_slice(form);
}

static void is_sound(const struct likenesses *found)
{
    require(found->count <= LIKENESSES_MAX);
    for (size_t i = 0; i < found->count; i++)
        for (size_t j = 0; j < i; j++)
            require(found->found[i].known != found->found[j].known);
}

FUZZ_WITH_ARENA(text, 1 << 20)
{
    struct likenesses as_it_is = {.count = 0}, found = {.count = 0};
    struct label_form form, again;
    domain_likenesses(all, text, &as_it_is);
    is_sound(&as_it_is);
    struct slice domain = spell_domain(arena, text);
    domain_likenesses(all, domain, &found);
    is_sound(&found);
    struct slice once = letters_of(text, &form);
    letters_of(once, &again);
    label_pairs(once, &again);
    require(again.len <= form.len);
    require(label_within(once, once, 1));
    if (slice_iends(domain, SLICE(".paypal.com")))
        require(found.count == 0);
}
