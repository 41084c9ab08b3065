/* SPDX-License-Identifier: ISC */
#include "filters/author.h"

#include "filters/address.h"
#include "filters/headers.h"
#include "filters/org_domain.h"

enum { FIELDS_MAX = 16, ADDRESSES_MAX = 64 };

bool author_is_literal(struct slice domain)
{
    return domain.len > 0 && domain.ptr[0] == '[';
}

static void add_domain(struct author *author, struct slice domain, bool *invalid)
{
    for (size_t i = 0; i < author->count; i++)
        if (slice_ieq(author->domains[i], domain))
            return;
    if (author->count < AUTHOR_DOMAINS_MAX)
        author->domains[author->count++] = domain;
    else
        *invalid = true;
}

static void add_address(struct arena *arena, struct author *author, const struct address *address,
                        bool *invalid)
{
    struct slice domain = address->domain;
    if (domain.len == 0)
        return;
    if (author_is_literal(domain) || domain_normalise(arena, domain, &domain))
        add_domain(author, domain, invalid);
    else
        *invalid = true;
}

/* Also in names and comments, where the syntax of addresses does not care. */
static bool has_eight_bit(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.ptr[i] >= 0x80)
            return true;
    return false;
}

static bool add_field(struct arena *arena, struct author *author, struct slice value, bool *invalid)
{
    struct addresses list;
    if (!addresses_parse(arena, value, ADDRESSES_MAX, &list))
        return false;
    for (size_t i = 0; i < list.n; i++)
        add_address(arena, author, &list.items[i], invalid);
    author->flags |= list.flags | (has_eight_bit(value) ? ADDRESS_EIGHT_BIT : 0);
    return true;
}

static enum author_kind kind_of(const struct author *author, bool invalid)
{
    if (invalid || (author->flags & (ADDRESS_CONTROL | ADDRESS_TOO_MANY)))
        return AUTHOR_INVALID;
    if (author->fields > 1 || author->count > 1)
        return AUTHOR_SEVERAL;
    return author->count == 0 || author_is_literal(author->domains[0]) ? AUTHOR_NONE : AUTHOR_ONE;
}

bool author_of(struct arena *arena, struct slice block, struct author *out)
{
    struct header field;
    bool invalid = false;
    *out = (struct author){.kind = AUTHOR_NONE};
    while (headers_next(&block, &field)) {
        if (!field.has_colon || !slice_ieq(field.name, SLICE("from")))
            continue;
        if (++out->fields > FIELDS_MAX)
            invalid = true;
        else if (!add_field(arena, out, field.value, &invalid))
            return false;
    }
    out->kind = kind_of(out, invalid);
    return !arena_failed(arena);
}
