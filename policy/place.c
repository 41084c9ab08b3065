/* SPDX-License-Identifier: ISC */
#include "policy/place.h"

#include "policy/lexer.h"
#include "policy/program.h"
#include "policy/settings.h"

#include <stdio.h>
#include <string.h>

struct span place_of_setting(const struct config *config, const char *block, const char *word)
{
    for (size_t i = 0; config->settings_given && i < settings_count; i++)
        if (strcmp(settings_table[i].block, block) == 0 &&
            strcmp(settings_table[i].word, word) == 0)
            return config->settings_given[i].at;
    return NOWHERE;
}

struct span place_of_asking(const struct config *config, enum producer producer)
{
    return config->policy->asked_at[producer];
}

__attribute__((format(printf, 5, 0))) static void say(const struct config *config,
                                                      struct buf *report, struct span at,
                                                      const char *kind, const char *format,
                                                      va_list args)
{
    if (at.to > 0) {
        source_say(config->sources, report, at, kind, format, args);
        return;
    }
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    if (config->sources)
        buf_printf(report, "%.*s: ", SLICE_ARGS(config->sources->files[0]->path));
    buf_printf(report, "%s: %s\n", kind, text);
}

void place_error(const struct config *config, struct buf *report, struct span at,
                 const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(config, report, at, "error", format, args);
    va_end(args);
}

void place_warning(const struct config *config, struct buf *report, struct span at,
                   const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(config, report, at, "warning", format, args);
    va_end(args);
}
