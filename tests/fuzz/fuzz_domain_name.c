/* SPDX-License-Identifier: ISC
 * What becomes a name is one that the DNS can have, and is its own spelling; nothing else does. */
#include "policy/spelling.h"

#include "base/domain_name.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool true_of_all)
{
    if (!true_of_all)
        abort();
}

static void one_spelling(struct arena *arena, struct slice text)
{
    struct domain_name name, again;
    bool made = domain_name_make(arena, text, &name) == NULL;
    expect(made == (name.text.len > 0) && made == domain_name_is_plain(name.text));
    if (!made)
        return;
    expect(name.text.len <= DOMAIN_NAME_MAX);
    expect(domain_name_make(arena, name.text, &again) == NULL);
    expect(slice_eq(name.text, again.text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = {(const char *)data, size};
    struct arena *arena = arena_new(1 << 20);
    one_spelling(arena, text);
    struct slice address = spell_address(arena, text);
    size_t at = slice_rfind(text, '@');
    expect(slice_starts(address, slice_sub(text, 0, at)));
    expect(slice_eq(spell_address(arena, address), address));
    struct slice entry = spell_entry(arena, text);
    expect(slice_eq(spell_entry(arena, entry), entry));
    spell_part(arena, TYPE_ADDRESS, text, true);
    spell_part(arena, TYPE_DOMAIN, text, false);
    expect(!arena_failed(arena));
    arena_free(&arena);
    return 0;
}
