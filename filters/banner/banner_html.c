/* SPDX-License-Identifier: ISC
 * A banner or disclaimer as HTML. The page's styles are the sender's, who may not want it to be seen: what an
 * inline style calls important no sheet can change, and all else is as it is in no sheet. Both colours
 * of a banner are given, so that it can be read on dark screens; a disclaimer is part of the page. Some clients know no "important": what it looks
 * like is said twice. */
#include "filters/banner/banner_internal.h"

#include "base/utf8.h"

#include <string.h>

enum { LINE = 76, LONG_LINE = 200 };

#define BANNER_LOOK(important)                                                                     \
    "margin:0 0 12px" important ";padding:8px 12px" important                                      \
    ";border:1px solid #8a6d00" important ";background-color:#fff4ce" important                    \
    ";color:#1f1f1f" important ";font:14px/1.4 Arial,sans-serif" important                         \
    ";\r\ntext-align:left" important

#define DISCLAIMER_LOOK(important)                                                                 \
    "clear:both" important ";margin:12px 0 0" important ";padding:8px 0 0" important               \
    ";border-top:1px solid #999" important ";font:12px/1.4 Arial,sans-serif" important             \
    ";\r\ntext-align:left" important

#define BEGINNING(look)                                                                            \
    "<div style=\"" look(                                                                          \
        "") ";mso-hide:none;\r\n"                                                                  \
            "all:initial!important;display:block!important;position:relative!important;"           \
            "z-index:2147483647!important;\r\n" look("!important") "\">"

static const char *const beginnings[BANNER_SPOTS] = {
    [BANNER_TOP] = BEGINNING(BANNER_LOOK),
    [BANNER_BOTTOM] = BEGINNING(DISCLAIMER_LOOK),
};

static size_t column(const struct buf *out)
{
    struct slice all = buf_slice(out);
    size_t lf = slice_rfind(all, '\n');
    return lf < all.len ? all.len - lf - 1 : all.len;
}

/* Nothing that has a meaning in HTML, or at the beginning of a line of a message. */
static bool is_plain(uint32_t code, bool begins_line)
{
    char c = (char)code;
    if (code < ' ' || code > '~')
        return false;
    if (begins_line)
        return (ascii_alpha(c) || ascii_digit(c)) && !strchr("FfBb", c);
    return ascii_alpha(c) || ascii_digit(c) || strchr(" .,:;-@/()!?", c);
}

static void put_character(struct buf *out, uint32_t code, struct slice as_it_is)
{
    if (is_plain(code, column(out) == 0))
        buf_append(out, as_it_is);
    else
        buf_printf(out, "&#%u;", (unsigned)code);
}

static void put_text(struct buf *out, struct slice text)
{
    while (text.len > 0) {
        uint32_t code = '?';
        size_t n = utf8_next(text, &code), at = column(out);
        if (code == ' ' && at > LINE)
            buf_cstr(out, "\r\n");
        else if (at > LONG_LINE)
            buf_cstr(out, "<wbr\r\n>");
        if (code != ' ' || at <= LINE)
            put_character(out, code, slice_sub(text, 0, n ? n : 1));
        text = slice_from(text, n ? n : 1);
    }
}

void banner_html(struct buf *out, const struct banner_texts *texts)
{
    for (size_t i = 0; i < texts->count; i++) {
        buf_cstr(out, beginnings[texts->spot]);
        put_text(out, slice_trim(texts->items[i]));
        buf_cstr(out, i + 1 < texts->count ? "</div>\r\n" : "</div>");
    }
}
