/* SPDX-License-Identifier: ISC */
#include "keeper/personal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { KEY_OCTETS = 16 };

static bool write_whole(int file, const unsigned char *octets)
{
    return write(file, octets, KEY_OCTETS) == KEY_OCTETS && fsync(file) == 0;
}

/* Half a key would be another one: it gets its name when it is whole, and on the disk. */
static bool make(const char *name, unsigned char *octets)
{
    char new[NAME_MAX];
    snprintf(new, sizeof new, "%s.new", name);
    int file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = file >= 0 && getrandom(octets, KEY_OCTETS, 0) == KEY_OCTETS &&
              write_whole(file, octets) && rename(new, name) == 0;
    if (file >= 0)
        close(file);
    int folder = ok ? open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    ok = folder >= 0 && fsync(folder) == 0;
    if (folder >= 0)
        close(folder);
    return ok;
}

bool personal_key(const char *name, uint64_t key[static 2], const char **reason)
{
    unsigned char octets[KEY_OCTETS + 1];
    int file = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t got = file >= 0 ? read(file, octets, sizeof octets) : -1;
    if (file >= 0)
        close(file);
    if (file < 0 && errno == ENOENT && make(name, octets))
        got = KEY_OCTETS;
    *reason = got < 0 ? strerror(errno) : "the key that addresses are hashed with is damaged";
    if (got == KEY_OCTETS)
        memcpy(key, octets, KEY_OCTETS);
    return got == KEY_OCTETS;
}
