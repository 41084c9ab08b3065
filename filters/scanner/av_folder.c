/* SPDX-License-Identifier: ISC */
#include "filters/scanner/av_folder.h"

#include "base/log.h"
#include "filters/scanner/av_engine.h"

#include <errno.h>
#include <ftw.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { PATH_MAX_BYTES = 256, OPEN_FOLDERS = 16 };

static struct {
    char top[PATH_MAX_BYTES]; /* as seen after the chroot */
    bool temporary;           /* to be removed at the end */
    char worker[PATH_MAX_BYTES + 16];
} place;

static bool fail(const char **reason, const char *step)
{
    static char text[PATH_MAX_BYTES * 2];
    snprintf(text, sizeof text, "%s: %s", step, strerror(errno));
    *reason = text;
    return false;
}

/* The workers' folders, and one for the head, below `root`. */
static bool make_folders(const char *root, const struct family_options *options,
                         const char **reason)
{
    const struct passwd *user = geteuid() == 0 ? getpwnam(options->user) : NULL;
    if (geteuid() == 0 && !user)
        return fail(reason, "no such user");
    for (unsigned i = 0; i <= options->workers; i++) {
        char path[PATH_MAX_BYTES + 16];
        snprintf(path, sizeof path, i < options->workers ? "%s/w%u" : "%s/head", root, i);
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return fail(reason, path);
        if (user && chown(path, user->pw_uid, user->pw_gid) != 0)
            return fail(reason, path);
    }
    return true;
}

static bool mount_tmpfs(const char *root, const struct family_options *options)
{
    char data[64];
    /* twice what one scan may unpack, for each worker: only what is used takes memory */
    snprintf(data, sizeof data, "size=%um,mode=0755", 2U * AV_SCAN_MIB * (options->workers + 1));
    return mount("gatepost-av", root, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, data) == 0;
}

static bool mount_database(const char *root, const char *database)
{
    char path[PATH_MAX_BYTES + 16];
    snprintf(path, sizeof path, "%s/database", root);
    return mkdir(path, 0755) == 0 && mount(database, path, NULL, MS_BIND, NULL) == 0 &&
           mount(NULL, path, NULL,
                 MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0;
}

static bool make_root(struct family_options *options, const char **reason)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return fail(reason, "private mounts");
    if (!mount_tmpfs(options->chroot, options))
        return fail(reason, "tmpfs on the chroot folder");
    if (!mount_database(options->chroot, options->database))
        return fail(reason, options->database);
    if (!make_folders(options->chroot, options, reason))
        return false;
    options->database = "/database";
    return true;
}

static bool roomy(const char *path, const struct family_options *options)
{
    struct statfs info;
    uint64_t wanted = ((uint64_t)AV_SCAN_MIB << 20) * (options->workers + 1);
    return access(path, W_OK) == 0 && statfs(path, &info) == 0 &&
           (uint64_t)info.f_bavail * (uint64_t)info.f_bsize >= wanted;
}

static bool make_temporary(const struct family_options *options, const char **reason)
{
    snprintf(place.top, sizeof place.top, "%s/gatepost-av-XXXXXX",
             roomy("/dev/shm", options) ? "/dev/shm" : "/tmp");
    if (!mkdtemp(place.top) || chmod(place.top, 0711) != 0)
        return fail(reason, place.top);
    place.temporary = true;
    return make_folders(place.top, options, reason);
}

bool av_folder_make(struct family_options *options, const char **reason)
{
    if (!options->database) {
        *reason = "no database was given";
        return false;
    }
    char signatures[PATH_MAX_BYTES];
    snprintf(signatures, sizeof signatures, "signatures in %s", options->database);
    if (access(options->database, R_OK) != 0)
        return fail(reason, signatures);
    if (geteuid() == 0 && options->chroot) {
        if (unshare(CLONE_NEWNS) == 0)
            return make_root(options, reason);
        log_at(LEVEL_WARNING, "", "no private mounts, and so no chroot",
               field_str("error", strerror(errno)));
    }
    options->chroot = NULL; /* the signatures would be out of reach */
    return make_temporary(options, reason);
}

const char *av_folder_top(void)
{
    snprintf(place.worker, sizeof place.worker, "%s/head", place.top);
    return place.worker;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    return where->level > 0 ? remove(path) : 0;
}

const char *av_folder_enter(unsigned number, const char **reason)
{
    snprintf(place.worker, sizeof place.worker, "%s/w%u", place.top, number);
    if (nftw(place.worker, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) == 0)
        return place.worker;
    fail(reason, place.worker);
    return NULL;
}

void av_folder_remove(void)
{
    if (!place.temporary)
        return;
    nftw(place.top, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
    rmdir(place.top);
    place.temporary = false;
}
