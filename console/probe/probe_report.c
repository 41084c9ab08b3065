/* SPDX-License-Identifier: ISC */
#include "base/json.h"
#include "console/page.h"
#include "console/probe/probe.h"

#include <stdio.h>

enum { OUT_MAX = 256 * 1024 };

/* ---- rows are collected ---- */

static void add(struct probe *probe, enum probe_kind kind, const char *label, const char *format,
                va_list args) __attribute__((format(printf, 4, 0)));

static void add(struct probe *probe, enum probe_kind kind, const char *label, const char *format,
                va_list args)
{
    if (probe->row_count == PROBE_ROWS)
        return;
    struct slice text = arena_vprintf(probe->arena, format, args);
    if (text.ptr)
        probe->rows[probe->row_count++] = (struct probe_row){kind, label, text};
}

void probe_fact(struct probe *probe, const char *label, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(probe, PROBE_FACT, label, format, args);
    va_end(args);
}

void probe_note(struct probe *probe, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(probe, PROBE_NOTE, "note", format, args);
    va_end(args);
}

void probe_trouble(struct probe *probe, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(probe, PROBE_TROUBLE, "see to", format, args);
    va_end(args);
    if (probe->status < PROBE_SEE_TO)
        probe->status = PROBE_SEE_TO;
}

struct slice probe_scheme(const struct probe *probe)
{
    const struct server *server = probe->server;
    return arena_printf(probe->arena, "%s%s",
                        fact_info(FACT_PROTOCOL)->type.words->words[server->protocol],
                        server->implicit_tls ? "s" : "");
}

struct slice probe_server_name(const struct probe *probe)
{
    char address[46];
    const struct server *server = probe->server;
    ip_text(&server->ip, address);
    return arena_printf(probe->arena, server->ip.family == 4 ? "%.*s %s:%u" : "%.*s [%s]:%u",
                        SLICE_ARGS(probe_scheme(probe)), address, (unsigned)server->port);
}

static void write_out(struct buf *out)
{
    struct slice text = buf_slice(out);
    fwrite(text.ptr, 1, text.len, stdout);
    fflush(stdout);
    buf_release(out);
}

/* ---- words ---- */

static void say_title(struct page *page, const struct probe *probe)
{
    static const struct {
        const char *word;
        enum style style;
    } ends[] = {[PROBE_WELL] = {"well", STYLE_GOOD},
                [PROBE_SEE_TO] = {"something to see to", STYLE_WAIT},
                [PROBE_NOT_REACHED] = {"not usable", STYLE_BAD}};
    terminal_style(&page->terminal, page->out, STYLE_BOLD);
    terminal_text(page->out, probe->backend->name, 0);
    buf_char(page->out, ' ');
    terminal_text(page->out, probe_server_name(probe), 0);
    terminal_style(&page->terminal, page->out, STYLE_PLAIN);
    buf_cstr(page->out, ": ");
    terminal_style(&page->terminal, page->out, ends[probe->status].style);
    buf_cstr(page->out, ends[probe->status].word);
    terminal_style(&page->terminal, page->out, STYLE_PLAIN);
    page_end(page);
}

void probe_words(const struct probe *probe)
{
    struct buf out = buf_init(OUT_MAX);
    struct page page = {.out = &out, .terminal = terminal_of_output()};
    say_title(&page, probe);
    for (size_t i = 0; i < probe->row_count; i++)
        page_row(&page, probe->rows[i].label, probe->rows[i].text);
    write_out(&out);
}

/* ---- JSON ---- */

static void put_list(struct buf *out, const char *key, enum probe_kind kind,
                     const struct probe *probe)
{
    json_key(out, slice_of(key));
    buf_char(out, '[');
    for (size_t i = 0; i < probe->row_count; i++) {
        if (probe->rows[i].kind != kind)
            continue;
        json_item(out);
        json_text(out, probe->rows[i].text);
    }
    buf_char(out, ']');
}

static void put_text(struct buf *out, const char *key, struct slice text)
{
    json_key(out, slice_of(key));
    json_text(out, text);
}

void probe_json(const struct probe *probe)
{
    static const char *const words[] = {"well", "see to", "not usable"};
    struct buf out = buf_init(OUT_MAX);
    buf_char(&out, '{');
    put_text(&out, "backend", probe->backend->name);
    put_text(&out, "server", probe_server_name(probe));
    put_text(&out, "status", slice_of(words[probe->status]));
    for (size_t i = 0; i < probe->row_count; i++)
        if (probe->rows[i].kind == PROBE_FACT)
            put_text(&out, probe->rows[i].label, probe->rows[i].text);
    put_list(&out, "notes", PROBE_NOTE, probe);
    put_list(&out, "see_to", PROBE_TROUBLE, probe);
    buf_cstr(&out, "}\n");
    write_out(&out);
}
