/* SPDX-License-Identifier: ISC */
#include "filters/scanner/scan_marks.h"

enum { BEFORE_FACT = 1, LAST = 2, SLICE_BYTES_MIN = 4 };

void scan_marks_pack(struct buf *out, const struct marks *marks)
{
    pack_u8(out, marks != NULL);
    if (!marks)
        return;
    pack_u32(out, (uint32_t)marks->field_count);
    for (size_t i = 0; i < marks->field_count; i++)
        pack_slice(out, marks->fields[i]);
    pack_u32(out, (uint32_t)marks->piece_count);
    for (size_t i = 0; i < marks->piece_count; i++) {
        const struct mark_piece *piece = &marks->pieces[i];
        pack_u8(out, (uint8_t)((piece->fact ? BEFORE_FACT : 0) | (piece->last ? LAST : 0)));
        pack_slice(out, piece->literal);
    }
    out->failed |= marks->field_count > MARKS_MOST || marks->piece_count > MARKS_MOST;
}

/* False: more than there can be. */
static bool unpack_count(struct unpack *in, size_t *count)
{
    *count = unpack_u32(in);
    return !in->bad && *count <= MARKS_MOST && *count <= in->left.len / SLICE_BYTES_MIN;
}

static bool unpack_fields(struct unpack *in, struct arena *arena, struct marks *made)
{
    if (!unpack_count(in, &made->field_count))
        return false;
    struct slice *fields = arena_array(arena, made->field_count, sizeof *fields);
    for (size_t i = 0; fields && i < made->field_count; i++)
        fields[i] = unpack_slice(in);
    made->fields = fields;
    return fields && !in->bad;
}

static bool unpack_pieces(struct unpack *in, struct arena *arena, struct marks *made)
{
    if (!unpack_count(in, &made->piece_count))
        return false;
    struct mark_piece *pieces = arena_array(arena, made->piece_count, sizeof *pieces);
    for (size_t i = 0; pieces && i < made->piece_count; i++) {
        uint8_t flags = unpack_u8(in);
        pieces[i] = (struct mark_piece){
            .literal = unpack_slice(in), .fact = flags & BEFORE_FACT, .last = flags & LAST};
        in->bad |= flags > (BEFORE_FACT | LAST);
    }
    made->pieces = pieces;
    return pieces && !in->bad;
}

bool scan_marks_unpack(struct unpack *in, struct arena *arena, const struct marks **marks)
{
    uint8_t there = unpack_u8(in);
    *marks = NULL;
    if (in->bad || there != 1)
        return !in->bad && there == 0;
    struct marks *made = arena_alloc(arena, sizeof *made);
    *marks = made;
    return made && unpack_fields(in, arena, made) && unpack_pieces(in, arena, made);
}
