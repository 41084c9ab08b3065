/* SPDX-License-Identifier: ISC */
#include "parent/parent_keeper.h"

#include "base/child.h"
#include "base/ipc.h"
#include "base/ipc_file.h"
#include "base/log.h"
#include "common/control.h"
#include "parent/parent_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIRS = 5 };

static void close_pair(int pair[static 2])
{
    for (int i = 0; i < 2; i++)
        if (pair[i] >= 0)
            close(pair[i]);
}

/* All of them, or none. Errands that are under way on those that were are another era's. */
static bool make_pairs(struct keeper *keeper)
{
    int made[PAIRS][2] = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
    int *const places[PAIRS] = {keeper->queue, keeper->opener, keeper->errands, keeper->learner,
                                keeper->sharing};
    uint64_t era;
    bool ok = getrandom(&era, sizeof era, 0) == sizeof era;
    for (int i = 0; i < PAIRS; i++)
        ok = ok && ipc_pair(made[i]) == 0;
    for (int i = 0; i < PAIRS; i++) {
        close_pair(ok ? places[i] : made[i]);
        if (ok)
            memcpy(places[i], made[i], sizeof made[i]);
    }
    if (!ok)
        return false;
    keeper->era = era & INT64_MAX;
    ipc_widen(keeper->queue[KEEPER_PROXIES_END], KEEPING_ROOM);
    return true;
}

bool keeper_init(struct keeper *keeper)
{
    *keeper = (struct keeper){.process = {.name = "keeper", .control = -1},
                              .queue = {-1, -1},
                              .opener = {-1, -1},
                              .errands = {-1, -1},
                              .learner = {-1, -1},
                              .sharing = {-1, -1},
                              .model = -1,
                              .lists = -1,
                              .folder = -1,
                              .listening = -1};
    return make_pairs(keeper);
}

/* ---- what is wanted ---- */

void keeper_configure(struct keeper *keeper, const struct config *config, int64_t now)
{
    keeper->wanted =
        config && keeper_needed(config) && keeper_command_for(config, &keeper->command);
    if (!keeper->wanted) {
        helper_end(&keeper->process, config ? KEEPER_MAKE_WAY : KEEPER_END, KEEPER_GRACE, now);
        return;
    }
    if (keeper_command_same(&keeper->command, &keeper->running))
        return;
    keeper->awaits_key = keeper_may_hold(config) && !keeper->has_key;
    keeper->process.start_at = keeper->awaits_key ? now + KEEPER_KEY_PATIENCE : 0;
    keeper->process.told[0] = '\0';
    /* the next one is started when it has ended */
    helper_end(&keeper->process, KEEPER_MAKE_WAY, KEEPER_GRACE, now);
}

/* ---- its process ---- */

static void not_started(struct keeper *keeper, struct slice reason, int64_t now)
{
    helper_not_started(&keeper->process, reason, "records wait and are lost in the end", now);
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
    bool told = ipc_send(keeper->process.control, KEEPER_LINES, (struct slice){NULL, 0}, &fd,
                         fd >= 0, false) > 0;
    if (!told || (wanted && fd < 0))
        log_at(LEVEL_ERROR, "", "no file for decisions", field_str("path", keeper->running.lines),
               field_str("reason", strerror(fd < 0 ? error : errno)));
    if (fd >= 0)
        close(fd);
}

static void tell_key(const struct keeper *keeper, enum keeper_message message,
                     const unsigned char key[static KEEPER_KEY_SIZE], const unsigned char *shared)
{
    char room[128];
    struct buf out = buf_over(room, sizeof room);
    pack_slice(&out, (struct slice){(const char *)key, KEEPER_KEY_SIZE});
    if (shared)
        pack_slice(&out, (struct slice){(const char *)shared, KEEPER_KEY_SIZE});
    if (keeper->process.control >= 0)
        ipc_send(keeper->process.control, message, buf_slice(&out), NULL, 0, false);
    explicit_bzero(room, sizeof room);
}

static void tell_keys(const struct keeper *keeper)
{
    if (keeper->has_key)
        tell_key(keeper, KEEPER_KEY, keeper->key, NULL);
    if (keeper->has_learn_key)
        tell_key(keeper, KEEPER_LEARN_KEY, keeper->learn_key, keeper->learn_shared);
}

