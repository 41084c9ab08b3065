/* SPDX-License-Identifier: ISC
 * What a client of IMAP says: pieces and their literals, commands, what they ask for. What passes holds no refused item
 * wherever a server might look for one. */
#include "proxy/imap/imap_reading.h"
#include "proxy/imap/imap_tokens.h"
#include "tests/fuzz/target.h"

#include <string.h>

static bool lies_in(struct slice part, struct slice whole)
{
    return part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len);
}

static void check_piece(struct slice in, const struct imap_piece *piece)
{
    require(piece->used == piece->text.len + 2 && piece->used <= IMAP_LINE_MAX);
    require(lies_in(piece->text, in));
    require(!memchr(piece->text.ptr, '\r', piece->text.len));
    require(!memchr(piece->text.ptr, '\0', piece->text.len));
    require(!piece->literal || piece->octets <= UINT32_MAX);
    require(!piece->literal || piece->text.ptr[piece->text.len - 1] == '}');
}

/* One octet less is always another answer: more must come. */
static void check_pieces(struct slice in)
{
    struct imap_piece piece, less;
    while (in.len) {
        int found = imap_piece(in, &piece);
        if (found == 0 || found == -1)
            break;
        require(piece.used > 0 && piece.used <= in.len);
        require(imap_piece(slice_sub(in, 0, piece.used), &less) == found);
        require(imap_piece(slice_sub(in, 0, piece.used - 1), &less) == 0);
        if (found == 1)
            check_piece(in, &piece);
        in = slice_from(in, piece.used);
        in = slice_from(in, found == 1 && piece.literal ? (size_t)piece.octets : 0);
    }
}

static void check_tokens(struct slice in, enum imap_token (*next)(struct slice *, struct slice *))
{
    struct slice rest = in, text;
    for (enum imap_token kind; (kind = next(&rest, &text)) != IMAP_TOKEN_END;) {
        if (kind == IMAP_TOKEN_BROKEN)
            return;
        require(lies_in(text, in) && lies_in(rest, in));
        require(rest.len < in.len);
        in = rest;
    }
}

static void check_strings(struct arena *arena, struct slice rest)
{
    struct slice out, before = rest;
    while (imap_string(arena, &rest, &out)) {
        require(rest.len < before.len && out.len <= before.len);
        before = rest;
    }
}

static void check_item(struct slice name)
{
    bool asked = imap_may_ask_for(name);
    enum imap_item item = imap_item(name);
    require(item <= IMAP_ITEM_CONTENT);
    require(!asked || !slice_istarts(name, SLICE("BINARY")));
    require(item != IMAP_ITEM_WHOLE || asked);
    require(!imap_names_header(name) || item != IMAP_ITEM_WHOLE);
}

static void check_set(struct slice set)
{
    uint32_t from, to;
    size_t before = set.len;
    while (imap_range(&set, &from, &to)) {
        require(from > 0 && to > 0 && set.len < before);
        before = set.len;
    }
}

static void check_fetch(const struct imap_command *command)
{
    struct imap_fetch fetch;
    imap_fetch(command, &fetch);
    require(lies_in(fetch.set, command->arguments) && lies_in(fetch.items, command->arguments));
    require(fetch.set.len > 0 && fetch.items.len > 0);
    struct slice rest = fetch.items, token;
    enum imap_token kind;
    bool whole = false, content = false, items = true;
    while ((kind = imap_fetch_token(&rest, &token)) != IMAP_TOKEN_END) {
        require(kind != IMAP_TOKEN_BROKEN && kind != IMAP_TOKEN_QUOTED &&
                kind != IMAP_TOKEN_LITERAL);
        if (kind == IMAP_TOKEN_ATOM && items)
            require(imap_may_ask_for(token) || slice_ieq(token, SLICE("CHANGEDSINCE")) ||
                    slice_ieq(token, SLICE("VANISHED")) || ascii_digit(token.ptr[0]));
        whole |= kind == IMAP_TOKEN_ATOM && imap_item(token) == IMAP_ITEM_WHOLE;
        content |= kind == IMAP_TOKEN_ATOM && imap_item(token) == IMAP_ITEM_CONTENT;
    }
    require(fetch.whole == whole && fetch.content == content);
    check_set(fetch.set);
}

/* A literal of a command that passes is one to every reader: it stands alone. */
static void check_announced(struct slice arguments)
{
    struct slice rest = arguments, token;
    enum imap_token kind;
    while ((kind = imap_fetch_token(&rest, &token)) != IMAP_TOKEN_END && kind != IMAP_TOKEN_BROKEN)
        require(kind != IMAP_TOKEN_ATOM || slice_find(token, '[') < token.len ||
                slice_find(token, '\n') == token.len);
}

static void check_append(struct slice arguments)
{
    size_t wholes = 0;
    for (size_t count = 0; count < 4; count++)
        wholes += imap_append_is_whole(arguments, count);
    require(wholes <= 1 && !imap_append_is_whole(arguments, 0));
    imap_append_continues(arguments, false);
    imap_append_continues(arguments, true);
}

/* Of any command that came, whether it passes or not. */
static void check_reading(const struct imap_command *command)
{
    struct left_range ranges[LEFT_RANGES_MOST];
    uint32_t uid;
    size_t count = imap_uids(command, ranges);
    require(count <= LEFT_RANGES_MOST);
    for (size_t i = 0; i < count; i++)
        require(ranges[i].from > 0 && ranges[i].from <= ranges[i].to);
    if (imap_says_seen(command, &uid))
        require(uid > 0 && uid < UINT32_MAX && count == 1 && ranges[0].to == uid);
    require(!imap_reads_one(command) || command->verb == IMAP_FETCH);
    require(!imap_says_deleted(command) || command->verb == IMAP_STORE);
}

static void check_command(struct slice in)
{
    struct imap_command command, again;
    imap_command(in, &command);
    require(command.verb <= IMAP_VERBS && command.tag.len <= IMAP_TAG_MAX);
    require(command.tag.len || command.verb == IMAP_VERBS);
    require(lies_in(command.tag, in) && lies_in(command.arguments, in));
    const char *why = imap_objection(&command);
    imap_command(in, &again);
    require(imap_objection(&again) == why);
    check_append(command.arguments);
    check_reading(&command);
    if (why || command.verb == IMAP_VERBS)
        return;
    check_announced(command.arguments);
    if (command.verb == IMAP_FETCH)
        check_fetch(&command);
}

FUZZ_WITH_ARENA(in, 1 << 20)
{
    check_pieces(in);
    check_tokens(in, imap_token);
    check_tokens(in, imap_fetch_token);
    check_strings(arena, in);
    check_item(in);
    check_set(in);
    check_command(in);
}
