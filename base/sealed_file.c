/* SPDX-License-Identifier: ISC */
#include "base/sealed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int sealed_file_new(const char *name)
{
    return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

bool sealed_file_add(int file, struct slice octets)
{
    while (octets.len) {
        ssize_t n = write(file, octets.ptr, octets.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        octets = slice_from(octets, (size_t)n);
    }
    return true;
}

bool sealed_file_end(int file)
{
    return fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
}

int sealed_file_of(const char *name, struct slice octets)
{
    int file = sealed_file_new(name);
    if (file >= 0 && sealed_file_add(file, octets) && sealed_file_end(file))
        return file;
    if (file >= 0)
        close(file);
    return -1;
}
