/* SPDX-License-Identifier: ISC */
#include "console/gateway.h"
#include "console/page.h"

#include <inttypes.h>
#include <string.h>

static void cstr(struct page *page, const char *text)
{
    terminal_text(page->out, slice_of(text), 0);
}

static void say_span(struct page *page, int64_t seconds)
{
    static const int64_t minute = 60, hour = 3600, day = 86400;
    if (seconds >= 2 * day)
        buf_printf(page->out, "%" PRId64 " days", seconds / day);
    else if (seconds >= 2 * hour)
        buf_printf(page->out, "%" PRId64 " hours", seconds / hour);
    else if (seconds >= 2 * minute)
        buf_printf(page->out, "%" PRId64 " minutes", seconds / minute);
    else
        buf_printf(page->out, "%" PRId64 " seconds", seconds);
}

static void say_octets(struct page *page, int64_t octets)
{
    static const char *const units[] = {"octets", "KiB", "MiB", "GiB", "TiB"};
    double n = (double)octets;
    size_t unit = 0;
    for (; n >= 1024 && unit < 4; unit++)
        n /= 1024;
    buf_printf(page->out, unit ? "%.1f %s" : "%.0f %s", n, units[unit]);
}

static void say_state(struct page *page, const char *state)
{
    bool good =
        strcmp(state, "serving") == 0 || strcmp(state, "up") == 0 || strcmp(state, "running") == 0;
    bool bad = strcmp(state, "down") == 0;
    terminal_style(&page->terminal, page->out, good ? STYLE_GOOD : bad ? STYLE_BAD : STYLE_PLAIN);
    cstr(page, state);
    terminal_style(&page->terminal, page->out, STYLE_PLAIN);
}

static void say_reason(struct page *page, const json_t *object)
{
    const char *reason = gateway_text(object, "reason");
    if (!*reason)
        return;
    buf_cstr(page->out, ": ");
    cstr(page, reason);
}

/* ---- the rows ---- */

static void say_gateway(struct page *page, const json_t *gateway)
{
    page_label(page, "gateway");
    cstr(page, gateway_text(gateway, "hostname"));
    buf_cstr(page->out, ", version ");
    cstr(page, gateway_text(gateway, "version"));
    buf_cstr(page->out, ", up for ");
    say_span(page, gateway_number(gateway, "now") - gateway_number(gateway, "started"));
    page_end(page);
}

static void say_generation(struct page *page, const json_t *generation, int64_t now)
{
    size_t i, serving = 0;
    const json_t *proxy;
    json_array_foreach(gateway_list(generation, "proxies"), i, proxy)
        serving += strcmp(gateway_text(proxy, "state"), "down") != 0;
    page_label(page, "generation");
    buf_printf(page->out, "%" PRId64 " ", gateway_number(generation, "number"));
    say_state(page, gateway_text(generation, "state"));
    buf_printf(page->out, " for ");
    say_span(page, now - gateway_number(generation, "since"));
    buf_printf(page->out, ", %zu of %zu proxies run", serving,
               json_array_size(gateway_list(generation, "proxies")));
    page_end(page);
}

static void say_waiting_files(struct page *page, const json_t *gateway)
{
    if (!json_is_true(json_object_get(json_object_get(gateway, "reload"), "waiting")))
        return;
    page_label(page, "files");
    buf_cstr(page->out, "some have changed and wait for gatepostctl reload");
    page_end(page);
}

static void say_sessions(struct page *page, const json_t *gateway)
{
    const json_t *counters = json_object_get(gateway, "counters");
    page_label(page, "sessions");
    buf_printf(page->out, "%" PRId64 " now; ", gateway_number(gateway, "sessions"));
    say_octets(page, gateway_number(gateway, "spool"));
    buf_cstr(page->out, " of messages in memory, ");
    say_octets(page, gateway_number(gateway, "scans"));
    buf_cstr(page->out, " being scanned");
    page_end(page);
    page_label(page, "since start");
    buf_printf(page->out,
               "%" PRId64 " connections, %" PRId64 " messages, %" PRId64 " delivered, %" PRId64
               " refused and %" PRId64 " deferred by rules",
               gateway_number(counters, "connections"), gateway_number(counters, "messages"),
               gateway_number(counters, "delivered"), gateway_number(counters, "refused"),
               gateway_number(counters, "deferred"));
    page_end(page);
}

static void say_server(struct page *page, const json_t *server, int64_t now)
{
    page_label(page, "server");
    cstr(page, gateway_text(server, "server"));
    buf_cstr(page->out, " (");
    cstr(page, gateway_text(server, "backend"));
    buf_cstr(page->out, ") ");
    say_state(page, gateway_text(server, "state"));
    if (json_object_get(server, "since")) {
        buf_cstr(page->out, " for ");
        say_span(page, now - gateway_number(server, "since"));
    }
    say_reason(page, server);
    buf_printf(page->out, "; %" PRId64 " of %" PRId64 " connections",
               gateway_number(server, "connections"), gateway_number(server, "limit"));
    page_end(page);
}

