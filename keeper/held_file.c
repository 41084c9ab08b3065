/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "keeper/held_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char suffix[] = ".sealed";

static void path_of(const struct held *h, uint64_t id, char path[static PATH_MAX + 40])
{
    snprintf(path, PATH_MAX + 40, "%s/%016" PRIx64 "%s", h->folder, id, suffix);
}

bool held_note(struct held_ids *ids, uint64_t id)
{
    if (ids->count == ids->room) {
        size_t room = ids->room ? 2 * ids->room : 16;
        uint64_t *items = realloc(ids->items, room * sizeof *items);
        if (!items)
            return false;
        ids->items = items;
        ids->room = room;
    }
    ids->items[ids->count++] = id;
    return true;
}

/* A number names the container that it belongs to: one cannot be put in another's place. */
static struct slice name_of(const uint64_t *id)
{
    return (struct slice){(const char *)id, sizeof *id};
}

bool held_write(struct held *h, uint64_t id, const struct slice *pieces, size_t count,
                uint64_t *stored, const char **reason)
{
    char path[PATH_MAX + 40];
    path_of(h, id, path);
    if (!held_note(&h->made, id)) {
        *reason = "out of memory";
        return false;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        *reason = strerror(errno);
        return false;
    }
    bool ok = seal_write(fd, &h->key, name_of(&id), pieces, count, stored, reason);
    if (ok && fsync(fd) != 0) {
        *reason = strerror(errno);
        ok = false;
    }
    if (close(fd) != 0 && ok) {
        *reason = strerror(errno);
        ok = false;
    }
    return ok;
}

void held_remove(const struct held *h, uint64_t id)
{
    char path[PATH_MAX + 40];
    path_of(h, id, path);
    unlink(path);
}

int held_container(const struct held *h, uint64_t id)
{
    char path[PATH_MAX + 40];
    path_of(h, id, path);
    return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

static bool sync_names(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

bool held_sync_folder(const struct held *h)
{
    return sync_names(h->folder);
}

bool held_sync_above(const struct held *h)
{
    char above[PATH_MAX];
    const char *slash = strrchr(h->folder, '/');
    if (!slash)
        return sync_names(".");
    snprintf(above, sizeof above, "%.*s", (int)(slash - h->folder) + 1, h->folder);
    return sync_names(above);
}

/* ---- orphans: what a change that failed has left, or one that a crash has cut short ---- */

static bool id_of(const char *name, uint64_t *id)
{
    char *end;
    *id = strtoull(name, &end, 16);
    return end == name + 16 && strcmp(end, suffix) == 0;
}

static bool is_known(struct held *h, uint64_t id)
{
    sqlite3_stmt *known = held_statement(h, HELD_KNOWN);
    sqlite3_bind_int64(known, 1, (int64_t)id);
    int result = sqlite3_step(known);
    sqlite3_reset(known);
    return result != SQLITE_DONE; /* in doubt it stays */
}

/* The greatest that there ever was. */
static uint64_t last_id(struct held *h)
{
    sqlite3_stmt *last = held_statement(h, HELD_LAST);
    uint64_t id = sqlite3_step(last) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(last, 0) : 0;
    sqlite3_reset(last);
    return id;
}

/* A number that the database has never given: a change was cut short, or the database is older than
 * its containers, a copy that was put back. They are kept, and out of the way of new ones. */
static bool set_aside(const struct held *h, const char *name, uint64_t id)
{
    char from[PATH_MAX + 300], to[PATH_MAX + 40];
    snprintf(from, sizeof from, "%s/%s", h->folder, name);
    snprintf(to, sizeof to, "%s/%016" PRIx64 ".unknown", h->folder, id);
    return rename(from, to) == 0;
}

void held_remove_orphans(struct held *h)
{
    DIR *dir = opendir(h->folder);
    size_t removed = 0, aside = 0;
    uint64_t id, last = last_id(h);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (!id_of(entry->d_name, &id) || is_known(h, id))
            continue;
        if (id > last)
            aside += set_aside(h, entry->d_name, id);
        else
            removed += unlinkat(dirfd(dir), entry->d_name, 0) == 0;
    }
    if (dir)
        closedir(dir);
    if (removed)
        log_at(LEVEL_INFO, "", "containers that belong to nothing were removed",
               field_num("count", (int64_t)removed));
    if (aside)
        log_at(LEVEL_WARNING, "", "containers that the database does not know are called .unknown",
               field_num("count", (int64_t)aside));
}

/* A database that is new has no business with containers: it would take all for orphans. */
bool held_is_headless(const struct held *h)
{
    char path[PATH_MAX + 40];
    struct stat info;
    uint64_t id;
    bool any = false;
    snprintf(path, sizeof path, "%s/held.db", h->folder);
    if (stat(path, &info) == 0 ? info.st_size > 0 : errno != ENOENT)
        return false;
    DIR *dir = opendir(h->folder);
    for (struct dirent *entry; dir && !any && (entry = readdir(dir));)
        any = id_of(entry->d_name, &id);
    if (dir)
        closedir(dir);
    return any;
}
