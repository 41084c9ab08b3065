/* SPDX-License-Identifier: ISC */
#include "parent/parent_release.h"

#include "base/log.h"
#include "common/releasing.h"

#include <string.h>

void release_init(struct release *release, struct keeper *keeper)
{
    *release =
        (struct release){.process = {.name = "gatepost-release", .control = -1}, .keeper = keeper};
}

/* ---- what is wanted ---- */

void release_restart(struct release *release, int64_t now)
{
    helper_end(&release->process, RELEASE_END, SEALED_GRACE, now);
}

void release_configure(struct release *release, const struct config *config, int64_t now)
{
    release->wanted =
        config &&
        sealed_command_for(&config->settings, config->settings.quarantine_key, &release->command) &&
        keeper_may_hold(config);
    if (release->wanted && sealed_command_same(&release->command, &release->running))
        return;
    release->process.start_at = 0;
    release->process.told[0] = '\0';
    release_restart(release, now);
}

/* ---- its process ---- */

static void not_started(struct release *release, struct slice reason, int64_t now)
{
    helper_not_started(&release->process, reason, "nothing can be held or released", now);
}

static void start(struct release *release, int64_t now)
{
    const int pairs[] = {release->keeper->opener[KEEPER_PROXIES_END],
                         release->keeper->errands[KEEPER_OWN_END]};
    release->running = release->command;
    release->serves = false;
    const char *reason = sealed_start(&release->process, &release->running, pairs, 2, now);
    if (reason)
        not_started(release, slice_of(reason), now);
}

int64_t release_settle(struct release *release, int64_t now)
{
    if (release->wanted && helper_is_due(&release->process, now))
        start(release, now);
    return helper_settle(&release->process, release->wanted, now);
}

/* ---- what it says ---- */

static void take_mark(struct release *release, struct slice mark)
{
    release->new_mark = mark.len == sizeof release->mark;
    release->has_mark |= release->new_mark;
    if (release->new_mark)
        memcpy(release->mark, mark.ptr, mark.len);
}

static void heard(void *ctx, const struct ipc_message *message, int64_t now)
{
    struct release *release = ctx;
    struct unpack in = {.left = message->payload};
    if (message->type == RELEASE_FAILED) {
        not_started(release, unpack_slice(&in), now);
    } else if (message->type == RELEASE_READY) {
        helper_serves(&release->process, now);
        release->serves = true;
        sealed_look_at_key(&release->running); /* it may have been made just now */
        log_at(LEVEL_INFO, "", "gatepost-release ready", field_num("pid", release->process.pid),
               field_str("key", release->running.key));
        keeper_seal_to(release->keeper, unpack_slice(&in));
        take_mark(release, unpack_slice(&in));
    }
}

void release_hear(struct release *release, int64_t now)
{
    helper_hear(&release->process, now, heard, release);
}

bool release_died(struct release *release, pid_t pid, int status, int64_t now)
{
    if (pid == release->process.pid)
        release_hear(release, now);
    return helper_died(&release->process, pid, status, now);
}
