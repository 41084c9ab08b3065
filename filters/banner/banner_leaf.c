/* SPDX-License-Identifier: ISC
 * Whether a text can take a banner or disclaimer, and where. */
#include "filters/banner/banner_internal.h"
#include "filters/html/html_body.h"
#include "filters/mime/charset.h"
#include "filters/mime/charset_encode.h"
#include "filters/mime/transfer.h"

#include <string.h>

enum {
    LOOK_AT = 1024 * 1024, /* octets of decoded text in which a body is looked for, and PGP */
    WHOLE = 4 * LOOK_AT,   /* octets that are decoded to find an end */
    WIDE = 512,            /* in which a NUL tells of UTF-16 */
};

/* Others may read another type, encoding or charset, or begin the text elsewhere. */
static const enum malformation doubts[] = {
    MALFORMATION_CONFLICTING_CONTENT_TYPE,
    MALFORMATION_DUPLICATE_CONTENT_TYPE,
    MALFORMATION_TYPE_MALFORMED,
    MALFORMATION_CONTAINER_TYPE_MALFORMED,
    MALFORMATION_CONFLICTING_ENCODING,
    MALFORMATION_TEXT_ENCODING_UNCLEAR,
    MALFORMATION_ENCODING_ODD,
    MALFORMATION_ENCODING_SYNTAX,
    MALFORMATION_ENCODING_UNKNOWN,
    MALFORMATION_MIME_HEADER_BAD_NAME,
    MALFORMATION_HEADER_HIDDEN_IN_FOLD,
    MALFORMATION_HEADER_BLANK_LINE,
    MALFORMATION_HEADER_CUT_SHORT,
    MALFORMATION_HEADER_UNTERMINATED,
    MALFORMATION_BOUNDARY_IN_HEADER,
};

static bool is_in_doubt(const struct mime_part *part)
{
    for (size_t i = 0; i < sizeof doubts / sizeof *doubts; i++)
        if (malformations_has(&part->malformations, doubts[i]))
            return true;
    return false;
}

/* An empty line stands before its text, so that nothing of what is written there is taken for a
 * field. */
static bool begins_behind_header(const struct mime_part *part, struct slice raw)
{
    struct slice before = slice_sub(raw, 0, part->body.from);
    struct slice end = slice_from(before, before.len < 3 ? 0 : before.len - 3);
    return (part->parent >= 0 || part->headers.len > 0) && end.len == 3 &&
           (slice_eq(end, SLICE("\n\r\n")) || slice_eq(slice_from(end, 1), SLICE("\n\n")));
}

struct look {
    char *text;
    size_t len, room;
};

static bool keep(void *context, struct slice piece)
{
    struct look *look = context;
    struct slice fits = slice_sub(piece, 0, look->room - look->len);
    if (fits.len)
        memcpy(look->text + look->len, fits.ptr, fits.len);
    look->len += fits.len;
    return true;
}

/* Its text, or the beginning of it; ptr NULL: the encoding is broken, or the arena is full. */
static struct slice look_into(struct arena *arena, const struct mime_part *part)
{
    struct malformations odd = {{0}};
    if (part->encoding == MIME_IDENTITY)
        return part->content;
    struct look look = {.room = part->content.len < WHOLE ? part->content.len : WHOLE};
    look.text = arena_alloc(arena, look.room + 1);
    if (!look.text || !mime_decode_to(part, keep, &look, &odd))
        return (struct slice){NULL, 0};
    bool broken = malformations_has(&odd, MALFORMATION_TEXT_BASE64_BROKEN) ||
                  malformations_has(&odd, MALFORMATION_BASE64_LONG_RAGGED) ||
                  malformations_has(&odd, MALFORMATION_BASE64_PADDING);
    return (struct slice){broken ? NULL : look.text, look.len};
}

static bool holds_pgp(struct slice text)
{
    return slice_search(text, SLICE("-----BEGIN PGP ")) < text.len;
}

/* Escapes before it that leave ASCII: what looks like a tag there may be letters. */
static bool is_in_escape(struct slice before)
{
    size_t escape = slice_rfind(before, '\x1b');
    struct slice tail = slice_from(before, escape);
    return tail.len > 0 && !slice_starts(tail, SLICE("\x1b(B")) &&
           !slice_starts(tail, SLICE("\x1b(J"));
}

