/* SPDX-License-Identifier: ISC */
#include "console/report_attachments.h"

#include <string.h>

enum {
    ROWS_MAX = 200,
    NAME_COLUMNS = 12,
    TYPE_COLUMNS = 32,
    SIZE_COLUMNS = 9,
    NAME_COLUMNS_MAX = 60
};

static const struct {
    enum field_index field;
    const char *word;
} flags[] = {{attachment_encrypted, "encrypted"},    {attachment_macros, "macros"},
             {attachment_active, "active"},          {attachment_remote, "remote"},
             {attachment_embedded, "embedded"},      {attachment_fragmented, "fragmented"},
             {attachment_unscannable, "unscannable"}};

enum { FLAGS = sizeof flags / sizeof *flags };

static bool holds(const struct value *value)
{
    return value->state == VALUE_KNOWN && value->truth;
}

static struct slice text_of(const struct value *value)
{
    return value->state == VALUE_KNOWN ? value->text : SLICE("?");
}

static size_t indent_of(const struct value *fields)
{
    const struct value *depth = &fields[attachment_depth];
    return depth->state == VALUE_KNOWN && depth->number > 0 && depth->number < 16
               ? 2 * (size_t)depth->number
               : 0;
}

static size_t columns_of(struct slice text, size_t most)
{
    struct buf shown = buf_init(65536);
    size_t columns = terminal_text(&shown, text, most);
    buf_release(&shown);
    return columns;
}

struct widths {
    size_t name, type;
};

static size_t flags_width(const struct value *fields)
{
    size_t width = 0;
    for (size_t i = 0; i < FLAGS; i++)
        if (holds(&fields[flags[i].field]))
            width += strlen(flags[i].word) + 1;
    return width;
}

static void widen(size_t *width, size_t wanted)
{
    if (wanted > *width)
        *width = wanted;
}

/* What each column needs; on a narrow terminal the names yield. */
static struct widths measure(const struct page *page, const struct list *list)
{
    struct widths widths = {NAME_COLUMNS, 1};
    size_t flagged = 0;
    for (size_t i = 0; i < list->count && i < ROWS_MAX; i++) {
        const struct value *fields = list->items[i].fields;
        if (list->items[i].state != VALUE_KNOWN)
            continue;
        size_t name = columns_of(text_of(&fields[attachment_name]), NAME_COLUMNS_MAX);
        widen(&widths.name, indent_of(fields) + name);
        widen(&widths.type, columns_of(text_of(&fields[attachment_type]), TYPE_COLUMNS));
        widen(&flagged, flags_width(fields));
    }
    size_t others = PAGE_INDENT + 2 + widths.type + 2 + SIZE_COLUMNS + 2 + flagged;
    size_t room = page->terminal.width > others ? page->terminal.width - others : 0;
    if (page->terminal.width && widths.name > room)
        widths.name = room > NAME_COLUMNS ? room : NAME_COLUMNS;
    return widths;
}

static void pad(struct page *page, size_t used, size_t width)
{
    buf_printf(page->out, "%*s", (int)(width > used ? width - used : 0) + 2, "");
}

static void say_size(struct page *page, const struct value *size)
{
    struct buf text = buf_init(64);
    if (size->state == VALUE_KNOWN)
        page_octets(&text, (uint64_t)size->integer);
    else
        buf_cstr(&text, "?");
    buf_printf(page->out, "%*.*s  ", SIZE_COLUMNS, SLICE_ARGS(buf_slice(&text)));
    buf_release(&text);
}

static void say_flags(struct page *page, const struct value *fields)
{
    bool any = false;
    for (size_t i = 0; i < FLAGS; i++) {
        if (!holds(&fields[flags[i].field]))
            continue;
        terminal_style(&page->terminal, page->out, STYLE_BAD);
        buf_printf(page->out, "%s%s", any ? " " : "", flags[i].word);
        terminal_style(&page->terminal, page->out, STYLE_PLAIN);
        any = true;
    }
}

static void say_attachment(struct page *page, const struct value *fields, struct widths widths)
{
    size_t indent = indent_of(fields);
    if (indent > widths.name / 2)
        indent = widths.name / 2;
    buf_printf(page->out, "%*s", (int)indent, "");
    struct slice name = text_of(&fields[attachment_name]);
    pad(page,
        indent +
            terminal_text(page->out, name.len ? name : SLICE("(no name)"), widths.name - indent),
        widths.name);
    struct slice type = text_of(&fields[attachment_type]);
    pad(page, terminal_text(page->out, type.len ? type : SLICE("?"), TYPE_COLUMNS), widths.type);
    say_size(page, &fields[attachment_size]);
    say_flags(page, fields);
}

void report_attachments(struct page *page, const struct value *attachments)
{
    if (attachments->state != VALUE_KNOWN) {
        page_row(page, "attachments", SLICE("unknown"));
        return;
    }
    const struct list *list = &attachments->list;
    size_t shown = list->count < ROWS_MAX ? list->count : ROWS_MAX;
    struct widths widths = measure(page, list);
    for (size_t i = 0; i < shown; i++) {
        page_label(page, i ? "" : "attachments");
        if (list->items[i].state == VALUE_KNOWN)
            say_attachment(page, list->items[i].fields, widths);
        page_end(page);
    }
    if (shown < list->count) {
        page_label(page, "");
        buf_printf(page->out, "and %zu more", list->count - shown);
        page_end(page);
    }
    if (list->cut)
        page_row(page, shown ? "" : "attachments", SLICE("the list is cut: there are more"));
}
