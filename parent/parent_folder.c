/* SPDX-License-Identifier: ISC */
#include "parent/parent_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

void folders_above(const char *path)
{
    char part[PATH_MAX];
    for (const char *slash = path; (slash = strchr(slash + 1, '/'));) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        mkdir(part, 0755); /* one that is there already, or cannot be: open tells */
    }
}

/* Its own, and nobody else's: what root has made is given to it. */
static const char *give(int folder, const char *user)
{
    struct stat status;
    if (fstat(folder, &status) != 0)
        return strerror(errno);
    if (geteuid() != 0)
        return status.st_uid == geteuid() ? NULL : "the folder belongs to somebody else";
    const struct passwd *owner = getpwnam(user);
    if (!owner)
        return "no such user";
    if (status.st_uid != 0 && status.st_uid != owner->pw_uid)
        return "the folder belongs to somebody else";
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0 && fchmod(folder, 0700) != 0)
        return "others may enter the folder";
    if (status.st_uid == 0 && owner->pw_uid != 0 &&
        fchown(folder, owner->pw_uid, owner->pw_gid) != 0)
        return strerror(errno);
    return NULL;
}

int folder_own(const char *path, const char *user, const char **reason)
{
    folders_above(path);
    mkdir(path, 0700);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) {
        *reason = strerror(errno);
        return -1;
    }
    if (flock(folder, LOCK_EX | LOCK_NB) == 0)
        *reason = give(folder, user);
    else
        *reason = errno == EWOULDBLOCK ? "another one uses the folder" : strerror(errno);
    if (!*reason)
        return folder;
    close(folder);
    return -1;
}

bool folder_sync_above(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1,
             slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return ok;
}
