/* SPDX-License-Identifier: ISC */
#include "parent/parent_metrics.h"

#include "common/metrics.h"
#include "filters/scanner/family_start.h"
#include "parent/parent_state.h"

#include <string.h>

static void counters(struct buf *out, const struct parent *parent)
{
#define COUNTER(id, name, doc)                                                                     \
    metric_counter(out, name, doc, shared_counter(parent->shared, COUNTER_##id));
#include "common/counters.def"
#undef COUNTER
}

static void server(struct buf *out, const char *name, const struct backend *backend,
                   const struct server *server, int64_t value)
{
    const struct metric_label labels[] = {{"backend", backend->name}, {"server", server->address}};
    metric_sample(out, name, labels, 2, value);
}

static void servers(struct buf *out, const struct parent *parent, const struct config *config)
{
    metric_head(out, "server_up", "gauge", "whether a server behind can be spoken to");
    for (size_t b = 0; b < config->backend_count; b++)
        for (size_t s = 0; s < config->backends[b].server_count; s++)
            server(out, "server_up", &config->backends[b], &config->backends[b].servers[s],
                   !state_of_server(parent, &config->backends[b].servers[s]).down);
    metric_head(out, "server_connections", "gauge", "connections to a server behind");
    for (size_t b = 0; b < config->backend_count; b++)
        for (size_t s = 0; s < config->backends[b].server_count; s++)
            server(out, "server_connections", &config->backends[b], &config->backends[b].servers[s],
                   (int64_t)state_of_server(parent, &config->backends[b].servers[s]).connections);
}

static void scanners(struct buf *out, const struct parent *parent)
{
    metric_head(out, "scanners_up", "gauge", "whether the scanners that rules need serve");
    for (int kind = 0; kind < SCANNER_KINDS; kind++) {
        const struct metric_label program = {"program",
                                             slice_of(family_program((enum scanner_kind)kind))};
        const char *state = state_of_scanners(&parent->scanners[kind]);
        if (parent->scanners[kind].wanted)
            metric_sample(out, "scanners_up", &program, 1, strcmp(state, "serving") == 0);
    }
}

static void certificates(struct buf *out, const struct generation *generation,
                         const struct config *config)
{
    metric_head(out, "certificate_expires_seconds", "gauge", "when a certificate ends, since 1970");
    for (size_t i = 0; i < config->certificate_count; i++) {
        const struct metric_label name = {"name", config->certificates[i].names[0]};
        metric_sample(out, "certificate_expires_seconds", &name, 1,
                      certificate_end(generation, &config->certificates[i]));
    }
}

static void lists(struct buf *out, const struct parent *parent, const struct config *config)
{
    int64_t suspended = 0;
    for (size_t i = 0; i < config->blocklist_count; i++)
        suspended += list_is_suspended(parent, i);
    metric_gauge(out, "lists_suspended", "blocklists that are suspended now", suspended);
}

static void signatures(struct buf *out, const struct parent *parent, const struct config *config)
{
    int64_t when;
    if (signatures_written(parent, config, &when))
        metric_gauge(out, "signatures_time_seconds",
                     "when the newest signatures were written, since 1970", when);
}

bool parent_metrics(const struct parent *parent, struct buf *out)
{
    const struct generation *current = parent->current;
    metric_gauge(out, "start_time_seconds", "when the gateway was started, since 1970",
                 parent->started);
    metric_gauge(out, "sessions", "sessions now", (int64_t)shared_sessions(parent->shared));
    metric_gauge(out, "spool_bytes", "messages in memory", (int64_t)shared_spool(parent->shared));
    metric_gauge(out, "scans_bytes", "messages being scanned",
                 (int64_t)shared_scans(parent->shared));
    counters(out, parent);
    scanners(out, parent);
    if (current) {
        const struct config *config = current->loaded.config;
        servers(out, parent, config);
        certificates(out, current, config);
        signatures(out, parent, config);
        lists(out, parent, config);
    }
    return !out->failed;
}
