/* SPDX-License-Identifier: ISC */
#include "parent/parent_release.h"

#include "base/child.h"
#include "base/log.h"
#include "common/releasing.h"
#include "parent/parent_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void release_init(struct release *release, struct keeper *keeper)
{
    *release =
        (struct release){.process = {.name = "gatepost-release", .control = -1}, .keeper = keeper};
}

/* ---- what is wanted ---- */

static void look_at_key(struct release_command *command)
{
    struct stat status;
    if (stat(command->key, &status) != 0 || status.st_size == 0)
        return;
    command->file = status.st_ino;
    command->written = status.st_mtim;
}

static bool command_for(const struct settings *settings, struct release_command *out)
{
    memset(out, 0, sizeof *out);
    return slice_to_text(settings->quarantine_key, out->key, sizeof out->key) &&
           slice_to_text(settings->process_user, out->user, sizeof out->user) &&
           slice_to_text(settings->process_chroot, out->chroot, sizeof out->chroot) &&
           slice_to_text(settings->log_to, out->log_to, sizeof out->log_to) &&
           slice_to_text(settings->log_format, out->log_format, sizeof out->log_format) &&
           slice_to_text(settings->log_level, out->log_level, sizeof out->log_level);
}

static bool same(const struct release_command *a, const struct release_command *b)
{
    return strcmp(a->key, b->key) == 0 && strcmp(a->user, b->user) == 0 &&
           strcmp(a->chroot, b->chroot) == 0 && strcmp(a->log_to, b->log_to) == 0 &&
           strcmp(a->log_format, b->log_format) == 0 && strcmp(a->log_level, b->log_level) == 0 &&
           a->file == b->file && a->written.tv_sec == b->written.tv_sec &&
           a->written.tv_nsec == b->written.tv_nsec;
}

void release_restart(struct release *release, int64_t now)
{
    helper_end(&release->process, RELEASE_END, RELEASE_GRACE, now);
}

void release_configure(struct release *release, const struct config *config, int64_t now)
{
    release->wanted =
        config && command_for(&config->settings, &release->command) && keeper_may_hold(config);
    look_at_key(&release->command);
    if (release->wanted && same(&release->command, &release->running))
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

const char *release_key_fault(const struct stat *status)
{
    if (!S_ISREG(status->st_mode))
        return "the key is no file";
    if (status->st_mode & (S_IRWXG | S_IRWXO))
        return "others may read the key; chmod 600";
    return status->st_uid == geteuid() ? NULL : "the key belongs to somebody else; chown root";
}

/* The file, for root alone; an empty one is made where there is none. NULL, or why not. */
static const char *open_key(const char *path, int *file)
{
    struct stat status;
    folders_above(path);
    *file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
    if (*file < 0 || fstat(*file, &status) != 0)
        return strerror(errno);
    const char *fault = release_key_fault(&status);
    if (fault)
        return fault;
    /* What is sealed to a key that is not on the disk under its name is lost with the power. */
    if (status.st_size == 0 && !folder_sync_above(path))
        return strerror(errno);
    return NULL;
}

static pid_t spawn(struct release *release, int key)
{
    const struct release_command *command = &release->running;
    char name[] = "gatepost-release";
    const int extra[] = {release->keeper->opener[KEEPER_PROXIES_END],
                         release->keeper->errands[KEEPER_OWN_END], key};
    const char *argv[] = {name,
                          "--user",
                          command->user,
                          "--chroot",
                          command->chroot,
                          "--log-to",
                          command->log_to,
                          "--log-level",
                          command->log_level,
                          "--log-format",
                          command->log_format,
                          NULL};
    return child_spawn(name, (char *const *)(uintptr_t)argv, extra, 3, &release->process.control);
}

static void start(struct release *release, int64_t now)
{
    int key = -1;
    release->running = release->command;
    const char *reason = open_key(release->running.key, &key);
    pid_t pid = reason ? -1 : spawn(release, key);
    if (pid < 0)
        not_started(release, slice_of(reason ? reason : strerror(errno)), now);
    else
        helper_started(&release->process, pid, now);
    release->serves = false;
    if (key >= 0)
        close(key);
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
        look_at_key(&release->running); /* it may have been made just now */
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
