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
    *sign = (struct sign){.process = {.name = "gatepost-sign", .control = -1}};
    return ipc_pair(sign->queue) == 0;
}

static void not_started(struct sign *sign, struct slice reason, int64_t now)
{
    helper_not_started(&sign->process, reason, "mail that is to be signed is put off", now);
}

/* ---- what is wanted ---- */

static void drop_set(struct sign *sign, size_t at)
{
    if (sign->sets[at].keys >= 0)
        close(sign->sets[at].keys);
    sign->set_count--;
    sign->told -= at < sign->told;
    memmove(&sign->sets[at], &sign->sets[at + 1], (sign->set_count - at) * sizeof *sign->sets);
}

static bool is_latest(const struct sign *sign, unsigned generation)
{
    return sign->set_count && sign->sets[sign->set_count - 1].generation == generation;
}

/* One that comes back, as the reload behind it has failed, is there once. */
static void take_keys(struct sign *sign, const struct loaded *loaded, unsigned generation)
{
    for (size_t i = 0; i < sign->set_count; i++)
        if (sign->sets[i].generation == generation) {
            drop_set(sign, i);
            break;
        }
    if (sign->set_count == SIGNING_SETS_MOST)
        drop_set(sign, 0);
    sign->sets[sign->set_count++] =
        (struct sign_set){generation, fcntl(loaded->signing, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
}

void sign_configure(struct sign *sign, const struct loaded *loaded, unsigned generation,
                    int64_t now)
{
    sign->wanted = loaded && loaded->signing > 0 &&
                   sealed_command_for(&loaded->config->settings, SLICE(""), &sign->command);
    if (sign->wanted && !is_latest(sign, generation))
        take_keys(sign, loaded, generation);
    if (sign->wanted && sealed_command_same(&sign->command, &sign->running))
        return;
    sign->process.start_at = 0;
    sign->process.told[0] = '\0';
    helper_end(&sign->process, SIGNER_END, SEALED_GRACE, now);
}

void sign_forget(struct sign *sign)
{
    while (sign->set_count > 1)
        drop_set(sign, 0);
    if (sign->process.pid != 0 && sign->told == sign->set_count)
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
    if (sign->process.pid == 0 || sign->process.ending)
        return true;
    for (; sign->told < sign->set_count; sign->told++) /* if it has gone, the next one is told */
        if (ipc_send(sign->process.control, SIGNER_KEYS, SLICE(""), &sign->sets[sign->told].keys, 1,
                     false) == 0)
            return false;
    return true;
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
    } else if (message->type == SIGNER_DEAF) {
        log_at(LEVEL_ERROR, "", "gatepost-sign's queue was closed, and is made anew");
        sign->news |= helper_renew_queue(sign->queue);
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
