/* SPDX-License-Identifier: ISC */
#include "filters/containers/ber.h"

#include "filters/mime/bytes.h"

#include <string.h>

enum {
    CONSTRUCTED = 0x20,
    MANY = 0x1f, /* the tag's number follows (8.1.2.4) */
    MORE = 0x80,
    PIECES_DEPTH = 16,
    PASS_LEVELS = 1 << 20, /* indefinite lengths within each other */
};

struct element {
    unsigned tag;
    bool indefinite;
    size_t len; /* of what there is */
};

static bool read_length(struct ber *in, struct element *e)
{
    uint8_t first = bytes_u8(in->rest, 0);
    uint64_t len = first;
    if (in->rest.len == 0)
        return false;
    in->rest = slice_from(in->rest, 1);
    e->indefinite = first == MORE && e->tag & CONSTRUCTED;
    in->cut = in->cut || (first == MORE && !e->indefinite);
    if (first & MORE) {
        size_t count = first & ~(unsigned)MORE;
        struct slice octets = slice_sub(in->rest, 0, count);
        in->rest = slice_from(in->rest, count);
        in->cut = in->cut || octets.len < count;
        len = 0;
        for (size_t i = 0; i < octets.len; i++)
            len = len >> 48 ? len : len << 8 | (uint8_t)octets.ptr[i];
    }
    in->cut = in->cut || len > in->rest.len;
    e->len = len < in->rest.len ? (size_t)len : in->rest.len;
    return true;
}

/* Identifier and length; then in->rest is the content and what follows. */
static bool read_head(struct ber *in, struct element *e)
{
    struct ber before = *in;
    *e = (struct element){.tag = bytes_u8(in->rest, 0)};
    in->rest = slice_from(in->rest, 1);
    if ((e->tag & MANY) == MANY) {
        while (bytes_u8(in->rest, 0) & MORE)
            in->rest = slice_from(in->rest, 1);
        in->rest = slice_from(in->rest, 1);
    }
    if (before.rest.len && read_length(in, e))
        return true;
    *in = (struct ber){before.rest, true};
    return false;
}

unsigned ber_peek(const struct ber *in)
{
    return bytes_u8(in->rest, 0);
}

bool ber_enter(struct ber *in, enum ber_tag tag)
{
    struct element e;
    if (ber_peek(in) != tag || !read_head(in, &e))
        return false;
    if (!e.indefinite)
        in->rest = slice_sub(in->rest, 0, e.len);
    return true;
}

bool ber_pass(struct ber *in, enum ber_tag tag)
{
    size_t open = 0;
    struct element e;
    if (ber_peek(in) != tag)
        return false;
    do {
        if (!read_head(in, &e) || open == PASS_LEVELS)
            return false;
        bool end = e.tag == 0 && open > 0;
        if (e.indefinite)
            open++;
        else
            in->rest = slice_from(in->rest, e.len);
        open -= end;
    } while (open > 0);
    return true;
}

struct joined {
    struct arena *arena;
    struct slice text;
    char *room;  /* NULL as long as there is one piece */
    size_t most; /* that all pieces can come to: they are apart in the input */
};

static bool add_piece(struct joined *joined, struct slice piece)
{
    if (piece.len == 0)
        return true;
    if (joined->text.len == 0) {
        joined->text = piece;
        return true;
    }
    if (!joined->room) {
        joined->room = arena_alloc(joined->arena, joined->most);
        if (!joined->room)
            return false;
        memcpy(joined->room, joined->text.ptr, joined->text.len);
        joined->text.ptr = joined->room;
    }
    memcpy(joined->room + joined->text.len, piece.ptr, piece.len);
    joined->text.len += piece.len;
    return true;
}

static bool add_pieces(struct joined *joined, struct ber *in, unsigned depth)
{
    struct element e;
    unsigned tag = ber_peek(in);
    if ((tag != BER_OCTETS && tag != BER_OCTETS_IN_PIECES) || depth == PIECES_DEPTH ||
        !read_head(in, &e))
        return false;
    struct ber inside = {e.indefinite ? in->rest : slice_sub(in->rest, 0, e.len), in->cut};
    struct slice after = slice_from(in->rest, e.len);
    if (tag == BER_OCTETS) {
        in->rest = after;
        return add_piece(joined, inside.rest);
    }
    bool sound = true;
    while (sound && ber_peek(&inside) != 0)
        sound = add_pieces(joined, &inside, depth + 1);
    if (e.indefinite) {
        sound = sound && slice_starts(inside.rest, SLICE("\0\0"));
        after = slice_from(inside.rest, 2);
    } else
        sound = sound && inside.rest.len == 0;
    *in = (struct ber){after, inside.cut};
    return sound;
}

bool ber_octets(struct arena *arena, struct ber *in, struct slice *out)
{
    struct joined joined = {.arena = arena, .text = {"", 0}, .most = in->rest.len};
    bool sound = add_pieces(&joined, in, 0);
    *out = joined.text;
    return sound;
}
