/* SPDX-License-Identifier: ISC */
#include "parent/parent_sign.h"

#include "base/log.h"
#include "common/signing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { AGAIN_MS = 200 /* when it had no room for its keys */ };

bool sign_init(struct sign *sign)
{
    *sign = (struct sign){.process = {.name = "gatepost-sign", .control = -1}, .keys = -1};
    return ipc_pair(sign->queue) == 0;
}

static void not_started(struct sign *sign, struct slice reason, int64_t now)
{
    helper_not_started(&sign->process, reason, "mail that is to be signed is put off", now);
}

/* ---- what is wanted ---- */

static void take_keys(struct sign *sign, const struct loaded *loaded, unsigned generation)
{
    int keys = fcntl(loaded->signing, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (sign->keys >= 0)
        close(sign->keys);
    sign->keys = keys;
    sign->set = generation;
}

void sign_configure(struct sign *sign, const struct loaded *loaded, unsigned generation,
                    int64_t now)
{
    sign->wanted = loaded && loaded->signing > 0 &&
                   sealed_command_for(&loaded->config->settings, SLICE(""), &sign->command);
    if (sign->wanted && sign->set != generation)
        take_keys(sign, loaded, generation);
    if (sign->wanted && sealed_command_same(&sign->command, &sign->running))
        return;
    sign->process.start_at = 0;
    sign->process.told[0] = '\0';
    helper_end(&sign->process, SIGNER_END, SEALED_GRACE, now);
}

void sign_forget(struct sign *sign)
{
    if (sign->process.pid != 0 && sign->told == sign->set)
        ipc_send(sign->process.control, SIGNER_FORGET, SLICE(""), NULL, 0, false);
}

/* ---- its process ---- */

static void start(struct sign *sign, int64_t now)
{
    sign->running = sign->command;
    sign->serves = false;
    sign->told = 0;
    const char *reason =
        sealed_spawn(&sign->process, &sign->running, &sign->queue[SIGN_OWN_END], 1, now);
    if (reason)
        not_started(sign, slice_of(reason), now);
}

/* False: it has no room for them now. */
static bool tell_keys(struct sign *sign)
{
    bool due = sign->process.pid != 0 && !sign->process.ending && sign->told != sign->set;
    bool full =
        due && ipc_send(sign->process.control, SIGNER_KEYS, SLICE(""), &sign->keys, 1, false) == 0;
    if (due && !full)
        sign->told = sign->set; /* if it has gone, the next one is told */
    return !full;
}

int64_t sign_settle(struct sign *sign, int64_t now)
{
    if (sign->wanted && helper_is_due(&sign->process, now))
        start(sign, now);
    int64_t next = helper_settle(&sign->process, sign->wanted, now);
    if (tell_keys(sign))
        return next;
    return next && next < now + AGAIN_MS ? next : now + AGAIN_MS;
}

/* ---- what it says ---- */

static void heard(void *ctx, const struct ipc_message *message, int64_t now)
{
    struct sign *sign = ctx;
    struct unpack in = {.left = message->payload};
    if (message->type == SIGNER_FAILED) {
        not_started(sign, unpack_slice(&in), now);
    } else if (message->type == SIGNER_READY) {
        helper_serves(&sign->process, now);
        sign->serves = true;
        log_at(LEVEL_INFO, "", "gatepost-sign ready", field_num("pid", sign->process.pid));
    }
}

void sign_hear(struct sign *sign, int64_t now)
{
    helper_hear(&sign->process, now, heard, sign);
}

bool sign_died(struct sign *sign, pid_t pid, int status, int64_t now)
{
    if (pid == sign->process.pid)
        sign_hear(sign, now);
    return helper_died(&sign->process, pid, status, now);
}
