/* SPDX-License-Identifier: ISC
 * What of a gateway's status is an alarm. */
#include "console/gateway.h"

#include <stdarg.h>
#include <string.h>

enum {
    DAYS_WARNING = 14,
    DAYS_CRITICAL = 3,
    SIGNATURES_OLD = 3 * 86400,
    DISK_WARNING = 10, /* percent that is free */
    DISK_CRITICAL = 3,
    HELD_WARNING = 80, /* percent that is taken */
    HELD_CRITICAL = 97,
};

__attribute__((format(printf, 3, 4))) static void
raise_alarm(struct alarms *alarms, enum alarm_level level, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (level > alarms->level)
        alarms->level = level;
    buf_printf(&alarms->text, "%s%s", buf_len(&alarms->text) ? ", " : "", line);
}

static void look_at_backends(const json_t *gateway, struct alarms *alarms)
{
    size_t i, down = 0, all = json_array_size(gateway_list(gateway, "backends"));
    const json_t *server;
    json_array_foreach(gateway_list(gateway, "backends"), i, server)
        down += strcmp(gateway_text(server, "state"), "down") == 0;
    json_array_foreach(gateway_list(gateway, "backends"), i, server)
        if (strcmp(gateway_text(server, "state"), "down") == 0)
            raise_alarm(alarms, down == all ? ALARM_CRITICAL : ALARM_WARNING,
                        "server %s of %s is down (%s)", gateway_text(server, "server"),
                        gateway_text(server, "backend"), gateway_text(server, "reason"));
}

static void look_at_helpers(const json_t *gateway, struct alarms *alarms)
{
    size_t i;
    const json_t *one, *redis = json_object_get(gateway, "redis"),
                       *resolver = json_object_get(gateway, "resolver"),
                       *release = json_object_get(gateway, "release"),
                       *learn = json_object_get(gateway, "learn"),
                       *sign = json_object_get(gateway, "sign");
    json_array_foreach(gateway_list(gateway, "scanners"), i, one)
        if (strcmp(gateway_text(one, "state"), "down") == 0)
            raise_alarm(alarms, ALARM_CRITICAL, "%s is down, mail is deferred (%s)",
                        gateway_text(one, "program"), gateway_text(one, "reason"));
    if (strcmp(gateway_text(redis, "state"), "down") == 0)
        raise_alarm(alarms, ALARM_WARNING, "Redis is down (%s)", gateway_text(redis, "reason"));
    if (strcmp(gateway_text(resolver, "state"), "down") == 0)
        raise_alarm(alarms, ALARM_WARNING, "the DNS is away (%s)",
                    gateway_text(resolver, "reason"));
    if (strcmp(gateway_text(release, "state"), "down") == 0)
        raise_alarm(alarms, ALARM_CRITICAL, "nothing can be held or released (%s)",
                    gateway_text(release, "reason"));
    if (strcmp(gateway_text(learn, "state"), "down") == 0)
        raise_alarm(alarms, ALARM_WARNING, "nothing is learnt of spam (%s)",
                    gateway_text(learn, "reason"));
    if (strcmp(gateway_text(sign, "state"), "down") == 0)
        raise_alarm(alarms, ALARM_CRITICAL, "mail that is to be signed is put off (%s)",
                    gateway_text(sign, "reason"));
    json_array_foreach(gateway_list(gateway, "milters"), i, one)
        if (strcmp(gateway_text(one, "state"), "down") == 0)
            raise_alarm(alarms, ALARM_CRITICAL, "no mail server is answered on %s (%s)",
                        gateway_text(one, "listen"), gateway_text(one, "reason"));
    json_array_foreach(gateway_list(gateway, "lists_suspended"), i, one)
        raise_alarm(alarms, ALARM_WARNING, "blocklist %s is suspended", json_string_value(one));
}

