/* SPDX-License-Identifier: ISC */
#include "base/ipc_file.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int ipc_file_of(struct slice payload)
{
    int file = memfd_create("payload", MFD_CLOEXEC);
    if (file < 0 || write(file, payload.ptr, payload.len) == (ssize_t)payload.len)
        return file;
    close(file);
    return -1;
}

struct slice ipc_file_read(int file, size_t most, struct arena *arena)
{
    struct slice none = {NULL, 0};
    struct stat info;
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size <= 0 ||
        (size_t)info.st_size > most)
        return none;
    size_t size = (size_t)info.st_size;
    char *bytes = arena_alloc(arena, size);
    ssize_t got = bytes ? pread(file, bytes, size, 0) : -1;
    return got == info.st_size ? (struct slice){bytes, size} : none;
}
