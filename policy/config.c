/* SPDX-License-Identifier: ISC
 * Reading a configuration: parse all files, then look names up, then check the rules. */
#include "policy/config.h"

#include "policy/check.h"
#include "policy/parser.h"
#include "policy/settings.h"
#include "policy/table.h"

enum { ARENA_MAX = 1024 * 1024 * 1024 };

static void warn_of(struct parser *parser)
{
    warn_of_idle_tables(parser);
    warn_of_idle_conditions(parser);
    warn_of_narrow_backends(parser);
}

static void finish(struct parser *parser)
{
    finish_backends(parser);
    finish_domains(parser);
    finish_dkim(parser);
    finish_listeners(parser);
    finish_settings_items(parser);
    check_rules(parser);
    if (parser->sources->errors == 0)
        check_tests(parser);
    if (parser->sources->errors == 0)
        warn_of(parser);
}

/* What could be read is looked at nevertheless, so that all mistakes are told at once. */
static void finish_rules(struct parser *parser)
{
    parser->incomplete = true;
    parser->sources->quiet = true;
    check_domain_names(parser);
    check_listener_names(parser);
    check_rules(parser);
}

static bool holds_nothing(const struct source *source)
{
    struct slice text = source->text, entry;
    return !table_line(&text, &entry); /* comments and blank lines are the same */
}

static void warn_of_nothing(struct parser *parser)
{
    if (parser->sources->errors == 0 && holds_nothing(parser->sources->files[0]))
        source_warning(parser->sources, (struct span){0},
                       "this configuration is empty; expected sentences (listen, backend, domain "
                       "...), as in gatepost.conf(5)");
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
    warn_of_nothing(parser);
    if (!parser->sources->no_memory)
        (parser->sources->errors ? finish_rules : finish)(parser);
}

static void say_end(const struct sources *sources, struct slice path)
{
    if (sources->no_memory)
        buf_printf(sources->report, "%.*s: error: out of memory\n", SLICE_ARGS(path));
    else if (sources->errors > ERRORS_MAX)
        buf_printf(sources->report, "%.*s: error: too many errors\n", SLICE_ARGS(path));
}

static struct config *empty_config(struct arena *arena, struct slice hostname)
{
    struct config *config = arena_alloc(arena, sizeof *config);
    struct policy *policy = arena_alloc(arena, sizeof *policy);
    if (!config || !policy)
        return NULL;
    config->arena = arena;
    config->hostname = hostname;
    config->policy = policy;
    settings_standard(&config->settings);
    return config;
}

struct config *config_load(struct slice path, const struct loader *loader, struct slice hostname,
                           struct buf *report)
{
    struct arena *arena = arena_new(ARENA_MAX);
    struct sources *sources = arena ? arena_alloc(arena, sizeof *sources) : NULL;
    struct config *config = sources ? empty_config(arena, hostname) : NULL;
    if (!config) {
        buf_printf(report, "%.*s: error: out of memory\n", SLICE_ARGS(path));
        arena_free(&arena);
        return NULL;
    }
    *sources = (struct sources){.arena = arena, .loader = loader, .report = report};
    config->policy->files = sources->files;
    config->sources = sources;
    struct parser parser = {.sources = sources, .config = config};
    read_all(&parser, path);
    config->settings_given = parser.settings_given;
    say_end(sources, path);
    if (sources->errors > 0 || sources->no_memory)
        config_free(&config);
    return config;
}

void config_free(struct config **config)
{
    if (!*config)
        return;
    struct arena *arena = (*config)->arena;
    policy_release((*config)->policy);
    *config = NULL;
    arena_free(&arena);
}
