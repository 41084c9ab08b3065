/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_command.h"
#include "proxy/imap/imap_tokens.h"

/* ---- FETCH ---- */

static bool peeks(struct slice name)
{
    return slice_istarts(name, SLICE("BODY.PEEK")) || slice_ieq(name, SLICE("RFC822.PEEK"));
}

void imap_fetch(const struct imap_command *command, struct imap_fetch *out)
{
    struct slice rest, token;
    *out = (struct imap_fetch){.set = SLICE("")};
    slice_cut(command->arguments, ' ', &out->set, &rest);
    out->items = rest;
    for (enum imap_token kind; (kind = imap_fetch_token(&rest, &token)) != IMAP_TOKEN_END;) {
        if (kind == IMAP_TOKEN_BROKEN)
            return;
        enum imap_item item = kind == IMAP_TOKEN_ATOM ? imap_item(token) : IMAP_ITEM_OTHER;
        out->whole |= item == IMAP_ITEM_WHOLE;
        out->content |= item == IMAP_ITEM_CONTENT;
        out->marks |= item != IMAP_ITEM_OTHER && !peeks(token);
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
    for (; i < text->len && ascii_digit(text->ptr[i]) && n <= UINT32_MAX; i++)
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
    enum imap_token kind = imap_token(&rest, &token);
    if (kind == IMAP_TOKEN_OPEN) {
        do
            kind = imap_token(&rest, &token);
        while (kind == IMAP_TOKEN_ATOM);
        if (kind == IMAP_TOKEN_CLOSE)
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
