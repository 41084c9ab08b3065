/* SPDX-License-Identifier: ISC */
#include "filters/scanner/scan_banner.h"

#include "filters/mime/charset.h"

enum { IS_HTML = 1, IS_HIGH = 2, BEGINS_LINE = 4, IS_LAST = 8, ALL_FLAGS = 15 };

static void pack_places(struct buf *out, const struct banner_places *places)
{
    pack_u8(out, (uint8_t)places->state);
    pack_u8(out, (uint8_t)places->count);
    for (size_t i = 0; i < places->count; i++) {
        const struct banner_place *place = &places->items[i];
        pack_u32(out, place->part);
        pack_u64(out, place->at);
        pack_u8(out, (uint8_t)place->encoding);
        pack_u8(out, (uint8_t)place->kept);
        pack_u8(out, (uint8_t)place->charset);
        pack_u8(out,
                (uint8_t)((place->html ? IS_HTML : 0) | (place->high ? IS_HIGH : 0) |
                          (place->begins_line ? BEGINS_LINE : 0) | (place->last ? IS_LAST : 0)));
    }
}

void banner_sites_pack(struct buf *out, const struct banner_sites *sites)
{
    for (int spot = 0; spot < BANNER_SPOTS; spot++)
        pack_places(out, &sites->of[spot]);
}

static bool unpack_place(struct unpack *in, uint64_t behind, struct banner_place *place)
{
    place->part = unpack_u32(in);
    place->at = unpack_u64(in);
    uint8_t encoding = unpack_u8(in);
    place->encoding = (enum mime_encoding)encoding;
    place->kept = unpack_u8(in);
    place->charset = unpack_u8(in);
    uint8_t flags = unpack_u8(in);
    place->html = flags & IS_HTML;
    place->high = flags & IS_HIGH;
    place->begins_line = flags & BEGINS_LINE;
    place->last = flags & IS_LAST;
    return !in->bad && place->at > behind && encoding <= MIME_BASE64 && place->kept <= 2 &&
           (place->kept == 0 || encoding == MIME_BASE64) && place->charset < CHARSETS &&
           flags <= ALL_FLAGS;
}

static bool unpack_places(struct unpack *in, struct banner_places *places)
{
    *places = (struct banner_places){.state = (enum banner_state)unpack_u8(in)};
    size_t count = unpack_u8(in);
    if (in->bad || places->state > BANNER_ENCODING || count > BANNER_PLACES_MAX ||
        (count > 0) != (places->state == BANNER_PLACED))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!unpack_place(in, i ? places->items[i - 1].at : 0, &places->items[i]))
            return false;
    places->count = count;
    return true;
}

bool banner_sites_unpack(struct unpack *in, struct banner_sites *sites)
{
    return unpack_places(in, &sites->of[BANNER_TOP]) &&
           unpack_places(in, &sites->of[BANNER_BOTTOM]);
}
