/* SPDX-License-Identifier: ISC */
#include "console/configuration.h"

#include "common/annex.h"
#include "console/command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 16 * 1024 * 1024, REPORT_MAX = 1024 * 1024 };

struct file_list {
    struct file_list *next;
    struct annex annex; /* of a large file, instead of what follows */
    size_t len;
    char bytes[];
};

/* The configuration around the shipped policy, which is no file and cannot be one. */
static const char around[] = "/dev/null/shipped";

static struct file_list *read_stream(int fd, const char **reason)
{
    size_t room = 65536;
    struct file_list *file = malloc(sizeof *file + room);
    if (file)
        file->len = 0;
    while (file) {
        ssize_t n = read(fd, file->bytes + file->len, room - file->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            return file;
        if (n < 0 || (file->len += (size_t)n) > FILE_MAX) {
            *reason = n < 0 ? strerror(errno) : "larger than 16 MiB";
            free(file);
            return NULL;
        }
        if (file->len < room)
            continue;
        room *= 2;
        struct file_list *larger = realloc(file, sizeof *file + room);
        if (!larger)
            free(file);
        file = larger;
    }
    *reason = "out of memory";
    return NULL;
}

static struct file_list *read_file(struct slice path, const char **reason)
{
    char name[PATH_MAX];
    if (!slice_to_path(path, name)) {
        *reason = "no such name";
        return NULL;
    }
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        *reason = strerror(errno);
        return NULL;
    }
    struct file_list *file = read_stream(fd, reason);
    close(fd);
    return file;
}

/* etc/ of the source tree, when this program stands in its build folder beside the others. */
static bool tree_policy(char *out, size_t size)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return false;
    self[n] = '\0';
    *strrchr(self, '/') = '\0';
    int length = snprintf(out, size, "%s/gatepost-scan", self);
    if (length < 0 || (size_t)length >= size || access(out, X_OK) != 0)
        return false;
    length = snprintf(out, size, "%s/../../etc/policy.conf", self);
    return length > 0 && (size_t)length < size && access(out, R_OK) == 0;
}

/* The text of a configuration that is the shipped policy and nothing else. */
static struct file_list *write_around(const char **reason)
{
    char tree[PATH_MAX + 32], resolved[PATH_MAX];
    const char *path = SYSCONFDIR "/policy.conf";
    if (tree_policy(tree, sizeof tree) && realpath(tree, resolved) && !strchr(resolved, '"'))
        path = resolved;
    struct file_list *file = malloc(sizeof *file + PATH_MAX + 32);
    if (file)
        file->len = (size_t)snprintf(file->bytes, PATH_MAX + 32, "include \"%s\"\n", path);
    else
        *reason = "out of memory";
    return file;
}

static bool load(void *ctx, struct slice path, struct slice *content, const char **reason)
{
    struct file_list **files = ctx;
    struct file_list *file =
        slice_eq(path, slice_of(around)) ? write_around(reason) : read_file(path, reason);
    if (!file)
        return false;
    file->next = *files;
    *files = file;
    file->annex.fd = -1;
    *content = (struct slice){file->bytes, file->len};
    return true;
}

static bool load_large(void *ctx, struct slice path, struct slice *content, const char **reason)
{
    char name[PATH_MAX];
    struct file_list **files = ctx, *file = calloc(1, sizeof *file);
    *reason = file ? "no such name" : "out of memory";
    if (!file || !slice_to_path(path, name) || !annex_copy(name, NULL, &file->annex, reason)) {
        free(file);
        return false;
    }
    file->next = *files;
    *files = file;
    *content = file->annex.content;
    return true;
}

static bool load_table(void *ctx, struct slice path, struct slice *content, const char **reason)
{
    char name[PATH_MAX];
    struct stat status;
    bool large = slice_to_path(path, name) && stat(name, &status) == 0 && S_ISREG(status.st_mode) &&
                 status.st_size > TABLE_FILE_LARGE;
    *reason = "larger than 256 MiB";
    return !(large && status.st_size > TABLE_FILE_MAX) &&
           (large ? load_large : load)(ctx, path, content, reason);
}

static void say(const struct buf *report)
{
    struct slice text = buf_slice(report);
    if (text.len)
        fwrite(text.ptr, 1, text.len, stderr);
}

bool configuration_open(const char *path, struct configuration *out)
{
    char host[256] = "localhost";
    gethostname(host, sizeof host - 1);
    *out = (struct configuration){.path = path};
    struct loader loader = {
        .read = load, .ctx = &out->files, .map = load_large, .table = load_table};
    struct buf report = buf_init(REPORT_MAX);
    out->config = config_load(slice_of(path ? path : around), &loader, slice_of(host), &report);
    say(&report);
    buf_release(&report);
    if (out->config) {
        out->config->hostname = arena_copy(out->config->arena, out->config->hostname);
        return true;
    }
    configuration_close(out);
    command_error(path ? path : "the shipped policy", "cannot be used");
    return false;
}

static const char standard[] = SYSCONFDIR "/gatepost.conf";

const char *configuration_standard(void)
{
    return access(standard, R_OK) == 0 ? standard : NULL;
}

struct slice configuration_name(const struct configuration *configuration, struct arena *arena)
{
    if (configuration->path)
        return slice_of(configuration->path);
    if (configuration_standard())
        return SLICE("the shipped policy");
    return arena_printf(arena, "the shipped policy (%s: %s)", standard, strerror(errno));
}

void configuration_close(struct configuration *configuration)
{
    if (configuration->config)
        config_free(&configuration->config);
    while (configuration->files) {
        struct file_list *next = configuration->files->next;
        annex_free(&configuration->files->annex);
        free(configuration->files);
        configuration->files = next;
    }
}
