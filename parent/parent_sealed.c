/* SPDX-License-Identifier: ISC */
#include "parent/parent_sealed.h"

#include "base/child.h"
#include "parent/parent_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void sealed_look_at_key(struct sealed_command *command)
{
    struct stat status;
    if (stat(command->key, &status) != 0 || status.st_size == 0)
        return;
    command->file = status.st_ino;
    command->written = status.st_mtim;
}

bool sealed_command_for(const struct settings *settings, struct slice key,
                        struct sealed_command *out)
{
    memset(out, 0, sizeof *out);
    if (!slice_to_text(key, out->key, sizeof out->key) ||
        !slice_to_text(settings->process_user, out->user, sizeof out->user) ||
        !slice_to_text(settings->process_chroot, out->chroot, sizeof out->chroot) ||
        !slice_to_text(settings->log_to, out->log_to, sizeof out->log_to) ||
        !slice_to_text(settings->log_format, out->log_format, sizeof out->log_format) ||
        !slice_to_text(settings->log_level, out->log_level, sizeof out->log_level))
        return false;
    sealed_look_at_key(out);
    return true;
}

bool sealed_command_same(const struct sealed_command *a, const struct sealed_command *b)
{
    return strcmp(a->key, b->key) == 0 && strcmp(a->user, b->user) == 0 &&
           strcmp(a->chroot, b->chroot) == 0 && strcmp(a->log_to, b->log_to) == 0 &&
           strcmp(a->log_format, b->log_format) == 0 && strcmp(a->log_level, b->log_level) == 0 &&
           a->file == b->file && a->written.tv_sec == b->written.tv_sec &&
           a->written.tv_nsec == b->written.tv_nsec;
}

const char *sealed_key_fault(const struct stat *status)
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
    const char *fault = sealed_key_fault(&status);
    if (fault)
        return fault;
    /* What is sealed to a key that is not on the disk under its name is lost with the power. */
    if (status.st_size == 0 && !folder_sync_above(path))
        return strerror(errno);
    return NULL;
}

const char *sealed_spawn(struct helper *process, const struct sealed_command *command,
                         const int *extra, size_t count, int64_t now)
{
    const char *argv[] = {process->name,      "--user",       command->user,       "--chroot",
                          command->chroot,    "--log-to",     command->log_to,     "--log-level",
                          command->log_level, "--log-format", command->log_format, NULL};
    pid_t pid =
        child_spawn(process->name, (char *const *)(uintptr_t)argv, extra, count, &process->control);
    if (pid <= 0)
        return strerror(errno);
    helper_started(process, pid, now);
    return NULL;
}

const char *sealed_start(struct helper *process, const struct sealed_command *command,
                         const int pairs[static SEALED_EXTRA], size_t count, int64_t now)
{
    int extra[SEALED_EXTRA + 1], key = -1;
    const char *reason = open_key(command->key, &key);
    for (size_t i = 0; i < count; i++)
        extra[i] = pairs[i];
    extra[count] = key;
    if (!reason)
        reason = sealed_spawn(process, command, extra, count + 1, now);
    if (key >= 0)
        close(key);
    return reason;
}