static void tell_sockets(const struct keeper *keeper)
{
    int fds[SCRAPE_SOCKETS];
    size_t count = scrape_open(&keeper->running.scrape, fds);
    if (count)
        ipc_send(keeper->process.control, KEEPER_SERVE, (struct slice){NULL, 0}, fds, count, false);
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

void keeper_tell_status(struct keeper *keeper, struct slice json)
{
    keeper->asks = false;
    if (keeper->process.control >= 0)
        ipc_send(keeper->process.control, KEEPER_STATUS, json, NULL, 0, false);
}

void keeper_tell_metrics(struct keeper *keeper, struct slice text)
{
    keeper->asks_metrics = false;
    if (keeper->process.control >= 0)
        ipc_send(keeper->process.control, KEEPER_METRICS, text, NULL, 0, false);
}

void keeper_tell_sessions(struct keeper *keeper, struct slice lines)
{
    int file = lines.len ? ipc_file_of(lines) : -1;
    keeper->asks_sessions = false;
    if (keeper->process.control >= 0)
        ipc_send(keeper->process.control, KEEPER_SESSIONS, (struct slice){NULL, 0}, &file,
                 file >= 0, false);
    if (file >= 0)
        close(file);
}

/* Why there is none (NULL: there is), and what it is. */
static void tell_outcome(struct keeper *keeper, enum keeper_message what, const char *reason,
                         struct slice outcome)
{
    struct buf out = buf_init(IPC_PAYLOAD_MAX);
    pack_slice(&out, slice_of(reason));
    pack_slice(&out, outcome);
    if (keeper->process.control >= 0)
        ipc_send(keeper->process.control, what, buf_slice(&out), NULL, 0, false);
    buf_release(&out);
}

void keeper_tell_reloaded(struct keeper *keeper, const char *reason, struct slice report)
{
    tell_outcome(keeper, KEEPER_RELOADED, reason, report);
}

void keeper_tell_sample(struct keeper *keeper, const char *reason, struct slice message)
{
    tell_outcome(keeper, KEEPER_SAMPLED, reason, message);
}

static void take_sample_wish(struct keeper *keeper, struct slice payload)
{
    struct unpack in = {.left = payload};
    struct slice domain = unpack_slice(&in);
    if (!unpack_done(&in) || domain.len == 0 || domain.len > sizeof keeper->sample_of)
        return;
    keeper->asks_sample = true;
    keeper->sample_of_len = domain.len;
    memcpy(keeper->sample_of, domain.ptr, domain.len);
}

static void take_wish(struct keeper *keeper, struct slice accepted)
{
    if (accepted.len > sizeof keeper->accepted)
        return;
    keeper->asks_reload = true;
    keeper->accepted_len = accepted.len;
    if (accepted.len)
        memcpy(keeper->accepted, accepted.ptr, accepted.len);
}

void keeper_reopen(struct keeper *keeper)
{
    if (keeper->process.pid != 0)
        tell_lines(keeper);
}

static void close_up(struct keeper *keeper)
{
    if (keeper->folder >= 0)
        close(keeper->folder);
    if (keeper->process.control >= 0)
        close(keeper->process.control);
    if (keeper->listening >= 0) {
        close(keeper->listening);
        control_remove(keeper->running.control);
        scrape_close(&keeper->running.scrape);
    }
    keeper->folder = keeper->process.control = keeper->listening = -1;
}

/* NULL, or why not. */
static const char *listen_for_questions(struct keeper *keeper)
{
    folders_above(keeper->running.control);
    keeper->listening = control_listen(keeper->running.control, SOCK_SEQPACKET);
    return keeper->listening < 0 ? "control socket: its folder is not there, or cannot be written"
                                 : NULL;
}

static void start(struct keeper *keeper, int64_t now)
{
    const char *reason = NULL;
    struct role_options roles;
    keeper->running = keeper->command;
    keeper->folder = folder_own(keeper->running.folder, keeper->running.user, NULL, &reason);
    if (!reason)
        reason = roles_look_up(&keeper->running.roles, &roles);
    if (!reason)
        reason = listen_for_questions(keeper);
    pid_t pid = reason ? -1 : keeper_spawn(keeper, &roles);
    if (pid < 0) {
        not_started(keeper, slice_of(reason ? reason : strerror(errno)), now);
        close_up(keeper);
        return;
    }
    helper_started(&keeper->process, pid, now);
    ipc_send(keeper->process.control, KEEPER_HELPDESK,
             (struct slice){keeper->running.helpdesk, keeper->running.helpdesk_len}, NULL, 0,
             false);
    tell_keys(keeper); /* before the lines, from when on it takes what is queued */
    tell_lines(keeper);
    tell_sockets(keeper);
}

void keeper_seal_to(struct keeper *keeper, struct slice public)
{
    keeper->has_key = public.len == sizeof keeper->key;
    if (keeper->has_key)
        memcpy(keeper->key, public.ptr, sizeof keeper->key);
    if (keeper->has_key && keeper->awaits_key)
        keeper->process.start_at = 0;
    keeper->awaits_key = false;
    tell_keys(keeper);
}

void keeper_learn_to(struct keeper *keeper, struct slice public, struct slice shared)
{
    keeper->has_learn_key =
        public.len == sizeof keeper->learn_key && shared.len == sizeof keeper->learn_shared;
    if (keeper->has_learn_key) {
        memcpy(keeper->learn_key, public.ptr, sizeof keeper->learn_key);
        memcpy(keeper->learn_shared, shared.ptr, sizeof keeper->learn_shared);
    }
    tell_keys(keeper);
}

int64_t keeper_settle(struct keeper *keeper, int64_t now)
{
    if (keeper->wanted && helper_is_due(&keeper->process, now))
        start(keeper, now);
    return helper_settle(&keeper->process, keeper->wanted, now);
}

/* ---- what it says ---- */

/* Who uses it looks at what is in it: proxies, scanners. False: it is none. */
static bool take_file(int *place, const struct ipc_message *message)
{
    int file = message->fd_count == 1 ? fcntl(message->fds[0], F_DUPFD_CLOEXEC, 3) : -1;
    if (file < 0)
        return false;
    if (*place >= 0)
        close(*place);
    *place = file;
    return true;
}

static void heard(void *ctx, const struct ipc_message *message, int64_t now)
{
    struct keeper *keeper = ctx;
    struct unpack in = {.left = message->payload};
    if (message->type == KEEPER_READY) {
        helper_serves(&keeper->process, now);
        log_at(LEVEL_INFO, "", "keeper ready", field_num("pid", keeper->process.pid),
               field_str("folder", keeper->running.folder));
    } else if (message->type == KEEPER_DEAF) {
        log_at(LEVEL_ERROR, "", "the keeper's queue was closed, and is made anew");
        keeper->news = make_pairs(keeper);
    } else if (message->type == KEEPER_LISTS) {
        keeper->new_lists |= take_file(&keeper->lists, message);
    } else if (message->type == KEEPER_MODEL) {
        take_file(&keeper->model, message);
    } else if (message->type == KEEPER_ASKS) {
        keeper->asks = true;
    } else if (message->type == KEEPER_ASKS_METRICS) {
        keeper->asks_metrics = true;
    } else if (message->type == KEEPER_ASKS_SESSIONS) {
        keeper->asks_sessions = true;
    } else if (message->type == KEEPER_ASKS_RELOAD) {
        take_wish(keeper, message->payload);
    } else if (message->type == KEEPER_ASKS_SAMPLE) {
        take_sample_wish(keeper, message->payload);
    } else if (message->type == KEEPER_FAILED) {
        not_started(keeper, unpack_slice(&in), now);
    }
}

void keeper_hear(struct keeper *keeper, int64_t now)
{
    helper_hear(&keeper->process, now, heard, keeper);
}

bool keeper_died(struct keeper *keeper, pid_t pid, int status, int64_t now)
{
    if (pid == keeper->process.pid)
        keeper_hear(keeper, now); /* its last words */
    if (!helper_died(&keeper->process, pid, status, now))
        return false;
    close_up(keeper);
    return true;
}
