/* SPDX-License-Identifier: ISC */
#include "parent/parent_status.h"

#include "base/clock.h"
#include "base/json.h"
#include "common/redis_place.h"
#include "filters/scanner/family_start.h"
#include "parent/parent_state.h"

#include <unistd.h>

/* ---- JSON ---- */

static void text(struct buf *out, const char *name, struct slice value)
{
    json_key(out, slice_of(name));
    json_text(out, value);
}

static void word(struct buf *out, const char *name, const char *value)
{
    text(out, name, slice_of(value));
}

static void number(struct buf *out, const char *name, int64_t value)
{
    json_key(out, slice_of(name));
    json_number(out, (double)value);
}

static void open_array(struct buf *out, const char *name)
{
    json_key(out, slice_of(name));
    buf_char(out, '[');
}

static void open_member(struct buf *out)
{
    json_item(out);
    buf_char(out, '{');
}

/* ---- processes ---- */

static const char *state_of(const struct slot *slot)
{
    if (slot->pid == 0)
        return "down";
    switch (slot->state) {
    case PROXY_SERVING:
        return "serving";
    case PROXY_DRAINING:
        return "draining";
    case PROXY_CONFIGURING:
    case PROXY_STARTING:
        break;
    }
    return "starting";
}

static void generation(struct buf *out, const struct generation *generation, const char *state)
{
    open_member(out);
    number(out, "number", generation->number);
    word(out, "state", state);
    number(out, "since", generation->since);
    open_array(out, "proxies");
    for (unsigned i = 0; i < generation->slot_count; i++) {
        open_member(out);
        number(out, "slot", generation->slots[i].number);
        number(out, "pid", generation->slots[i].pid);
        word(out, "state", state_of(&generation->slots[i]));
        buf_char(out, '}');
    }
    buf_cstr(out, "]}");
}

static void generations(struct buf *out, const struct parent *parent)
{
    open_array(out, "generations");
    if (parent->starting)
        generation(out, parent->starting, "starting");
    if (parent->current)
        generation(out, parent->current, "serving");
    for (const struct generation *old = parent->old; old; old = old->next)
        generation(out, old, "draining");
    buf_char(out, ']');
}

