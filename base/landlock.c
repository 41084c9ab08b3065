/* SPDX-License-Identifier: ISC */
#include "base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Rights newer than Debian 12's headers, with the ABI that brought them. */
enum { ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_NET = 4, ABI_IOCTL = 5 };
static const uint64_t FS_FIRST = (1ULL << 13) - 1, FS_REFER = 1ULL << 13, FS_TRUNCATE = 1ULL << 14,
                      FS_IOCTL = 1ULL << 15;
static const uint64_t NET_BIND = 1ULL << 0, NET_CONNECT = 1ULL << 1;

struct ruleset {
    uint64_t fs, net;
};

static uint64_t fs_rights(int abi)
{
    uint64_t rights = FS_FIRST;
    if (abi >= ABI_REFER)
        rights |= FS_REFER;
    if (abi >= ABI_TRUNCATE)
        rights |= FS_TRUNCATE;
    if (abi >= ABI_IOCTL)
        rights |= FS_IOCTL;
    return rights;
}

static int make_ruleset(int abi)
{
    struct ruleset wanted = {.fs = fs_rights(abi)};
    size_t size = sizeof wanted.fs;
    if (abi >= ABI_NET) {
        wanted.net = NET_BIND | NET_CONNECT;
        size = sizeof wanted;
    }
    return (int)syscall(SYS_landlock_create_ruleset, &wanted, size, 0);
}

static uint64_t rights_to(enum landlock_access access, int abi, bool is_folder)
{
    const uint64_t read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
    uint64_t rights =
        fs_rights(abi) & ~(uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                     LANDLOCK_ACCESS_FS_MAKE_BLOCK);
    if (access == LANDLOCK_KEEP)
        rights &= ~(uint64_t)LANDLOCK_ACCESS_FS_MAKE_SOCK;
    if (access == LANDLOCK_READ || access == LANDLOCK_RUN)
        rights = read;
    if (access == LANDLOCK_RUN)
        rights |= LANDLOCK_ACCESS_FS_EXECUTE;
    return is_folder ? rights : rights & ~(uint64_t)LANDLOCK_ACCESS_FS_READ_DIR;
}

static bool add_place(int ruleset, int abi, int fd, enum landlock_access access)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return false;
    bool is_folder = S_ISDIR(status.st_mode);
    if (!is_folder && (access == LANDLOCK_KEEP || access == LANDLOCK_BIND)) {
        errno = ENOTDIR;
        return false;
    }
    struct landlock_path_beneath_attr rule = {.allowed_access = rights_to(access, abi, is_folder),
                                              .parent_fd = fd};
    return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

static bool allow(int ruleset, int abi, const struct landlock_place *place)
{
    int fd = open(place->path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT && (place->access == LANDLOCK_READ || place->access == LANDLOCK_RUN);
    bool ok = add_place(ruleset, abi, fd, place->access);
    int failure = errno;
    close(fd);
    errno = failure;
    return ok;
}

static int abi_of_kernel(void)
{
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

bool landlock_available(void)
{
    return abi_of_kernel() >= 1;
}

bool landlock_confine(const struct landlock_place *places, size_t count)
{
    int abi = abi_of_kernel();
    if (abi < 1)
        return false;
    int ruleset = make_ruleset(abi);
    if (ruleset < 0)
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < count; i++)
        ok = allow(ruleset, abi, &places[i]);
    ok = ok && syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    int failure = errno;
    close(ruleset);
    errno = failure;
    return ok;
}
