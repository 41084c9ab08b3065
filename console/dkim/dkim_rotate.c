/* SPDX-License-Identifier: ISC
 * gatepostctl dkim rotate: new keys beside those that a domain has, and when to do what. */
#include "console/command.h"
#include "console/dkim/dkim_new.h"
#include "console/dkim/dkim_options.h"

#include <stdio.h>

enum { ARENA_MAX = 64 * 1024 * 1024, OUT_MAX = 1024 * 1024 };

static const char synopsis[] = "dkim rotate [--config FILE] [--json] DOMAIN";

static struct slice folder_of(struct slice path)
{
    size_t end = slice_rfind(path, '/');
    return end < path.len ? slice_sub(path, 0, end) : SLICE(".");
}

static bool renew(const struct config *config, const struct dkim_row *old, struct arena *arena,
                  struct dkim_row *row)
{
    struct slice folder = folder_of(old->path);
    if (old->fault) {
        command_error("dkim", old->fault);
        return false;
    }
    *row = (struct dkim_row){.domain = old->domain,
                             .selector = dkim_new_selector(config, arena, old->domain, folder)};
    row->path = dkim_new_path(arena, folder, old->domain, row->selector);
    if (!row->selector.ptr || !row->path.ptr) {
        command_error("dkim", "no selector is left in this year");
        return false;
    }
    return dkim_new_key(row, old->key.algorithm, old->key.bits, arena);
}

static void say_steps(struct buf *out, const struct dkim_rows *old, const struct dkim_rows *fresh)
{
    buf_cstr(out, "\n1. Publish this now.\n"
                  "2. When gatepostctl dkim check sees it, and the time to live of the zone's "
                  "negative answers is over\n   (an hour mostly), let the configuration say, and "
                  "reload:\n\n");
    dkim_rows_statement(out, fresh);
    buf_cstr(out,
             "\n   gatepostctl dkim check then says whether what the gateway signs verifies.\n");
    buf_cstr(out, "\n3. Seven days later, when nobody verifies older mail any more, take out:\n\n");
    for (size_t i = 0; i < old->count; i++)
        buf_printf(out, "   %.*s TXT\n", SLICE_ARGS(old->rows[i].name));
    buf_cstr(out, "\n   and delete the files of the old keys.\n");
}

static void say(const struct dkim_rows *old, const struct dkim_rows *fresh, bool json, bool whole)
{
    struct buf out = buf_init(OUT_MAX);
    for (size_t i = 0; i < fresh->count; i++) {
        if (!json) {
            dkim_row_say(&out, &fresh->rows[i]);
            continue;
        }
        buf_char(&out, '{');
        dkim_row_json(&out, &fresh->rows[i]);
        buf_cstr(&out, "}\n");
    }
    if (!json && whole)
        say_steps(&out, old, fresh);
    fwrite(buf_slice(&out).ptr, 1, buf_len(&out), stdout);
    buf_release(&out);
}

static bool rotate(const struct dkim_options *options, const struct config *config,
                   struct arena *arena)
{
    struct dkim_rows old = {0}, fresh = {0};
    bool ok = dkim_rows_of(config, options->domain, arena, &old);
    fresh.rows = arena_array(arena, old.count + 1, sizeof *fresh.rows);
    for (size_t i = 0; ok && fresh.rows && i < old.count; i++) {
        ok = renew(config, &old.rows[i], arena, &fresh.rows[i]);
        fresh.count += ok;
    }
    say(&old, &fresh, options->json, ok);
    dkim_rows_free(&old);
    dkim_rows_free(&fresh);
    return ok;
}

int command_dkim_rotate(int argc, char *argv[])
{
    struct dkim_options options;
    struct configuration configuration;
    if (!dkim_options_read(argc, argv, "cj", &options) || !options.domain)
        return command_usage(synopsis);
    if (!dkim_options_open(&options, &configuration))
        return STATUS_ERROR;
    struct arena *arena = arena_new(ARENA_MAX);
    bool ok = arena && rotate(&options, configuration.config, arena);
    arena_free(&arena);
    configuration_close(&configuration);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
