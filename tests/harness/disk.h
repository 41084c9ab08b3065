/* SPDX-License-Identifier: ISC
 * A disk that a test can let fail, and whose doings it can note: what this program and its libraries
 * ask the system for goes through here, since a program's own function hides the C library's. To be
 * included by one file of a program. */
#ifndef TESTS_HARNESS_DISK_H
#define TESTS_HARNESS_DISK_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum disk_kind {
    DISK_CREATE, /* a name for a new file */
    DISK_MKDIR,
    DISK_UNLINK,
    DISK_RENAME,
    DISK_WRITE,
    DISK_TRUNCATE,
    DISK_SYNC,        /* of a file */
    DISK_SYNC_FOLDER, /* of the names in it */
    DISK_KINDS
};

/* What was asked for. `path` of all but DISK_WRITE, DISK_TRUNCATE and DISK_SYNC, which have `fd`. */
struct disk_call {
    enum disk_kind kind;
    const char *path, *to;
    int fd;
    uint64_t at; /* the place of a write; the size that is left */
    const char *octets;
    size_t len;
};

static struct disk {
    bool keeps_nothing; /* nothing need survive the loss of power: nothing is waited for */
    long allowed;       /* calls until one fails; -1: none does */
    bool for_ever;      /* those that follow fail as well */
    bool syncs;         /* no others fail */
    int error;          /* what it fails with */
    bool hit;           /* one has failed */
    long calls;
    void (*note)(const struct disk_call *call); /* it was done */
} disk = {.allowed = -1, .error = ENOSPC};

static inline bool disk_fails(enum disk_kind kind)
{
    disk.calls++;
    if (disk.syncs && kind != DISK_SYNC)
        return false;
    if (disk.allowed < 0 || (disk.allowed > 0 && disk.allowed--))
        return false;
    disk.hit = true;
    if (!disk.for_ever)
        disk.allowed = -1;
    errno = disk.error;
    return true;
}

static inline void disk_note(struct disk_call call)
{
    int error = errno;
    if (disk.note)
        disk.note(&call);
    errno = error;
}

/* What is mapped by all who use a database is nothing that is to survive. */
static inline bool disk_is_passing(int fd)
{
    char link[32], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = syscall(SYS_readlink, link, path, sizeof path - 1);
    return len < 4 || path[0] != '/' || memcmp(path + len - 4, "-shm", 4) == 0;
}

