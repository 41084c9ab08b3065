/* SPDX-License-Identifier: ISC
 * time { zone "Europe/Berlin" }: the zone's file is one of the configuration's, so that processes
 * which can open none know it as well. */
#include "policy/names.h"
#include "policy/parser.h"

#define FOLDER "/usr/share/zoneinfo/"

static bool read_below(struct parser *parser, struct slice name, struct slice *content)
{
    const struct loader *loader = parser->sources->loader;
    const char *reason;
    struct slice path = arena_printf(parser->sources->arena, FOLDER "%.*s", SLICE_ARGS(name));
    return path.ptr && loader->read(loader->ctx, path, content, &reason);
}

/* Europe/Berlin, Etc/GMT+1: and nothing that leads out of the folder. */
static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool inside = c == '/' && i > 0 && i + 1 < name.len && name.ptr[i - 1] != '/';
        if (!ascii_alpha(c) && !ascii_digit(c) && c != '_' && c != '-' && c != '+' && !inside)
            return false;
    }
    return name.len > 0 && name.len < 64;
}

/* Of a line "DE,DK	+5230+01322	Europe/Berlin	most of it". */
static struct slice zone_in(struct slice line)
{
    struct slice column = {NULL, 0};
    for (int i = 0; i < 3; i++)
        slice_cut(line, '\t', &column, &line);
    return column;
}

static void offer_zones(struct parser *parser, struct nearest *near)
{
    struct slice table = {NULL, 0}, line;
    if (!read_below(parser, SLICE("zone1970.tab"), &table))
        return;
    while (table.len) {
        slice_cut(table, '\n', &line, &table);
        if (!slice_starts(line, SLICE("#")))
            nearest_offer(near, zone_in(line));
    }
}

static void fail(struct parser *parser, const struct token *given)
{
    struct nearest near = nearest_to(given->text);
    offer_zones(parser, &near);
    if (nearest_name(&near).len)
        fail_unknown(parser, given, "time zone", &near);
    else
        source_error(parser->sources, given->at,
                     "unknown time zone \"%.*s\"; expected a name such as \"Europe/Berlin\", of "
                     "a file below " FOLDER,
                     SHOWN(given->text));
}

void finish_zone(struct parser *parser)
{
    struct zone *zone = &parser->config->zone;
    const struct token *given = setting_given(parser, "time", "zone");
    struct slice file;
    *zone = zone_utc;
    if (!given)
        parser->config->settings.time_zone = SLICE("UTC");
    else if (slice_eq(given->text, SLICE("UTC")))
        return;
    else if (!is_name(given->text) || !read_below(parser, given->text, &file) ||
             !zone_read(file, zone))
        fail(parser, given);
}
