/* SPDX-License-Identifier: ISC */
#include "filters/containers/content_lines.h"
#include "filters/html/html_words.h"
#include "filters/mime/charset.h"
#include "filters/mime/headers.h"
#include "filters/mime/params.h"
#include "filters/text/bodies.h"
#include "filters/text/plain_text.h"

enum {
    SCRATCH_SLACK = 256 * 1024,
    SHOWN = 4, /* octets of UTF-8 that one of another charset may become */
    CHARSET_WITHIN =
        1024, /* octets of a page in which it may say its own (HTML Standard 13.2.3.2) */
    PARAMS_MAX = 32,
};

/* ---- charsets ---- */

static struct slice word_of(struct slice text)
{
    size_t n = 0;
    while (text.len > 0 && (text.ptr[0] == '"' || text.ptr[0] == '\'' || text.ptr[0] == ' '))
        text = slice_from(text, 1);
    while (n < text.len && (ascii_alpha(text.ptr[n]) || ascii_digit(text.ptr[n]) ||
                            text.ptr[n] == '-' || text.ptr[n] == '_'))
        n++;
    return slice_sub(text, 0, n);
}

/* What a page says of itself: <meta charset=...>, or within the content of one. */
static struct slice charset_within(struct slice content)
{
    struct slice text = slice_sub(content, 0, CHARSET_WITHIN);
    for (size_t at = slice_find(text, '='); at < text.len;
         at += 1 + slice_find(slice_from(text, at + 1), '='))
        if (slice_iends(slice_trim(slice_sub(text, 0, at)), SLICE("charset")))
            return word_of(slice_from(text, at + 1));
    return SLICE("");
}

/* Empty: UTF-8, or nobody says. */
static struct slice charset_of(const struct body *body, struct slice content)
{
    static const struct slice same[] = {SLICE("utf-8"), SLICE("utf8"), SLICE("us-ascii")};
    struct slice charset = body->part->charset;
    if (charset.len == 0 && body->kind == BODY_HTML)
        charset = charset_within(content);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (slice_ieq(charset, same[i]))
            return SLICE("");
    bool wide =
        slice_istarts(charset, SLICE("utf-16")); /* which cannot be read to be said within */
    return wide && body->part->charset.len == 0 ? SLICE("") : charset;
}

/* ---- HTML ---- */

struct page_flow {
    struct paragraphs *paragraphs;
    bool line; /* one has ended, and nothing stands on the next yet */
};

static void take_text(void *ctx, struct slice text)
{
    struct page_flow *flow = ctx;
    size_t before = flow->paragraphs->len;
    paragraphs_add(flow->paragraphs, text);
    flow->line = flow->line && flow->paragraphs->len == before;
}

/* An empty line ends a paragraph, as in plain text. */
static void take_gap(void *ctx, enum html_gap gap)
{
    struct page_flow *flow = ctx;
    if (gap == HTML_PARAGRAPH || (gap == HTML_LINE && flow->line))
        paragraphs_end(flow->paragraphs);
    else
        paragraphs_blank(flow->paragraphs);
    flow->line = gap == HTML_LINE;
}

static bool read_html(struct paragraphs *paragraphs, struct slice text)
{
    struct page_flow flow = {.paragraphs = paragraphs};
    const struct html_listener listener = {.ctx = &flow, .text = take_text, .gap = take_gap};
    bool heard = html_listen(text, &listener);
    paragraphs_end(paragraphs);
    return heard;
}

/* ---- plain text ---- */

static bool says(struct arena *scratch, const struct params *params, struct slice name,
                 struct slice value)
{
    struct slice found;
    return params_values(scratch, params, name, &found, 1) == 1 &&
           slice_ieq(slice_trim(found), value);
}

static struct plain_form form_of(struct arena *scratch, const struct mime_part *part)
{
    struct header field;
    struct params params;
    if (!headers_find(part->headers, SLICE("content-type"), 0, &field) ||
        slice_search(field.value, SLICE("lowed")) == field.value.len)
        return (struct plain_form){0};
    struct slice value = header_unfold(scratch, field.value);
    if (!value.ptr || !params_parse(scratch, value, PARAMS_MAX, &params))
        return (struct plain_form){0};
    return (struct plain_form){
        .flowed = says(scratch, &params, SLICE("format"), SLICE("flowed")),
        .delsp = says(scratch, &params, SLICE("delsp"), SLICE("yes")),
    };
}

/* ---- calendars ---- */

/* TEXT of iCalendar (RFC 5545 3.3.11). */
static void read_value(struct paragraphs *paragraphs, struct slice value)
{
    while (value.len > 0) {
        size_t n = slice_find(value, '\\');
        paragraphs_add(paragraphs, slice_sub(value, 0, n));
        value = slice_from(value, n + 1);
        if (value.len > 0 && ascii_lower(value.ptr[0]) == 'n') {
            paragraphs_blank(paragraphs);
            value = slice_from(value, 1);
        } else if (value.len > 0 && !(value.ptr[0] & 0x80)) {
            paragraphs_add(paragraphs, slice_sub(value, 0, 1));
            value = slice_from(value, 1);
        }
    }
    paragraphs_end(paragraphs);
}

static bool read_calendar(struct arena *scratch, struct paragraphs *paragraphs, struct slice text)
{
    static const struct slice shown[] = {SLICE("summary"), SLICE("description"), SLICE("location"),
                                         SLICE("comment")};
    struct content_lines lines;
    struct content_line line;
    if (!content_lines_open(scratch, text, &lines))
        return false;
    while (content_line_next(&lines, &line))
        for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
            if (slice_ieq(line.name, shown[i]) && line.encoding == CONTENT_TEXT)
                read_value(paragraphs, line.value);
    return true;
}

/* ---- all of them ---- */

static bool read_text(struct arena *scratch, const struct body *body, struct slice text,
                      struct paragraphs *paragraphs)
{
    if (body->kind == BODY_HTML)
        return read_html(paragraphs, text);
    if (body->kind == BODY_CALENDAR)
        return read_calendar(scratch, paragraphs, text);
    plain_text_read(paragraphs, text, form_of(scratch, body->part));
    return true;
}

static bool read_converted(struct arena *scratch, const struct body *body, struct slice charset,
                           struct slice content, struct paragraphs *paragraphs)
{
    struct buf converted = buf_init(SHOWN * content.len + 1);
    bool ok = charset_append(&converted, charset, content);
    charset_unpicture(&converted);
    ok = ok && read_text(scratch, body, buf_slice(&converted), paragraphs);
    buf_release(&converted);
    return ok;
}

bool body_read(const struct body *body, size_t *left, bool *cut, struct paragraphs *paragraphs)
{
    struct arena *scratch = arena_new((1 + SHOWN) * *left + SCRATCH_SLACK);
    struct malformations odd = {0}; /* others report them */
    struct slice content;
    bool ok = scratch && mime_decode(body->part, scratch, *left, &content, cut, &odd);
    if (ok) {
        struct slice charset = charset_of(body, content);
        *left -= content.len;
        ok = charset.len ? read_converted(scratch, body, charset, content, paragraphs)
                         : read_text(scratch, body, content, paragraphs);
    }
    arena_free(&scratch);
    return ok;
}
