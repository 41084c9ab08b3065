/* SPDX-License-Identifier: ISC
 * Whether a text can take a banner, and where. */
#include "filters/banner/banner_internal.h"
#include "filters/html/html_body.h"
#include "filters/mime/charset.h"
#include "filters/mime/charset_encode.h"
#include "filters/mime/transfer.h"

#include <string.h>

enum {
    LOOK_AT = 1024 * 1024, /* octets of decoded text in which a body is looked for, and PGP */
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

/* The beginning of its text; ptr NULL: the encoding is broken, or the arena is full. */
static struct slice look_into(struct arena *arena, const struct mime_part *part)
{
    struct malformations odd = {{0}};
    if (part->encoding == MIME_IDENTITY)
        return slice_sub(part->content, 0, LOOK_AT);
    struct look look = {.room = part->content.len < LOOK_AT ? part->content.len : LOOK_AT};
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

static enum banner_state place(struct arena *arena, const struct mime_part *part, struct slice text,
                               struct banner_place *out)
{
    size_t octets = out->html ? html_body_place(text) : 0, at = 0;
    if (is_in_escape(slice_sub(text, 0, octets)) || !place_encoded(part, octets, &at, &out->kept) ||
        !decodes_to(part, at, arena, octets))
        return BANNER_ENCODING;
    out->at = part->body.from + at;
    out->begins_line = octets == 0 || text.ptr[octets - 1] == '\n';
    out->high = part->encoding == MIME_IDENTITY && is_high(part->content);
    return BANNER_PLACED;
}

enum banner_state banner_leaf(struct arena *arena, const struct mime_part *part, struct slice raw,
                              struct banner_place *out)
{
    int charset = charset_number(part->charset.len ? part->charset : SLICE("us-ascii"));
    out->html = slice_eq(part->type, SLICE("text/html"));
    out->encoding = part->encoding;
    if (is_in_doubt(part) || !begins_behind_header(part, raw))
        return BANNER_IN_DOUBT;
    if (part->encoding > MIME_BASE64 || charset_form(charset) == CHARSET_NEVER)
        return BANNER_ENCODING;
    out->charset = (unsigned)charset;
    struct slice text = look_into(arena, part);
    if (part->content.len == 0)
        text = SLICE("");
    if (!text.ptr)
        return BANNER_ENCODING;
    if (holds_pgp(text))
        return BANNER_SEALED;
    if (slice_find(slice_sub(text, 0, WIDE), '\0') < slice_sub(text, 0, WIDE).len)
        return BANNER_ENCODING;
    return place(arena, part, text, out);
}