ssize_t disk_write(int fd, const void *octets, size_t len) __asm__("write");
ssize_t disk_write(int fd, const void *octets, size_t len)
{
    if (fd <= STDERR_FILENO || disk_is_passing(fd))
        return syscall(SYS_write, fd, octets, len);
    if (disk_fails(DISK_WRITE))
        return -1;
    off_t at = (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
    ssize_t n = syscall(SYS_write, fd, octets, len);
    if (n > 0)
        disk_note((struct disk_call){
            .kind = DISK_WRITE, .fd = fd, .at = (uint64_t)at, .octets = octets, .len = (size_t)n});
    return n;
}

ssize_t disk_pwrite(int fd, const void *octets, size_t len, off_t at) __asm__("pwrite64");
ssize_t disk_pwrite(int fd, const void *octets, size_t len, off_t at)
{
    if (disk_is_passing(fd))
        return syscall(SYS_pwrite64, fd, octets, len, at);
    if (disk_fails(DISK_WRITE))
        return -1;
    ssize_t n = syscall(SYS_pwrite64, fd, octets, len, at);
    if (n > 0)
        disk_note((struct disk_call){
            .kind = DISK_WRITE, .fd = fd, .at = (uint64_t)at, .octets = octets, .len = (size_t)n});
    return n;
}

int disk_ftruncate(int fd, off_t size) __asm__("ftruncate64");
int disk_ftruncate(int fd, off_t size)
{
    if (disk_is_passing(fd))
        return (int)syscall(SYS_ftruncate, fd, size);
    if (disk_fails(DISK_TRUNCATE))
        return -1;
    int result = (int)syscall(SYS_ftruncate, fd, size);
    if (result == 0)
        disk_note((struct disk_call){.kind = DISK_TRUNCATE, .fd = fd, .at = (uint64_t)size});
    return result;
}

static int disk_sync(long number, int fd)
{
    char link[32], path[4096];
    struct stat info;
    if (disk_fails(DISK_SYNC))
        return -1;
    int result = disk.keeps_nothing ? 0 : (int)syscall(number, fd);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = syscall(SYS_readlink, link, path, sizeof path - 1);
    if (result != 0 || len < 0 || fstat(fd, &info) != 0)
        return result;
    path[len] = '\0';
    disk_note((struct disk_call){
        .kind = S_ISDIR(info.st_mode) ? DISK_SYNC_FOLDER : DISK_SYNC, .path = path, .fd = fd});
    return 0;
}

int disk_fsync(int fd) __asm__("fsync");
int disk_fsync(int fd)
{
    return disk_sync(SYS_fsync, fd);
}

int disk_fdatasync(int fd) __asm__("fdatasync");
int disk_fdatasync(int fd)
{
    return disk_sync(SYS_fdatasync, fd);
}

/* Whether it is there already. */
static int disk_open_file(const char *path, int flags, mode_t mode)
{
    size_t len = strlen(path);
    bool passing = len >= 4 && strcmp(path + len - 4, "-shm") == 0;
    bool there = syscall(SYS_access, path, F_OK) == 0;
    if (!passing && (flags & O_CREAT) && !there && disk_fails(DISK_CREATE))
        return -1;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd < 0 || passing)
        return fd;
    if ((flags & O_CREAT) && !there)
        disk_note((struct disk_call){.kind = DISK_CREATE, .path = path, .fd = fd});
    else if (flags & O_TRUNC)
        disk_note((struct disk_call){.kind = DISK_TRUNCATE, .fd = fd});
    return fd;
}

int disk_open(const char *path, int flags, ...) __asm__("open");
int disk_open(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return disk_open_file(path, flags, mode);
}

int disk_open64(const char *path, int flags, ...) __asm__("open64");
int disk_open64(const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    return disk_open_file(path, flags, mode);
}

int disk_unlink(const char *path) __asm__("unlink");
int disk_unlink(const char *path)
{
    int result = disk_fails(DISK_UNLINK) ? -1 : (int)syscall(SYS_unlink, path);
    if (result == 0)
        disk_note((struct disk_call){.kind = DISK_UNLINK, .path = path});
    return result;
}

int disk_unlinkat(int at, const char *name, int flags) __asm__("unlinkat");
int disk_unlinkat(int at, const char *name, int flags)
{
    char link[32], path[8192];
    snprintf(link, sizeof link, "/proc/self/fd/%d", at);
    ssize_t len = syscall(SYS_readlink, link, path, 4096);
    int result = disk_fails(DISK_UNLINK) ? -1 : (int)syscall(SYS_unlinkat, at, name, flags);
    if (result == 0 && len > 0) {
        snprintf(path + len, sizeof path - (size_t)len, "/%s", name);
        disk_note((struct disk_call){.kind = DISK_UNLINK, .path = path});
    }
    return result;
}

int disk_rename(const char *path, const char *to) __asm__("rename");
int disk_rename(const char *path, const char *to)
{
    int result = disk_fails(DISK_RENAME) ? -1 : (int)syscall(SYS_rename, path, to);
    if (result == 0)
        disk_note((struct disk_call){.kind = DISK_RENAME, .path = path, .to = to});
    return result;
}

int disk_mkdir(const char *path, mode_t mode) __asm__("mkdir");
int disk_mkdir(const char *path, mode_t mode)
{
    if (disk_fails(DISK_MKDIR))
        return -1;
    int result = (int)syscall(SYS_mkdir, path, mode);
    if (result == 0)
        disk_note((struct disk_call){.kind = DISK_MKDIR, .path = path});
    return result;
}

#endif
