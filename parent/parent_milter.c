/* SPDX-License-Identifier: ISC */
#include "parent/parent_milter.h"

#include "base/child.h"
#include "base/log.h"
#include "policy/place.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MILTER_GRACE = 5000, DEAF_GRACE = 1000 };

bool milter_is_of(const struct milter *milter, const struct listener *listener)
{
    return listener->protocol == PROTOCOL_MILTER &&
           listener_has_place(listener, &milter->ip, milter->port, slice_of(milter->path));
}

static struct milter *find(struct milters *milters, const struct listener *listener)
{
    for (size_t i = 0; i < milters->count; i++)
        if (milter_is_of(&milters->all[i], listener))
            return &milters->all[i];
    return NULL;
}

int milters_queue(const struct milters *milters, const struct listener *listener)
{
    for (size_t i = 0; i < milters->count; i++)
        if (milter_is_of(&milters->all[i], listener))
            return milters->all[i].queue[MILTER_PROXIES_END];
    return -1;
}

/* ---- what is wanted ---- */

static bool add(struct milters *milters, const struct listener *listener)
{
    struct milter milter = {.process = {.name = "gatepost-milter", .control = -1},
                            .ip = listener->ip,
                            .port = listener->port};
    if (!slice_to_text(listener->path, milter.path, sizeof milter.path) ||
        ipc_pair(milter.queue) != 0)
        return false;
    milters->all[milters->count++] = milter;
    return true;
}

/* Those whose listener is gone, or never came into use, and that have no process. */
static void prune(struct milters *milters)
{
    size_t kept = 0;
    for (size_t i = 0; i < milters->count; i++) {
        struct milter *milter = &milters->all[i];
        if (milter->wanted || milter->process.pid != 0) {
            milters->all[kept++] = *milter;
            continue;
        }
        close(milter->queue[MILTER_PROXIES_END]);
        close(milter->queue[MILTER_OWN_END]);
    }
    milters->count = kept;
}

bool milters_open(struct milters *milters, const struct config *config, struct buf *report)
{
    prune(milters);
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listener *listener = &config->listeners[i];
        bool is_full = milters->count == MILTERS_MOST;
        if (listener->protocol != PROTOCOL_MILTER || find(milters, listener) ||
            (!is_full && add(milters, listener)))
            continue;
        place_error(config, report, listener->at, "no queue for %.*s: %s",
                    SLICE_ARGS(listener->address),
                    is_full ? "the milters of listeners that are gone have not ended yet; try again"
                            : strerror(errno));
        return false;
    }
    return true;
}

static void write_place(const struct listener *listener, char *out, size_t size)
{
    char address[46];
    bool six = listener->ip.family == 6;
    ip_text(&listener->ip, address);
    if (listener->path.len)
        snprintf(out, size, "unix:%.*s", SLICE_ARGS(listener->path));
    else
        snprintf(out, size, "%s:%u@%s", six ? "inet6" : "inet", listener->port, address);
}

static bool command_for(const struct settings *settings, const struct listener *listener,
                        struct milter_command *out)
{
    memset(out, 0, sizeof *out);
    snprintf(out->most, sizeof out->most, "%u", settings->limits_sessions);
    write_place(listener, out->listen, sizeof out->listen);
    return slice_to_text(settings->process_user, out->user, sizeof out->user) &&
           slice_to_text(settings->process_chroot, out->chroot, sizeof out->chroot) &&
           slice_to_text(settings->log_to, out->log_to, sizeof out->log_to) &&
           slice_to_text(settings->log_format, out->log_format, sizeof out->log_format) &&
           slice_to_text(settings->log_level, out->log_level, sizeof out->log_level);
}

static const struct listener *listener_of(const struct config *config, const struct milter *milter)
{
    for (size_t i = 0; config && i < config->listener_count; i++)
        if (milter_is_of(milter, &config->listeners[i]))
            return &config->listeners[i];
    return NULL;
}