/* In octets of the content, as it is. False: a group of base64 is no whole one there. */
static bool place_encoded(const struct mime_part *part, size_t octets, size_t *at, unsigned *kept)
{
    struct slice content = part->content;
    *kept = 0;
    if (part->encoding == MIME_IDENTITY) {
        *at = octets;
        return true;
    }
    if (part->encoding == MIME_QP) {
        *at = octets ? qp_place(content, octets) : 0;
        return true;
    }
    *at = base64_place(content, octets);
    *kept = octets % 3;
    if (*at == content.len)
        return octets == 0;
    struct slice group = slice_sub(content, *at, *at + 4);
    for (size_t i = 0; *kept && i < group.len; i++)
        if (!base64_letter(group.ptr[i]))
            return false;
    return *kept == 0 || group.len == 4;
}

static bool decodes_to(const struct mime_part *part, size_t at, struct arena *arena, size_t octets)
{
    unsigned found = 0;
    if (part->encoding != MIME_QP || octets == 0)
        return true;
    char *room = arena_alloc(arena, transfer_bound(at));
    return room && qp_decode(slice_sub(part->content, 0, at), room, &found) == octets;
}

static bool is_high(struct slice text)
{
    return !slice_is_ascii(text);
}

static bool begins_line(struct slice before)
{
    return before.len == 0 || before.ptr[before.len - 1] == '\n';
}

/* `octets` of its text stand before it. */
static enum banner_state place(struct arena *arena, const struct mime_part *part, struct slice text,
                               size_t octets, struct banner_place *out)
{
    size_t at = 0;
    if (is_in_escape(slice_sub(text, 0, octets)) || !place_encoded(part, octets, &at, &out->kept) ||
        !decodes_to(part, at, arena, octets))
        return BANNER_ENCODING;
    out->at = part->body.from + at;
    out->begins_line = begins_line(slice_sub(text, 0, octets));
    return BANNER_PLACED;
}

static enum banner_state place_last(const struct mime_part *part, struct slice text,
                                    struct banner_place *out)
{
    size_t at = 0;
    if (is_in_escape(text) || !banner_end(part, text, &at, &out->kept))
        return BANNER_ENCODING;
    out->at = part->body.from + at;
    out->begins_line = begins_line(text);
    out->last = true;
    return BANNER_PLACED;
}

static enum banner_state place_top(struct arena *arena, const struct mime_part *part,
                                   struct slice text, struct banner_place *out)
{
    struct slice beginning = slice_sub(text, 0, LOOK_AT);
    return place(arena, part, beginning, out->html ? html_body_place(beginning) : 0, out);
}

static enum banner_state place_bottom(struct arena *arena, const struct mime_part *part,
                                      struct slice text, struct banner_place *out)
{
    size_t octets = text.len;
    if (part->encoding != MIME_IDENTITY && part->content.len > WHOLE)
        return BANNER_LARGE;
    if (out->html && !html_body_end(text, &octets))
        return BANNER_IN_DOUBT;
    return octets < text.len ? place(arena, part, text, octets, out) : place_last(part, text, out);
}

static int charset_of(const struct mime_part *part)
{
    return charset_number(part->charset.len ? part->charset : SLICE("us-ascii"));
}

/* PLACED: its text can take something. */
static enum banner_state take_text(struct arena *arena, const struct mime_part *part,
                                   struct slice raw, struct slice *text)
{
    if (is_in_doubt(part) || !begins_behind_header(part, raw))
        return BANNER_IN_DOUBT;
    if (part->encoding > MIME_BASE64 || charset_form(charset_of(part)) == CHARSET_NEVER)
        return BANNER_ENCODING;
    *text = part->content.len ? look_into(arena, part) : SLICE("");
    if (!text->ptr)
        return BANNER_ENCODING;
    if (holds_pgp(slice_sub(*text, 0, LOOK_AT)))
        return BANNER_SEALED;
    struct slice first = slice_sub(*text, 0, WIDE);
    return slice_find(first, '\0') < first.len ? BANNER_ENCODING : BANNER_PLACED;
}

void banner_leaf(struct arena *arena, const struct mime_part *part, struct slice raw,
                 struct banner_leaf out[static BANNER_SPOTS])
{
    struct slice text;
    struct banner_leaf leaf = {.state = take_text(arena, part, raw, &text),
                               .place = {.part = (uint32_t)part->index}};
    if (leaf.state == BANNER_PLACED) {
        leaf.place.html = slice_eq(part->type, SLICE("text/html"));
        leaf.place.encoding = part->encoding;
        leaf.place.charset = (unsigned)charset_of(part);
        leaf.place.high = part->encoding == MIME_IDENTITY && is_high(part->content);
    }
    out[BANNER_TOP] = out[BANNER_BOTTOM] = leaf;
    if (leaf.state != BANNER_PLACED)
        return;
    out[BANNER_TOP].state = place_top(arena, part, text, &out[BANNER_TOP].place);
    out[BANNER_BOTTOM].state = place_bottom(arena, part, text, &out[BANNER_BOTTOM].place);
}
