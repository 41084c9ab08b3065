/* SPDX-License-Identifier: ISC
 * gatepostctl dkim show: what is to be published of the keys that are configured. */
#include "console/command.h"
#include "console/dkim/dkim_options.h"
#include "console/dkim/dkim_row.h"

#include <stdio.h>

enum { ARENA_MAX = 64 * 1024 * 1024, OUT_MAX = 16 * 1024 * 1024 };

static const char synopsis[] = "dkim show [--config FILE] [--json] [DOMAIN]";

static bool say(const struct dkim_rows *rows, bool json)
{
    struct buf out = buf_init(OUT_MAX);
    bool all = true;
    for (size_t i = 0; i < rows->count; i++) {
        all = all && !rows->rows[i].fault;
        if (!json) {
            dkim_row_say(&out, &rows->rows[i]);
            continue;
        }
        buf_char(&out, '{');
        dkim_row_json(&out, &rows->rows[i]);
        buf_cstr(&out, "}\n");
    }
    fwrite(buf_slice(&out).ptr, 1, buf_len(&out), stdout);
    buf_release(&out);
    return all;
}

int command_dkim_show(int argc, char *argv[])
{
    struct dkim_options options;
    struct configuration configuration;
    struct dkim_rows rows = {0};
    if (!dkim_options_read(argc, argv, "cj", &options))
        return command_usage(synopsis);
    if (!dkim_options_open(&options, &configuration))
        return STATUS_ERROR;
    struct arena *arena = arena_new(ARENA_MAX);
    bool ok = arena && dkim_rows_of(configuration.config, options.domain, arena, &rows) &&
              say(&rows, options.json);
    dkim_rows_free(&rows);
    arena_free(&arena);
    configuration_close(&configuration);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
