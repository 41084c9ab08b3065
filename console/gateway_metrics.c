/* SPDX-License-Identifier: ISC
 * The status in Prometheus' text format. */
#include "console/gateway.h"

#include <inttypes.h>
#include <string.h>

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP gatepost_%s %s\n# TYPE gatepost_%s %s\n", name, help, name, type);
}

static void gauge(struct buf *out, const char *name, const char *help, int64_t value)
{
    head(out, name, "gauge", help);
    buf_printf(out, "gatepost_%s %" PRId64 "\n", name, value);
}

/* A label's value: backslash, quote and newline are escaped. */
static void label(struct buf *out, const char *name, const char *value)
{
    buf_printf(out, "%s=\"", name);
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            buf_char(out, '\\');
        if (*value == '\n')
            buf_cstr(out, "\\n");
        else
            buf_char(out, *value);
    }
    buf_char(out, '"');
}

static const char *doc_of(const char *counter)
{
#define COUNTER(id, name, doc)                                                                     \
    if (strcmp(counter, name) == 0)                                                                \
        return doc;
#include "common/counters.def"
#undef COUNTER
    return counter;
}

static void counters(struct buf *out, const json_t *gateway)
{
    const char *name;
    json_t *value, *all = json_object_get(gateway, "counters");
    json_object_foreach(all, name, value) {
        char full[80];
        snprintf(full, sizeof full, "%s_total", name);
        head(out, full, "counter", doc_of(name));
        buf_printf(out, "gatepost_%s %.0f\n", full, json_number_value(value));
    }
}

static void servers(struct buf *out, const json_t *gateway)
{
    size_t i;
    const json_t *one;
    head(out, "server_up", "gauge", "whether a server behind can be spoken to");
    json_array_foreach(gateway_list(gateway, "backends"), i, one) {
        buf_cstr(out, "gatepost_server_up{");
        label(out, "backend", gateway_text(one, "backend"));
        buf_char(out, ',');
        label(out, "server", gateway_text(one, "server"));
        buf_printf(out, "} %d\n", strcmp(gateway_text(one, "state"), "up") == 0);
    }
    head(out, "server_connections", "gauge", "connections to a server behind");
    json_array_foreach(gateway_list(gateway, "backends"), i, one) {
        buf_cstr(out, "gatepost_server_connections{");
        label(out, "backend", gateway_text(one, "backend"));
        buf_char(out, ',');
        label(out, "server", gateway_text(one, "server"));
        buf_printf(out, "} %" PRId64 "\n", gateway_number(one, "connections"));
    }
}

static void helpers(struct buf *out, const json_t *gateway)
{
    size_t i;
    const json_t *one;
    head(out, "scanners_up", "gauge", "whether the scanners that rules need serve");
    json_array_foreach(gateway_list(gateway, "scanners"), i, one) {
        const char *state = gateway_text(one, "state");
        if (strcmp(state, "not needed") == 0)
            continue;
        buf_cstr(out, "gatepost_scanners_up{");
        label(out, "program", gateway_text(one, "program"));
        buf_printf(out, "} %d\n", strcmp(state, "serving") == 0);
    }
    head(out, "certificate_expires_seconds", "gauge", "when a certificate ends, since 1970");
    json_array_foreach(gateway_list(gateway, "certificates"), i, one) {
        buf_cstr(out, "gatepost_certificate_expires_seconds{");
        label(out, "name", gateway_text(one, "name"));
        buf_printf(out, "} %" PRId64 "\n", gateway_number(one, "expires"));
    }
}

void gateway_metrics(const json_t *status, struct buf *out)
{
    const json_t *gateway = json_object_get(status, "gateway"),
                 *history = json_object_get(status, "history"),
                 *disk = json_object_get(status, "disk"),
                 *held = json_object_get(status, "quarantine");
    gauge(out, "start_time_seconds", "when the gateway was started, since 1970",
          gateway_number(gateway, "started"));
    gauge(out, "sessions", "sessions now", gateway_number(gateway, "sessions"));
    gauge(out, "spool_bytes", "messages in memory", gateway_number(gateway, "spool"));
    gauge(out, "scans_bytes", "messages being scanned", gateway_number(gateway, "scans"));
    counters(out, gateway);
    servers(out, gateway);
    helpers(out, gateway);
    if (json_object_get(gateway, "signatures"))
        gauge(out, "signatures_time_seconds", "when the newest signatures were written, since 1970",
              gateway_number(gateway, "signatures"));
    gauge(out, "lists_suspended", "blocklists that are suspended now",
          (int64_t)json_array_size(gateway_list(gateway, "lists_suspended")));
    gauge(out, "history_records", "records kept", gateway_number(history, "records"));
    gauge(out, "history_bytes", "what they take on the disk", gateway_number(history, "octets"));
    gauge(out, "history_lost", "records lost by the present keeper",
          gateway_number(history, "lost"));
    if (held) {
        gauge(out, "held", "messages that wait in the quarantine, a recipient each",
              gateway_number(held, "waiting"));
        gauge(out, "held_leaving", "released, and not delivered yet",
              gateway_number(held, "leaving"));
        gauge(out, "held_in_doubt", "released, and perhaps delivered",
              gateway_number(held, "in_doubt"));
        gauge(out, "held_bytes", "what is held takes on the disk", gateway_number(held, "octets"));
        gauge(out, "held_bytes_most", "what it may take", gateway_number(held, "size"));
    }
    gauge(out, "disk_free_bytes", "room left on the keeper's disk", gateway_number(disk, "free"));
}
