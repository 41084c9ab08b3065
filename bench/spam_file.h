/* SPDX-License-Identifier: ISC
 * Messages in files, for what measures them; what cannot be read ends it. */
#ifndef BENCH_SPAM_FILE_H
#define BENCH_SPAM_FILE_H

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn static inline void give_up(const char *what, const char *about)
{
    fprintf(stderr, "%s: %s\n", what, about);
    exit(1);
}

static inline struct slice read_file(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        give_up("cannot be read", path);
    size_t size = (size_t)ftell(file);
    char *octets = arena_alloc(arena, size + 1);
    rewind(file);
    if (!octets || fread(octets, 1, size, file) != size)
        give_up("cannot be read", path);
    fclose(file);
    return (struct slice){octets, size};
}

#endif
