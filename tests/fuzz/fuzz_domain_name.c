/* SPDX-License-Identifier: ISC
 * What becomes a name is one that the DNS can have, and is its own spelling; nothing else does. */
#include "policy/spelling.h"

#include "base/domain_name.h"
#include "tests/fuzz/target.h"

static void one_spelling(struct arena *arena, struct slice text)
{
    struct domain_name name, again;
    bool made = domain_name_make(arena, text, &name) == NULL;
    require(made == (name.text.len > 0) && made == domain_name_is_plain(name.text));
    if (!made)
        return;
    require(name.text.len <= DOMAIN_NAME_MAX);
    require(domain_name_make(arena, name.text, &again) == NULL);
    require(slice_eq(name.text, again.text));
}

FUZZ_WITH_ARENA(text, 1 << 20)
{
    one_spelling(arena, text);
    struct slice address = spell_address(arena, text);
    size_t at = slice_rfind(text, '@');
    require(slice_starts(address, slice_sub(text, 0, at)));
    require(slice_eq(spell_address(arena, address), address));
    struct slice entry = spell_entry(arena, text);
    require(slice_eq(spell_entry(arena, entry), entry));
    spell_part(arena, TYPE_ADDRESS, text, true);
    spell_part(arena, TYPE_DOMAIN, text, false);
    require(!arena_failed(arena));
}
