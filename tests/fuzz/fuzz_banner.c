/* SPDX-License-Identifier: ISC
 * A message with a banner or a disclaimer: the same parts, and in those that have none the same octets. The first octet chooses the text, and where it stands.
 * Any place that a scanner could name is written to within the message, or not at all. Dictionary: banner.dict. */
#include "tests/filters/banner/banner_kit.h"
#include "tests/fuzz/target.h"

enum { MESSAGE_MAX = 1 << 16, ARENA = 64 << 20 };

static const char *const texts[] = {
    "This comes from outside",
    "--B begin 644 x.exe From nobody --B-- =ybegin line=1 </div><script>",
    "\xd0\x98\xd0\xb7 \xe5\xa4\x96\xe9\x83\xa8 \xe2\x82\xac",
    "--B",
};

static struct edit text_of(uint8_t octet)
{
    return (struct edit){.kind = octet & 4 ? ACTION_DISCLAIMER : ACTION_BANNER,
                         .value = slice_of(texts[octet & 3])};
}

/* Lines as SMTP has them: no bare CR or LF. */
static struct slice as_sent(struct arena *arena, struct slice in)
{
    char *out = arena_alloc(arena, 2 * in.len + 2);
    size_t n = 0;
    for (size_t i = 0; out && i < in.len; i++) {
        if (in.ptr[i] == '\r' || in.ptr[i] == '\0')
            continue;
        if (in.ptr[i] == '\n')
            out[n++] = '\r';
        out[n++] = in.ptr[i];
    }
    return (struct slice){out, n};
}

static void check_any_place(struct arena *arena, struct slice message, const struct edit *edit,
                            uint8_t octet)
{
    enum banner_spot spot = edit->kind == ACTION_BANNER ? BANNER_TOP : BANNER_BOTTOM;
    struct banner_sites sites = {{{.state = BANNER_NO_TEXT}, {.state = BANNER_NO_TEXT}}};
    sites.of[spot] = (struct banner_places){.state = BANNER_PLACED, .count = 1};
    struct banner_place *place = &sites.of[spot].items[0];
    *place = (struct banner_place){.at = message.len * (octet & 15) / 14,
                                   .encoding = (enum mime_encoding)(octet >> 4 & 3) % 3,
                                   .kept = (octet >> 4 & 3) == 2 ? octet % 3 : 0,
                                   .charset = octet % CHARSETS,
                                   .html = octet & 64,
                                   .last = octet & 16,
                                   .high = octet & 128};
    struct banner_input input = {.message = message,
                                 .eight_bit = octet & 32,
                                 .sites = &sites,
                                 .edits = edit,
                                 .edit_count = 1};
    struct banner_result result;
    if (!banner_edits(arena, &input, &result))
        return;
    for (size_t i = 0; i < result.count; i++)
        require(result.changes[i].from <= result.changes[i].to &&
                result.changes[i].to <= message.len);
    if (slice_is_ascii(message) && !input.eight_bit && place->encoding == MIME_IDENTITY)
        require(result.count == 0 || slice_is_ascii(result.changes[0].literal));
}

FUZZ_WITH_ARENA(in, ARENA)
{
    struct bannered bannered;
    uint8_t octet = fuzz_octet(&in);
    struct edit edit = text_of(octet);
    if (in.len > MESSAGE_MAX)
        return;
    struct slice message = as_sent(arena, in);
    if (!message.ptr)
        return;
    check_any_place(arena, message, &edit, octet);
    if (!kit_apply(arena, message, &edit, 1, &bannered))
        return;
    require(kit_difference(arena, &bannered) == NULL);
    require(!slice_is_ascii(message) || slice_is_ascii(bannered.message));
    enum banner_spot spot = octet & 4 ? BANNER_BOTTOM : BANNER_TOP;
    enum banner_state state = bannered.result.fates[spot].state;
    require((state == BANNER_PLACED) == (bannered.sites.of[spot].count > 0) ||
            state == BANNER_CHARSET);
}
