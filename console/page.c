/* SPDX-License-Identifier: ISC */
#include "console/page.h"

void page_label(struct page *page, const char *label)
{
    terminal_style(&page->terminal, page->out, STYLE_DIM);
    buf_printf(page->out, "  %-*s", PAGE_INDENT - 2, label);
    terminal_style(&page->terminal, page->out, STYLE_PLAIN);
}

void page_end(struct page *page)
{
    buf_char(page->out, '\n');
}

void page_row(struct page *page, const char *label, struct slice text)
{
    page_label(page, label);
    terminal_wrap(&page->terminal, page->out, text, PAGE_INDENT);
    page_end(page);
}

void page_octets(struct buf *out, uint64_t octets)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double n = (double)octets;
    size_t unit = 0;
    while (n >= 1024 && unit < 4) {
        n /= 1024;
        unit++;
    }
    buf_printf(out, unit && n < 100 ? "%.1f %s" : "%.0f %s", n, units[unit]);
}

void page_time(struct buf *out, int64_t ms)
{
    static const struct unit {
        int64_t ms;
        const char *name;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}};
    const struct unit *unit = units;
    while (unit->ms > 1000 && ms < 2 * unit->ms)
        unit++;
    if (ms < 10000)
        buf_printf(out, "%.1f s", (double)ms / 1000);
    else
        buf_printf(out, "%lld %s", (long long)(ms / unit->ms), unit->name);
}
