/* SPDX-License-Identifier: ISC */
#include "policy/spelling.h"

#include "base/domain_name.h"

#include <string.h>

enum { PART_MAX = 4096 };

struct slice spell_domain(struct arena *arena, struct slice domain)
{
    struct domain_name name;
    if (!domain_name_make(arena, domain, &name))
        return name.text;
    return arena_failed(arena) ? (struct slice){NULL, 0} : arena_copy(arena, domain);
}

struct slice spell_address(struct arena *arena, struct slice address)
{
    struct domain_name name;
    size_t at = slice_rfind(address, '@');
    if (at == address.len || domain_name_make(arena, slice_from(address, at + 1), &name))
        return arena_failed(arena) ? (struct slice){NULL, 0} : arena_copy(arena, address);
    return ARENA_JOIN(arena, slice_sub(address, 0, at + 1), name.text);
}

static void append_label(struct arena *arena, struct buf *out, struct slice label)
{
    struct domain_name name;
    bool spelled = !slice_is_ascii(label) && !domain_name_make(arena, label, &name);
    buf_append(out, spelled ? name.text : label);
}

static struct slice spell_labels(struct arena *arena, struct slice before, struct slice labels)
{
    struct buf out = buf_init(PART_MAX);
    struct slice label;
    buf_append(&out, before);
    for (bool more = true; more;) {
        more = slice_cut(labels, '.', &label, &labels);
        append_label(arena, &out, label);
        if (more)
            buf_char(&out, '.');
    }
    struct slice spelled =
        out.failed ? (struct slice){NULL, 0} : arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    return spelled;
}

struct slice spell_part(struct arena *arena, enum type_kind kind, struct slice part, bool ending)
{
    size_t at = slice_rfind(part, '@');
    size_t from = at < part.len ? at + 1 : kind == TYPE_DOMAIN || ending ? 0 : part.len;
    if (slice_is_ascii(slice_from(part, from)))
        return arena_copy(arena, part);
    return spell_labels(arena, slice_sub(part, 0, from), slice_from(part, from));
}

static struct value known(struct slice text)
{
    return text.ptr ? value_text(text) : value_unknown();
}

struct value value_domain(struct arena *arena, struct slice domain)
{
    return known(spell_domain(arena, domain));
}

struct value value_address(struct arena *arena, struct slice address)
{
    return known(spell_address(arena, address));
}

struct value value_mailbox(struct arena *arena, struct slice local, struct slice domain)
{
    if (domain.len == 0)
        return known(arena_copy(arena, local));
    struct slice name = spell_domain(arena, domain);
    return known(name.ptr ? ARENA_JOIN(arena, local, SLICE("@"), name) : name);
}

/* Where the domain begins in an entry: behind the '@', or behind "*.". */
static size_t domain_at(struct slice entry)
{
    size_t at = slice_rfind(entry, '@');
    if (at < entry.len)
        return at + 1;
    return slice_starts(entry, SLICE("*.")) ? 2 : 0;
}

struct slice spell_entry(struct arena *arena, struct slice entry)
{
    size_t at = domain_at(entry);
    struct slice domain = spell_domain(arena, slice_from(entry, at));
    return domain.ptr ? ARENA_JOIN(arena, slice_sub(entry, 0, at), domain) : domain;
}

const char *spelling_flaw(struct arena *arena, struct slice entry)
{
    struct domain_name name;
    struct slice domain = slice_from(entry, domain_at(entry));
    return slice_is_ascii(domain) ? NULL : domain_name_make(arena, domain, &name);
}