static void say_scanner(struct page *page, const json_t *scanner)
{
    page_label(page, "scanners");
    cstr(page, gateway_text(scanner, "program"));
    buf_char(page->out, ' ');
    say_state(page, gateway_text(scanner, "state"));
    say_reason(page, scanner);
    page_end(page);
}

static void say_redis(struct page *page, const json_t *redis)
{
    if (!redis)
        return;
    page_label(page, "Redis");
    say_state(page, gateway_text(redis, "state"));
    say_reason(page, redis);
    page_end(page);
}

/* Where there is something to say of it. */
static void say_resolver(struct page *page, const json_t *resolver, int64_t now)
{
    if (strcmp(gateway_text(resolver, "state"), "down") != 0)
        return;
    page_label(page, "DNS");
    buf_cstr(page->out, "away for ");
    say_span(page, now - gateway_number(resolver, "since"));
    say_reason(page, resolver);
    page_end(page);
}

static void say_times(struct page *page, const json_t *gateway, int64_t now)
{
    size_t i;
    const json_t *one;
    json_array_foreach(gateway_list(gateway, "certificates"), i, one) {
        page_label(page, "certificate");
        cstr(page, gateway_text(one, "name"));
        buf_printf(page->out, " ends in %" PRId64 " days",
                   (gateway_number(one, "expires") - now) / 86400);
        page_end(page);
    }
    if (!json_object_get(gateway, "signatures"))
        return;
    page_label(page, "signatures");
    buf_cstr(page->out, "the newest is ");
    say_span(page, now - gateway_number(gateway, "signatures"));
    buf_cstr(page->out, " old");
    page_end(page);
}

static void say_history(struct page *page, const json_t *status)
{
    const json_t *history = json_object_get(status, "history"),
                 *disk = json_object_get(status, "disk");
    page_label(page, "history");
    buf_printf(page->out, "%" PRId64 " records in ", gateway_number(history, "records"));
    say_octets(page, gateway_number(history, "octets"));
    buf_printf(page->out, ", %" PRId64 " lost; ", gateway_number(history, "lost"));
    say_octets(page, gateway_number(disk, "free"));
    buf_cstr(page->out, " of disk left");
    page_end(page);
}

static void say_room(struct page *page, const json_t *held, int64_t now)
{
    int64_t oldest = gateway_number(held, "oldest");
    say_octets(page, gateway_number(held, "octets"));
    buf_cstr(page->out, " of ");
    say_octets(page, gateway_number(held, "size"));
    if (oldest) {
        buf_cstr(page->out, ", the oldest is ");
        say_span(page, now - oldest);
        buf_cstr(page->out, " old");
    }
}

static void say_quarantine(struct page *page, const json_t *held, int64_t now)
{
    if (!held)
        return;
    page_label(page, "quarantine");
    buf_printf(page->out, "%" PRId64 " waiting, %" PRId64 " on their way, %" PRId64 " in doubt; ",
               gateway_number(held, "waiting"), gateway_number(held, "leaving"),
               gateway_number(held, "in_doubt"));
    say_room(page, held, now);
    page_end(page);
}

static void say_journal(struct page *page, const json_t *journal, int64_t now)
{
    if (gateway_number(journal, "octets") == 0)
        return;
    page_label(page, "journal");
    buf_printf(page->out, "%" PRId64 " kept; ", gateway_number(journal, "kept"));
    say_room(page, journal, now);
    page_end(page);
}

static void say_alarms(struct page *page, const json_t *status)
{
    struct alarms alarms = {.level = ALARM_NONE, .text = buf_init(65536)};
    gateway_alarms(status, &alarms);
    if (alarms.level != ALARM_NONE) {
        page_label(page, alarms.level == ALARM_CRITICAL ? "CRITICAL" : "WARNING");
        terminal_style(&page->terminal, page->out, STYLE_BAD);
        terminal_wrap(&page->terminal, page->out, buf_slice(&alarms.text), PAGE_INDENT);
        terminal_style(&page->terminal, page->out, STYLE_PLAIN);
        page_end(page);
    }
    buf_release(&alarms.text);
}

void gateway_describe(const json_t *status, struct buf *out)
{
    struct page page = {.out = out, .terminal = terminal_of_output()};
    const json_t *gateway = json_object_get(status, "gateway"), *one;
    int64_t now = gateway_number(gateway, "now");
    size_t i;
    say_gateway(&page, gateway);
    json_array_foreach(gateway_list(gateway, "generations"), i, one)
        say_generation(&page, one, now);
    say_waiting_files(&page, gateway);
    say_sessions(&page, gateway);
    json_array_foreach(gateway_list(gateway, "backends"), i, one)
        say_server(&page, one, now);
    json_array_foreach(gateway_list(gateway, "scanners"), i, one)
        say_scanner(&page, one);
    say_redis(&page, json_object_get(gateway, "redis"));
    say_resolver(&page, json_object_get(gateway, "resolver"), now);
    say_times(&page, gateway, now);
    say_history(&page, status);
    say_quarantine(&page, json_object_get(status, "quarantine"), now);
    say_journal(&page, json_object_get(status, "journal"), now);
    say_alarms(&page, status);
}
