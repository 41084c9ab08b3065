/* SPDX-License-Identifier: ISC */
#include "parent/parent_keeper.h"

#include "base/child.h"
#include "base/ipc.h"
#include "base/log.h"
#include "common/control.h"
#include "parent/parent_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    HEARD_AT_ONCE = 16,
    MAY_SAY = 100000, /* one that was taken over could otherwise fill the log */
};

static bool make_queue(struct keeper *keeper)
{
    int pair[2];
    if (ipc_pair(pair) != 0)
        return false;
    ipc_widen(pair[0], KEEPING_ROOM);
    if (keeper->sending >= 0)
        close(keeper->sending);
    if (keeper->receiving >= 0)
        close(keeper->receiving);
    keeper->sending = pair[0];
    keeper->receiving = pair[1];
    return true;
}

bool keeper_init(struct keeper *keeper)
{
    *keeper = (struct keeper){
        .sending = -1, .receiving = -1, .control = -1, .folder = -1, .listening = -1};
    return make_queue(keeper);
}

/* ---- what is wanted ---- */

bool keeper_needed(const struct config *config)
{
    return config->settings.history_enabled || config->settings.log_decisions.len > 0 ||
           config->settings.log_decisions_syslog;
}

static bool command_for(const struct settings *settings, struct keeper_command *out)
{
    memset(out, 0, sizeof *out);
    out->age = (uint64_t)settings->history_age / 1000;
    out->size = settings->history_size;
    out->history = settings->history_enabled;
    out->syslog = settings->log_decisions_syslog;
    return slice_to_text(settings->keeper_user, out->user, sizeof out->user) &&
           slice_to_text(settings->keeper_folder, out->folder, sizeof out->folder) &&
           slice_to_text(settings->log_decisions, out->lines, sizeof out->lines) &&
           slice_to_text(settings->keeper_control, out->control, sizeof out->control) &&
           slice_to_text(settings->keeper_group, out->group, sizeof out->group) &&
           slice_to_text(settings->log_to, out->log_to, sizeof out->log_to) &&
           slice_to_text(settings->log_level, out->log_level, sizeof out->log_level);
}

static bool same(const struct keeper_command *a, const struct keeper_command *b)
{
    return strcmp(a->user, b->user) == 0 && strcmp(a->folder, b->folder) == 0 &&
           strcmp(a->lines, b->lines) == 0 && strcmp(a->control, b->control) == 0 &&
           strcmp(a->log_to, b->log_to) == 0 && strcmp(a->log_level, b->log_level) == 0 &&
           strcmp(a->group, b->group) == 0 && a->age == b->age && a->size == b->size &&
           a->history == b->history && a->syslog == b->syslog;
}

static void end(struct keeper *keeper, int64_t now)
{
    if (keeper->pid == 0 || keeper->ending)
        return;
    keeper->ending = true;
    keeper->kill_at = now + KEEPER_GRACE;
    ipc_send(keeper->control, KEEPER_END, (struct slice){NULL, 0}, NULL, 0, false);
}

void keeper_configure(struct keeper *keeper, const struct config *config, int64_t now)
{
    keeper->wanted =
        config && keeper_needed(config) && command_for(&config->settings, &keeper->command);
    if (!keeper->wanted) {
        end(keeper, now);
        return;
    }
    if (same(&keeper->command, &keeper->running))
        return;
    keeper->start_at = 0;
    keeper->told[0] = '\0';
    end(keeper, now); /* the next one is started when it has ended */
}

/* ---- its process ---- */

static void not_started(struct keeper *keeper, const char *reason, int64_t now)
{
    keeper->start_at = backoff_after(&keeper->backoff, 0, now);
    if (strcmp(keeper->told, reason) == 0)
        return;
    snprintf(keeper->told, sizeof keeper->told, "%s", reason);
    log_at(LEVEL_ERROR, "", "keeper not started, records wait and are lost in the end",
           field_str("folder", keeper->running.folder), field_str("reason", keeper->told));
}

static pid_t spawn(struct keeper *keeper)
{
    const struct keeper_command *command = &keeper->running;
    char name[] = "gatepost-keeper", age[24], size[24];
    int extra[] = {keeper->receiving, keeper->folder, keeper->listening};
    snprintf(age, sizeof age, "%" PRIu64, command->age);
    snprintf(size, sizeof size, "%" PRIu64, command->size);
    const char *argv[16] = {
        name,       "--user",        command->user, "--folder",         command->folder,
        "--log-to", command->log_to, "--log-level", command->log_level, "--age",
        age,        "--size",        size};
    size_t count = 13;
    if (command->history)
        argv[count++] = "--history";
    if (command->syslog)
        argv[count++] = "--syslog";
    return child_spawn(name, (char *const *)(uintptr_t)argv, extra, 3, &keeper->control);
}

int keeper_open_lines(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
}

/* Before this it takes no records, so that none is missing in the file. */
static void tell_lines(const struct keeper *keeper)
{
    bool wanted = keeper->running.lines[0];
    int fd = wanted ? keeper_open_lines(keeper->running.lines) : -1;
    int error = errno;
    bool told =
        ipc_send(keeper->control, KEEPER_LINES, (struct slice){NULL, 0}, &fd, fd >= 0, false) > 0;
    if (!told || (wanted && fd < 0))
        log_at(LEVEL_ERROR, "", "no file for decisions", field_str("path", keeper->running.lines),
               field_str("reason", strerror(fd < 0 ? error : errno)));
    if (fd >= 0)
        close(fd);
}

