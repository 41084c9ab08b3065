/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/listening_end.h"
#include "base/log.h"
#include "base/process.h"
#include "parent/parent_contacts.h"
#include "parent/parent_deposit.h"
#include "parent/parent_notify.h"
#include "parent/parent_slot.h"
#include "policy/place.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { START_PATIENCE = 30000 /* until all proxies are ready, milliseconds */ };

/* Whether the file for them can be had; the keeper is given it later. */
static bool check_decisions(const struct config *config, struct buf *report)
{
    char path[PATH_MAX];
    if (config->settings.log_decisions.len == 0)
        return true;
    int fd = slice_to_path(config->settings.log_decisions, path) ? keeper_open_lines(path) : -1;
    if (fd < 0) {
        place_error(config, report, place_of_setting(config, "log", "decisions"),
                    "log decisions \"%.*s\": %s", SLICE_ARGS(config->settings.log_decisions),
                    strerror(errno));
        return false;
    }
    close(fd);
    return true;
}

static void generation_free(struct generation *generation)
{
    if (generation->bundle >= 0)
        close(generation->bundle);
    loaded_free(&generation->loaded);
    free(generation->slots);
    free(generation);
}

/* So that proxies find them; they cannot give one. */
static void number_servers(struct shared *shared, const struct config *config)
{
    for (size_t b = 0; b < config->backend_count; b++)
        for (size_t s = 0; s < config->backends[b].server_count; s++)
            shared_server(shared, &config->backends[b].servers[s].ip,
                          config->backends[b].servers[s].port);
}

static bool prepare(struct parent *parent, struct generation *generation, struct buf *report)
{
    const struct config *config = generation->loaded.config;
    generation->slot_count = process_count(config->settings.process_proxies);
    generation->slots = calloc(generation->slot_count, sizeof *generation->slots);
    if (!contacts_take_key(generation->loaded.bundle, config, report))
        return false;
    generation->bundle = bundle_seal(generation->loaded.bundle);
    if (!generation->slots || generation->bundle < 0) {
        buf_printf(report, "error: bundle: %s\n", strerror(errno));
        return false;
    }
    if (!check_decisions(config, report))
        return false;
    if (!claims_take(&parent->claims, config, report))
        return false;
    number_servers(parent->shared, config);
    for (unsigned number = 0; number < generation->slot_count; number++)
        generation->slots[number] =
            (struct slot){.generation = generation, .number = number, .control = -1};
    return milters_open(&parent->milters, config, report) &&
           sockets_open(&parent->sockets, config, generation->slot_count, report);
}

/* What a generation that goes or never came has claimed, once no other can need it. */
static void prune_claims(struct parent *parent)
{
    if (!parent->starting && !parent->old)
        claims_prune(&parent->claims, parent->current ? parent->current->loaded.config : NULL);
}

struct generation *generation_new(struct parent *parent, struct loaded *loaded, struct buf *report)
{
    struct generation *generation = calloc(1, sizeof *generation);
    if (!generation) {
        buf_cstr(report, "error: out of memory\n");
        loaded_free(loaded);
        return NULL;
    }
    *generation =
        (struct generation){.number = ++parent->generations, .loaded = *loaded, .bundle = -1};
    *loaded = (struct loaded){0};
    if (prepare(parent, generation, report))
        return generation;
    generation_free(generation);
    prune_claims(parent);
    return NULL;
}

static void make_chroot(const struct config *config)
{
    char path[PATH_MAX];
    struct slice folder = config->settings.process_chroot;
    if (geteuid() != 0 || folder.len == 0 || !slice_to_path(folder, path))
        return;
    if (mkdir(path, 0755) == 0 && chmod(path, 0755) == 0) /* whatever the umask is */
        log_at(LEVEL_INFO, "", "chroot folder made", field_str("path", path));
}

void generation_start(struct parent *parent, struct generation *generation, int64_t now)
{
    make_chroot(generation->loaded.config);
    parent->starting = generation;
    parent_apply_signing(parent, generation, now);
    generation->since = clock_wall();
    generation->until = now + START_PATIENCE;
    for (unsigned number = 0; number < generation->slot_count; number++)
        slot_start(parent, &generation->slots[number], now);
}

void generation_drain(struct generation *generation, bool stopping, int64_t until)
{
    generation->until = until;
    for (unsigned number = 0; number < generation->slot_count; number++)
        slot_drain(&generation->slots[number], stopping);
}

static void kill_all(struct generation *generation, const char *why)
{
    for (unsigned number = 0; number < generation->slot_count; number++) {
        struct slot *slot = &generation->slots[number];
        slot->state = PROXY_DRAINING;
        slot->start_at = 0;
        slot_kill(slot, why);
    }
}

size_t generation_alive(const struct generation *generation)
{
    size_t alive = 0;
    for (unsigned number = 0; number < generation->slot_count; number++)
        alive += generation->slots[number].pid != 0;
    return alive;
}

static bool all_serve(const struct generation *generation)
{
    for (unsigned number = 0; number < generation->slot_count; number++)
        if (generation->slots[number].state != PROXY_SERVING)
            return false;
    return true;
}

