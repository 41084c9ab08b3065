/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_response.h"

#include <string.h>

enum { CUT_NAME_MAX = 128 };

static struct slice without_prefix(struct slice text, struct slice prefix)
{
    return slice_istarts(text, prefix) ? slice_from(text, prefix.len) : text;
}

/* "BODY[", "BINARY.PEEK [" ... */
static bool begins_section(struct slice text)
{
    struct slice rest = without_prefix(text, SLICE("BODY"));
    if (rest.len == text.len)
        rest = without_prefix(text, SLICE("BINARY"));
    if (rest.len == text.len)
        return false;
    rest = without_prefix(rest, SLICE(".PEEK"));
    size_t i = 0;
    while (i < rest.len && ascii_blank(rest.ptr[i]))
        i++;
    return i < rest.len && rest.ptr[i] == '[';
}

static bool begins_rfc822(struct slice text)
{
    if (!slice_istarts(text, SLICE("RFC822")))
        return false;
    text = slice_from(text, 6);
    return !slice_istarts(text, SLICE(".SIZE")) && !slice_istarts(text, SLICE(".HEADER"));
}

bool imap_may_hold_content(struct slice octets)
{
    for (size_t i = 0; i < octets.len; i++) {
        char c = ascii_lower(octets.ptr[i]);
        struct slice rest = slice_from(octets, i);
        if ((c == 'b' && begins_section(rest)) || (c == 'r' && begins_rfc822(rest)))
            return true;
    }
    return false;
}

/* "Name:" and what follows; or as much of the name as was not cut off. */
static bool is_field(struct slice line, bool cut)
{
    size_t i = 0;
    while (i < line.len && line.ptr[i] > ' ' && line.ptr[i] <= '~' && line.ptr[i] != ':')
        i++;
    if (i == 0)
        return false;
    while (i < line.len && ascii_blank(line.ptr[i]))
        i++;
    if (i == line.len)
        return cut && i <= CUT_NAME_MAX;
    return line.ptr[i] == ':';
}

/* With its end; false when that has not come: it was cut. */
static bool take_line(struct slice *octets, struct slice *line)
{
    size_t lf = slice_find(*octets, '\n');
    bool whole = lf < octets->len;
    *line = slice_sub(*octets, 0, lf);
    *octets = slice_from(*octets, lf + 1);
    if (line->len && line->ptr[line->len - 1] == '\r')
        line->len--;
    return whole;
}

bool imap_is_header(struct slice octets)
{
    struct slice line;
    for (bool first = true; octets.len; first = false) {
        bool cut = !take_line(&octets, &line);
        if (line.len == 0)
            return octets.len == 0;
        if (memchr(line.ptr, '\r', line.len) || memchr(line.ptr, '\0', line.len))
            return false;
        bool folded = !first && ascii_blank(line.ptr[0]);
        if (!folded && !is_field(line, cut))
            return false;
    }
    return true;
}
