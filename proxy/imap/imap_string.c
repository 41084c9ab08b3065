/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_string.h"

#include "proxy/imap/imap_response.h"

bool imap_word_begins(struct slice octets, size_t at)
{
    return at == 0 || imap_is_one_of(octets.ptr[at - 1], SLICE(" \t()["));
}

static bool string_ends_before(struct slice octets, size_t at)
{
    return at == octets.len || imap_is_one_of(octets.ptr[at], SLICE(" )]\r\n"));
}

static bool is_escape(struct slice octets, size_t at)
{
    return octets.ptr[at] == '\\' && at + 1 < octets.len &&
           (octets.ptr[at + 1] == '"' || octets.ptr[at + 1] == '\\');
}

size_t imap_quoted_end(struct slice octets, size_t at, bool *unescaped)
{
    *unescaped = false;
    for (size_t i = at + 1; i < octets.len && octets.ptr[i] != '\n'; i++) {
        if (is_escape(octets, i))
            i++;
        else if (octets.ptr[i] == '"' && string_ends_before(octets, i + 1))
            return i + 1;
        else
            *unescaped |= octets.ptr[i] == '"';
    }
    return 0;
}

static bool skip(struct slice octets, size_t *at, char c)
{
    if (*at >= octets.len || octets.ptr[*at] != c)
        return false;
    ++*at;
    return true;
}

size_t imap_literal_end(struct slice octets, size_t at, struct slice *content)
{
    uint64_t size;
    skip(octets, &at, '~');
    if (!skip(octets, &at, '{'))
        return 0;
    size_t from = at;
    while (at < octets.len && ascii_digit(octets.ptr[at]))
        at++;
    struct slice digits = slice_sub(octets, from, at);
    if (!skip(octets, &at, '}'))
        return 0;
    skip(octets, &at, '\r');
    if (!skip(octets, &at, '\n') || !slice_to_u64(digits, IMAP_LITERAL_MAX, &size) ||
        size > octets.len - at)
        return 0;
    *content = slice_sub(octets, at, at + (size_t)size);
    return at + (size_t)size;
}

size_t imap_announcement(struct slice line, struct slice *digits)
{
    if (line.len < 3 || line.ptr[line.len - 1] != '}')
        return line.len;
    size_t end = line.len - 1, at = end;
    while (at > 0 && ascii_digit(line.ptr[at - 1]))
        at--;
    if (at == end || at == 0 || line.ptr[at - 1] != '{')
        return line.len;
    *digits = slice_sub(line, at, end);
    at--;
    return at > 0 && line.ptr[at - 1] == '~' ? at - 1 : at;
}
