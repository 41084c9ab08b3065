/* SPDX-License-Identifier: ISC
 * What an IMAP server says: lines are found whole and in pieces at the same place, and what is found lies in what was
 * given. Where a literal is read, its line said so. */
#include "common/imap_capabilities.h"
#include "proxy/imap/imap_response.h"
#include "tests/fuzz/target.h"

#include <string.h>

static void require_within(struct slice part, struct slice all)
{
    if (part.len)
        require(part.ptr >= all.ptr && part.ptr + part.len <= all.ptr + all.len);
}

static void check_capabilities(struct slice list)
{
    struct slice all = list, one;
    while (imap_capability(&list, &one)) {
        require_within(one, all);
        require(one.len && list.len < all.len);
        if (imap_is_relayed_capability(one))
            require(!memchr(one.ptr, ']', one.len) && slice_is_ascii(one));
    }
}

static void check_response(struct slice line)
{
    struct imap_response response;
    struct slice list;
    imap_response(line, &response);
    require_within(response.tag, line);
    require_within(response.name, line);
    require_within(response.code, line);
    require_within(response.rest, line);
    require(response.code.len == 0 || slice_starts(response.rest, response.code));
    require((response.status < IMAP_STATUSES) <= (response.name.len > 0));
    if (response.code.len) {
        require(response.code.ptr[response.code.len - 1] == ']');
        if (imap_code_lists_capabilities(response.code, &list)) {
            require(!imap_is_relayed_code(response.code));
            check_capabilities(list);
        }
    }
    if (imap_may_have_literals(&response))
        require(response.kind == IMAP_RESPONSE_UNTAGGED && response.status == IMAP_STATUSES);
    check_capabilities(response.rest);
}

static void check_pieces(struct slice in, bool first, const struct imap_text *whole, int r)
{
    struct imap_text again;
    size_t end = r == 0 ? in.len : slice_find(in, '\n');
    for (size_t n = 0; n <= end && n < 64; n++)
        require(imap_text(slice_sub(in, 0, n), first, &again) == 0);
    if (r == 0)
        return;
    require(imap_text(slice_sub(in, 0, end + 1), first, &again) == r);
    require(r < 0 || (again.octets == whole->octets && again.literal == whole->literal));
}

/* One response as a session frames it; how long it is, or 0: it does not end here. `literals` are taken out. */
static size_t framed(struct slice in, struct slice *literals, size_t room, size_t *count)
{
    struct imap_text text;
    size_t at = 0;
    *count = 0;
    for (bool first = true;; first = false) {
        struct slice rest = slice_from(in, at);
        int r = imap_text(rest, first, &text);
        check_pieces(rest, first, &text, r);
        if (r != 1)
            return 0;
        at += text.text.len;
        if (!text.literal)
            return at;
        require(text.octets <= IMAP_LITERAL_MAX);
        if (text.octets > in.len - at || *count == room)
            return 0;
        literals[(*count)++] = slice_sub(in, at, at + (size_t)text.octets);
        at += (size_t)text.octets;
    }
}

static bool is_one_of(struct slice content, const struct slice *literals, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (content.ptr == literals[i].ptr && content.len == literals[i].len)
            return true;
    return false;
}

/* Each literal in a value is one of its strings. */
static void check_strings(const struct imap_fetched_item *item, const struct slice *literals,
                          size_t count)
{
    struct slice string;
    size_t at = 0, before = 0, found = 0, there = 0;
    while (imap_fetched_string(item, &at, &string)) {
        require(at > before && at <= item->value.len);
        require_within(string, item->value);
        found += is_one_of(string, literals, count) && string.ptr[-1] == '\n';
        before = at;
    }
    for (size_t i = 0; i < count; i++)
        there += literals[i].ptr > item->value.ptr &&
                 literals[i].ptr + literals[i].len <= item->value.ptr + item->value.len;
    require(found == there);
}

/* Read to its end, a response has each of its literals in an item. */
static void check_items(struct slice response, const struct slice *literals, size_t count)
{
    struct imap_fetched_item item;
    size_t at = 0, before = 0, covered = 0;
    int r;
    while ((r = imap_fetched_item(response, &at, &item)) == 1) {
        require(at > before && at <= response.len && item.name.len);
        require_within(item.name, response);
        require_within(item.value, response);
        require_within(item.content, item.value);
        if (item.is_string && item.value.ptr[0] != '"')
            require(is_one_of(item.content, literals, count));
        check_strings(&item, literals, count);
        struct slice whole = {item.name.ptr, at - (size_t)(item.name.ptr - response.ptr)};
        for (size_t i = 0; i < count; i++)
            covered += literals[i].ptr > whole.ptr &&
                       literals[i].ptr + literals[i].len <= whole.ptr + whole.len;
        before = at;
    }
    require(at <= response.len);
    if (r == 0)
        require(covered == count);
}

/* Octets that nobody has framed. */
static void check_octets(struct slice in)
{
    struct imap_fetched_item item;
    struct slice string;
    size_t at = 0, before = 0;
    while (imap_fetched_item(in, &at, &item) == 1) {
        require(at > before && at <= in.len);
        require_within(item.content, item.value);
        for (size_t in_value = 0; imap_fetched_string(&item, &in_value, &string);)
            require_within(string, item.value);
        before = at;
    }
    imap_may_hold_content(in);
    if (imap_is_header(in) && in.len > 1)
        require(imap_is_header(slice_sub(in, 0, 1)));
}

FUZZ(in)
{
    enum { LITERALS = 64 };
    struct slice literals[LITERALS];
    size_t count, used;
    check_octets(in);
    while ((used = framed(in, literals, LITERALS, &count)) > 0) {
        struct slice response = slice_sub(in, 0, used);
        check_response(response);
        check_items(response, literals, count);
        in = slice_from(in, used);
    }
    check_response(in);
}
