/* SPDX-License-Identifier: ISC */
#include "common/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    FIRST_READ = 4096,
    SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
};

static const char magic[] = "gatepost bundle 1";

struct bundled_file {
    struct bundle_file seen; /* path is owned */
    struct slice path;
    char *content;      /* owned; NULL when it lies in the mapping */
    char *replaced;     /* owned: what was read, and is in use where it was asked for before */
    struct annex annex; /* of a large one, instead */
    struct annex replaced_annex;
    const char *reason; /* why it could not be read */
};

struct bundle {
    struct bundled_file *files;
    size_t count;
    void *mapping; /* NULL: this one reads from the disk */
    size_t mapped;
    const struct bundle *before; /* bundle_follow */
    bool holds;
};

struct bundle *bundle_new(void)
{
    struct bundle *bundle = calloc(1, sizeof *bundle);
    if (bundle && !(bundle->files = calloc(BUNDLE_FILES_MAX, sizeof *bundle->files))) {
        free(bundle);
        return NULL;
    }
    return bundle;
}

void bundle_free(struct bundle **bundle)
{
    struct bundle *b = *bundle;
    if (!b)
        return;
    for (size_t i = 0; i < b->count; i++) {
        struct bundled_file *file = &b->files[i];
        if (file->content)
            explicit_bzero(file->content, file->seen.content.len); /* it may be a key */
        free(file->content);
        free(file->replaced);
        annex_free(&file->annex);
        annex_free(&file->replaced_annex);
        free((void *)(uintptr_t)file->seen.path);
    }
    if (b->mapping)
        munmap(b->mapping, b->mapped);
    free(b->files);
    free(b);
    *bundle = NULL;
}

static struct bundled_file *find(const struct bundle *bundle, struct slice path)
{
    for (size_t i = 0; i < bundle->count; i++)
        if (slice_eq(bundle->files[i].path, path))
            return &bundle->files[i];
    return NULL;
}

static struct bundled_file *append(struct bundle *bundle, struct slice path)
{
    if (bundle->count == BUNDLE_FILES_MAX || path.len >= PATH_MAX ||
        slice_find(path, '\0') < path.len)
        return NULL;
    char *copy = strndup(path.ptr, path.len);
    if (!copy)
        return NULL;
    struct bundled_file *file = &bundle->files[bundle->count++];
    *file = (struct bundled_file){.path = {copy, path.len},
                                  .seen = {.path = copy},
                                  .annex = {.fd = -1},
                                  .replaced_annex = {.fd = -1}};
    return file;
}

/* Reads to the end, whatever the size was said to be: it may grow meanwhile. */
static const char *read_content(int fd, size_t expected, struct bundled_file *file)
{
    size_t room = expected + FIRST_READ, used = 0;
    for (;;) {
        if (used == room || !file->content) {
            room = file->content ? room * 2 : room;
            char *larger = realloc(file->content, room);
            if (!larger)
                return "out of memory";
            file->content = larger;
        }
        ssize_t n = read(fd, file->content + used, room - used);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return strerror(errno);
        used += (size_t)n;
        file->seen.content = (struct slice){file->content, used};
        if (used > BUNDLE_FILE_MAX)
            return "larger than 16 MiB";
        if (n == 0)
            return NULL;
    }
}

