/* SPDX-License-Identifier: ISC */
#include "filters/html/html_words.h"
#include "filters/mime/charset.h"
#include "filters/outline_internal.h"

/* Tags take most of some HTML, and a charset may take four octets for a letter. A character of clean
 * UTF-8 takes at most three for each octet that it was made of. */
enum { READ_MAX = 4 * OUTLINE_TEXT_MAX, CONVERTED_MAX = 3 * READ_MAX + 1024 };

/* charset_append shows controls as pictures (U+2400 + n); line ends must be line ends. */
static bool is_picture(struct slice text, char control)
{
    const char picture[] = {'\xe2', '\x90', (char)(0x80 | control)};
    return slice_starts(text, (struct slice){picture, sizeof picture});
}

static void append_lines(struct buf *out, struct slice text)
{
    while (text.len) {
        size_t plain = slice_find(text, '\xe2');
        buf_append(out, slice_sub(text, 0, plain));
        text = slice_from(text, plain);
        bool cr = is_picture(text, '\r'), lf = is_picture(text, '\n');
        if (lf || (cr && !is_picture(slice_from(text, 3), '\n')))
            buf_char(out, '\n');
        else if (text.len && !cr)
            buf_char(out, text.ptr[0]);
        text = slice_from(text, cr || lf ? 3 : 1);
    }
}

static bool is_blank(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != ' ' && text.ptr[i] != '\n')
            return false;
    return true;
}

/* The text in `out`, a buffer with room for it. */
static void to_text(const struct mime_part *part, bool html, struct slice content, struct buf *out)
{
    struct buf converted = buf_init(CONVERTED_MAX), lines = buf_init(CONVERTED_MAX);
    charset_append(&converted, part->charset, content);
    append_lines(html ? &lines : out, buf_slice(&converted));
    if (html)
        html_words(out, buf_slice(&lines));
    out->failed |= converted.failed || lines.failed;
    buf_release(&converted);
    buf_release(&lines);
}

/* False when the arena is full. *out has no text when it is blank. */
static bool read_part(struct arena *arena, const struct mime_part *part, bool html,
                      struct outline *out)
{
    struct malformations odd = {0};
    struct slice content;
    bool cut;
    if (!mime_decode(part, arena, READ_MAX, &content, &cut, &odd))
        return false;
    struct buf text = buf_init(CONVERTED_MAX);
    to_text(part, html, content, &text);
    struct slice whole = buf_slice(&text), kept = outline_shortened(whole, OUTLINE_TEXT_MAX);
    out->text = is_blank(whole) ? SLICE("") : arena_copy(arena, kept);
    out->text_cut = out->text.len && (cut || text.failed || kept.len < whole.len);
    out->text_was_html = out->text.len && html;
    buf_release(&text);
    return out->text.ptr;
}

bool outline_read_text(struct arena *arena, const struct mime_message *message, struct outline *out)
{
    static const struct {
        struct slice type;
        bool html, attached;
    } choices[] = {{SLICE("text/plain"), false, false},
                   {SLICE("text/html"), true, false},
                   {SLICE("text/plain"), false, true},
                   {SLICE("text/html"), true, true}};
    for (size_t k = 0; k < sizeof choices / sizeof *choices; k++)
        for (size_t i = 0; i < message->n; i++) {
            const struct mime_part *part = &message->parts[i];
            if (part->kind != MIME_LEAF || part->attachment != choices[k].attached ||
                !slice_eq(part->type, choices[k].type))
                continue;
            if (!read_part(arena, part, choices[k].html, out))
                return false;
            if (out->text.len)
                return true;
        }
    return true;
}
