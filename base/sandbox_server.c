/* SPDX-License-Identifier: ISC */
#include "base/sandbox_server.h"

#include "base/landlock.h"
#include "base/sandbox_calls.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>

enum { ROOM = 4 * PATH_MAX };

#define NO_NAMESPACES                                                                              \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET)

/* Memory is never writable and executable at once. Of what waits, sends and asks about processes no
 * more than a server of local sockets needs. */
static const struct call server_calls[] = {
    CALL(read),
    CALL(write),
    CALL(readv),
    CALL(writev),
    CALL(pread64),
    CALL(pwrite64),
    CALL(lseek),
    CALL(close),
    CALL(open),
    CALL(openat),
    CALL(access),
    CALL(faccessat),
    CALL(faccessat2),
    CALL(stat),
    CALL(lstat),
    CALL(fstat),
    CALL(newfstatat),
    CALL(statx),
    CALL(statfs),
    CALL(fstatfs),
    CALL(readlink),
    CALL(readlinkat),
    CALL(getdents64),
    CALL(getcwd),
    CALL(chdir),
    CALL(mkdir),
    CALL(mkdirat),
    CALL(rmdir),
    CALL(rename),
    CALL(renameat),
    CALL(renameat2),
    CALL(unlink),
    CALL(unlinkat),
    CALL(chmod),
    CALL(fchmod),
    CALL(fchmodat),
    CALL(umask),
    CALL(truncate),
    CALL(ftruncate),
    CALL(fallocate),
    CALL(fadvise64),
    CALL(fsync),
    CALL(fdatasync),
    CALL(sync_file_range),
    CALL(fcntl),
    CALL(dup),
    CALL(dup2),
    CALL(dup3),
    CALL(pipe),
    CALL(pipe2),
    CALL(eventfd2),
    CALL(epoll_create),
    CALL(epoll_create1),
    CALL(epoll_ctl),
    CALL(epoll_wait),
    CALL(epoll_pwait),
    CALL(poll),
    CALL(ppoll),
    CALL_IF(ioctl, ARGUMENT(1, EQUALS(TCGETS))),
    CALL_IF(ioctl, ARGUMENT(1, EQUALS(FIONBIO))),
    CALL_IF(ioctl, ARGUMENT(1, EQUALS(FIONREAD))),
    CALL_IF(socket, ARGUMENT(0, EQUALS(AF_UNIX)),
            ARGUMENT(1, MASKED(SOCKET_TYPE_MASK, SOCK_STREAM))),
    CALL(bind),
    CALL(listen),
    CALL(accept),
    CALL(accept4),
    CALL(getsockname),
    CALL(getpeername),
    CALL(getsockopt),
    CALL(setsockopt),
    CALL(shutdown),
    CALL(brk),
    CALL_IF(mmap, ARGUMENT(2, MASKED(PROT_EXEC, 0))),
    CALL_IF(mmap, ARGUMENT(2, MASKED(PROT_EXEC | PROT_WRITE, PROT_EXEC))),
    CALL_IF(mprotect, WITHOUT_EXEC(2)),
    CALL(munmap),
    CALL(mremap),
    CALL(madvise),
    CALL(futex),
    CALL(set_robust_list),
    CALL(set_tid_address),
    CALL(rseq),
    CALL(membarrier),
    CALL(arch_prctl),
    CALL_IF(clone, ARGUMENT(0, MASKED(NO_NAMESPACES, 0))),
    CALL(wait4),
    CALL(waitid),
    CALL(exit),
    CALL(exit_group),
    CALL(kill),
    CALL(tgkill),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(sigaltstack),
    CALL(restart_syscall),
    CALL(clock_gettime),
    CALL(clock_getres),
    CALL(clock_nanosleep),
    CALL(nanosleep),
    CALL(gettimeofday),
    CALL(time),
    CALL(setitimer),
    CALL(getpid),
    CALL(getppid),
    CALL(gettid),
    CALL(getpgrp),
    CALL(getuid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getegid),
    CALL(getrusage),
    CALL(getrandom),
    CALL(uname),
    CALL(sysinfo),
    CALL(sched_yield),
    CALL(sched_getaffinity),
    CALL_IF(prlimit64, ARGUMENT(0, EQUALS(0)), ARGUMENT(2, EQUALS(0))),
    CALL(getrlimit),
    CALL_IF(prctl, ARGUMENT(0, EQUALS(PR_SET_NAME))),
    CALL_IF(prctl, ARGUMENT(0, EQUALS(PR_CAPBSET_READ))),
    CALL_IF(prctl, ARGUMENT(0, EQUALS(PR_SET_THP_DISABLE))),
};

