/* SPDX-License-Identifier: ISC */
#include "parent/parent_learn.h"

#include "base/log.h"
#include "common/learning.h"

void learn_init(struct learn *learn, struct keeper *keeper)
{
    *learn = (struct learn){.process = {.name = "gatepost-learn", .control = -1}, .keeper = keeper};
}

void learn_restart(struct learn *learn, int64_t now)
{
    helper_end(&learn->process, LEARNER_END, SEALED_GRACE, now);
}

void learn_configure(struct learn *learn, const struct config *config, int64_t now)
{
    learn->wanted =
        config && config->settings.learn_enabled &&
        sealed_command_for(&config->settings, config->settings.learn_key, &learn->command);
    if (learn->wanted && sealed_command_same(&learn->command, &learn->running))
        return;
    learn->process.start_at = 0;
    learn->process.told[0] = '\0';
    learn_restart(learn, now);
}

static void not_started(struct learn *learn, struct slice reason, int64_t now)
{
    helper_not_started(&learn->process, reason, "nothing is learnt", now);
}

static void start(struct learn *learn, int64_t now)
{
    const int pairs[SEALED_EXTRA] = {learn->keeper->learner[KEEPER_PROXIES_END]};
    learn->running = learn->command;
    learn->serves = false;
    const char *reason = sealed_start(&learn->process, &learn->running, pairs, 1, now);
    if (reason)
        not_started(learn, slice_of(reason), now);
}

int64_t learn_settle(struct learn *learn, int64_t now)
{
    if (learn->wanted && helper_is_due(&learn->process, now))
        start(learn, now);
    return helper_settle(&learn->process, learn->wanted, now);
}

static void heard(void *ctx, const struct ipc_message *message, int64_t now)
{
    struct learn *learn = ctx;
    struct unpack in = {.left = message->payload};
    if (message->type == LEARNER_FAILED) {
        not_started(learn, unpack_slice(&in), now);
    } else if (message->type == LEARNER_READY) {
        helper_serves(&learn->process, now);
        learn->serves = true;
        sealed_look_at_key(&learn->running); /* it may have been made just now */
        log_at(LEVEL_INFO, "", "gatepost-learn ready", field_num("pid", learn->process.pid),
               field_str("key", learn->running.key));
        struct slice public = unpack_slice(&in);
        keeper_learn_to(learn->keeper, public, unpack_slice(&in));
    }
}

void learn_hear(struct learn *learn, int64_t now)
{
    helper_hear(&learn->process, now, heard, learn);
}

bool learn_died(struct learn *learn, pid_t pid, int status, int64_t now)
{
    if (pid == learn->process.pid)
        learn_hear(learn, now);
    return helper_died(&learn->process, pid, status, now);
}
