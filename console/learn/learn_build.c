/* SPDX-License-Identifier: ISC */
#include "console/learn/learn_build.h"

#include "common/learning.h"
#include "console/command.h"
#include "console/gateway.h"
#include "console/learn/progress.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE = 600 /* seconds from one word of it to the next */ };

struct building {
    struct progress progress;
    json_t *outcome;
};

/* ---- asking ---- */

static bool is_progress(struct slice octets)
{
    return octets.len == 2 * sizeof(uint32_t);
}

static void take(void *ctx, struct slice octets)
{
    struct building *building = ctx;
    struct unpack in = {.left = octets};
    if (is_progress(octets)) {
        uint32_t done = unpack_u32(&in), of = unpack_u32(&in);
        progress_tell(&building->progress, done, of, done);
        return;
    }
    json_decref(building->outcome);
    building->outcome = json_loadb(octets.ptr, octets.len, 0, NULL);
}

json_t *learn_have_built(int sock)
{
    struct timeval patience = {PATIENCE, 0};
    struct building building = {.outcome = NULL};
    setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    progress_begin(&building.progress, "messages learnt");
    bool ok = ask(sock, CONTROL_LEARN_BUILD, SLICE(""), take, &building, &(uint64_t){0});
    progress_end(&building.progress);
    if (ok && json_is_object(building.outcome))
        return building.outcome;
    if (ok)
        command_error("the gateway", "its answer is not understood");
    json_decref(building.outcome);
    return NULL;
}

/* ---- what came of it ---- */

static bool is(const json_t *outcome, const char *word)
{
    return strcmp(gateway_text(outcome, "outcome"), word) == 0;
}

bool learn_build_is_well(const json_t *outcome)
{
    return is(outcome, "published") || is(outcome, "collecting");
}

static void say_counts(const json_t *outcome)
{
    printf("%" PRId64 " good and %" PRId64 " spam", gateway_number(outcome, "good"),
           gateway_number(outcome, "spam"));
}

static void say_losses(const json_t *outcome)
{
    printf("; log-loss %.3f", json_number_value(json_object_get(outcome, "log_loss")));
    if (gateway_number(outcome, "compared"))
        printf(", and %.3f before", json_number_value(json_object_get(outcome, "old_log_loss")));
}

void learn_build_say(const json_t *outcome)
{
    if (is(outcome, "published")) {
        fputs("a new model is in use: ", stdout);
        say_counts(outcome);
        say_losses(outcome);
    } else if (is(outcome, "collecting")) {
        fputs("no model yet: ", stdout);
        say_counts(outcome);
        printf(" are too few, %d of each it takes", LEARN_OF_CLASS);
    } else {
        printf("no new model: %s", gateway_text(outcome, "reason"));
    }
    putchar('\n');
    if (json_is_false(json_object_get(outcome, "shared")))
        puts("other gateways will have it once Redis can be reached");
    if (gateway_number(outcome, "unread"))
        printf("%" PRId64 " messages were left out: what was learnt of them cannot be opened\n",
               gateway_number(outcome, "unread"));
}

/* ---- the command ---- */

static const char synopsis[] = "learn build [--json] [--config FILE | --control SOCKET]";

static int tell(const json_t *outcome, bool json)
{
    if (json)
        json_dumpf(outcome, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
    if (json)
        putchar('\n');
    else
        learn_build_say(outcome);
    return learn_build_is_well(outcome) ? STATUS_FINE : STATUS_ERROR;
}

int command_learn_build(int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS, {NULL, 0, NULL, 0}};
    struct asking asking = {.json = false};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!asking_option(&asking, c))
            return command_usage(synopsis);
    if (optind != argc)
        return command_usage(synopsis);
    int sock = ask_connect(&asking), status = STATUS_ERROR;
    json_t *outcome = sock >= 0 ? learn_have_built(sock) : NULL;
    if (outcome)
        status = tell(outcome, asking.json);
    json_decref(outcome);
    if (sock >= 0)
        close(sock);
    return status;
}
