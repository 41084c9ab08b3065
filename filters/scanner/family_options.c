/* SPDX-License-Identifier: ISC */
#include "filters/scanner/family_options.h"

#include <stdio.h>
#include <string.h>

struct option_row {
    const char *word;
    const char **text;
    unsigned *number;
    unsigned least, most;
};

static bool take(const struct option_row *row, const char *value)
{
    if (row->text) {
        *row->text = value;
        return true;
    }
    uint64_t number = 0;
    if (!slice_to_u64(slice_of(value), row->most, &number) || number < row->least)
        return false;
    *row->number = (unsigned)number;
    return true;
}

static bool refuse(const char **reason, const char *what, const char *word)
{
    static char text[160];
    snprintf(text, sizeof text, "%s: %s", what, word);
    *reason = text;
    return false;
}

bool family_options_parse(int argc, char *argv[], struct family_options *out, const char **reason)
{
    *out = (struct family_options){
        .workers = 1, .recycle = 10000, .timeout = 60000, .user = "gatepost"};
    out->growth = 32 * 1024;
    out->log_to = "stderr";
    out->log_format = "text";
    out->log_level = "info";
    const struct option_row rows[] = {
        {.word = "--workers", .number = &out->workers, .least = 1, .most = FAMILY_WORKERS_MAX},
        {.word = "--recycle", .number = &out->recycle, .least = 1, .most = 1000000},
        {.word = "--growth", .number = &out->growth, .least = 1024, .most = 1024 * 1024},
        {.word = "--timeout", .number = &out->timeout, .least = 100, .most = 3600000},
        {.word = "--pages",
         .number = &out->pages,
         .least = FAMILY_EXTRA_FD,
         .most = FAMILY_EXTRA_LAST},
        {.word = "--model",
         .number = &out->model,
         .least = FAMILY_EXTRA_FD,
         .most = FAMILY_EXTRA_LAST},
        {.word = "--user", .text = &out->user},
        {.word = "--chroot", .text = &out->chroot},
        {.word = "--database", .text = &out->database},
        {.word = "--log-to", .text = &out->log_to},
        {.word = "--log-format", .text = &out->log_format},
        {.word = "--log-level", .text = &out->log_level},
    };
    for (int i = 1; i < argc; i += 2) {
        size_t row = 0, count = sizeof rows / sizeof *rows;
        while (row < count && strcmp(rows[row].word, argv[i]) != 0)
            row++;
        if (row == count)
            return refuse(reason, "unknown option", argv[i]);
        if (i + 1 == argc || !take(&rows[row], argv[i + 1]))
            return refuse(reason, "bad value of option", argv[i]);
    }
    return true;
}
