/* SPDX-License-Identifier: ISC */
#include "parent/parent_helper.h"

#include "base/child.h"
#include "base/log.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    HEARD_AT_ONCE = 16,
    MAY_SAY = 100000, /* an hour: one that was taken over could otherwise fill the log */
    HOUR = 3600000,
};

/* "keeper died" */
static const char *event(const struct helper *helper, const char *what)
{
    static char text[64];
    snprintf(text, sizeof text, "%s %s", helper->name, what);
    return text;
}

void helper_started(struct helper *helper, pid_t pid, int64_t now)
{
    helper->pid = pid;
    helper->ending = false;
    helper->may_say = MAY_SAY;
    helper->since = helper->may_say_since = now;
    helper->start_at = helper->kill_at = 0;
}

void helper_not_started(struct helper *helper, struct slice reason, const char *loss, int64_t now)
{
    char text[sizeof helper->told];
    reason = slice_sub(reason, 0, sizeof text - 1);
    snprintf(text, sizeof text, "%.*s", SLICE_ARGS(reason));
    helper->start_at = backoff_after(&helper->backoff, 0, now);
    helper->gone_since = helper->gone_since ? helper->gone_since : now;
    if (strcmp(helper->told, text) == 0)
        return;
    snprintf(helper->told, sizeof helper->told, "%s", text);
    log_at(LEVEL_ERROR, "", event(helper, "not started"), field_str("so", loss),
           field_str("reason", helper->told));
}

void helper_serves(struct helper *helper, int64_t now)
{
    helper->told[0] = '\0';
    if (helper->gone_since)
        log_at(LEVEL_INFO, "", event(helper, "is back"),
               field_num("seconds", (now - helper->gone_since) / 1000));
    helper->gone_since = 0;
}

void helper_end(struct helper *helper, uint16_t message, int64_t grace, int64_t now)
{
    if (helper->pid == 0 || helper->ending)
        return;
    helper->ending = true;
    helper->kill_at = now + grace;
    ipc_send(helper->control, message, (struct slice){NULL, 0}, NULL, 0, false);
}

int64_t helper_settle(struct helper *helper, bool wanted, int64_t now)
{
    if (helper->pid != 0 && helper->kill_at && helper->kill_at <= now) {
        log_at(LEVEL_WARNING, "", event(helper, "is killed"), field_num("pid", helper->pid),
               field_str("reason", "it does not end"));
        helper->kill_at = 0;
        kill(helper->pid, SIGKILL);
    }
    if (helper->pid != 0)
        return helper->kill_at;
    return wanted ? helper->start_at : 0;
}

static void stop_listening(struct helper *helper, int64_t now)
{
    close(helper->control);
    helper->control = -1;
    helper->kill_at = now + CHILD_LINGER;
}

static bool says_too_much(struct helper *helper, int64_t now)
{
    if (now - helper->may_say_since >= HOUR) {
        helper->may_say = MAY_SAY;
        helper->may_say_since = now;
    }
    return --helper->may_say == 0;
}

void helper_hear(struct helper *helper, int64_t now,
                 void (*heard)(void *ctx, const struct ipc_message *message, int64_t now),
                 void *ctx)
{
    static char inbox[IPC_PAYLOAD_MAX + 2];
    struct ipc_message message;
    int got = 1;
    for (int n = 0; n < HEARD_AT_ONCE && helper->control >= 0 && got > 0; n++) {
        got = ipc_recv(helper->control, &message, inbox, sizeof inbox, false);
        if (got <= 0)
            break;
        heard(ctx, &message, now);
        ipc_close_fds(&message);
        if (says_too_much(helper, now))
            got = -1;
    }
    if (got < 0 && helper->control >= 0)
        stop_listening(helper, now);
}

bool helper_died(struct helper *helper, pid_t pid, int status, int64_t now)
{
    if (helper->pid == 0 || helper->pid != pid)
        return false;
    bool failed = helper->start_at != 0;
    log_at(helper->ending ? LEVEL_INFO
           : failed       ? LEVEL_DEBUG
                          : LEVEL_ERROR,
           "", event(helper, helper->ending ? "ended" : "died"), field_num("pid", pid),
           field_str("how", child_death(status)));
    if (!helper->ending && !helper->gone_since)
        helper->gone_since = now;
    if (helper->ending)
        helper->start_at = 0;
    else if (!failed)
        helper->start_at = backoff_after(&helper->backoff, helper->since, now);
    helper->pid = 0;
    helper->kill_at = 0;
    if (helper->control >= 0)
        close(helper->control);
    helper->control = -1;
    return true;
}

bool helper_renew_queue(int queue[static 2])
{
    int made[2];
    if (ipc_pair(made) != 0)
        return false; /* the next one finds it closed, and says so */
    for (size_t i = 0; i < 2; i++) {
        close(queue[i]);
        queue[i] = made[i];
    }
    return true;
}