static void configure(struct milter *milter, const struct config *config, int64_t now)
{
    const struct listener *listener = listener_of(config, milter);
    milter->wanted = listener && command_for(&config->settings, listener, &milter->command);
    if (milter->wanted && memcmp(&milter->command, &milter->running, sizeof milter->command) == 0)
        return;
    milter->process.start_at = 0;
    milter->process.told[0] = '\0';
    helper_end(&milter->process, MILTER_END, MILTER_GRACE, now);
}

void milters_configure(struct milters *milters, const struct config *config, int64_t now)
{
    for (size_t i = 0; i < milters->count; i++)
        configure(&milters->all[i], config, now);
}

/* ---- its process ---- */

static void not_started(struct milter *milter, struct slice reason, int64_t now)
{
    helper_not_started(&milter->process, reason,
                       "mail servers that ask it do as their own setting says", now);
}

static void start(struct milter *milter, int64_t now)
{
    const struct milter_command *c = &milter->command;
    const char *argv[] = {milter->process.name,
                          "--user",
                          c->user,
                          "--chroot",
                          c->chroot,
                          "--log-to",
                          c->log_to,
                          "--log-level",
                          c->log_level,
                          "--log-format",
                          c->log_format,
                          "--listen",
                          c->listen,
                          "--most",
                          c->most,
                          NULL};
    milter->running = *c;
    milter->serves = milter->deaf = false;
    pid_t pid = child_spawn(milter->process.name, (char *const *)(uintptr_t)argv,
                            &milter->queue[MILTER_OWN_END], 1, &milter->process.control);
    if (pid > 0)
        helper_started(&milter->process, pid, now);
    else
        not_started(milter, slice_of(strerror(errno)), now);
}

static int64_t settle(struct milter *milter, int64_t now)
{
    if (milter->wanted && helper_is_due(&milter->process, now))
        start(milter, now);
    return helper_settle(&milter->process, milter->wanted, now);
}

int64_t milters_settle(struct milters *milters, int64_t now)
{
    int64_t next = 0;
    for (size_t i = 0; i < milters->count; i++) {
        int64_t at = settle(&milters->all[i], now);
        next = at && (next == 0 || at < next) ? at : next;
    }
    return next;
}

/* ---- what it says ---- */

/* It is believed once, and has to go: one that goes on to say so would have proxies listen to ever more queues. */
static void hear_deaf(struct milter *milter, int64_t now)
{
    if (milter->deaf)
        return;
    milter->deaf = true;
    log_at(LEVEL_ERROR, "", "gatepost-milter's queue was closed, and is made anew");
    milter->news |= helper_renew_queue(milter->queue);
    milter->process.kill_at = now + DEAF_GRACE;
}

static void heard(void *ctx, const struct ipc_message *message, int64_t now)
{
    struct milter *milter = ctx;
    struct unpack in = {.left = message->payload};
    if (message->type == MILTER_FAILED) {
        not_started(milter, unpack_slice(&in), now);
    } else if (message->type == MILTER_DEAF) {
        hear_deaf(milter, now);
    } else if (message->type == MILTER_READY) {
        helper_serves(&milter->process, now);
        milter->serves = true;
        log_at(LEVEL_INFO, "", "gatepost-milter ready", field_num("pid", milter->process.pid),
               field_str("listen", milter->running.listen));
    }
}

void milter_hear(struct milter *milter, int64_t now)
{
    helper_hear(&milter->process, now, heard, milter);
}

bool milters_died(struct milters *milters, pid_t pid, int status, int64_t now)
{
    for (size_t i = 0; i < milters->count; i++) {
        struct milter *milter = &milters->all[i];
        if (pid == milter->process.pid)
            milter_hear(milter, now);
        if (helper_died(&milter->process, pid, status, now))
            return true;
    }
    return false;
}

bool milters_gone(const struct milters *milters)
{
    for (size_t i = 0; i < milters->count; i++)
        if (milters->all[i].process.pid != 0)
            return false;
    return true;
}