static const char *read_file(struct bundled_file *file)
{
    int fd = open(file->seen.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return strerror(errno);
    const char *reason = NULL;
    if (fstat(fd, &file->seen.status) != 0)
        reason = strerror(errno);
    else if (!S_ISREG(file->seen.status.st_mode))
        reason = "not a regular file";
    else if (file->seen.status.st_size < 0 || file->seen.status.st_size > BUNDLE_FILE_MAX)
        reason = "larger than 16 MiB";
    else
        reason = read_content(fd, (size_t)file->seen.status.st_size, file);
    close(fd);
    return reason;
}

static const struct bundled_file *find_former(const struct bundle *bundle, struct slice path)
{
    const struct bundled_file *former = bundle->before ? find(bundle->before, path) : NULL;
    return former && former->seen.found ? former : NULL;
}

static bool copy_content(struct slice content, struct bundled_file *file)
{
    char *copy = malloc(content.len + 1);
    if (!copy)
        return false;
    if (content.len)
        memcpy(copy, content.ptr, content.len);
    file->content = copy;
    file->seen.content = (struct slice){copy, content.len};
    return true;
}

/* NULL, or why not. */
static const char *copy_former(const struct bundled_file *former, struct bundled_file *file)
{
    return copy_content(former->seen.content, file) ? NULL : "out of memory";
}

static const char *take_former(const struct bundled_file *former, struct bundled_file *file)
{
    file->seen.status = former->seen.status;
    return copy_former(former, file);
}

static struct bundled_file *read_new(struct bundle *bundle, struct slice path)
{
    const struct bundled_file *former = bundle->holds ? find_former(bundle, path) : NULL;
    struct bundled_file *file = append(bundle, path);
    if (!file)
        return NULL;
    file->reason = former ? take_former(former, file) : read_file(file);
    file->seen.found = !file->reason;
    if (!file->seen.found) {
        free(file->content);
        file->content = NULL;
        file->seen.content = (struct slice){NULL, 0};
    }
    return file;
}

bool bundle_read(struct bundle *bundle, struct slice path, struct slice *content,
                 const char **reason)
{
    const struct bundled_file *file = find(bundle, path);
    if (!file && !bundle->mapping)
        file = read_new(bundle, path);
    if (!file)
        *reason = bundle->mapping ? "not in the bundle" : "too many files, or no such name";
    else
        *reason = file->reason;
    if (file && file->annex.fd >= 0)
        *reason = "it is read as another kind of file already";
    if (!file || !file->seen.found || file->annex.fd >= 0)
        return false;
    *content = file->seen.content;
    return true;
}

bool bundle_give(struct bundle *bundle, struct slice path, const struct slice *content,
                 const struct stat *status)
{
    struct bundled_file *file = find(bundle, path);
    file = file ? file : append(bundle, path);
    if (file && file->content)
        return true; /* it is named more than once */
    if (!file || (content && !copy_content(*content, file)))
        return false;
    file->seen.status = *status;
    file->seen.found = content != NULL;
    return true;
}

void bundle_follow(struct bundle *bundle, const struct bundle *before)
{
    bundle->before = before;
}

void bundle_hold(struct bundle *bundle, bool holds)
{
    bundle->holds = holds;
}

static struct slice content_of(const struct bundled_file *file)
{
    return file->annex.fd >= 0 ? file->annex.content : file->seen.content;
}

bool bundle_former(const struct bundle *bundle, struct slice path, struct slice *content)
{
    const struct bundled_file *former = find_former(bundle, path);
    if (!former)
        return false;
    *content = content_of(former);
    return true;
}

/* NULL, or why not. */
static const char *give_former(const struct bundled_file *former, struct bundled_file *file)
{
    const char *reason = NULL;
    if (former->annex.fd < 0)
        return copy_former(former, file);
    return annex_share(&former->annex, &file->annex, &reason) ? NULL : reason;
}

bool bundle_keep_former(struct bundle *bundle, struct slice path)
{
    const struct bundled_file *former = find_former(bundle, path);
    struct bundled_file *file = find(bundle, path);
    if (!former || !file || file->replaced || file->replaced_annex.fd >= 0)
        return false;
    struct bundled_file read = *file;
    file->content = NULL;
    file->annex = (struct annex){.fd = -1};
    file->seen.content = (struct slice){NULL, 0};
    if (give_former(former, file)) {
        *file = read;
        return false;
    }
    file->replaced = read.content;
    file->replaced_annex = read.annex;
    return true;
}

static struct bundled_file *copy_new(struct bundle *bundle, struct slice path)
{
    const struct bundled_file *before = find_former(bundle, path);
    struct bundled_file *file = append(bundle, path);
    if (!file)
        return NULL;
    if (bundle->holds && before && before->annex.fd >= 0)
        file->seen.found = annex_share(&before->annex, &file->annex, &file->reason);
    else
        file->seen.found = annex_copy(file->seen.path, before ? &before->annex : NULL, &file->annex,
                                      &file->reason);
    file->seen.status = file->annex.status;
    return file;
}

bool bundle_read_large(struct bundle *bundle, struct slice path, struct slice *content,
                       const char **reason)
{
    const struct bundled_file *file = find(bundle, path);
    if (!file && !bundle->mapping)
        file = copy_new(bundle, path);
    if (!file)
        *reason = bundle->mapping ? "not in the bundle" : "too many files, or no such name";
    else
        *reason = file->reason ? file->reason : "it is read as another kind of file already";
    if (!file || file->annex.fd < 0)
        return false;
    *content = file->annex.content;
    return true;
}

int bundle_annex(const struct bundle *bundle, size_t n, struct slice *path)
{
    for (size_t i = 0; i < bundle->count; i++) {
        const struct annex *annex = &bundle->files[i].annex;
        size_t memfds = annex->fd < 0 ? 0 : annex->index.ptr ? 2 : 1;
        *path = bundle->files[i].path;
        if (n < memfds)
            return n == 0 ? annex->fd : annex->index_fd;
        n -= memfds;
    }
    return -1;
}

static struct annex *annex_of_text(struct bundle *bundle, struct slice text)
{
    for (size_t i = 0; i < bundle->count; i++) {
        struct annex *annex = &bundle->files[i].annex;
        if (annex->fd >= 0 && text.len > 0 && text.len <= annex->content.len &&
            text.ptr + text.len == annex->content.ptr + annex->content.len)
            return annex;
    }
    return NULL;
}

static bool find_index(void *ctx, struct slice text, struct slice *index)
{
    const struct annex *annex = annex_of_text(ctx, text);
    if (annex && annex->index.ptr)
        *index = annex->index;
    return annex && annex->index.ptr;
}

static bool keep_index(void *ctx, struct slice text, struct slice made, struct slice *index)
{
    struct annex *annex = annex_of_text(ctx, text);
    if (!annex || !annex_make_index(annex, made))
        return false;
    *index = annex->index;
    return true;
}

bool bundle_add_annex(struct bundle *bundle, struct slice path, int fd)
{
    struct annex annex;
    struct bundled_file *file = find(bundle, path);
    if (file && file->annex.fd >= 0)
        return annex_take_index(&file->annex, fd);
    file = annex_take(fd, &annex) ? append(bundle, path) : NULL;
    if (!file) {
        annex_free(&annex);
        return false;
    }
    file->annex = annex;
    file->seen.found = true;
    return true;
}

/* NULL, or why it is no table. */
static const char *size_fault(const struct bundled_file *former, struct slice path, bool *large)
{
    struct stat status;
    char name[PATH_MAX];
    *large = former && former->annex.fd >= 0;
    if (former || !slice_to_path(path, name) || stat(name, &status) != 0)
        return NULL; /* who opens it says why it cannot be */
    *large = S_ISREG(status.st_mode) && status.st_size > TABLE_FILE_LARGE;
    return *large && status.st_size > TABLE_FILE_MAX ? "larger than 256 MiB" : NULL;
}

static struct bundled_file *read_new_table(struct bundle *bundle, struct slice path)
{
    bool large;
    const char *fault = size_fault(bundle->holds ? find_former(bundle, path) : NULL, path, &large);
    struct bundled_file *file = fault   ? append(bundle, path)
                                : large ? copy_new(bundle, path)
                                        : read_new(bundle, path);
    if (file && fault)
        file->reason = fault;
    return file;
}

bool bundle_read_table(struct bundle *bundle, struct slice path, struct slice *content,
                       const char **reason)
{
    const struct bundled_file *file = find(bundle, path);
    if (!file && !bundle->mapping)
        file = read_new_table(bundle, path);
    if (!file || file->annex.fd < 0)
        return bundle_read(bundle, path, content, reason);
    *content = file->annex.content;
    return true;
}

static bool load(void *ctx, struct slice path, struct slice *content, const char **reason)
{
    return bundle_read(ctx, path, content, reason);
}

static bool load_large(void *ctx, struct slice path, struct slice *content, const char **reason)
{
    return bundle_read_large(ctx, path, content, reason);
}

static bool load_table(void *ctx, struct slice path, struct slice *content, const char **reason)
{
    return bundle_read_table(ctx, path, content, reason);
}

struct loader bundle_loader(struct bundle *bundle)
{
    return (struct loader){.read = load,
                           .ctx = bundle,
                           .map = load_large,
                           .table = load_table,
                           .index = find_index,
                           .keep_index = bundle->mapping ? NULL : keep_index,
                           .checked = bundle->mapping != NULL};
}

static bool write_all(int fd, const void *data, size_t size)
{
    for (const char *at = data; size > 0;) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static bool write_slice(int fd, struct slice s)
{
    uint32_t size = (uint32_t)s.len; /* paths and contents are capped far below */
    return write_all(fd, &size, sizeof size) && write_all(fd, s.ptr, s.len);
}

static bool write_rows(int fd, const struct bundle *bundle)
{
    if (!write_slice(fd, slice_of(magic)))
        return false;
    for (size_t i = 0; i < bundle->count; i++) {
        const struct bundled_file *file = &bundle->files[i];
        if (file->seen.found && file->annex.fd < 0 &&
            (!write_slice(fd, file->path) || !write_slice(fd, file->seen.content)))
            return false;
    }
    return true;
}

int bundle_seal(const struct bundle *bundle)
{
    int fd = memfd_create("bundle", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    if (write_rows(fd, bundle) && fcntl(fd, F_ADD_SEALS, SEALS) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static const char *map(struct bundle *bundle, int fd)
{
    struct stat status;
    if (fcntl(fd, F_GET_SEALS) != SEALS || fstat(fd, &status) != 0)
        return "not a sealed memfd";
    bundle->mapped = (size_t)status.st_size;
    bundle->mapping = mmap(NULL, bundle->mapped, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bundle->mapping == MAP_FAILED) {
        bundle->mapping = NULL;
        return strerror(errno);
    }
    struct unpack in = {.left = {bundle->mapping, bundle->mapped}};
    if (!slice_eq(unpack_slice(&in), slice_of(magic)))
        return "not a bundle";
    while (!in.bad && in.left.len > 0) {
        struct slice path = unpack_slice(&in), content = unpack_slice(&in);
        struct bundled_file *file = in.bad ? NULL : append(bundle, path);
        if (!file)
            return "malformed bundle";
        file->seen.content = content;
        file->seen.found = true;
    }
    return in.bad ? "malformed bundle" : NULL;
}

struct bundle *bundle_map(int fd, const char **reason)
{
    struct bundle *bundle = bundle_new();
    *reason = bundle ? map(bundle, fd) : "out of memory";
    if (*reason)
        bundle_free(&bundle);
    return bundle;
}

size_t bundle_count(const struct bundle *bundle)
{
    return bundle->count;
}

const struct bundle_file *bundle_file(const struct bundle *bundle, size_t i)
{
    return &bundle->files[i].seen;
}
