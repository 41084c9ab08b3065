/* SPDX-License-Identifier: ISC */
#include "parent/parent_claims.h"

#include "parent/load_look.h"
#include "parent/parent_folder.h"
#include "parent/parent_keeper.h"
#include "parent/parent_redis.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PID_MAX_TEXT = 24 };

/* ---- what a configuration uses ---- */

/* A setting, and the path that it gives. */
struct use {
    const char *block, *word;
    struct slice path;
};

enum { USES_MAX = 4 };

static size_t uses_of(const struct config *config, struct use out[static USES_MAX])
{
    const struct settings *settings = &config->settings;
    size_t count = 0;
    if (keeper_needed(config)) {
        out[count++] = (struct use){"keeper", "folder", settings->keeper_folder};
        out[count++] = (struct use){"keeper", "control", settings->keeper_control};
        if (settings->metrics_socket.len > 0)
            out[count++] = (struct use){"metrics", "socket", settings->metrics_socket};
    }
    if (private_redis_needed(config))
        out[count++] = (struct use){"redis", "folder", settings->redis_folder};
    return count;
}

/* False: the path is too long for any file. */
static bool lock_path(struct slice path, char out[static PATH_MAX])
{
    while (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    int length = snprintf(out, PATH_MAX, "%.*s.lock", SLICE_ARGS(path));
    return length > 0 && length < PATH_MAX;
}

/* ---- locks ---- */

/* A file of our own, which others cannot open and so cannot lock. NULL, or why not. */
static const char *open_lock(const char *path, int *lock)
{
    struct stat status;
    folders_above(path);
    *lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0600);
    if (*lock < 0 || fstat(*lock, &status) != 0)
        return strerror(errno);
    bool ours = S_ISREG(status.st_mode) && status.st_nlink == 1 && status.st_uid == geteuid();
    return ours ? NULL : "the lock beside it is not a file of ours";
}

/* A full disk keeps the name from being there, not the lock. */
static void write_pid(int lock)
{
    char text[PID_MAX_TEXT];
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(lock, 0) != 0 || pwrite(lock, text, (size_t)length, 0) != length)
        errno = 0;
}

/* 0: it does not say. */
static uint64_t pid_in(int lock)
{
    char text[PID_MAX_TEXT];
    uint64_t pid = 0;
    ssize_t got = pread(lock, text, sizeof text, 0);
    if (got > 0)
        slice_to_u64(slice_trim((struct slice){text, (size_t)got}), UINT32_MAX, &pid);
    return pid;
}

static void tell_other(const struct config *config, const struct use *use, uint64_t pid,
                       struct buf *report)
{
    char who[PID_MAX_TEXT + 8] = "";
    if (pid)
        snprintf(who, sizeof who, ", pid %llu,", (unsigned long long)pid);
    place_error(config, report, place_of_setting(config, use->block, use->word),
                "%s %s \"%.*s\": another gatepost%s uses it; end that one, or give this one a "
                "place of its own",
                use->block, use->word, PATH_SHOWN(use->path), who);
}

static bool has(const struct claims *claims, const char *path)
{
    for (size_t i = 0; i < claims->count; i++)
        if (strcmp(claims->all[i].path, path) == 0)
            return true;
    return false;
}

static bool is_same_file(int one, int other)
{
    struct stat a, b;
    return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

/* Of a file that is claimed under another name (/var/run, /run): its lock, once more. -1: none. */
static int lock_again(const struct claims *claims, int lock)
{
    for (size_t i = 0; i < claims->count; i++)
        if (is_same_file(claims->all[i].lock, lock))
            return fcntl(claims->all[i].lock, F_DUPFD_CLOEXEC, 0);
    return -1;
}

/* NULL, or why not; *taken: another has it. */
static const char *lock_it(const struct claims *claims, int *lock, bool *taken)
{
    if (flock(*lock, LOCK_EX | LOCK_NB) == 0)
        return NULL;
    const char *reason = strerror(errno);
    bool locked = errno == EWOULDBLOCK;
    int again = locked ? lock_again(claims, *lock) : -1;
    *taken = locked && again < 0;
    if (again < 0)
        return reason;
    close(*lock);
    *lock = again;
    return NULL;
}

/* NULL where it is claimed, or why it cannot be; *taken: another has it, whose pid is *other (0: it
 * does not say). */
static const char *lock_file(struct claims *claims, const char *path, bool *taken, uint64_t *other)
{
    int lock = -1;
    const char *reason =
        claims->count == CLAIMS_MAX ? "there are too many" : open_lock(path, &lock);
    if (!reason)
        reason = lock_it(claims, &lock, taken);
    if (*taken)
        *other = pid_in(lock);
    char *kept = reason ? NULL : strdup(path);
    if (kept) {
        write_pid(lock);
        claims->all[claims->count++] = (struct claim){kept, lock};
        return NULL;
    }
    if (lock >= 0)
        close(lock);
    return reason ? reason : strerror(ENOMEM);
}

static bool take(struct claims *claims, const struct config *config, const struct use *use,
                 struct buf *report)
{
    char path[PATH_MAX];
    bool taken = false;
    uint64_t other = 0;
    if (!lock_path(use->path, path) || has(claims, path))
        return true;
    const char *reason = lock_file(claims, path, &taken, &other);
    if (taken)
        tell_other(config, use, other, report);
    else if (reason)
        place_warning(config, report, place_of_setting(config, use->block, use->word),
                      "%s %s \"%.*s\": not locked against a second gatepost: %s", use->block,
                      use->word, PATH_SHOWN(use->path), reason);
    return !taken;
}

bool claims_take(struct claims *claims, const struct config *config, struct buf *report)
{
    struct use uses[USES_MAX];
    size_t count = uses_of(config, uses);
    bool ok = true;
    for (size_t i = 0; i < count; i++)
        ok = take(claims, config, &uses[i], report) && ok;
    return ok;
}

static bool used(const struct config *config, const char *lock)
{
    struct use uses[USES_MAX];
    char path[PATH_MAX];
    size_t count = config ? uses_of(config, uses) : 0;
    for (size_t i = 0; i < count; i++)
        if (lock_path(uses[i].path, path) && strcmp(path, lock) == 0)
            return true;
    return false;
}

void claims_prune(struct claims *claims, const struct config *config)
{
    for (size_t i = claims->count; i-- > 0;) {
        struct claim *claim = &claims->all[i];
        if (used(config, claim->path))
            continue;
        close(claim->lock);
        free(claim->path);
        *claim = claims->all[--claims->count];
    }
}
