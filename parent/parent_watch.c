/* SPDX-License-Identifier: ISC */
#include "parent/parent_watch.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a: these are the administrator's files, nobody aims at a collision. */
static uint64_t mix(uint64_t print, unsigned char octet)
{
    return (print ^ octet) * UINT64_C(0x100000001b3);
}

static uint64_t mix_number(uint64_t print, uint64_t number)
{
    for (unsigned shift = 0; shift < 64; shift += 8)
        print = mix(print, (unsigned char)(number >> shift));
    return print;
}

/* All zero for a file that is not there. */
static uint64_t print_of(const char *path, const struct stat *status)
{
    uint64_t print = UINT64_C(0xcbf29ce484222325);
    for (const char *p = path; *p; p++)
        print = mix(print, (unsigned char)*p);
    print = mix_number(mix_number(print, status->st_dev), status->st_ino);
    print = mix_number(print, (uint64_t)status->st_size);
    print = mix_number(print, (uint64_t)status->st_mtim.tv_sec);
    return mix_number(print, (uint64_t)status->st_mtim.tv_nsec);
}

static uint64_t print_of_file(const char *path, struct stat *status)
{
    if (stat(path, status) != 0)
        memset(status, 0, sizeof *status);
    return print_of(path, status);
}

/* The sum over the entries, whatever their order. */
static uint64_t print_of_entries(const char *folder)
{
    uint64_t sum = 0;
    DIR *dir = opendir(folder);
    if (!dir)
        return 0;
    for (struct dirent *entry; (entry = readdir(dir));) {
        struct stat status;
        if (entry->d_name[0] != '.' && fstatat(dirfd(dir), entry->d_name, &status, 0) == 0)
            sum += print_of(entry->d_name, &status);
    }
    closedir(dir);
    return sum;
}

static uint64_t look(const struct watch *watch)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < watch->count; i++) {
        struct stat status;
        sum += print_of_file(watch->paths[i], &status);
        if (S_ISDIR(status.st_mode))
            sum += print_of_entries(watch->paths[i]);
    }
    return sum;
}

void watch_free(struct watch *watch)
{
    for (size_t i = 0; i < watch->count; i++)
        free(watch->paths[i]);
    free(watch->paths);
    *watch = (struct watch){0};
}

static bool add(struct watch *watch, const char *path)
{
    watch->paths[watch->count] = strdup(path);
    return watch->paths[watch->count] && ++watch->count;
}

bool watch_bundle(struct watch *watch, const struct bundle *bundle, watch_wants *wants,
                  const void *ctx)
{
    size_t count = bundle_count(bundle);
    struct watch fresh = {.paths = calloc(count + 1, sizeof *fresh.paths)};
    bool ok = fresh.paths != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        const struct bundle_file *file = bundle_file(bundle, i);
        if (wants && !wants(ctx, slice_of(file->path)))
            continue;
        fresh.known += print_of(file->path, &file->status);
        ok = add(&fresh, file->path);
    }
    fresh.seen = fresh.known;
    watch_free(ok ? watch : &fresh);
    if (ok)
        *watch = fresh;
    return ok;
}

bool watch_folder(struct watch *watch, const char *path)
{
    struct watch fresh = {.paths = calloc(1, sizeof *fresh.paths)};
    if (!fresh.paths || !add(&fresh, path)) {
        free(fresh.paths);
        return false;
    }
    fresh.known = fresh.seen = look(&fresh);
    watch_free(watch);
    *watch = fresh;
    return true;
}

bool watch_look(struct watch *watch)
{
    uint64_t now = look(watch);
    bool settled = now == watch->seen;
    watch->seen = now;
    if (now == watch->known || !settled)
        return false;
    watch->known = now;
    return true;
}
