/* SPDX-License-Identifier: ISC */
#include "base/own_program.h"

#include "base/log.h"
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Above all that a child is given (process_spawn): else its own would come in place of the hold. */
enum { HELD_MAX = 8, NAME_ROOM = 32, HELD_FROM = 128 };

static struct held {
    char name[NAME_ROOM];
    int fd;
    struct stat was;
} held[HELD_MAX];
static size_t held_count;

void own_program_hold(const char *program)
{
    char path[OWN_PROGRAM_PATH];
    if (held_count == HELD_MAX || strlen(program) >= NAME_ROOM ||
        !process_sibling(program, path, sizeof path))
        return;
    int low = open(path, O_PATH | O_CLOEXEC);
    if (low < 0)
        return;
    struct held *one = &held[held_count];
    one->fd = fcntl(low, F_DUPFD_CLOEXEC, HELD_FROM);
    close(low);
    if (one->fd < 0)
        return;
    if (fstat(one->fd, &one->was) != 0) {
        close(one->fd);
        return;
    }
    snprintf(one->name, sizeof one->name, "%s", program);
    held_count++;
}

static const struct held *find(const char *program)
{
    for (size_t i = 0; i < held_count; i++)
        if (strcmp(held[i].name, program) == 0)
            return &held[i];
    return NULL;
}

static bool is_there(const struct held *one, const char *path)
{
    struct stat now;
    return stat(path, &now) == 0 && now.st_ino == one->was.st_ino && now.st_dev == one->was.st_dev;
}

static void tell_once(void)
{
    static bool told;
    if (!told)
        log_at(LEVEL_WARNING, "", "other programs are installed, ours go on until the restart");
    told = true;
}

bool own_program_path(const char *program, char out[static OWN_PROGRAM_PATH])
{
    if (!process_sibling(program, out, OWN_PROGRAM_PATH)) {
        errno = ENAMETOOLONG;
        return false;
    }
    const struct held *one = find(program);
    if (!one || is_there(one, out))
        return true;
    tell_once();
    snprintf(out, OWN_PROGRAM_PATH, "/proc/self/fd/%d", one->fd);
    return true;
}
