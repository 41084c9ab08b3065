/* SPDX-License-Identifier: ISC */
#include "filters/sender/auth_prefetch.h"

#include "filters/dns/org_domain.h"
#include "filters/mime/headers.h"
#include "filters/sender/arc.h"
#include "filters/sender/author.h"
#include "filters/sender/dkim.h"
#include "filters/sender/dmarc.h"
#include "filters/sender/dmarc_align.h"
#include "filters/sender/key_record.h"
#include "filters/sender/spf_internal.h"
#include "filters/sender/tag_list.h"
#include "policy/spelling.h"

enum {
    HEADER_MAX = 256 * 1024, /* octets that are looked at */
    ARC_FIELDS_MAX = 2 * ARC_SETS_MAX,
    ATS_MAX = 16,
    AUTHORS_MAX = 4,
};

static void tell(const struct dns_answers *table, struct auth_prefetch *out)
{
    out->wanted = dns_wanted(table, &out->count);
    if (out->count > AUTH_PREFETCH_MAX)
        out->count = AUTH_PREFETCH_MAX;
}

static void want_record(struct arena *arena, struct dns_answers *table, struct slice domain)
{
    domain = spell_domain(arena, domain);
    if (domain.ptr && spf_is_domain(domain))
        dns_prefetch(table, domain, DNS_TXT);
}

static struct slice domain_of(struct slice sender)
{
    size_t at = slice_rfind(sender, '@');
    return at < sender.len ? slice_from(sender, at + 1) : sender;
}

bool auth_prefetch_envelope(struct arena *arena, struct slice helo, struct slice sender,
                            struct auth_prefetch *out)
{
    struct dns_answers *table = dns_answers_new(arena);
    *out = (struct auth_prefetch){0};
    if (!table)
        return false;
    want_record(arena, table, domain_of(sender));
    want_record(arena, table, helo);
    tell(table, out);
    return !arena_failed(arena);
}

static bool in_domain(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || (c & 0x80) || c == '-' || c == '_' || c == '.';
}

static void add_author(struct arena *arena, struct slice domain, struct author *author)
{
    if (author->count == AUTHORS_MAX || !domain_normalise(arena, domain, &domain))
        return;
    for (size_t i = 0; i < author->count; i++)
        if (slice_eq(author->domains[i], domain))
            return;
    author->domains[author->count++] = domain;
}

/* What stands after an '@' anywhere in a From field: to read it well is the scanner's work. */
static void guess_authors(struct arena *arena, struct slice block, struct author *author)
{
    struct header field;
    unsigned ats = 0;
    while (headers_next(&block, &field)) {
        struct slice rest = field.value;
        if (!slice_ieq(field.name, SLICE("from")))
            continue;
        while (ats++ < ATS_MAX && slice_find(rest, '@') < rest.len) {
            size_t len = 0;
            rest = slice_from(rest, slice_find(rest, '@') + 1);
            while (len < rest.len && in_domain(rest.ptr[len]))
                len++;
            add_author(arena, slice_sub(rest, 0, len), author);
        }
    }
}

/* `author` is NULL for a signature that makes nobody the author (ARC). */
static void want_key(struct arena *arena, struct dns_answers *table, const struct header *field,
                     const struct author *author)
{
    struct tag_list tags;
    if (field->raw.len > ARC_FIELD_OCTETS_MAX || !tag_list_parse(field->value, &tags))
        return;
    struct slice selector = tag_value(&tags, SLICE("s")), domain = tag_value(&tags, SLICE("d"));
    if (selector.len == 0 || domain.len == 0)
        return;
    struct slice name = key_record_name(arena, selector, domain);
    if (name.ptr)
        dns_prefetch(table, name, DNS_TXT);
    if (author)
        dmarc_prefetch_identifier(arena, table, author, domain);
}

static void want_keys(struct arena *arena, struct dns_answers *table, struct slice block,
                      const struct author *author)
{
    struct header field;
    unsigned dkim = 0, arc = 0;
    while (headers_next(&block, &field)) {
        if (!field.has_colon)
            continue;
        bool of_dkim = slice_ieq(field.name, SLICE("DKIM-Signature"));
        bool of_arc = slice_ieq(field.name, SLICE("ARC-Seal")) ||
                      slice_ieq(field.name, SLICE("ARC-Message-Signature"));
        if ((of_dkim && dkim++ < DKIM_SIGNATURES_MAX) || (of_arc && arc++ < ARC_FIELDS_MAX))
            want_key(arena, table, &field, of_dkim ? author : NULL);
    }
}

bool auth_prefetch_header(struct arena *arena, struct slice sender, struct slice block,
                          struct auth_prefetch *out)
{
    struct author author = {0};
    struct dns_answers *table = dns_answers_new(arena);
    *out = (struct auth_prefetch){0};
    if (!table)
        return false;
    block = slice_sub(block, 0, HEADER_MAX);
    guess_authors(arena, block, &author);
    dmarc_prefetch(table, &author);
    want_keys(arena, table, block, &author);
    dmarc_prefetch_identifier(arena, table, &author, domain_of(sender));
    tell(table, out);
    return !arena_failed(arena);
}