static void scanners(struct buf *out, const struct parent *parent)
{
    open_array(out, "scanners");
    for (int kind = 0; kind < SCANNER_KINDS; kind++) {
        open_member(out);
        word(out, "program", family_program((enum scanner_kind)kind));
        word(out, "state", state_of_scanners(&parent->scanners[kind]));
        word(out, "reason", parent->scanners[kind].down);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static const char *state_of_redis(const struct parent *parent, const struct config *config)
{
    if (!redis_needed(config))
        return "not needed";
    if (redis_place(&config->settings) != REDIS_PRIVATE)
        return "elsewhere";
    return parent->redis.pid ? "running" : "down";
}

static void redis(struct buf *out, const struct parent *parent, const struct config *config)
{
    struct server_state seen = state_as_seen(parent, SHARED_REDIS);
    bool away = seen.down && redis_needed(config);
    bool runs = parent->redis.pid || redis_place(&config->settings) != REDIS_PRIVATE;
    json_key(out, SLICE("redis"));
    buf_char(out, '{');
    word(out, "state", away ? "down" : state_of_redis(parent, config));
    word(out, "reason", !runs ? parent->redis.told : away ? seen.why : "");
    buf_char(out, '}');
}

static void resolver(struct buf *out, const struct parent *parent)
{
    struct server_state state = state_as_seen(parent, SHARED_RESOLVER);
    json_key(out, SLICE("resolver"));
    buf_char(out, '{');
    word(out, "state", state.down ? "down" : "up");
    if (state.down)
        number(out, "since", state.since);
    word(out, "reason", state.why);
    buf_char(out, '}');
}

static void health(struct buf *out, const struct helper *process, bool wanted, bool serves)
{
    word(out, "state", !wanted ? "not needed" : process->pid && serves ? "serving" : "down");
    word(out, "reason", process->told);
}

static void helper(struct buf *out, struct slice key, const struct helper *process, bool wanted,
                   bool serves)
{
    json_key(out, key);
    buf_char(out, '{');
    health(out, process, wanted, serves);
    buf_char(out, '}');
}

static void milters(struct buf *out, const struct milters *milters)
{
    json_key(out, SLICE("milters"));
    buf_char(out, '[');
    for (size_t i = 0; i < milters->count; i++) {
        const struct milter *milter = &milters->all[i];
        if (!milter->wanted)
            continue;
        open_member(out);
        word(out, "listen", milter->command.listen);
        health(out, &milter->process, true, milter->serves);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

/* ---- what it leans on ---- */

static void server(struct buf *out, const struct parent *parent, const struct backend *backend,
                   const struct server *server)
{
    struct server_state state = state_of_server(parent, server);
    open_member(out);
    text(out, "backend", backend->name);
    text(out, "server", server->address);
    word(out, "state", state.down ? "down" : "up");
    if (state.down) {
        number(out, "since", state.since);
        word(out, "reason", state.why);
    }
    number(out, "connections", (int64_t)state.connections);
    number(out, "limit", backend_connections(parent->current->loaded.config, backend));
    buf_char(out, '}');
}

static void backends(struct buf *out, const struct parent *parent, const struct config *config)
{
    open_array(out, "backends");
    for (size_t b = 0; b < config->backend_count; b++)
        for (size_t s = 0; s < config->backends[b].server_count; s++)
            server(out, parent, &config->backends[b], &config->backends[b].servers[s]);
    buf_char(out, ']');
}

static void lists(struct buf *out, const struct parent *parent, const struct config *config)
{
    open_array(out, "lists_suspended");
    for (size_t i = 0; i < config->blocklist_count; i++) {
        if (!list_is_suspended(parent, i))
            continue;
        json_item(out);
        json_text(out, config->blocklists[i].zone);
    }
    buf_char(out, ']');
}

static void certificates(struct buf *out, const struct generation *generation,
                         const struct config *config)
{
    open_array(out, "certificates");
    for (size_t i = 0; i < config->certificate_count; i++) {
        const struct certificate *certificate = &config->certificates[i];
        open_member(out);
        text(out, "name", certificate->names[0]);
        number(out, "expires", certificate_end(generation, certificate));
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

/* What waits for a reload, and what keeps what it had. */
static void reloading(struct buf *out, const struct parent *parent)
{
    static const char *const words[] = {"on", "certificates", "off"};
    const struct loaded *loaded = &parent->current->loaded;
    json_key(out, SLICE("reload"));
    buf_char(out, '{');
    word(out, "automatic", words[loaded->config->reload_automatic]);
    json_key(out, SLICE("waiting"));
    buf_cstr(out, parent->files.waiting ? "true}" : "false}");
    open_array(out, "tables_kept");
    for (size_t i = 0; i < loaded->kept.count; i++) {
        open_member(out);
        word(out, "table", loaded->kept.rows[i].name);
        word(out, "file", loaded->kept.rows[i].path);
        number(out, "entries", (int64_t)loaded->kept.rows[i].before);
        number(out, "entries_in_file", (int64_t)loaded->kept.rows[i].now);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void signatures(struct buf *out, const struct parent *parent, const struct config *config)
{
    int64_t when;
    if (signatures_written(parent, config, &when))
        number(out, "signatures", when);
}

/* ---- counts ---- */

static void counts(struct buf *out, const struct parent *parent)
{
    number(out, "sessions", (int64_t)shared_sessions(parent->shared));
    number(out, "spool", (int64_t)shared_spool(parent->shared));
    number(out, "scans", (int64_t)shared_scans(parent->shared));
    json_key(out, SLICE("counters"));
    buf_char(out, '{');
    for (enum counter c = 0; c < COUNTER_COUNT; c++)
        number(out, shared_counter_name(c), (int64_t)shared_counter(parent->shared, c));
    buf_char(out, '}');
}

bool parent_status(const struct parent *parent, struct buf *out)
{
    const struct generation *current = parent->current;
    buf_char(out, '{');
    word(out, "version", GATEPOST_VERSION);
    text(out, "hostname", current ? current->loaded.config->hostname : slice_of(parent->hostname));
    number(out, "pid", getpid());
    number(out, "started", parent->started);
    number(out, "now", clock_wall());
    generations(out, parent);
    scanners(out, parent);
    if (current) {
        const struct config *config = current->loaded.config;
        redis(out, parent, config);
        resolver(out, parent);
        helper(out, SLICE("release"), &parent->release.process, parent->release.wanted,
               parent->release.serves);
        helper(out, SLICE("learn"), &parent->learn.process, parent->learn.wanted,
               parent->learn.serves);
        helper(out, SLICE("sign"), &parent->sign.process, parent->sign.wanted, parent->sign.serves);
        milters(out, &parent->milters);
        backends(out, parent, config);
        lists(out, parent, config);
        certificates(out, current, config);
        reloading(out, parent);
        signatures(out, parent, config);
    }
    counts(out, parent);
    buf_char(out, '}');
    return !out->failed;
}
