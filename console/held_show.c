/* SPDX-License-Identifier: ISC */
#include "console/held_show.h"

#include "console/held_page.h"
#include "console/page.h"
#include "console/report_attachments.h"
#include "filters/mime/headers.h"

#include <inttypes.h>

enum { DEPTH_SHOWN = 12, QUOTE_INDENT = 4 };

bool held_show_results(struct arena *arena, struct slice fields, size_t nth, struct slice *value)
{
    struct header field;
    if (!headers_find(fields, SLICE("Authentication-Results"), nth, &field))
        return false;
    struct slice unfolded = header_unfold(arena, field.value);
    char *text = unfolded.ptr ? arena_cstr(arena, unfolded) : NULL;
    for (size_t i = 0; text && i < unfolded.len; i++)
        if (text[i] == '\t') /* of the folding */
            text[i] = ' ';
    *value = (struct slice){text, unfolded.len};
    return text;
}

static void say_others(struct page *page, const struct held_show *show)
{
    if (show->other_count == 0)
        return;
    page_label(page, "other copies");
    for (size_t i = 0; i < show->other_count; i++)
        buf_printf(page->out, "%s%" PRIu64, i ? ", " : "", show->others[i]);
    page_end(page);
}

/* ---- fields ---- */

static void say_field(struct page *page, const struct outline_field *field)
{
    char label[PAGE_INDENT - 2];
    if (!slice_to_text(field->name, label, sizeof label))
        label[0] = '\0';
    page_label(page, label);
    terminal_wrap(&page->terminal, page->out, field->value, PAGE_INDENT);
    if (field->cut)
        buf_cstr(page->out, " ... cut");
    page_end(page);
}

static void say_fields(struct page *page, struct arena *arena, const struct held_show *show)
{
    const struct outline *outline = show->answer.outline;
    struct slice value;
    for (size_t i = 0; i < outline->field_count; i++)
        say_field(page, &outline->fields[i]);
    if (outline->fields_cut)
        page_row(page, "", SLICE("some of these fields are there more often"));
    for (size_t n = 0; held_show_results(arena, show->fields, n, &value); n++)
        page_row(page, "auth results", value);
}

/* ---- parts ---- */

static void say_part(struct page *page, const struct outline_part *part)
{
    uint32_t depth = part->depth < DEPTH_SHOWN ? part->depth : DEPTH_SHOWN;
    buf_printf(page->out, "%*s", (int)(2 * depth), "");
    terminal_text(page->out, part->type, 0);
    if (part->name.len) {
        buf_cstr(page->out, " \"");
        terminal_text(page->out, part->name, 0);
        buf_char(page->out, '"');
    }
    buf_cstr(page->out, ", ");
    page_octets(page->out, part->size);
    if (part->encoding != MIME_IDENTITY)
        buf_printf(page->out, ", %s", outline_encoding_word(part->encoding));
    if (part->charset.len) {
        buf_cstr(page->out, ", ");
        terminal_text(page->out, part->charset, 0);
    }
}

static void say_parts(struct page *page, const struct outline *outline)
{
    for (size_t i = 0; i < outline->part_count; i++) {
        page_label(page, i ? "" : "parts");
        say_part(page, &outline->parts[i]);
        page_end(page);
    }
    if (outline->parts_cut)
        page_row(page, "", SLICE("... cut: there are more"));
}

static void say_links(struct page *page, const struct value *domains)
{
    if (domains->state != VALUE_KNOWN || domains->list.count == 0)
        return;
    page_label(page, "points to");
    for (size_t i = 0; i < domains->list.count; i++) {
        buf_cstr(page->out, i ? ", " : "");
        terminal_text(page->out, domains->list.items[i].text, 0);
    }
    buf_cstr(page->out, domains->list.cut ? " ... cut" : "");
    page_end(page);
}

/* ---- the text ---- */

/* The mark before each line keeps it apart from what we say. */
static void say_text(struct page *page, const struct outline *outline)
{
    struct slice line, rest = outline->text;
    page_end(page);
    if (rest.len == 0)
        page_row(page, "text", SLICE("none"));
    else if (outline->text_was_html)
        page_row(page, "text", SLICE("of the HTML, without its tags"));
    while (rest.len) {
        slice_cut(rest, '\n', &line, &rest);
        terminal_style(&page->terminal, page->out, STYLE_DIM);
        buf_cstr(page->out, "  | ");
        terminal_style(&page->terminal, page->out, STYLE_PLAIN);
        terminal_wrap(&page->terminal, page->out, line, QUOTE_INDENT);
        page_end(page);
    }
    if (outline->text_cut)
        page_row(page, "", SLICE("... cut"));
}

void held_show_page(struct buf *out, struct arena *arena, const struct held_show *show)
{
    struct page page = {.out = out, .terminal = terminal_of_output()};
    const struct scan_answer *answer = &show->answer;
    held_page(out, &show->entry);
    say_others(&page, show);
    if (!answer->outline)
        return;
    page_end(&page);
    say_fields(&page, arena, show);
    say_parts(&page, answer->outline);
    const struct value *attachments = &answer->facts.fact[FACT_ATTACHMENTS];
    if (attachments->state != VALUE_KNOWN || attachments->list.count)
        report_attachments(&page, attachments);
    say_links(&page, &answer->facts.fact[FACT_MESSAGE_DOMAINS]);
    say_text(&page, answer->outline);
}
