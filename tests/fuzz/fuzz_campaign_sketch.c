/* SPDX-License-Identifier: ISC
 * Any message has a sketch, the same each time, which comes back whole from a scanner; and any octets
 * are a sketch or none. */
#include "filters/scanner/scan_sketch.h"
#include "filters/text/message_text.h"
#include "tests/fuzz/target.h"

#include <string.h>

static bool are_equal(const struct campaign_sketch *a, const struct campaign_sketch *b)
{
    size_t count = a->structure ? CAMPAIGN_DIGESTS : a->text ? CAMPAIGN_TEXT : 0;
    return a->made == b->made && a->text == b->text && a->structure == b->structure &&
           memcmp(a->digests, b->digests, count * sizeof *a->digests) == 0;
}

static void make(struct arena *arena, const struct mime_message *message, const struct value *text,
                 struct campaign_sketch *out)
{
    static const struct spam_key key = {{1, 2}};
    require(campaign_sketch(arena, message, text, &key, out));
}

static void pass_on(const struct campaign_sketch *sketch)
{
    struct campaign_sketch got;
    struct buf out = buf_init(SCAN_SKETCH_BYTES);
    scan_sketch_pack(&out, sketch);
    require(!out.failed);
    struct unpack in = {.left = buf_slice(&out)};
    require(scan_sketch_unpack(&in, &got) && unpack_done(&in) && are_equal(sketch, &got));
    buf_release(&out);
}

FUZZ_WITH_ARENA(in, 64 << 20)
{
    struct mime_message message;
    struct value text;
    struct campaign_sketch sketch, again;
    struct unpack octets = {.left = in};
    if (scan_sketch_unpack(&octets, &sketch))
        pass_on(&sketch);
    if (!mime_parse(arena, in, &mime_limits_default, &message))
        return;
    require(message_text(arena, &message, &text, NULL));
    make(arena, &message, &text, &sketch);
    make(arena, &message, &text, &again);
    require(are_equal(&sketch, &again) && (sketch.text || !sketch.structure));
    pass_on(&sketch);
}
