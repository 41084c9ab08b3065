/* SPDX-License-Identifier: ISC */
#include "base/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
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

static bool allow(int ruleset, int abi, const char *folder)
{
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    uint64_t rights =
        fs_rights(abi) & ~(uint64_t)(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SOCK);
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
    bool ok = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    int failure = errno;
    close(fd);
    errno = failure;
    return ok;
}

bool landlock_confine(const char *folder)
{
    int abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (abi < 1)
        return false;
    int ruleset = make_ruleset(abi);
    if (ruleset < 0)
        return false;
    bool ok = (!folder || allow(ruleset, abi, folder)) &&
              syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    int failure = errno;
    close(ruleset);
    errno = failure;
    return ok;
}
