/* SPDX-License-Identifier: ISC */
#include "filters/sender/author.h"

#include "filters/dns/org_domain.h"
#include "filters/mime/address.h"
#include "filters/mime/headers.h"
#include "policy/value.h"

enum { FIELDS_MAX = 16, ADDRESSES_MAX = 64 };

/* What is being found out, and what is wrong with it. */
struct author_reading {
    struct arena *arena;
    struct author *author;
    bool invalid;
};

bool author_is_literal(struct slice domain)
{
    return domain.len > 0 && domain.ptr[0] == '[';
}

static bool is_among(const struct slice *domains, size_t count, struct slice domain)
{
    for (size_t i = 0; i < count; i++)
        if (slice_ieq(domains[i], domain))
            return true;
    return false;
}

static void add_distinct(struct author_reading *in, struct slice *domains, size_t *count,
                         struct slice domain)
{
    if (is_among(domains, *count, domain))
        return;
    if (*count < AUTHOR_DOMAINS_MAX)
        domains[(*count)++] = domain;
    else
        in->invalid = true;
}

/* A name of one label has no owner who could have asked for anything. */
static bool add_other(struct author_reading *in, struct slice text)
{
    struct slice domain;
    if (slice_find(text, '.') == text.len || !domain_normalise(in->arena, text, &domain))
        return false;
    add_distinct(in, in->author->others, &in->author->others_count, domain);
    return true;
}

static bool in_domain(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || c == '-' || c == '_' || c == '.';
}

/* Every run of it that could be a domain: "bank.example" in "bank.example/", "*.bank.example". */
static void add_runs(struct author_reading *in, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        size_t from = i;
        while (i < text.len && in_domain(text.ptr[i]))
            i++;
        struct slice run = slice_sub(text, from, i);
        while (run.len > 0 && run.ptr[0] == '.')
            run = slice_from(run, 1);
        while (run.len > 0 && run.ptr[run.len - 1] == '.')
            run.len--;
        add_other(in, run);
    }
}

static bool is_address_literal(struct slice domain)
{
    struct ip ip;
    if (!author_is_literal(domain) || domain.ptr[domain.len - 1] != ']')
        return false;
    struct slice text = slice_sub(domain, 1, domain.len - 1);
    bool six = slice_istarts(text, SLICE("ipv6:"));
    return ip_parse(six ? slice_from(text, 5) : text, &ip);
}

static void add_address(struct author_reading *in, const struct address *address)
{
    struct slice domain = address->domain;
    if (domain.len == 0)
        return;
    if (is_address_literal(domain) || domain_normalise(in->arena, domain, &domain)) {
        add_distinct(in, in->author->domains, &in->author->count, domain);
    } else {
        in->invalid = true;
        add_runs(in, address->domain);
    }
}

/* Also in names and comments, where the syntax of addresses does not care. */
static bool has_eight_bit(struct slice value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.ptr[i] >= 0x80)
            return true;
    return false;
}

static bool add_field(struct author_reading *in, struct slice value)
{
    struct addresses list;
    if (!addresses_parse(in->arena, value, ADDRESSES_MAX, &list))
        return false;
    for (size_t i = 0; i < list.n; i++)
        add_address(in, &list.items[i]);
    for (size_t i = 0; i < list.others_count; i++)
        if (!add_other(in, list.others[i]))
            add_runs(in, list.others[i]);
    in->author->flags |= list.flags | (has_eight_bit(value) ? ADDRESS_EIGHT_BIT : 0);
    return true;
}

static enum author_kind kind_of(const struct author *author, bool invalid)
{
    bool half = author->count > 0 && (author->flags & ADDRESS_UNCLEAR);
    if (invalid || half || (author->flags & (ADDRESS_CONTROL | ADDRESS_TOO_MANY)))
        return AUTHOR_INVALID;
    if (author->fields > 1 || author->count > 1)
        return AUTHOR_SEVERAL;
    return author->count == 0 || author_is_literal(author->domains[0]) ? AUTHOR_NONE : AUTHOR_ONE;
}

/* Those that are authors anyway. */
static void drop_known_others(struct author *author)
{
    size_t kept = 0;
    for (size_t i = 0; i < author->others_count; i++)
        if (!is_among(author->domains, author->count, author->others[i]))
            author->others[kept++] = author->others[i];
    author->others_count = kept;
}

static bool is_printable(char c)
{
    return c > ' ' && c < 0x7f;
}

/* The value of a From field, also when octets that are no letters stand beside its name, or a line
 * end between that and the colon. */
static bool is_from(const struct header *field, struct slice *value)
{
    struct slice name;
    if (!slice_cut(field->raw, ':', &name, value))
        return false;
    while (name.len > 0 && !is_printable(name.ptr[0]))
        name = slice_from(name, 1);
    while (name.len > 0 && !is_printable(name.ptr[name.len - 1]))
        name.len--;
    return slice_ieq(name, SLICE("from"));
}

bool author_of(struct arena *arena, struct slice block, struct author *out)
{
    struct header field;
    struct slice value;
    struct author_reading in = {.arena = arena, .author = out};
    *out = (struct author){.kind = AUTHOR_NONE};
    while (headers_next(&block, &field)) {
        if (!is_from(&field, &value))
            continue;
        if (++out->fields > FIELDS_MAX)
            in.invalid = true;
        else if (!add_field(&in, value))
            return false;
    }
    drop_known_others(out);
    out->kind = kind_of(out, in.invalid);
    return !arena_failed(arena);
}
