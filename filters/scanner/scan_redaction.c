/* SPDX-License-Identifier: ISC */
#include "filters/scanner/scan_redaction.h"

enum { NOT_WANTED, WANTED_PARTS, WANTED_ALL };

void redaction_wanted_pack(struct buf *out, const struct redaction_wanted *wanted)
{
    if (!wanted || wanted->all) {
        pack_u8(out, wanted ? WANTED_ALL : NOT_WANTED);
        return;
    }
    pack_u8(out, WANTED_PARTS);
    pack_u32(out, (uint32_t)wanted->part_count);
    for (size_t i = 0; i < wanted->part_count; i++)
        pack_u32(out, wanted->parts[i]);
    out->failed |= wanted->part_count > REDACTION_PARTS_MAX;
}

static bool unpack_parts(struct unpack *in, struct arena *arena, struct redaction_wanted *made)
{
    size_t count = unpack_u32(in);
    if (in->bad || count > REDACTION_PARTS_MAX || count > in->left.len / 4)
        return false;
    uint32_t *parts = arena_array(arena, count, sizeof *parts);
    for (size_t i = 0; parts && i < count; i++)
        parts[i] = unpack_u32(in);
    made->parts = parts;
    made->part_count = count;
    return parts != NULL;
}

bool redaction_wanted_unpack(struct unpack *in, struct arena *arena,
                             const struct redaction_wanted **wanted)
{
    uint8_t kind = unpack_u8(in);
    *wanted = NULL;
    if (in->bad || kind > WANTED_ALL || kind == NOT_WANTED)
        return !in->bad && kind == NOT_WANTED;
    struct redaction_wanted *made = arena_alloc(arena, sizeof *made);
    if (!made)
        return false;
    made->all = kind == WANTED_ALL;
    *wanted = made;
    return made->all || unpack_parts(in, arena, made);
}

void overlays_pack(struct buf *out, const struct overlay_range *overlays, size_t count)
{
    pack_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        pack_u64(out, overlays[i].from);
        pack_u64(out, overlays[i].to);
        pack_u8(out, (uint8_t)overlays[i].encoding);
    }
}

bool overlays_unpack(struct unpack *in, struct arena *arena, const struct overlay_range **overlays,
                     size_t *count)
{
    uint64_t end = 0;
    *count = unpack_u32(in);
    if (in->bad || *count > REDACTION_RANGES_MAX + 1 || *count > in->left.len / OVERLAY_BYTES)
        return false;
    struct overlay_range *made = arena_array(arena, *count, sizeof *made);
    for (size_t i = 0; made && i < *count; i++) {
        made[i].from = unpack_u64(in);
        made[i].to = unpack_u64(in);
        uint8_t encoding = unpack_u8(in);
        if (in->bad || made[i].from < end || made[i].to <= made[i].from ||
            encoding >= OVERLAY_ENCODINGS)
            return false;
        made[i].encoding = (enum overlay_encoding)encoding;
        end = made[i].to;
    }
    *overlays = made;
    return made != NULL;
}