/* Guessing has an end. */
static const struct call deadly_calls[] = {CALL(execveat), CALL(ptrace), CALL(process_vm_readv),
                                           CALL(process_vm_writev)};

static bool is_wanted(void)
{
    const char *asked = getenv("GATEPOST_SANDBOX");
    return !asked || strcmp(asked, "none") != 0;
}

bool sandbox_server_possible(void)
{
    return !is_wanted() || landlock_available();
}

static bool confine(const char *program, const char *folder)
{
    const struct landlock_place places[] = {
        {folder, LANDLOCK_BIND},
        {program, LANDLOCK_RUN},
        {"/usr/lib", LANDLOCK_RUN}, /* the loader is executed, libraries are read */
        {"/lib", LANDLOCK_RUN},
        {"/lib64", LANDLOCK_RUN},
        {"/etc/ld.so.cache", LANDLOCK_READ},
        {"/etc/localtime", LANDLOCK_READ},
        {"/usr/share/zoneinfo", LANDLOCK_READ},
        {"/etc/ssl/openssl.cnf", LANDLOCK_READ},
        {"/dev/urandom", LANDLOCK_READ},
        {"/proc/sys/vm/overcommit_memory", LANDLOCK_READ},
    };
    return landlock_confine(places, sizeof places / sizeof *places);
}

/* Somewhere in memory that was mapped at a random place: 2^40 possible addresses or so. */
static const char *hide(const char *program)
{
    static const uintptr_t HIGHEST = UINTPTR_MAX >> 18, PAGE = 4096;
    uintptr_t place[2];
    size_t len = strlen(program) + 1;
    if (len > PATH_MAX || getrandom(place, sizeof place, 0) != sizeof place) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    char *room = mmap((void *)(place[0] % HIGHEST & ~(PAGE - 1)), ROOM, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return room == MAP_FAILED ? NULL : memcpy(room + place[1] % (ROOM - len), program, len);
}

static int add_execve(scmp_filter_ctx filter, const char *path)
{
    const uint64_t address = (uintptr_t)path;
    const struct call own = CALL_IF(execve, ARGUMENT(0, EQUALS(address)));
    const struct call other = CALL_IF(execve, ARGUMENT(0, .op = SCMP_CMP_NE, .datum_a = address));
    int result = sandbox_add_calls(filter, SCMP_ACT_ALLOW, &own, 1);
    return result ? result : sandbox_add_calls(filter, SCMP_ACT_KILL_PROCESS, &other, 1);
}

static bool filter_calls(const char *path)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (!filter) {
        errno = ENOMEM;
        return false;
    }
    int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (result == 0)
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (result == 0)
        result = sandbox_add_calls(filter, SCMP_ACT_ALLOW, TABLE(server_calls));
    if (result == 0)
        result = sandbox_add_calls(filter, SCMP_ACT_KILL_PROCESS, TABLE(deadly_calls));
    if (result == 0)
        result = add_execve(filter, path);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    errno = -result;
    return result == 0;
}

const char *sandbox_enter_server(const char *program, const char *folder)
{
    if (!is_wanted())
        return program;
    const char *path = hide(program);
    return path && confine(program, folder) && filter_calls(path) ? path : NULL;
}
