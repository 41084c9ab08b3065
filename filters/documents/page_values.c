/* SPDX-License-Identifier: ISC */
#include "filters/documents/page_values.h"

#include "filters/html/html_reference.h"

enum { HANDLER_MIN = 5 }; /* oncut */

static bool is_space(char c)
{
    return (unsigned char)c <= ' ';
}

bool page_is_handler(struct slice name)
{
    if (name.len < HANDLER_MIN || !slice_istarts(name, SLICE("on")))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_alpha(name.ptr[i]))
            return false;
    return true;
}

/* Does an address begin so? Controls in front and line ends within are none to browsers. */
static bool begins(struct slice value, struct slice what, struct slice *after)
{
    size_t at = 0, matched = 0;
    while (at < value.len && is_space(value.ptr[at]))
        at++;
    for (; at < value.len && matched < what.len; at++) {
        char c = value.ptr[at];
        if (c == '\t' || c == '\n' || c == '\r')
            continue;
        if (ascii_lower(c) != what.ptr[matched])
            return false;
        matched++;
    }
    *after = slice_from(value, at);
    return matched == what.len;
}

static bool does_nothing(struct slice script)
{
    static const struct slice list[] = {SLICE(""),           SLICE(";"),          SLICE("void(0)"),
                                        SLICE("void(0);"),   SLICE("void 0"),     SLICE("//"),
                                        SLICE("void(null)"), SLICE("void(null);")};
    script = slice_trim(script);
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (slice_eq(script, list[i]))
            return true;
    return false;
}

bool page_value_runs(struct slice value)
{
    struct slice after;
    while (value.len) {
        if (begins(value, SLICE("vbscript:"), &after) ||
            (begins(value, SLICE("javascript:"), &after) && !does_nothing(after)))
            return true;
        value = slice_from(value, slice_find(value, ';') + 1);
    }
    return false;
}

bool page_value_is_page(struct slice value)
{
    static const struct slice kinds[] = {
        SLICE("data:text/html"), SLICE("data:application/xhtml"), SLICE("data:image/svg"),
        SLICE("data:text/xml"),  SLICE("data:application/xml"),
    };
    struct slice after;
    while (value.len) {
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            if (begins(value, kinds[i], &after))
                return true;
        value = slice_from(value, slice_find(value, ';') + 1);
    }
    return false;
}

/* "5; url=..." and "5, ...": a number alone loads the same again. */
bool page_refresh_goes(struct slice value)
{
    size_t at = 0;
    while (at < value.len && (is_space(value.ptr[at]) || ascii_digit(value.ptr[at]) ||
                              value.ptr[at] == '.' || value.ptr[at] == ';' || value.ptr[at] == ','))
        at++;
    return at < value.len;
}

bool page_is_namespace(struct slice value)
{
    return slice_eq(value, SLICE("http://www.w3.org/1999/xhtml")) ||
           slice_eq(value, SLICE("http://www.w3.org/2000/svg"));
}

bool page_has_entity(struct slice value, size_t within)
{
    static const struct slice known[] = {SLICE("&amp;"),  SLICE("&lt;"),   SLICE("&gt;"),
                                         SLICE("&quot;"), SLICE("&apos;"), SLICE("&#")};
    for (size_t at = slice_find(value, '&'); at < within && at < value.len;) {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            is_known = is_known || slice_starts(slice_from(value, at), known[i]);
        if (!is_known)
            return true;
        at += 1 + slice_find(slice_from(value, at + 1), '&');
    }
    return false;
}

bool page_hides_scheme(struct slice value)
{
    size_t end = 0;
    while (end < value.len && value.ptr[end] != ':' && value.ptr[end] != '/' &&
           value.ptr[end] != '?' && (value.ptr[end] != '#' || (end && value.ptr[end - 1] == '&')))
        end++;
    return page_has_entity(value, end);
}

static bool holds(struct slice text, struct slice what)
{
    return slice_search(text, what) < text.len;
}

bool page_transforms(struct slice instruction)
{
    return !holds(instruction, SLICE("text/css")) || holds(instruction, SLICE("xsl")) ||
           holds(instruction, SLICE("/xml"));
}

/* ---- document types */

/* References may stand for references: what is left after two rounds has no third to become a tag. */
static void look_at_literal(struct slice literal, struct buf *room, struct page_doctype *out)
{
    struct slice once = html_decode(literal, room);
    if (holds(once, SLICE("&#")) || holds(once, SLICE("&lt")) || holds(once, SLICE("<")))
        out->active = true;
    out->active = out->active || page_value_runs(once);
    out->shown = out->shown || page_is_namespace(once);
}

static void look_at_word(struct slice word, struct page_doctype *out)
{
    out->entities = out->entities || slice_eq(word, SLICE("ENTITY"));
    out->active = out->active || page_is_handler(word);
}

struct page_doctype page_doctype(struct slice declaration, struct buf *room)
{
    struct page_doctype out = {0};
    size_t from = 0;
    for (size_t at = 0; at < declaration.len; at++) {
        char c = declaration.ptr[at];
        if (slice_starts(slice_from(declaration, at), SLICE("<!--")))
            at += slice_search(slice_from(declaration, at), SLICE("-->"));
        else if (c == '"' || c == '\'') {
            size_t len = slice_find(slice_from(declaration, at + 1), c);
            look_at_literal(slice_sub(declaration, at + 1, at + 1 + len), room, &out);
            at += 1 + len;
        } else if (ascii_alpha(c))
            continue;
        else
            look_at_word(slice_sub(declaration, from, at), &out);
        from = at + 1;
    }
    return out;
}
