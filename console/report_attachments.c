/* SPDX-License-Identifier: ISC */
#include "console/report_attachments.h"

enum { ROWS_MAX = 200, NAME_COLUMNS = 12, TYPE_COLUMNS = 32, SIZE_COLUMNS = 9, FLAGS_COLUMNS = 24 };

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

static size_t name_width(const struct page *page, const struct list *list)
{
    size_t widest = NAME_COLUMNS;
    size_t most = 60;
    size_t others = PAGE_INDENT + TYPE_COLUMNS + SIZE_COLUMNS + FLAGS_COLUMNS + 6;
    if (page->terminal.width)
        most = page->terminal.width > others + NAME_COLUMNS ? page->terminal.width - others
                                                            : NAME_COLUMNS;
    for (size_t i = 0; i < list->count && i < ROWS_MAX; i++) {
        const struct value *fields = list->items[i].fields;
        size_t width = indent_of(fields) + columns_of(text_of(&fields[attachment_name]), most);
        if (width > widest)
            widest = width;
    }
    return widest < most ? widest : most;
}

static void pad(struct page *page, size_t used, size_t width)
{
    buf_printf(page->out, "%*s", (int)(width > used ? width - used : 0) + 2, "");
}

static void say_size(struct page *page, const struct value *size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double n = size->state == VALUE_KNOWN ? (double)size->integer : 0;
    size_t unit = 0;
    while (n >= 1024 && unit < 4) {
        n /= 1024;
        unit++;
    }
    struct buf text = buf_init(64);
    if (size->state == VALUE_KNOWN)
        buf_printf(&text, unit && n < 100 ? "%.1f %s" : "%.0f %s", n, units[unit]);
    else
        buf_cstr(&text, "?");
    buf_printf(page->out, "%*.*s  ", SIZE_COLUMNS, SLICE_ARGS(buf_slice(&text)));
    buf_release(&text);
}

static void say_flags(struct page *page, const struct value *fields)
{
    static const struct {
        enum attachment_field field;
        const char *word;
    } flags[] = {{attachment_encrypted, "encrypted"},
                 {attachment_macros, "macros"},
                 {attachment_unscannable, "unscannable"}};
    bool any = false;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (!holds(&fields[flags[i].field]))
            continue;
        terminal_style(&page->terminal, page->out, STYLE_BAD);
        buf_printf(page->out, "%s%s", any ? " " : "", flags[i].word);
        terminal_style(&page->terminal, page->out, STYLE_PLAIN);
        any = true;
    }
}

static void say_attachment(struct page *page, const struct value *fields, size_t width)
{
    size_t indent = indent_of(fields);
    if (indent > width / 2)
        indent = width / 2;
    buf_printf(page->out, "%*s", (int)indent, "");
    struct slice name = text_of(&fields[attachment_name]);
    pad(page,
        indent + terminal_text(page->out, name.len ? name : SLICE("(no name)"), width - indent),
        width);
    struct slice type = text_of(&fields[attachment_type]);
    pad(page, terminal_text(page->out, type.len ? type : SLICE("?"), TYPE_COLUMNS), TYPE_COLUMNS);
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
    size_t width = name_width(page, list), shown = list->count < ROWS_MAX ? list->count : ROWS_MAX;
    for (size_t i = 0; i < shown; i++) {
        page_label(page, i ? "" : "attachments");
        if (list->items[i].state == VALUE_KNOWN)
            say_attachment(page, list->items[i].fields, width);
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
