/* SPDX-License-Identifier: ISC
 * A bundle: every file that a configuration needs, with its content. The parent reads them from the
 * disk as root, and hands them to the proxies as one sealed memfd; so a proxy in its chroot loads
 * the same configuration, and opens no key. Large files go beside it, each in a memfd of its own. */
#ifndef COMMON_BUNDLE_H
#define COMMON_BUNDLE_H

#include "base/ipc.h"
#include "common/annex.h"
#include "policy/config.h"

#include <sys/stat.h>

enum { BUNDLE_FILE_MAX = 16 * 1024 * 1024, BUNDLE_FILES_MAX = 1024 };

struct bundle;

/* An empty one that reads from the disk what it is asked for,
 * once, and remembers it. NULL: no memory. */
struct bundle *bundle_new(void);

/* Large files that have not changed since `before` (NULL: none) read them are not copied again. It
 * must be there as long as files are asked for. */
void bundle_follow(struct bundle *bundle, const struct bundle *before);

/* While it holds, files that the bundle that is followed has are taken from there, as they were. */
void bundle_hold(struct bundle *bundle, bool holds);

/* What the bundle that is followed has of a file. False: nothing. */
bool bundle_former(const struct bundle *bundle, struct slice path, struct slice *content);

/* Puts that in the place of what was read of the file, once; what was given out of it before stays.
 * False: no memory, it has nothing, or it was done already. */
bool bundle_keep_former(struct bundle *bundle, struct slice path);

/* The one in a memfd that bundle_seal made. The descriptor stays the caller's and may be closed.
 * NULL with *reason. */
struct bundle *bundle_map(int fd, const char **reason);

void bundle_free(struct bundle **bundle); /* contents and what points into them go with it */

/* The content of a file: regular files up to BUNDLE_FILE_MAX only. It lives as long as the bundle.
 * False with *reason. */
bool bundle_read(struct bundle *bundle, struct slice path, struct slice *content,
                 const char **reason);

/* What whoever maps the bundle finds under that path, instead of what is in the file, which was looked
 * at with this status; a copy of it is made. `content` NULL: the file was not found. False: no
 * memory, or too many files. */
bool bundle_give(struct bundle *bundle, struct slice path, const struct slice *content,
                 const struct stat *status);

/* The same of a file of up to ANNEX_MAX, which stands beside the bundle. */
bool bundle_read_large(struct bundle *bundle, struct slice path, struct slice *content,
                       const char **reason);

/* The content of a table's file: beside the bundle where it is larger than TABLE_FILE_LARGE, at most
 * TABLE_FILE_MAX; else as bundle_read. */
bool bundle_read_table(struct bundle *bundle, struct slice path, struct slice *content,
                       const char **reason);

/* The memfds of those, one after the other, the index of a table behind its text: -1 behind the last.
 * They stay the bundle's. */
int bundle_annex(const struct bundle *bundle, size_t n, struct slice *path);

/* To one that bundle_map made: such a memfd, which is its own from then on; a second one of the same
 * path is its index. False: it is none. */
bool bundle_add_annex(struct bundle *bundle, struct slice path, int fd);

/* The same as a loader for config_load; the bundle must outlive the configuration. */
struct loader bundle_loader(struct bundle *bundle);

/* All of it as a sealed memfd, owned by the caller. -1 with errno. */
int bundle_seal(const struct bundle *bundle);

/* The files that a bundle_new one was asked for, found or not (then `status` is zeroed), as they
 * were when they were opened. */
struct bundle_file {
    const char *path;
    struct slice content; /* empty for a large one */
    struct stat status;
    bool found;
};
size_t bundle_count(const struct bundle *bundle);
const struct bundle_file *bundle_file(const struct bundle *bundle, size_t i);

#endif
