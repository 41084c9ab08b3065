/* SPDX-License-Identifier: ISC */
#include "console/dkim/dkim_new.h"

#include "console/command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- selectors ---- */

static bool is_configured(const struct config *config, struct slice domain, struct slice selector)
{
    for (size_t i = 0; config && i < config->signing_domain_count; i++) {
        const struct signing_domain *one = &config->signing_domains[i];
        for (size_t k = one->first; slice_eq(one->name.text, domain) && k < one->first + one->count;
             k++)
            if (slice_eq(config->signing_keys[k].selector, selector))
                return true;
    }
    return false;
}

static bool is_there(struct slice path)
{
    char name[PATH_MAX];
    return slice_to_path(path, name) && access(name, F_OK) == 0;
}

struct slice dkim_new_path(struct arena *arena, struct slice folder, struct slice domain,
                           struct slice selector)
{
    return ARENA_JOIN(arena, folder, SLICE("/"), domain, SLICE("."), selector, SLICE(".pem"));
}

struct slice dkim_new_selector(const struct config *config, struct arena *arena,
                               struct slice domain, struct slice folder)
{
    time_t now = time(NULL);
    struct tm day;
    for (char letter = 'a'; gmtime_r(&now, &day) && letter <= 'z'; letter++) {
        struct slice selector = arena_printf(arena, "%d%c", day.tm_year + 1900, letter);
        struct slice path = dkim_new_path(arena, folder, domain, selector);
        if (!path.ptr)
            break;
        if (!is_configured(config, domain, selector) && !is_there(path))
            return selector;
    }
    return (struct slice){NULL, 0};
}

/* ---- files ---- */

static bool complain(const char *path, const char *why)
{
    command_error(path, why);
    return false;
}

/* The folder that it stands in, for the caller alone, where there is none yet. */
static void make_folder(const char *path)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    char *end = strrchr(folder, '/');
    if (!end || end == folder)
        return;
    *end = '\0';
    mkdir(folder, 0700); /* if it cannot be, nor can the file, which is told */
}

static bool write_new(const char *path, struct slice pem)
{
    make_folder(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool ok = write(fd, pem.ptr, pem.len) == (ssize_t)pem.len && fsync(fd) == 0;
    int error = errno;
    if (!ok)
        unlink(path);
    close(fd);
    errno = error;
    return ok;
}

bool dkim_new_key(struct dkim_row *row, enum dkim_algorithm algorithm, unsigned bits,
                  struct arena *arena)
{
    char path[PATH_MAX];
    struct buf pem = buf_init(DKIM_KEY_FILE_MAX);
    pem.wipes = true;
    bool ok = slice_to_path(row->path, path) && dkim_private_make(algorithm, bits, &pem);
    if (!ok)
        complain("dkim", "no key can be made");
    else if (!write_new(path, buf_slice(&pem)))
        ok = complain(path, errno == EEXIST ? "is there already, and is not written over"
                                            : strerror(errno));
    buf_release(&pem);
    if (!ok)
        return false;
    dkim_row_read(row, arena);
    return !row->fault || complain(path, row->fault);
}
