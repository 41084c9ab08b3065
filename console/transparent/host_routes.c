/* SPDX-License-Identifier: ISC
 * Packets that are marked stay here: the rule and the route that say so. */
#include "console/program_output.h"
#include "console/transparent/host_missing.h"

#include <stdio.h>
#include <string.h>

enum { SAID_MAX = 16 * 1024 * 1024, NUMBER_SIZE = 16 };

/* What ip says, an array. NULL: it says nothing, as where a table has never been used. */
static json_t *ask(struct host_check *check, const char *const argv[])
{
    struct buf said = buf_init(SAID_MAX);
    enum program_end end = program_output(argv, &said);
    struct slice text = buf_slice(&said);
    json_t *list = end == PROGRAM_FINE ? json_loadb(text.ptr, text.len, 0, NULL) : NULL;
    if (end == PROGRAM_MISSING)
        host_lacks(check, SLICE("ip is not installed"), SLICE("apt install iproute2"));
    buf_release(&said);
    return list;
}

/* The rule is for all that is marked, and for nothing less. */
static bool is_for_all_marked(json_t *rule)
{
    static const char *const known[] = {"priority", "src", "fwmark", "table", "protocol"};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)rule, key, value) {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            is_known |= strcmp(key, known[i]) == 0;
        if (!is_known)
            return false;
    }
    return host_text_is(rule, "src", "all");
}

static bool has_rule(const struct host_check *check, const json_t *rules)
{
    char mark[NUMBER_SIZE], table[NUMBER_SIZE];
    size_t i;
    json_t *rule;
    snprintf(mark, sizeof mark, "0x%x", check->options->mark);
    snprintf(table, sizeof table, "%u", check->options->table);
    json_array_foreach(rules, i, rule)
        if (host_text_is(rule, "fwmark", mark) && host_text_is(rule, "table", table) &&
            is_for_all_marked(rule))
            return true;
    return false;
}

static bool has_route(const json_t *routes)
{
    size_t i;
    const json_t *route;
    json_array_foreach(routes, i, route)
        if (host_text_is(route, "type", "local") && host_text_is(route, "dst", "default") &&
            host_text_is(route, "dev", "lo"))
            return true;
    return false;
}

static void check_rule(struct host_check *check, const char *family)
{
    const char *const argv[] = {"ip", "-j", "-N", family, "rule", "list", NULL};
    char what[100], mend[100];
    json_t *rules = ask(check, argv);
    snprintf(what, sizeof what, "IPv%s: no rule leads what has the mark 0x%x to the table %u",
             family + 1, check->options->mark, check->options->table);
    snprintf(mend, sizeof mend, "ip %s rule add pref 100 fwmark 0x%x lookup %u", family,
             check->options->mark, check->options->table);
    if (!has_rule(check, rules))
        host_lacks(check, slice_of(what), slice_of(mend));
    json_decref(rules);
}

static void check_route(struct host_check *check, const char *family)
{
    char table[NUMBER_SIZE], what[100], mend[100];
    const char *const argv[] = {"ip", "-j", family, "route", "show", "table", table, NULL};
    snprintf(table, sizeof table, "%u", check->options->table);
    json_t *routes = ask(check, argv);
    snprintf(what, sizeof what, "IPv%s: the table %u does not say that all is for this host",
             family + 1, check->options->table);
    snprintf(mend, sizeof mend, "ip %s route replace local default dev lo table %u", family,
             check->options->table);
    if (!has_route(routes))
        host_lacks(check, slice_of(what), slice_of(mend));
    json_decref(routes);
}

void host_check_routes(struct host_check *check)
{
    static const char *const families[] = {"-4", "-6"};
    for (size_t i = 0; i < 2; i++)
        if (capture_plan_has(check->plan, i ? 6 : 4)) {
            check_rule(check, families[i]);
            check_route(check, families[i]);
        }
}