static void look_at_times(const json_t *gateway, struct alarms *alarms)
{
    size_t i;
    const json_t *one;
    int64_t now = gateway_number(gateway, "now"), written = gateway_number(gateway, "signatures");
    json_array_foreach(gateway_list(gateway, "certificates"), i, one) {
        int64_t days = (gateway_number(one, "expires") - now) / 86400;
        if (days < DAYS_WARNING)
            raise_alarm(alarms, days < DAYS_CRITICAL ? ALARM_CRITICAL : ALARM_WARNING,
                        "certificate of %s ends in %lld days", gateway_text(one, "name"),
                        (long long)days);
    }
    if (json_object_get(gateway, "signatures") && now - written > SIGNATURES_OLD)
        raise_alarm(alarms, ALARM_WARNING, "signatures are %lld days old",
                    (long long)(now - written) / 86400);
}

static void look_at_tables(const json_t *gateway, struct alarms *alarms)
{
    size_t i;
    const json_t *one;
    json_array_foreach(gateway_list(gateway, "tables_kept"), i, one)
        raise_alarm(alarms, ALARM_WARNING,
                    "table %s keeps its %lld entries, %s has only %lld now (gatepostctl reload "
                    "--accept-shrink %s)",
                    gateway_text(one, "table"), (long long)gateway_number(one, "entries"),
                    gateway_text(one, "file"), (long long)gateway_number(one, "entries_in_file"),
                    gateway_text(one, "table"));
}

static void look_at_keeper(const json_t *status, struct alarms *alarms)
{
    const json_t *disk = json_object_get(status, "disk");
    int64_t size = gateway_number(disk, "size"), lost;
    int64_t free = size ? gateway_number(disk, "free") * 100 / size : 100;
    if (free < DISK_WARNING)
        raise_alarm(alarms, free < DISK_CRITICAL ? ALARM_CRITICAL : ALARM_WARNING,
                    "disk of the keeper has %lld %% left", (long long)free);
    lost = gateway_number(json_object_get(status, "history"), "lost") +
           gateway_number(json_object_get(status, "decisions"), "lost") +
           gateway_number(json_object_get(json_object_get(status, "gateway"), "counters"),
                          "records_lost");
    if (lost)
        raise_alarm(alarms, ALARM_WARNING, "%lld records were lost", (long long)lost);
}

static void look_at_room(const json_t *held, const char *what, struct alarms *alarms)
{
    int64_t size = gateway_number(held, "size"), octets = gateway_number(held, "octets");
    int64_t taken = size ? octets * 100 / size : 0;
    if (taken > HELD_WARNING)
        raise_alarm(alarms, taken > HELD_CRITICAL ? ALARM_CRITICAL : ALARM_WARNING,
                    "the %s is %lld %% full", what, (long long)taken);
    if (held && !json_is_true(json_object_get(held, "serves")))
        raise_alarm(alarms, ALARM_CRITICAL, "the %s takes nothing: %s", what,
                    gateway_text(held, "reason"));
}

static void look_at_quarantine(const json_t *held, struct alarms *alarms)
{
    int64_t doubted = gateway_number(held, "in_doubt");
    look_at_room(held, "quarantine", alarms);
    if (doubted)
        raise_alarm(alarms, ALARM_WARNING,
                    "%lld released messages may have arrived or not (quarantine list)",
                    (long long)doubted);
}

static void look_at_proxies(const json_t *gateway, struct alarms *alarms)
{
    size_t g, p, serving = 0;
    const json_t *generation, *proxy;
    json_array_foreach(gateway_list(gateway, "generations"), g, generation)
        json_array_foreach(gateway_list(generation, "proxies"), p, proxy)
            serving += strcmp(gateway_text(proxy, "state"), "serving") == 0;
    if (serving == 0)
        raise_alarm(alarms, ALARM_CRITICAL, "no proxy serves");
}

void gateway_alarms(const json_t *status, struct alarms *out)
{
    const json_t *gateway = json_object_get(status, "gateway");
    if (!json_is_object(gateway)) {
        raise_alarm(out, ALARM_CRITICAL, "the gateway's parent does not answer");
        return;
    }
    look_at_proxies(gateway, out);
    look_at_backends(gateway, out);
    look_at_helpers(gateway, out);
    look_at_times(gateway, out);
    look_at_tables(gateway, out);
    look_at_keeper(status, out);
    look_at_quarantine(json_object_get(status, "quarantine"), out);
    look_at_room(json_object_get(status, "journal"), "journal", out);
}
