/* SPDX-License-Identifier: ISC
 * gatepostctl status, and metrics. */
#include "console/command.h"
#include "console/gateway.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { OUT_MAX = 1024 * 1024 };

static const char status_synopsis[] =
    "status [--json | --check] [--config FILE | --control SOCKET]",
                  metrics_synopsis[] = "metrics [--config FILE | --control SOCKET]";

/* ---- output ---- */

static void write_json(const json_t *status)
{
    json_dumpf(status, stdout, JSON_INDENT(2));
    putchar('\n');
}

static void write_by(const json_t *status, void (*say)(const json_t *status, struct buf *out))
{
    struct buf out = buf_init(OUT_MAX);
    say(status, &out);
    struct slice text = buf_slice(&out);
    fwrite(text.ptr, 1, text.len, stdout);
    buf_release(&out);
}

/* One line and an exit status, as monitoring wants them. */
static int check(const json_t *status)
{
    static const char *const words[] = {"OK", "WARNING", "CRITICAL"};
    struct alarms alarms = {.level = ALARM_NONE, .text = buf_init(OUT_MAX)};
    gateway_alarms(status, &alarms);
    struct slice text = buf_slice(&alarms.text);
    printf("GATEPOST %s: %.*s\n", words[alarms.level],
           SLICE_ARGS(text.len ? text : SLICE("all is well")));
    buf_release(&alarms.text);
    return (int)alarms.level;
}

/* ---- commands ---- */

int command_status(int argc, char *argv[])
{
    enum { UNKNOWN = 3 }; /* for monitoring */
    static const struct option options[] = {
        ASKING_OPTIONS, {"check", no_argument, NULL, 'k'}, {NULL, 0, NULL, 0}};
    struct asking asking = {.json = false};
    bool checks = false;
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;) {
        if (c == 'k')
            checks = true;
        else if (!asking_option(&asking, c))
            return command_usage(status_synopsis);
    }
    if (optind != argc || (checks && asking.json))
        return command_usage(status_synopsis);
    json_t *status = gateway_ask(&asking);
    int result = status ? STATUS_FINE : checks ? UNKNOWN : STATUS_ERROR;
    if (status && checks)
        result = check(status);
    else if (status && asking.json)
        write_json(status);
    else if (status)
        write_by(status, gateway_describe);
    json_decref(status);
    return result;
}

int command_metrics(int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS, {NULL, 0, NULL, 0}};
    struct asking asking = {.json = false};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!asking_option(&asking, c))
            return command_usage(metrics_synopsis);
    if (optind != argc)
        return command_usage(metrics_synopsis);
    json_t *status = gateway_ask(&asking);
    if (!status)
        return STATUS_ERROR;
    write_by(status, gateway_metrics);
    json_decref(status);
    return STATUS_FINE;
}
