/* SPDX-License-Identifier: ISC
 * One table of hashes (open addressing) finds each known domain by its name, its registered domain and
 * the two forms of its label. */
#include "filters/likeness/known.h"

#include "filters/dns/org_domain.h"
#include "filters/likeness/label.h"

/* What a slot is found by, beside enum known_by. */
enum { BY_NAME = KNOWN_BY_PAIRS + 1, BY_REGISTERED, BY_ALL };

enum { LENGTHS = DOMAIN_LABEL_MAX + 1 };

struct slot {
    struct slice key;
    const struct known *known; /* NULL: it is known, and nothing looks like it */
    uint32_t hash;
    unsigned char by;
    bool taken;
};

struct known_domains {
    struct slot *slots;
    size_t size; /* a power of two */
    struct {
        const struct known **items;
        size_t count, room;
    } of_length[LENGTHS];
};

static uint32_t hash_of(unsigned by, struct slice key)
{
    uint64_t hash = 0xcbf29ce484222325u ^ by;
    for (size_t i = 0; i < key.len; i++)
        hash = (hash ^ (unsigned char)key.ptr[i]) * 0x100000001b3u;
    return (uint32_t)(hash ^ hash >> 32);
}

/* The next slot with that key, *at being where to look from; NULL: no other. */
static const struct slot *next_slot(const struct known_domains *all, unsigned by, struct slice key,
                                    uint32_t hash, size_t *at)
{
    for (; all->slots[*at].taken; *at = (*at + 1) & (all->size - 1)) {
        const struct slot *slot = &all->slots[*at];
        if (slot->hash != hash || slot->by != by || !slice_eq(slot->key, key))
            continue;
        *at = (*at + 1) & (all->size - 1);
        return slot;
    }
    return NULL;
}

static bool has(const struct known_domains *all, unsigned by, struct slice key)
{
    uint32_t hash = hash_of(by, key);
    size_t at = hash & (all->size - 1);
    return next_slot(all, by, key, hash, &at) != NULL;
}

const struct known *known_next(const struct known_domains *all, enum known_by by, struct slice form,
                               size_t *at)
{
    uint32_t hash = hash_of(by, form);
    size_t place = (*at ? *at - 1 : hash) & (all->size - 1);
    const struct slot *slot = next_slot(all, by, form, hash, &place);
    *at = place + 1;
    return slot ? slot->known : NULL;
}

const struct known *const *known_of_length(const struct known_domains *all, size_t len,
                                           size_t *count)
{
    *count = len < LENGTHS ? all->of_length[len].count : 0;
    return len < LENGTHS ? all->of_length[len].items : NULL;
}

bool known_domains_hold(const struct known_domains *all, struct slice domain,
                        struct slice registered)
{
    if (registered.len && has(all, BY_REGISTERED, registered))
        return true;
    for (struct slice rest = domain, head; domain.len > 0; domain = rest)
        if (has(all, BY_NAME, domain))
            return true;
        else
            slice_cut(domain, '.', &head, &rest);
    return false;
}

/* ---- building ---- */

static void enter(struct known_domains *all, unsigned by, struct slice key,
                  const struct known *known)
{
    uint32_t hash = hash_of(by, key);
    size_t at = hash & (all->size - 1);
    while (all->slots[at].taken)
        at = (at + 1) & (all->size - 1);
    all->slots[at] = (struct slot){
        .key = key, .known = known, .hash = hash, .by = (unsigned char)by, .taken = true};
}

static bool has_label(const struct known_domains *all, struct slice letters, struct slice label)
{
    size_t at = 0;
    for (const struct known *known;
         (known = known_next(all, KNOWN_BY_LETTERS, letters, &at)) != NULL;)
        if (slice_eq(known->label, label))
            return true;
    return false;
}

static bool enter_length(struct arena *arena, struct known_domains *all, const struct known *known)
{
    size_t len = known->letters.len;
    if (len >= LENGTHS)
        return true;
    const struct known **items =
        arena_grow(arena, all->of_length[len].items, all->of_length[len].count,
                   &all->of_length[len].room, sizeof *items);
    if (!items)
        return false;
    items[all->of_length[len].count++] = known;
    all->of_length[len].items = items;
    return true;
}

/* False: the arena is full. */
static bool enter_label(struct arena *arena, struct known_domains *all, struct known known)
{
    struct label_form look, letters, pairs;
    label_look(known.label, &look);
    label_letters(label_form_slice(&look), &letters);
    label_pairs(label_form_slice(&look), &pairs);
    if (has_label(all, label_form_slice(&letters), known.label))
        return true;
    struct known *place = arena_alloc(arena, sizeof *place);
    known.letters = arena_copy(arena, label_form_slice(&letters));
    known.pairs = arena_copy(arena, label_form_slice(&pairs));
    known.set = label_set(known.letters);
    if (!place || !known.letters.ptr || !known.pairs.ptr)
        return false;
    *place = known;
    enter(all, KNOWN_BY_LETTERS, place->letters, place);
    enter(all, KNOWN_BY_PAIRS, place->pairs, place);
    return enter_length(arena, all, place);
}

static bool add(struct arena *arena, struct known_domains *all, enum likeness_of of,
                struct domain_name name)
{
    struct slice registered = org_domain(name.text);
    if (has(all, BY_NAME, name.text))
        return true;
    enter(all, BY_NAME, name.text, NULL);
    if (registered.len == 0)
        return true;
    if (!has(all, BY_REGISTERED, registered))
        enter(all, BY_REGISTERED, registered, NULL);
    struct slice label = slice_sub(registered, 0, slice_find(registered, '.'));
    return enter_label(arena, all, (struct known){.name = name.text, .label = label, .of = of});
}

static bool add_all(struct arena *arena, struct known_domains *all, const struct config *config)
{
    const struct impersonation *known = &config->impersonation;
    bool ok = true;
    for (size_t i = 0; ok && i < config->domain_count; i++)
        ok = add(arena, all, LIKENESS_OF_OWN, config->domains[i].name);
    for (size_t i = 0; ok && i < known->partner_count; i++)
        ok = add(arena, all, LIKENESS_OF_PARTNER, known->partners[i]);
    for (size_t i = 0; ok && i < known->brand_count; i++)
        ok = add(arena, all, LIKENESS_OF_BRAND, known->brands[i]);
    return ok;
}

struct known_domains *known_domains_new(struct arena *arena, const struct config *config)
{
    const struct impersonation *known = &config->impersonation;
    size_t count = config->domain_count + known->partner_count + known->brand_count;
    struct known_domains *all = arena_alloc(arena, sizeof *all);
    if (!all)
        return NULL;
    for (all->size = 16; all->size < count * 2 * BY_ALL; all->size *= 2)
        ;
    all->slots = arena_array(arena, all->size, sizeof *all->slots);
    return all->slots && add_all(arena, all, config) ? all : NULL;
}
