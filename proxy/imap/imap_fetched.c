/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_response.h"
#include "proxy/imap/imap_string.h"

/* No place behind anything: what is there cannot be read. */
enum { NOWHERE = 0 };

static bool stands_at(struct slice octets, size_t at, struct slice set)
{
    return at < octets.len && imap_is_one_of(octets.ptr[at], set);
}

static size_t skip(struct slice octets, size_t at, struct slice set)
{
    while (stands_at(octets, at, set))
        at++;
    return at;
}

static size_t skip_until(struct slice octets, size_t at, struct slice set)
{
    while (at < octets.len && !stands_at(octets, at, set))
        at++;
    return at;
}

static bool announces(struct slice octets, size_t at)
{
    struct slice rest = slice_from(octets, at);
    return slice_starts(rest, SLICE("{")) || slice_starts(rest, SLICE("~{"));
}

/* A string with quotes in it that looks like more than one may have taken other items in. */
static size_t quoted_end(struct slice octets, size_t at)
{
    bool unescaped;
    size_t end = imap_quoted_end(octets, at, &unescaped);
    if (end != NOWHERE && unescaped && imap_may_hold_content(slice_sub(octets, at, end)))
        return NOWHERE;
    return end;
}

static size_t atom_end(struct slice octets, size_t at)
{
    size_t end = skip_until(octets, at, SLICE(" \t()\r\n"));
    return end == at || imap_may_hold_content(slice_sub(octets, at, end)) ? NOWHERE : end;
}

static size_t word_end(struct slice octets, size_t at)
{
    struct slice content;
    size_t end = NOWHERE;
    if (octets.ptr[at] == '"')
        return quoted_end(octets, at);
    if (announces(octets, at))
        end = imap_literal_end(octets, at, &content);
    return end != NOWHERE ? end : atom_end(octets, at);
}

static size_t parenthesis_end(struct slice octets, size_t at)
{
    size_t depth = 0;
    while (at < octets.len) {
        char c = octets.ptr[at];
        if (c == '(' || c == ')') {
            depth = c == '(' ? depth + 1 : depth - 1;
            at++;
        } else if (ascii_blank(c)) {
            at++;
        } else if ((at = word_end(octets, at)) == NOWHERE) {
            return NOWHERE;
        }
        if (depth == 0)
            return at;
    }
    return NOWHERE;
}

/* "[HEADER.FIELDS (From "a]b" {3}CRLFc]d)]": brackets of names of fields are in parentheses. */
static size_t section_end(struct slice octets, size_t at)
{
    struct slice literal;
    bool unescaped;
    long depth = 0;
    for (at++; at < octets.len && octets.ptr[at] != '\n';) {
        char c = octets.ptr[at];
        size_t end = at + 1;
        if (c == '"' && imap_word_begins(octets, at))
            end = imap_quoted_end(octets, at, &unescaped);
        else if (announces(octets, at) && imap_word_begins(octets, at))
            end = imap_literal_end(octets, at, &literal);
        if (end == NOWHERE)
            return NOWHERE;
        depth += (c == '(') - (c == ')');
        if (c == ']' && depth <= 0)
            return end;
        at = end;
    }
    return NOWHERE;
}

static size_t name_end(struct slice octets, size_t at)
{
    size_t from = at;
    while ((at = skip_until(octets, at, SLICE(" \t()[{\"\r\n"))) < octets.len &&
           octets.ptr[at] == '[')
        if ((at = section_end(octets, at)) == NOWHERE)
            return NOWHERE;
    return at == from ? NOWHERE : at;
}

/* What is no number and not NIL is the name of the next item: of this one the value is missing. */
static bool is_value(struct slice octets, size_t at)
{
    size_t end = skip_until(octets, at, SLICE(" \t()\r\n"));
    return stands_at(octets, at, SLICE("0123456789-+.")) ||
           slice_ieq(slice_sub(octets, at, end), SLICE("NIL"));
}

static size_t string_end(struct slice octets, size_t at, struct imap_fetched_item *out)
{
    out->is_string = true;
    if (octets.ptr[at] != '"')
        return imap_literal_end(octets, at, &out->content);
    size_t end = quoted_end(octets, at);
    if (end != NOWHERE)
        out->content = slice_sub(octets, at + 1, end - 1);
    return end;
}

/* Behind the value, which begins at *at when there is one. */
static size_t value_end(struct slice octets, size_t *at, struct imap_fetched_item *out)
{
    size_t from = skip(octets, *at, SLICE(" \t")), behind_name = *at;
    if (from == octets.len || stands_at(octets, from, SLICE(")\r\n")))
        return behind_name;
    *at = from;
    if (octets.ptr[from] == '[')
        return NOWHERE;
    if (octets.ptr[from] == '(')
        return parenthesis_end(octets, from);
    if (octets.ptr[from] == '"' || announces(octets, from))
        return string_end(octets, from, out);
    if (is_value(octets, from))
        return atom_end(octets, from);
    return *at = behind_name;
}

static size_t first_item(struct slice response)
{
    struct imap_response what;
    imap_response(response, &what);
    if (!what.numbered || !slice_ieq(what.name, SLICE("FETCH")))
        return NOWHERE;
    return (size_t)(what.rest.ptr - response.ptr);
}

int imap_fetched_item(struct slice response, size_t *at, struct imap_fetched_item *out)
{
    size_t from = *at ? *at : first_item(response);
    out->name = SLICE("");
    if (from == NOWHERE)
        return -1;
    *at = from = skip(response, from, SLICE(" \t()"));
    if (skip(response, from, SLICE("\r\n")) == response.len) {
        *at = response.len;
        return 0;
    }
    size_t value = name_end(response, from);
    if (value == NOWHERE)
        return -1;
    *out = (struct imap_fetched_item){.name = slice_sub(response, from, value),
                                      .content = {response.ptr, 0}};
    size_t end = value_end(response, &value, out);
    if (end == NOWHERE)
        return -1;
    out->value = slice_sub(response, value, end);
    *at = end;
    return 1;
}

bool imap_fetched_string(const struct imap_fetched_item *item, size_t *at, struct slice *out)
{
    struct slice value = item->value;
    while (*at < value.len) {
        struct imap_fetched_item word = {.content = {value.ptr, 0}};
        char c = value.ptr[*at];
        bool parted = c == '(' || c == ')' || ascii_blank(c);
        bool string = c == '"' || announces(value, *at);
        size_t end = parted ? *at + 1 : string ? string_end(value, *at, &word) : NOWHERE;
        *at = end != NOWHERE ? end : skip_until(value, *at + 1, SLICE(" \t()\r\n"));
        *out = word.content;
        if (string && end != NOWHERE)
            return true;
    }
    return false;
}
