/* SPDX-License-Identifier: ISC */
#include "base/sealed_map.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct slice sealed_map(int fd, uint64_t most)
{
    static const int wanted = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
    struct slice none = {NULL, 0};
    struct stat info;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & wanted) != wanted || fstat(fd, &info) != 0 || info.st_size < 0 ||
        (uint64_t)info.st_size > most)
        return none;
    if (info.st_size == 0)
        return SLICE("");
    void *octets = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0);
    return octets == MAP_FAILED ? none : (struct slice){octets, (size_t)info.st_size};
}

void sealed_unmap(struct slice octets)
{
    if (octets.len)
        munmap((void *)(uintptr_t)octets.ptr, octets.len);
}
