/* SPDX-License-Identifier: ISC
 * gatepostctl top: what goes on, again and again. */
#include "base/clock.h"
#include "console/command.h"
#include "console/gateway.h"
#include "console/sessions.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OUT_MAX = 1024 * 1024, INTERVAL_MOST = 3600, TIMES_MOST = 1000000000, LINES = 24 };

static const char synopsis[] = "top [--interval SECONDS] [--times N] [--json]\n"
                               "                       [--config FILE | --control SOCKET]";

struct top {
    struct asking asking;
    uint64_t interval, times; /* times 0: until it is interrupted */
    json_t *before;           /* the status */
    int64_t asked_at;         /* clock_ms: that */
};

/* What is told, in a second, of what counters.def counts. */
static const char *const rates[] = {"connections", "messages", "delivered", "held",
                                    "refused",     "deferred", "greylisted"};
enum { RATES = sizeof rates / sizeof *rates };

struct moment {
    json_t *status, *sessions;
    double rates[RATES]; /* less than 0: not known */
};

/* ---- looking ---- */

static int64_t counted(const json_t *status, const char *name)
{
    return gateway_number(json_object_get(json_object_get(status, "gateway"), "counters"), name);
}

/* A gateway that was started anew counts from nothing. */
static bool same_gateway(const json_t *a, const json_t *b)
{
    const json_t *one = json_object_get(a, "gateway"), *other = json_object_get(b, "gateway");
    return gateway_number(one, "pid") == gateway_number(other, "pid") &&
           gateway_number(one, "started") == gateway_number(other, "started");
}

static void find_rates(const struct top *top, struct moment *moment, int64_t now)
{
    double seconds = (double)(now - top->asked_at) / 1000;
    bool known = top->before && seconds > 0 && same_gateway(top->before, moment->status);
    for (size_t i = 0; i < RATES; i++)
        moment->rates[i] =
            known ? (double)(counted(moment->status, rates[i]) - counted(top->before, rates[i])) /
                        seconds
                  : -1;
}

static bool look(struct top *top, struct moment *moment)
{
    moment->status = gateway_ask(&top->asking);
    moment->sessions = moment->status ? sessions_ask(&top->asking) : NULL;
    if (!moment->sessions)
        return false;
    int64_t now = clock_ms();
    find_rates(top, moment, now);
    json_decref(top->before);
    top->before = json_incref(moment->status);
    top->asked_at = now;
    return true;
}

static void forget(struct moment *moment)
{
    json_decref(moment->status);
    json_decref(moment->sessions);
}

/* ---- telling ---- */

static void tell_json(const struct moment *moment, struct buf *out)
{
    json_t *second = json_object();
    for (size_t i = 0; i < RATES; i++)
        if (moment->rates[i] >= 0)
            json_object_set_new(second, rates[i], json_real(moment->rates[i]));
    json_t *all = json_pack("{s:o,s:O,s:O}", "per_second", second, "status", moment->status,
                            "sessions", moment->sessions);
    char *text = all ? json_dumps(all, JSON_COMPACT) : NULL;
    if (text)
        buf_cstr(out, text);
    buf_char(out, '\n');
    free(text);
    json_decref(all);
}

static void say_head(struct page *page, const struct moment *moment)
{
    char when[32];
    struct tm local;
    time_t now = time(NULL);
    strftime(when, sizeof when, "%H:%M:%S", localtime_r(&now, &local));
    page_label(page, when);
    size_t count = json_array_size(moment->sessions);
    buf_printf(page->out, "%zu %s", count, count == 1 ? "session" : "sessions");
    const json_t *quarantine = json_object_get(moment->status, "quarantine");
    if (quarantine)
        buf_printf(page->out, ", %" PRId64 " held, %" PRId64 " leaving",
                   gateway_number(quarantine, "waiting"), gateway_number(quarantine, "leaving"));
    page_end(page);
}

static void say_rates(struct page *page, const struct moment *moment)
{
    page_label(page, "in a second");
    for (size_t i = 0; i < RATES; i++)
        if (moment->rates[i] >= 0)
            buf_printf(page->out, "%s%.1f %s", i ? ", " : "", moment->rates[i], rates[i]);
        else if (i == 0)
            buf_cstr(page->out, "known at the next look");
    page_end(page);
}

static void tell_people(const struct moment *moment, struct buf *out)
{
    struct page page = {.out = out, .terminal = terminal_of_output()};
    if (page.terminal.colour)
        buf_cstr(out, "\033[H\033[J"); /* home, and clear what is below */
    say_head(&page, moment);
    say_rates(&page, moment);
    sessions_page(&page, moment->sessions, LINES / 2);
}

static void tell(const struct top *top, const struct moment *moment)
{
    struct buf out = buf_init(OUT_MAX);
    (top->asking.json ? tell_json : tell_people)(moment, &out);
    struct slice text = buf_slice(&out);
    fwrite(text.ptr, 1, text.len, stdout);
    fflush(stdout);
    buf_release(&out);
}

/* ---- the command ---- */

static bool take_option(struct top *top, int letter)
{
    switch (letter) {
    case 'i':
        return slice_to_u64(slice_of(optarg), INTERVAL_MOST, &top->interval) && top->interval > 0;
    case 'n':
        return slice_to_u64(slice_of(optarg), TIMES_MOST, &top->times) && top->times > 0;
    default:
        return asking_option(&top->asking, letter);
    }
}

int command_top(int argc, char *argv[])
{
    static const struct option options[] = {ASKING_OPTIONS,
                                            {"interval", required_argument, NULL, 'i'},
                                            {"times", required_argument, NULL, 'n'},
                                            {NULL, 0, NULL, 0}};
    struct top top = {.interval = 2};
    for (int c; (c = getopt_long(argc, argv, ASKING_LETTERS, options, NULL)) != -1;)
        if (!take_option(&top, c))
            return command_usage(synopsis);
    if (optind != argc)
        return command_usage(synopsis);
    bool ok = true;
    for (uint64_t i = 0; ok && (top.times == 0 || i < top.times); i++) {
        struct moment moment = {NULL, NULL, {0}};
        if (i)
            sleep((unsigned)top.interval);
        ok = look(&top, &moment);
        if (ok)
            tell(&top, &moment);
        forget(&moment);
        ok = ok && !ferror(stdout);
    }
    json_decref(top.before);
    return ok ? STATUS_FINE : STATUS_ERROR;
}
