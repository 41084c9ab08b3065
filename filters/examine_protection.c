/* SPDX-License-Identifier: ISC
 * What a message's signature says of its header. */
#include "filters/examine_parts.h"
#include "filters/protected_header.h"

/* Each layer of base64 is decoded, and its parts are listed. */
enum { SCRATCH_BASE = 4 << 20, SCRATCH_FACTOR = 8 };

static bool set_differences(struct arena *arena, unsigned differs, struct value *fact)
{
    struct list names = {.items = arena_array(arena, SHOWN_COUNT, sizeof *names.items)};
    if (!names.items)
        return false;
    for (int field = 0; field < SHOWN_COUNT; field++)
        if (differs & 1U << field)
            names.items[names.count++] = value_text(slice_of(shown_field_name(field)));
    fact[FACT_HEADER_MISMATCH] = value_bool(names.count > 0);
    fact[FACT_HEADER_MISMATCHES] = (struct value){.state = VALUE_KNOWN, .list = names};
    return true;
}

static void set_all(struct value *fact, struct value value)
{
    fact[FACT_HEADER_PROTECTED] = value;
    fact[FACT_HEADER_MISMATCH] = value;
    fact[FACT_HEADER_MISMATCHES] = value;
}

static bool compare(struct arena *scratch, struct arena *arena, const struct mime_message *message,
                    struct value *fact)
{
    struct protected_header inner;
    unsigned differs = 0;
    bool found = protected_header_find(scratch, message, &inner);
    bool is_protected =
        found && (inner.protection == HEADER_PROTECTED || inner.protection == HEADER_SOME ||
                  inner.protection == HEADER_CIPHER);
    set_all(fact, inner.protection == HEADER_SEALED ? value_absent() : value_unknown());
    if (!found || inner.protection == HEADER_SEALED || inner.protection == HEADER_UNREAD)
        return true;
    if (is_protected &&
        !protected_header_differs(scratch, message->parts[0].headers, &inner, &differs))
        return true;
    fact[FACT_HEADER_PROTECTED] = value_bool(is_protected);
    return set_differences(arena, differs, fact);
}

bool examine_protection(struct arena *arena, const struct mime_message *message,
                        struct facts *facts)
{
    if (message->n == 0)
        return false;
    struct arena *scratch = arena_new(SCRATCH_BASE + SCRATCH_FACTOR * message->raw.len);
    bool ok = scratch && compare(scratch, arena, message, facts->fact);
    arena_free(&scratch);
    return ok;
}
