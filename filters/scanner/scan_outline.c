/* SPDX-License-Identifier: ISC */
#include "filters/scanner/scan_outline.h"

const char *outline_encoding_word(enum mime_encoding encoding)
{
    static const char *const words[] = {
        [MIME_IDENTITY] = "none",     [MIME_QP] = "quoted-printable",      [MIME_BASE64] = "base64",
        [MIME_UUENCODE] = "uuencode", [MIME_ENCODING_UNKNOWN] = "unknown",
    };
    return words[encoding];
}

struct slice outline_shortened(struct slice text, size_t most)
{
    if (text.len <= most)
        return text;
    while (most > 0 && (text.ptr[most] & 0xc0) == 0x80)
        most--;
    return slice_sub(text, 0, most);
}

void outline_pack(struct buf *out, const struct outline *outline)
{
    pack_u8(out, outline != NULL);
    if (!outline)
        return;
    pack_u8(out, outline->fields_cut);
    pack_u32(out, (uint32_t)outline->field_count);
    for (size_t i = 0; i < outline->field_count; i++) {
        pack_slice(out, outline->fields[i].name);
        pack_slice(out, outline->fields[i].value);
        pack_u8(out, outline->fields[i].cut);
    }
    pack_u8(out, outline->parts_cut);
    pack_u32(out, (uint32_t)outline->part_count);
    for (size_t i = 0; i < outline->part_count; i++) {
        const struct outline_part *part = &outline->parts[i];
        pack_u32(out, part->depth);
        pack_u8(out, (uint8_t)part->kind);
        pack_u8(out, (uint8_t)part->encoding);
        pack_u64(out, part->size);
        pack_slice(out, part->type);
        pack_slice(out, part->charset);
        pack_slice(out, part->name);
    }
    pack_slice(out, outline->text);
    pack_u8(out, outline->text_cut);
    pack_u8(out, outline->text_was_html);
}

static bool unpack_bool(struct unpack *in)
{
    uint8_t octet = unpack_u8(in);
    in->bad |= octet > 1;
    return octet == 1;
}

static struct slice unpack_text(struct unpack *in, size_t most)
{
    struct slice text = unpack_slice(in);
    in->bad |= text.len > most;
    return text;
}

/* How many there are; 0 when it cannot be. */
static size_t unpack_count(struct unpack *in, size_t most)
{
    size_t count = unpack_u32(in);
    in->bad |= count > most;
    return in->bad ? 0 : count;
}

static void unpack_fields(struct unpack *in, struct arena *arena, struct outline *outline)
{
    outline->fields_cut = unpack_bool(in);
    outline->field_count = unpack_count(in, OUTLINE_FIELDS_MAX);
    struct outline_field *fields = arena_array(arena, outline->field_count, sizeof *fields);
    for (size_t i = 0; fields && i < outline->field_count; i++) {
        fields[i].name = unpack_text(in, OUTLINE_WORD_MAX);
        fields[i].value = unpack_text(in, OUTLINE_VALUE_MAX);
        fields[i].cut = unpack_bool(in);
    }
    outline->fields = fields;
    in->bad |= !fields;
}

static void unpack_part(struct unpack *in, struct outline_part *part)
{
    part->depth = unpack_u32(in);
    uint8_t kind = unpack_u8(in), encoding = unpack_u8(in);
    in->bad |= kind > MIME_MESSAGE || encoding > MIME_ENCODING_UNKNOWN;
    part->kind = in->bad ? MIME_LEAF : (enum mime_kind)kind;
    part->encoding = in->bad ? MIME_IDENTITY : (enum mime_encoding)encoding;
    part->size = unpack_u64(in);
    part->type = unpack_text(in, OUTLINE_WORD_MAX);
    part->charset = unpack_text(in, OUTLINE_WORD_MAX);
    part->name = unpack_text(in, OUTLINE_NAME_MAX);
}

static void unpack_parts(struct unpack *in, struct arena *arena, struct outline *outline)
{
    outline->parts_cut = unpack_bool(in);
    outline->part_count = unpack_count(in, OUTLINE_PARTS_MAX);
    struct outline_part *parts = arena_array(arena, outline->part_count, sizeof *parts);
    for (size_t i = 0; parts && i < outline->part_count; i++)
        unpack_part(in, &parts[i]);
    outline->parts = parts;
    in->bad |= !parts;
}

bool outline_unpack(struct unpack *in, struct arena *arena, const struct outline **outline)
{
    *outline = NULL;
    if (!unpack_bool(in))
        return !in->bad;
    struct outline *got = arena_alloc(arena, sizeof *got);
    if (!got)
        return false;
    unpack_fields(in, arena, got);
    unpack_parts(in, arena, got);
    got->text = unpack_text(in, OUTLINE_TEXT_MAX);
    got->text_cut = unpack_bool(in);
    got->text_was_html = unpack_bool(in);
    *outline = in->bad ? NULL : got;
    return !in->bad;
}