static bool any_failed(const struct generation *generation)
{
    for (unsigned number = 0; number < generation->slot_count; number++)
        if (generation->slots[number].failed)
            return true;
    return false;
}

static void shelve(struct parent *parent, struct generation *generation)
{
    generation->next = parent->old;
    parent->old = generation;
}

static void limit_old(struct parent *parent)
{
    struct generation *oldest = parent->old;
    for (size_t n = 0; oldest; oldest = oldest->next)
        if (n++ >= OLD_GENERATIONS && generation_alive(oldest))
            kill_all(oldest, "there are newer generations enough");
}

static void report_ready(struct parent *parent)
{
    const struct generation *current = parent->current;
    log_at(LEVEL_INFO, "", "serving", field_num("generation", current->number),
           field_num("proxies", current->slot_count),
           field_num("listeners", (int64_t)current->loaded.config->listener_count));
    notify_ready();
    if (parent->launcher < 0)
        return;
    ssize_t written = write(parent->launcher, "", 1);
    (void)written; /* whoever started us may have gone */
    close(parent->launcher);
    parent->launcher = -1;
}

/* How long it may take: not less than what is on its way to an address that is given up. */
static int64_t drain_of(const struct generation *generation)
{
    int64_t drain = generation->loaded.config->settings.timeouts_drain;
    return drain > 2 * (int64_t)LISTENING_END_MS ? drain : 2 * (int64_t)LISTENING_END_MS;
}

static void take_over(struct parent *parent, int64_t now)
{
    struct generation *before = parent->current;
    parent->current = parent->starting;
    parent->current->until = 0;
    parent->starting = NULL;
    const struct config *config = parent->current->loaded.config;
    sockets_prune(&parent->sockets, config); /* who drains is the last to hold what is closed */
    if (before) {
        generation_drain(before, false, now + drain_of(before));
        shelve(parent, before);
        limit_old(parent);
        parent_tell_asker(parent, NULL); /* by the keeper of the old one */
        parent_apply(parent, config, now);
    }
    report_ready(parent);
    deposit_sockets(&parent->sockets);
}

static void give_up(struct parent *parent, const char *why, int64_t now)
{
    struct generation *failed = parent->starting;
    parent->starting = NULL;
    kill_all(failed, why);
    failed->until = 0;
    shelve(parent, failed);
    if (parent->current) {
        log_at(LEVEL_ERROR, "", "reload refused, nothing is changed", field_str("reason", why));
        sockets_prune(&parent->sockets, parent->current->loaded.config);
        notify_ready();
        parent_tell_asker(parent, why);
    } else {
        log_at(LEVEL_ERROR, "", "cannot start", field_str("reason", why));
        parent->status = 1;
        parent_stop(parent, now);
    }
}

static void settle_proxies(struct parent *parent, struct generation *generation, int64_t now)
{
    for (unsigned number = 0; number < generation->slot_count; number++) {
        struct slot *slot = &generation->slots[number];
        if (slot->kill_at && slot->kill_at <= now)
            slot_kill(slot, "it does not end");
        if (slot->pid != 0 &&
            pulse_is_gone(&slot->pulse, parent->shared, slot->row, slot->pid, now))
            slot_kill(slot, "its loop stands still");
        if (generation != parent->current || slot->pid != 0)
            continue;
        if (slot->start_at <= now)
            slot_start(parent, slot, now);
        else if (!slot->lent)
            slot_lend(parent, slot);
    }
}

static void settle_old(struct parent *parent, int64_t now)
{
    for (struct generation **at = &parent->old; *at;) {
        struct generation *old = *at;
        settle_proxies(parent, old, now);
        if (generation_alive(old) == 0) {
            *at = old->next;
            log_at(LEVEL_INFO, "", "generation ended", field_num("generation", old->number));
            generation_free(old);
            if (!parent->stopping)
                prune_claims(parent);
            if (parent->current)
                parent_apply_helpers(parent, parent->current->loaded.config, now);
            continue;
        }
        if (old->until && old->until <= now) {
            old->until = 0;
            kill_all(old, "its time to drain is over");
        }
        at = &old->next;
    }
}

/* Whoever has slot 0 looks after the lists. */
static void name_watcher(struct parent *parent)
{
    const struct slot *first = &parent->current->slots[0];
    if (first->pid != 0 && first->state == PROXY_SERVING)
        shared_watched_by(parent->shared, first->row);
}

void generation_settle(struct parent *parent, int64_t now)
{
    if (parent->starting) {
        settle_proxies(parent, parent->starting, now);
        if (any_failed(parent->starting))
            give_up(parent, "a proxy of the new generation cannot serve", now);
        else if (all_serve(parent->starting))
            take_over(parent, now);
        else if (parent->starting->until <= now)
            give_up(parent, "the new proxies take too long", now);
    }
    if (parent->current) {
        settle_proxies(parent, parent->current, now);
        name_watcher(parent);
    }
    settle_old(parent, now);
}
