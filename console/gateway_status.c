/* SPDX-License-Identifier: ISC
 * gatepostctl status. */
#include "console/command.h"
#include "console/gateway.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { OUT_MAX = 1024 * 1024 };

static const char status_synopsis[] =
    "status [--json | --check] [--config FILE | --control SOCKET]";

/* ---- output ---- */

static void write_json(const json_t *status)
{
    json_dumpf(status, stdout, JSON_INDENT(2));
    putchar('\n');
}

static void write_words(const json_t *status)
{
    struct buf out = buf_init(OUT_MAX);
    gateway_describe(status, &out);
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
        write_words(status);
    json_decref(status);
    return result;
}
