/* SPDX-License-Identifier: ISC
 * Such a table is mostly written by a program from a directory, and is wrong in the ways in which
 * programs are: as CSV, with the type before each address (proxyAddresses), with names. */
#include "policy/recipients.h"

#include "base/utf8.h"
#include "policy/table.h"
#include "policy/table_entries.h"

#include <string.h>

static bool is_atext(char c)
{
    return ascii_alpha(c) || ascii_digit(c) || (c & 0x80) ||
           (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool is_dot_string(struct slice local)
{
    for (size_t i = 0; i < local.len; i++)
        if (!is_atext(local.ptr[i]) && local.ptr[i] != '.')
            return false;
    return local.len > 0;
}

/* RFC 5321 4.1.2, such as "john doe" with its quotes. */
static bool is_quoted_string(struct slice local)
{
    if (local.len < 3 || local.ptr[0] != '"' || local.ptr[local.len - 1] != '"')
        return false;
    for (size_t i = 1; i < local.len - 1; i++)
        if (local.ptr[i] == '"' || (local.ptr[i] == '\\' && ++i == local.len - 1))
            return false;
    return true;
}

static bool is_domain(struct slice name)
{
    char before = '.';
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool fits = ascii_alpha(c) || ascii_digit(c) || (c & 0x80) || c == '-' || c == '_' ||
                    (c == '.' && before != '.');
        if (!fits)
            return false;
        before = c;
    }
    return name.len > 0 && name.len < 254 && name.ptr[0] != '.' && name.ptr[0] != '-';
}

/* False: no @ is in it, and *domain is empty. */
static bool split(struct slice entry, struct slice *local, struct slice *domain)
{
    size_t at = slice_rfind(entry, '@');
    *local = slice_sub(entry, 0, at);
    *domain = slice_from(entry, at + 1);
    return at < entry.len;
}

static bool holds_any(struct slice s, const char *set)
{
    for (; *set; set++)
        if (slice_find(s, *set) < s.len)
            return true;
    return false;
}

/* Blanks beyond ASCII, marks of order and direction: what one copies along and cannot see. */
static bool is_invisible(uint32_t code)
{
    return code == 0xa0 || code == 0xad || (code >= 0x2000 && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202f) || (code >= 0x205f && code <= 0x206f) ||
           code == 0x3000 || code == 0xfeff;
}

static bool holds_invisible(struct slice s)
{
    uint32_t code;
    for (size_t n; s.len > 0; s = slice_from(s, n)) {
        n = utf8_next(s, &code);
        if (n == 0)
            return false;
        if (is_invisible(code))
            return true;
    }
    return false;
}

const char *recipient_fault(struct slice entry)
{
    struct slice local, domain;
    bool has_at = split(entry, &local, &domain);
    if (holds_invisible(entry))
        return "holds a character that cannot be seen; expected an address alone";
    if (is_quoted_string(local) && is_domain(domain))
        return NULL;
    if (holds_any(entry, "\",;\t"))
        return "looks like CSV; expected an address alone on its line, without quotes "
               "(PowerShell: not Export-Csv, but Select-Object -ExpandProperty and "
               "Set-Content -Encoding utf8)";
    if (holds_any(local, ":"))
        return "has a type before the address, as proxyAddresses has; expected the address alone "
               "(PowerShell: those -like 'smtp:*', and their Substring(5))";
    if (slice_starts(entry, SLICE("*.")) && is_domain(slice_from(entry, 2)))
        return NULL;
    if (holds_any(entry, "*"))
        return "has a '*', which stands for nothing here; expected \"@example.com\" for every "
               "address at a domain, \"*.example.com\" for all below one";
    if (!has_at || !is_domain(domain) || (local.len > 0 && !is_dot_string(local)))
        return "is no address; expected one such as user@example.com, or @example.com for "
               "every address there";
    return NULL;
}

void check_mail_addresses(struct parser *parser, const struct table *table, struct span user)
{
    if (table && table_first_check(parser->sources, table))
        table_check(parser->sources, table, recipient_fault, user);
}

/* Whether an address of the domain may be meant; what is written with "*." is taken for it. */
static bool reaches(struct parser *parser, struct slice entry, const struct domain *domain)
{
    struct slice local, text, name = domain->name.text;
    struct domain_name its;
    if (!split(entry, &local, &text) || domain_name_make(parser->sources->arena, text, &its))
        return true;
    if (!domain->subdomains)
        return slice_eq(its.text, name);
    return its.text.len > name.len && slice_iends(its.text, name) &&
           its.text.ptr[its.text.len - name.len - 1] == '.';
}

static bool reaches_any(struct parser *parser, const struct table *table,
                        const struct domain *domain)
{
    struct table_walk walk = table_walk(parser->sources, table);
    struct slice entry;
    struct span at;
    while (table_walk_next(&walk, &entry, &at))
        if (reaches(parser, entry, domain))
            return true;
    return false;
}

void check_recipients(struct parser *parser, const struct domain *domain, struct span user)
{
    const struct table *table = domain->recipients;
    struct sources *sources = parser->sources;
    if (table_count(table) == 0) {
        source_error(sources, table_place(table),
                     "this table of recipients is empty: all mail for \"%.*s\" would be refused; "
                     "expected their addresses (without recipients, the server behind is asked)",
                     SHOWN(domain->name.text));
        return;
    }
    check_mail_addresses(parser, table, user);
    if (sources->errors == 0 && !reaches_any(parser, table, domain))
        source_warning(sources, user,
                       "no entry in its table of recipients is in \"%.*s\": all its mail will be "
                       "refused",
                       SHOWN(domain->name.text));
}