void keeper_tell_status(struct keeper *keeper, struct slice json)
{
    keeper->asks = false;
    if (keeper->control >= 0)
        ipc_send(keeper->control, KEEPER_STATUS, json, NULL, 0, false);
}

void keeper_reopen(struct keeper *keeper)
{
    if (keeper->pid != 0)
        tell_lines(keeper);
}

static void close_up(struct keeper *keeper)
{
    if (keeper->folder >= 0)
        close(keeper->folder);
    if (keeper->control >= 0)
        close(keeper->control);
    if (keeper->listening >= 0)
        close(keeper->listening);
    keeper->folder = keeper->control = keeper->listening = -1;
}

/* NULL, or why not. */
static const char *listen_for_questions(struct keeper *keeper)
{
    const struct keeper_command *command = &keeper->running;
    const struct group *group = command->group[0] ? getgrnam(command->group) : NULL;
    if (command->group[0] && !group)
        return "control socket: no such group";
    folders_above(command->control);
    keeper->listening = control_listen(command->control, group ? group->gr_gid : (gid_t)-1);
    return keeper->listening < 0 ? "control socket: its folder is not there, or cannot be written"
                                 : NULL;
}

static void start(struct keeper *keeper, int64_t now)
{
    const char *reason = NULL;
    keeper->running = keeper->command;
    keeper->folder = folder_own(keeper->running.folder, keeper->running.user, &reason);
    if (!reason)
        reason = listen_for_questions(keeper);
    pid_t pid = reason ? -1 : spawn(keeper);
    if (pid < 0) {
        not_started(keeper, reason ? reason : strerror(errno), now);
        close_up(keeper);
        return;
    }
    keeper->pid = pid;
    keeper->ending = false;
    keeper->may_say = MAY_SAY;
    keeper->since = now;
    keeper->start_at = keeper->kill_at = 0;
    tell_lines(keeper);
}

int64_t keeper_settle(struct keeper *keeper, int64_t now)
{
    if (keeper->wanted && keeper->pid == 0 && keeper->start_at <= now)
        start(keeper, now);
    if (keeper->pid != 0 && keeper->kill_at && keeper->kill_at <= now) {
        log_at(LEVEL_WARNING, "", "keeper is killed", field_str("reason", "it does not end"));
        keeper->kill_at = 0;
        kill(keeper->pid, SIGKILL);
    }
    if (keeper->pid != 0)
        return keeper->kill_at;
    return keeper->wanted ? keeper->start_at : 0;
}

/* ---- what it says ---- */

static void heard(struct keeper *keeper, const struct ipc_message *message, int64_t now)
{
    struct unpack in = {.left = message->payload};
    if (message->type == KEEPER_READY) {
        keeper->told[0] = '\0';
        log_at(LEVEL_INFO, "", "keeper ready", field_num("pid", keeper->pid),
               field_str("folder", keeper->running.folder));
    } else if (message->type == KEEPER_DEAF) {
        log_at(LEVEL_ERROR, "", "the keeper's queue was closed, and is made anew");
        keeper->news = make_queue(keeper);
    } else if (message->type == KEEPER_ASKS) {
        keeper->asks = true;
    } else if (message->type == KEEPER_FAILED) {
        char reason[sizeof keeper->told];
        struct slice text = slice_sub(unpack_slice(&in), 0, sizeof reason - 1);
        snprintf(reason, sizeof reason, "%.*s", SLICE_ARGS(text));
        not_started(keeper, reason, now);
    }
}

static void stop_listening(struct keeper *keeper, int64_t now)
{
    close(keeper->control);
    keeper->control = -1;
    keeper->kill_at = now + CHILD_LINGER;
}

void keeper_hear(struct keeper *keeper, int64_t now)
{
    static char inbox[IPC_PAYLOAD_MAX + 2];
    struct ipc_message message;
    int got = 1;
    for (int n = 0; n < HEARD_AT_ONCE && keeper->control >= 0 && got > 0; n++) {
        got = ipc_recv(keeper->control, &message, inbox, sizeof inbox, false);
        if (got <= 0)
            break;
        heard(keeper, &message, now);
        ipc_close_fds(&message);
        if (--keeper->may_say == 0)
            got = -1;
    }
    if (got < 0 && keeper->control >= 0)
        stop_listening(keeper, now);
}

bool keeper_died(struct keeper *keeper, pid_t pid, int status, int64_t now)
{
    if (keeper->pid == 0 || keeper->pid != pid)
        return false;
    keeper_hear(keeper, now); /* its last words */
    bool failed = keeper->start_at != 0;
    log_at(keeper->ending ? LEVEL_INFO
           : failed       ? LEVEL_DEBUG
                          : LEVEL_ERROR,
           "", keeper->ending ? "keeper ended" : "keeper died", field_num("pid", pid),
           field_str("how", child_death(status)));
    if (keeper->ending)
        keeper->start_at = 0;
    else if (!failed)
        keeper->start_at = backoff_after(&keeper->backoff, keeper->since, now);
    keeper->pid = 0;
    keeper->kill_at = 0;
    close_up(keeper);
    return true;
}
