/* SPDX-License-Identifier: ISC
 * Reading a configuration: parse all files, then look names up, then check the rules. */
#include "policy/config.h"

#include "policy/parser.h"

#include <string.h>

enum { ARENA_MAX = 1024 * 1024 * 1024 };

static void finish(struct parser *parser)
{
    finish_backends(parser);
    finish_domains(parser);
    finish_listeners(parser);
}

static void read_all(struct parser *parser, struct slice path)
{
    const char *why = "";
    if (!source_open(parser->sources, path, &why)) {
        buf_printf(parser->sources->report, "%.*s: error: %s\n", SLICE_ARGS(path), why);
        parser->sources->errors++;
        return;
    }
    parse_file(parser);
    if (parser->sources->errors == 0 && !parser->sources->no_memory)
        finish(parser);
}

static void say_end(const struct sources *sources, struct slice path)
{
    if (sources->no_memory)
        buf_printf(sources->report, "%.*s: error: out of memory\n", SLICE_ARGS(path));
    else if (sources->errors > ERRORS_MAX)
        buf_printf(sources->report, "%.*s: error: too many errors\n", SLICE_ARGS(path));
}

struct config *config_load(struct slice path, const struct loader *loader, struct slice hostname,
                           struct buf *report)
{
    struct arena *arena = arena_new(ARENA_MAX);
    struct sources sources = {.arena = arena, .loader = loader, .report = report};
    struct parser parser = {.sources = &sources};
    struct config *config = arena ? arena_alloc(arena, sizeof *config) : NULL;
    if (!config) {
        arena_free(&arena);
        return NULL;
    }
    parser.config = config;
    config->arena = arena;
    config->hostname = hostname;
    settings_standard(&config->settings);
    read_all(&parser, path);
    say_end(&sources, path);
    if (sources.errors > 0 || sources.no_memory)
        config_free(&config);
    return config;
}

void config_free(struct config **config)
{
    if (!*config)
        return;
    struct arena *arena = (*config)->arena;
    *config = NULL;
    arena_free(&arena);
}
