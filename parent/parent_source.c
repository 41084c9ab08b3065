/* SPDX-License-Identifier: ISC */
#include "parent/parent_source.h"

#include "base/log.h"

#include <unistd.h>

bool source_init(struct source_process *source)
{
    *source = (struct source_process){.process = {.name = "gatepost-source", .control = -1}};
    return ipc_pair(source->queue) == 0;
}

static void not_started(struct source_process *source, struct slice reason, int64_t now)
{
    helper_not_started(&source->process, reason,
                       "servers that are to see their clients' addresses cannot be reached", now);
}

void source_configure(struct source_process *source, const struct config *config, int64_t now)
{
    source->wanted = config && sealed_command_for(&config->settings, SLICE(""), &source->command);
    if (source->wanted && sealed_command_same(&source->command, &source->running))
        return;
    source->process.start_at = 0;
    source->process.told[0] = '\0';
    helper_end(&source->process, SOURCE_END, SEALED_GRACE, now);
}

static void start(struct source_process *source, int64_t now)
{
    source->running = source->command;
    const char *reason =
        sealed_spawn(&source->process, &source->running, &source->queue[SOURCE_OWN_END], 1, now);
    if (reason)
        not_started(source, slice_of(reason), now);
}

int64_t source_settle(struct source_process *source, int64_t now)
{
    if (source->wanted && helper_is_due(&source->process, now))
        start(source, now);
    return helper_settle(&source->process, source->wanted, now);
}

/* ---- what it says ---- */

static void heard(void *ctx, const struct ipc_message *message, int64_t now)
{
    struct source_process *source = ctx;
    struct unpack in = {.left = message->payload};
    if (message->type == SOURCE_FAILED) {
        not_started(source, unpack_slice(&in), now);
    } else if (message->type == SOURCE_DEAF) {
        log_at(LEVEL_ERROR, "", "gatepost-source's queue was closed, and is made anew");
        source->news |= helper_renew_queue(source->queue);
    } else if (message->type == SOURCE_READY) {
        helper_serves(&source->process, now);
        log_at(LEVEL_INFO, "", "gatepost-source ready", field_num("pid", source->process.pid));
    }
}

void source_hear(struct source_process *source, int64_t now)
{
    helper_hear(&source->process, now, heard, source);
}

bool source_died(struct source_process *source, pid_t pid, int status, int64_t now)
{
    if (pid == source->process.pid)
        source_hear(source, now);
    return helper_died(&source->process, pid, status, now);
}
