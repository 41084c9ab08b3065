/* SPDX-License-Identifier: ISC */
#include "console/report_words.h"

#include "filters/scanner/scan_outline.h"

/* The beginning of what the message says. */
static void say_text(struct page *page, const struct value *text)
{
    enum { SHOWN_MAX = 3, OCTETS_MAX = 100 };
    for (size_t i = 0; text->state == VALUE_KNOWN && i < text->list.count && i < SHOWN_MAX; i++) {
        page_label(page, i ? "" : "text");
        struct slice paragraph = text->list.items[i].text;
        terminal_text(page->out, outline_shortened(paragraph, OCTETS_MAX), 0);
        bool more = paragraph.len > OCTETS_MAX || (i + 1 == SHOWN_MAX && text->list.count > i + 1);
        buf_cstr(page->out, more ? " ..." : "");
        page_end(page);
    }
}

static void say_links(struct page *page, const struct value *links)
{
    enum { SHOWN_MAX = 10 };
    for (size_t i = 0; links->state == VALUE_KNOWN && i < links->list.count && i < SHOWN_MAX; i++) {
        const struct value *fields = links->list.items[i].fields;
        page_label(page, i ? "" : "links");
        terminal_text(page->out, outline_shortened(fields[link_url].text, OUTLINE_WORD_MAX), 0);
        if (fields[link_text].state == VALUE_KNOWN) {
            buf_cstr(page->out, "  ");
            terminal_text(page->out, fields[link_text].text, 0);
        }
        page_end(page);
    }
    if (links->state == VALUE_KNOWN && links->list.count > SHOWN_MAX)
        page_row(page, "", SLICE("..."));
}

void report_words(struct page *page, const struct facts *facts)
{
    say_text(page, &facts->fact[FACT_MESSAGE_TEXT]);
    say_links(page, &facts->fact[FACT_LINKS]);
}
