/* SPDX-License-Identifier: ISC */
#include "parent/first_run/first_run_file.h"

#include "parent/parent_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXAMPLE_MAX = 65536, MODE = 0644 };

static const char *say(const char *what, const char *path)
{
    static char text[PATH_MAX + 128];
    int error = errno;
    snprintf(text, sizeof text, "%s%s%s: %s", what, *what ? " " : "", path, strerror(error));
    return text;
}

/* ---- what is there ---- */

/* The line of the name in etc/gatepost.conf is marked, and whoever edits the file begins with it. */
static bool is_example(const char *place)
{
    const struct slice mark = SLICE("\nhostname \"mx.example.com\" ");
    char *text = malloc(EXAMPLE_MAX);
    int fd = open(place, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t got = text && fd >= 0 ? read(fd, text, EXAMPLE_MAX) : -1;
    struct slice all = {text, got > 0 ? (size_t)got : 0}, line, rest;
    slice_cut(slice_from(all, slice_search(all, mark) + mark.len), '\n', &line, &rest);
    bool found = slice_eq(slice_trim(line), SLICE("# <-"));
    if (fd >= 0)
        close(fd);
    free(text);
    return found;
}

const char *draft_look(struct draft *draft, const char *place, bool force)
{
    *draft = (struct draft){.path = ""};
    if (!slice_to_path(slice_of(place), draft->place))
        return say("", place);
    if (lstat(place, &draft->former) != 0)
        return errno == ENOENT ? NULL : say("", place);
    if (!S_ISREG(draft->former.st_mode)) {
        errno = EEXIST;
        return say("not a file:", place);
    }
    draft->replaces = true;
    draft->is_example = !force && is_example(place);
    if (force || draft->is_example)
        return NULL;
    errno = EEXIST;
    return say("--force replaces it;", place);
}

/* ---- the draft ---- */

static bool fill(const struct draft *draft, int fd, struct slice text)
{
    mode_t mode = draft->replaces ? draft->former.st_mode & 07777 : MODE;
    bool same_owner = !draft->replaces ||
                      (draft->former.st_uid == geteuid() && draft->former.st_gid == getegid());
    while (text.len > 0) {
        ssize_t written = write(fd, text.ptr, text.len);
        if (written < 0 && errno != EINTR)
            return false;
        text = slice_from(text, written > 0 ? (size_t)written : 0);
    }
    return (same_owner || fchown(fd, draft->former.st_uid, draft->former.st_gid) == 0) &&
           fchmod(fd, mode) == 0 && fsync(fd) == 0;
}

const char *draft_write(struct draft *draft, struct slice text)
{
    if ((size_t)snprintf(draft->path, sizeof draft->path, "%s.XXXXXX", draft->place) >=
        sizeof draft->path) {
        draft->path[0] = '\0';
        errno = ENAMETOOLONG;
        return say("", draft->place);
    }
    int fd = mkostemp(draft->path, O_CLOEXEC);
    if (fd < 0) {
        draft->path[0] = '\0';
        return say("", draft->place);
    }
    const char *fault = fill(draft, fd, text) ? NULL : say("", draft->path);
    close(fd);
    return fault;
}

static const char *keep_example(const struct draft *draft)
{
    char kept[PATH_MAX + 16];
    snprintf(kept, sizeof kept, "%s.example", draft->place);
    return link(draft->place, kept) == 0 ? NULL : say("", kept);
}

const char *draft_place(struct draft *draft)
{
    unsigned how = draft->replaces ? 0 : RENAME_NOREPLACE;
    const char *fault = draft->is_example ? keep_example(draft) : NULL;
    if (fault)
        return fault;
    if (renameat2(AT_FDCWD, draft->path, AT_FDCWD, draft->place, how) != 0)
        return say("", draft->place);
    draft->path[0] = '\0';
    return folder_sync_above(draft->place) ? NULL : say("", draft->place);
}

void draft_drop(struct draft *draft)
{
    if (draft->path[0])
        unlink(draft->path);
    draft->path[0] = '\0';
}
