/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_command.h"
#include "proxy/imap/imap_tokens.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- items ---- */

/* "1.2.HEADER": what stands behind the numbers. */
static struct slice behind_part(struct slice section)
{
    size_t i = 0;
    while (i < section.len && (is_digit(section.ptr[i]) || (i && section.ptr[i] == '.')))
        i++;
    return slice_from(section, i);
}

static bool is_header(struct slice section)
{
    struct slice what = behind_part(section);
    return slice_ieq(what, SLICE("HEADER")) || slice_istarts(what, SLICE("HEADER.FIELDS")) ||
           (slice_ieq(what, SLICE("MIME")) && what.len < section.len);
}

/* "BODY[section]<origin>", asked for or answered: its inside, and what stands behind. */
static bool cut_section(struct slice name, struct slice *section, struct slice *origin)
{
    size_t open = slice_find(name, '['), close = slice_rfind(name, ']');
    struct slice before = slice_sub(name, 0, open);
    if (close >= name.len || close < open ||
        !(slice_ieq(before, SLICE("BODY")) || slice_ieq(before, SLICE("BODY.PEEK"))))
        return false;
    *section = slice_sub(name, open + 1, close);
    *origin = slice_from(name, close + 1);
    return true;
}

/* A header from its beginning is one; what is cut out of its middle is seen to be none. */
static enum imap_item section_item(struct slice section, struct slice origin)
{
    bool begins =
        origin.len == 0 || slice_eq(origin, SLICE("<0>")) || slice_starts(origin, SLICE("<0."));
    if (section.len == 0)
        return origin.len ? IMAP_ITEM_CONTENT : IMAP_ITEM_WHOLE;
    return is_header(section) && begins ? IMAP_ITEM_OTHER : IMAP_ITEM_CONTENT;
}

bool imap_names_header(struct slice name)
{
    struct slice section, origin;
    return slice_ieq(name, SLICE("RFC822.HEADER")) ||
           (cut_section(name, &section, &origin) && is_header(section));
}

enum imap_item imap_item(struct slice name)
{
    struct slice section, origin;
    if (cut_section(name, &section, &origin))
        return section_item(section, origin);
    if (slice_ieq(name, SLICE("RFC822")) || slice_ieq(name, SLICE("RFC822.PEEK")))
        return IMAP_ITEM_WHOLE;
    if (slice_ieq(name, SLICE("RFC822.SIZE")) || slice_ieq(name, SLICE("RFC822.HEADER")))
        return IMAP_ITEM_OTHER;
    if (slice_find(name, '[') < name.len || slice_istarts(name, SLICE("RFC822")) ||
        slice_istarts(name, SLICE("BINARY")))
        return IMAP_ITEM_CONTENT;
    return IMAP_ITEM_OTHER;
}

/* ---- FETCH ---- */

void imap_fetch(const struct imap_command *command, struct imap_fetch *out)
{
    struct slice rest, token;
    *out = (struct imap_fetch){.set = SLICE("")};
    slice_cut(command->arguments, ' ', &out->set, &rest);
    out->items = rest;
    for (enum imap_token kind; (kind = imap_token(&rest, &token)) != IMAP_TOKEN_END;) {
        if (kind == IMAP_TOKEN_BROKEN)
            return;
        out->whole |= kind == IMAP_TOKEN_ATOM && imap_item(token) == IMAP_ITEM_WHOLE;
        out->content |= kind == IMAP_TOKEN_ATOM && imap_item(token) == IMAP_ITEM_CONTENT;
    }
}

static bool take_number(struct slice *text, uint32_t *out)
{
    uint64_t n = 0;
    size_t i = 0;
    if (text->len && text->ptr[0] == '*') {
        *out = UINT32_MAX;
        *text = slice_from(*text, 1);
        return true;
    }
    for (; i < text->len && is_digit(text->ptr[i]) && n <= UINT32_MAX; i++)
        n = n * 10 + (uint64_t)(text->ptr[i] - '0');
    if (i == 0 || n == 0 || n > UINT32_MAX)
        return false;
    *out = (uint32_t)n;
    *text = slice_from(*text, i);
    return true;
}

bool imap_range(struct slice *set, uint32_t *from, uint32_t *to)
{
    if (!take_number(set, from))
        return false;
    *to = *from;
    if (set->len && set->ptr[0] == ':') {
        *set = slice_from(*set, 1);
        if (!take_number(set, to))
            return false;
    }
    if (set->len && set->ptr[0] != ',')
        return false;
    *set = slice_from(*set, set->len > 0);
    return true;
}

/* ---- APPEND ---- */

/* "(\Seen)" and a date, before the literal: all that may stand there. */
static void skip_options(struct slice *text)
{
    struct slice token, rest = *text;
    if (imap_token(&rest, &token) == IMAP_TOKEN_OPEN) {
        while (imap_token(&rest, &token) == IMAP_TOKEN_ATOM)
            ;
        if (slice_eq(token, SLICE(")")))
            *text = rest;
    }
    rest = *text;
    if (imap_token(&rest, &token) == IMAP_TOKEN_QUOTED)
        *text = rest;
}

static bool skip(struct slice *text, struct slice what)
{
    bool there = slice_istarts(*text, what);
    *text = slice_from(*text, there ? what.len : 0);
    return there;
}

/* `text` ends with the announcement, without CRLF. */
bool imap_append_continues(struct slice text, bool more)
{
    struct slice token;
    if (more && !skip(&text, SLICE(" ")) && !skip(&text, SLICE(") ")))
        return false;
    if (!more && (imap_token(&text, &token) < IMAP_TOKEN_ATOM || text.len == 0))
        return false;
    skip_options(&text);
    skip(&text, SLICE("UTF8 ("));
    return slice_starts(text, SLICE("{")) || slice_starts(text, SLICE("~{"));
}

static bool take_message(struct slice *rest)
{
    uint64_t octets;
    skip_options(rest);
    bool utf8 = skip(rest, SLICE("UTF8 ("));
    size_t used = imap_client_literal(*rest, &octets);
    *rest = slice_from(*rest, used);
    return used && (!utf8 || skip(rest, SLICE(")")));
}

bool imap_append_is_whole(struct slice arguments, size_t count)
{
    struct slice rest = arguments, mailbox;
    size_t found = 0;
    enum imap_token kind = imap_token(&rest, &mailbox);
    if (kind < IMAP_TOKEN_ATOM || kind == IMAP_TOKEN_BROKEN)
        return false;
    do {
        if (!take_message(&rest))
            return false;
        found++;
    } while (skip(&rest, SLICE(" ")));
    return rest.len == 0 && found == count;
}
