/* SPDX-License-Identifier: ISC */
#include "console/learn/mail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PLACES_MAX = 2 };

/* A folder with files in it; a maildir has two. */
struct place {
    int fd; /* owned */
    struct dirent **names;
    size_t count;
};

struct mail_folder {
    struct mail_source source;
    uint64_t max, done;
    struct place places[PLACES_MAX];
    size_t place_count;
    size_t place, name;       /* the next file */
    struct mail_source *file; /* the one that is being read; owned; NULL: none */
};

/* ---- what is in it ---- */

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static uint64_t size_of(const struct place *place, const char *name)
{
    struct stat info;
    bool is_file =
        fstatat(place->fd, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode);
    return is_file ? (uint64_t)info.st_size : 0;
}

/* False with errno. */
static bool add_place(struct mail_folder *folder, int at, const char *name)
{
    struct place *place = &folder->places[folder->place_count];
    *place = (struct place){.fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (place->fd < 0)
        return false;
    folder->place_count++;
    int count = scandirat(place->fd, ".", &place->names, is_visible, alphasort);
    if (count < 0)
        return false;
    place->count = (size_t)count;
    for (size_t i = 0; i < place->count; i++)
        folder->source.total += size_of(place, place->names[i]->d_name);
    return true;
}

static bool is_maildir(int fd)
{
    return faccessat(fd, "cur", X_OK, 0) == 0 && faccessat(fd, "new", X_OK, 0) == 0;
}

static bool look_into(struct mail_folder *folder, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool ok = is_maildir(fd) ? add_place(folder, fd, "cur") && add_place(folder, fd, "new")
                             : add_place(folder, fd, ".");
    int error = errno;
    close(fd);
    errno = error;
    return ok;
}

/* ---- the source ---- */

/* Neither what a link leads to nor what is no file is waited for, or read. */
static bool is_file_of(const struct place *place, const char *name)
{
    struct stat info;
    return fstatat(place->fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 || S_ISREG(info.st_mode);
}

static struct mail_source *open_file(struct mail_folder *folder, const struct place *place,
                                     const char *name)
{
    const char *reason;
    int fd = openat(place->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return mail_file_take(fd, folder->max, &reason);
}

/* The next file becomes the one that is read. MAIL_UNREAD: that is none; MAIL_END: there is no more. */
static enum mail_got advance(struct mail_folder *folder)
{
    for (; folder->place < folder->place_count; folder->place++, folder->name = 0) {
        const struct place *place = &folder->places[folder->place];
        while (folder->name < place->count) {
            const char *name = place->names[folder->name++]->d_name;
            if (!is_file_of(place, name))
                continue;
            folder->file = open_file(folder, place, name);
            return folder->file ? MAIL_MESSAGE : MAIL_UNREAD;
        }
    }
    return MAIL_END;
}

static void leave_file(struct mail_folder *folder)
{
    folder->done += folder->file->total;
    folder->file->kind->close(folder->file);
    folder->file = NULL;
}

static enum mail_got next(struct mail_source *source, struct mail *out)
{
    struct mail_folder *folder = (struct mail_folder *)source;
    for (;;) {
        if (!folder->file) {
            enum mail_got got = advance(folder);
            if (got != MAIL_MESSAGE)
                return got;
        }
        enum mail_got got = folder->file->kind->next(folder->file, out);
        if (got == MAIL_MESSAGE || got == MAIL_TOO_LARGE)
            return got;
        leave_file(folder);
        if (got == MAIL_TROUBLE)
            return MAIL_UNREAD;
    }
}

static uint64_t done(const struct mail_source *source)
{
    const struct mail_folder *folder = (const struct mail_folder *)source;
    return folder->done + (folder->file ? folder->file->kind->done(folder->file) : 0);
}

static void close_place(struct place *place)
{
    for (size_t i = 0; i < place->count; i++)
        free(place->names[i]);
    free(place->names);
    close(place->fd);
}

static void close_folder(struct mail_source *source)
{
    struct mail_folder *folder = (struct mail_folder *)source;
    if (folder->file)
        leave_file(folder);
    for (size_t i = 0; i < folder->place_count; i++)
        close_place(&folder->places[i]);
    free(folder);
}

static const struct mail_kind kind = {next, done, close_folder};

struct mail_source *mail_folder_open(const char *path, uint64_t max, const char **reason)
{
    struct mail_folder *folder = calloc(1, sizeof *folder);
    if (folder) {
        folder->source.kind = &kind;
        folder->max = max;
        if (look_into(folder, path))
            return &folder->source;
    }
    *reason = strerror(errno);
    if (folder)
        close_folder(&folder->source);
    return NULL;
}
