/* SPDX-License-Identifier: ISC */
#include "parent/parent_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { FOLDERS_DEEP = 1, ALL_MODES = 07777 };

void folders_above(const char *path)
{
    char part[PATH_MAX];
    for (const char *slash = path; (slash = strchr(slash + 1, '/'));) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        mkdir(part, 0755); /* one that is there already, or cannot be: open tells */
    }
}

/* ---- whose it is ---- */

static void take_over(int folder, uid_t from, const struct passwd *to, unsigned depth);

/* What has a second name may be somebody's file elsewhere: it stays. A folder changes hands before what is in
 * it, so that its former owner can put nothing more there. */
static void take_over_entry(int folder, const char *name, uid_t from, const struct passwd *to,
                            unsigned depth)
{
    struct stat status = {.st_uid = 0};
    int entry = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (entry < 0)
        return;
    bool is_folder = fstat(entry, &status) == 0 && S_ISDIR(status.st_mode);
    bool ours =
        status.st_uid == from && (is_folder || (S_ISREG(status.st_mode) && status.st_nlink == 1));
    if (ours && fchownat(entry, "", to->pw_uid, to->pw_gid, AT_EMPTY_PATH) == 0 && is_folder &&
        depth > 0) {
        int inner = openat(entry, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (inner >= 0)
            take_over(inner, from, to, depth - 1);
    }
    close(entry);
}

/* The descriptor is used up. */
static void take_over(int folder, uid_t from, const struct passwd *to, unsigned depth)
{
    DIR *entries = fdopendir(folder);
    if (!entries) {
        close(folder);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(entries));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            take_over_entry(folder, entry->d_name, from, to, depth);
    closedir(entries);
}

static bool take_over_all(int folder, uid_t from, const struct passwd *to)
{
    int again = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (again < 0)
        return false;
    take_over(again, from, to, FOLDERS_DEEP);
    return true;
}

static uid_t user_id(const char *name)
{
    const struct passwd *user = name ? getpwnam(name) : NULL;
    return user ? user->pw_uid : 0;
}

/* Its own, and nobody else's: what root or `former` has made is given to it. */
static const char *give(int folder, const char *user, const char *former)
{
    struct stat status;
    uid_t from = user_id(former); /* 0: nobody's */
    if (fstat(folder, &status) != 0)
        return strerror(errno);
    if (geteuid() != 0)
        return status.st_uid == geteuid() ? NULL : "the folder belongs to somebody else";
    const struct passwd *owner = getpwnam(user);
    if (!owner)
        return "no such user";
    if (status.st_uid != 0 && status.st_uid != owner->pw_uid && status.st_uid != from)
        return "the folder belongs to somebody else";
    if (status.st_uid == owner->pw_uid && (status.st_mode & ALL_MODES) == S_IRWXU)
        return NULL;
    /* What is in a folder of its own it may have put there, without end. */
    bool has_others = from != 0 && status.st_uid != owner->pw_uid;
    /* Root's meanwhile, who may not have the right to override modes; and who dies now begins anew. */
    bool given = fchown(folder, 0, 0) == 0 && fchmod(folder, S_IRWXU) == 0 &&
                 (!has_others || take_over_all(folder, from, owner)) &&
                 fchown(folder, owner->pw_uid, owner->pw_gid) == 0;
    return given ? NULL : strerror(errno);
}

int folder_own(const char *path, const char *user, const char *former, const char **reason)
{
    folders_above(path);
    mkdir(path, 0700);
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) {
        *reason = strerror(errno);
        return -1;
    }
    if (flock(folder, LOCK_EX | LOCK_NB) == 0)
        *reason = give(folder, user, former);
    else
        *reason = errno == EWOULDBLOCK ? "another one uses the folder" : strerror(errno);
    if (!*reason)
        return folder;
    close(folder);
    return -1;
}

const char *folder_fault(int folder)
{
    struct statvfs disk;
    if (fstatvfs(folder, &disk) != 0)
        return strerror(errno);
    if ((disk.f_flag & ST_RDONLY) != 0)
        return "its file system is read-only";
    bool has_names = disk.f_files == 0 || disk.f_favail > 0; /* some count none */
    return disk.f_bavail > 0 && has_names ? NULL : "its disk is full";
}

bool folder_rename(int folder, const char *from, const char *to)
{
    struct stat status;
    if (fstat(folder, &status) != 0)
        return false;
    bool borrow =
        geteuid() == 0 && status.st_uid != 0; /* we may not have the right to override modes */
    if (borrow && fchown(folder, 0, 0) != 0)
        return false;
    bool ok = renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0;
    int error = errno;
    if (borrow && fchown(folder, status.st_uid, status.st_gid) != 0)
        ok = false;
    errno = error;
    return ok;
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
