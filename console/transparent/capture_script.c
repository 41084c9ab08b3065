/* SPDX-License-Identifier: ISC */
#include "console/transparent/capture_script.h"

#include "console/terminal.h"
#include "console/transparent/switches.h"

/* Names may hold anything; a comment ends with its line. */
static void say_listener(struct buf *out, const struct listener *listener)
{
    terminal_text(out, listener->name, 0);
    buf_cstr(out, " (");
    terminal_text(out, listener->file, 0);
    buf_printf(out, ":%u)", listener->line);
}

static void say_capture(struct buf *out, const struct capture *capture)
{
    buf_cstr(out, "\t\t# ");
    say_listener(out, capture->listener);
    buf_printf(out, ", %s\n",
               capture->by_client        ? "of its clients"
               : capture->networks.count ? "to its servers"
                                         : "to anywhere");
}

/* Why the rules that belong to no listener are there. */
static void say_reason(struct buf *out, const struct capture_rule *rule)
{
    switch (rule->terms[1]) {
    case TERM_OWN_ADDRESS:
        buf_cstr(out, "\t\t# What is for this host itself is not taken.\n");
        break;
    default:
        buf_cstr(out, rule->terms[2] == TERM_WILDCARD
                          ? "\t\t# The port of a listener, at another host, is that host's.\n"
                          : "\t\t# What servers answer to clients' addresses is for Gatepost.\n");
    }
}

static void table(struct buf *out, const struct capture_rules *rules,
                  const struct capture_options *options, bool bridge)
{
    const struct capture *last = NULL;
    const char *family = bridge ? "bridge" : "inet";
    buf_printf(out,
               "table %s gatepost\ndelete table %s gatepost\ntable %s gatepost {\n"
               "\tchain prerouting {\n"
               "\t\ttype filter hook prerouting priority %s; policy accept;\n",
               family, family, family, bridge ? "-300" : "mangle");
    for (size_t i = 0; i < rules->count; i++) {
        const struct capture_rule *rule = &rules->list[i];
        if (rule->bridge != bridge)
            continue;
        if (!rule->capture)
            say_reason(out, rule);
        else if (rule->capture != last)
            say_capture(out, rule->capture);
        last = rule->capture;
        buf_cstr(out, "\t\t");
        capture_rule_text(out, rule, options);
        buf_char(out, '\n');
    }
    buf_cstr(out, "\t}\n}\n");
}

void capture_tables(struct buf *out, const struct capture_rules *rules,
                    const struct capture_options *options)
{
    table(out, rules, options, false);
    if (options->bridge)
        table(out, rules, options, true);
}

static void say_switches(struct buf *out, const struct capture_plan *plan,
                         const struct capture_options *options)
{
    struct kernel_switch wanted[SWITCHES_MAX];
    size_t count = kernel_switches(plan, options, wanted);
    for (size_t i = 0; i < count; i++) {
        const struct kernel_switch *row = &wanted[i];
        buf_printf(out, "# %s\n", row->why);
        if (row->optional)
            buf_printf(out, "[ ! -e /proc/sys/%s ] || ", row->path);
        buf_printf(out, "sysctl -qw %s=%d\n", row->path, row->value);
    }
}

static void say_routes(struct buf *out, const struct capture_plan *plan,
                       const struct capture_options *options)
{
    unsigned mark = options->mark, number = options->table;
    buf_cstr(out, "\n# What has the mark is for this host, whoever it is addressed to.\n");
    for (int family = 4; family <= 6; family += 2)
        if (capture_plan_has(plan, (uint8_t)family))
            buf_printf(out,
                       "ip -%d rule list fwmark 0x%x lookup %u | grep -q . ||\n"
                       "    ip -%d rule add pref 100 fwmark 0x%x lookup %u\n"
                       "ip -%d route replace local default dev lo table %u\n",
                       family, mark, number, family, mark, number, family, number);
}

static void say_idle(struct buf *out, const struct capture_plan *plan)
{
    for (size_t i = 0; i < plan->idle_count; i++) {
        buf_cstr(out, "# Nothing is taken for ");
        say_listener(out, plan->idle[i]);
        buf_cstr(out, ": it leads to no server with an address of its family.\n");
    }
}

static const char head[] =
    "#!/bin/sh\n"
    "# Leads connections to the transparent listeners of Gatepost: printed by\n"
    "# `gatepostctl transparent rules`, to be run as root at each start of this host.\n"
    "set -e\n";

static const char held[] =
    "\n# While Gatepost does not listen, what it would take is refused: nothing goes around it.\n"
    "# (With --pass it would go on to the servers.)\n";

static const char passed[] =
    "\n# While Gatepost does not listen, what it would take goes on to the servers, unlooked at.\n"
    "# (Without --pass it would be refused.)\n";

void capture_script(struct buf *out, const struct capture_plan *plan,
                    const struct capture_rules *rules, const struct capture_options *options)
{
    buf_cstr(out, head);
    say_idle(out, plan);
    buf_char(out, '\n');
    say_switches(out, plan, options);
    say_routes(out, plan, options);
    buf_cstr(out, options->pass ? passed : held);
    if (options->bridge)
        buf_printf(out, "# Frames that the bridge %s (%s) passes on are lifted off it first.\n",
                   options->bridge, options->mac);
    buf_cstr(out, "nft -f - <<'END'\n");
    capture_tables(out, rules, options);
    buf_cstr(out, "END\n");
}
