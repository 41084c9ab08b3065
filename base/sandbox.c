/* SPDX-License-Identifier: ISC */
#include "base/sandbox.h"

#include "base/landlock.h"
#include "base/sandbox_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

static const struct call common_calls[] = {
    CALL(read),
    CALL(write),
    CALL(close),
    CALL(brk),
    CALL(munmap),
    CALL(madvise),
    CALL(futex),
    CALL(exit),
    CALL(exit_group),
    CALL(rt_sigreturn),
    CALL(clock_gettime),
    CALL(clock_getres),
    CALL(gettimeofday),
    CALL(time),
    CALL(getpid),
    CALL(newfstatat),
    CALL(fstat),
    CALL(getrandom),
    CALL(getrusage),
    CALL_IF(recvmsg, ARGUMENT(2, MASKED(MSG_PEEK, 0))), /* what others are to take is not for us */
    CALL(sendmsg),
    CALL(sched_yield),
    CALL(restart_syscall),
    CALL(sysinfo), /* qsort asks how much memory there is */
    CALL_IF(mmap, WITHOUT_EXEC(2)),
    CALL_IF(mprotect, WITHOUT_EXEC(2)),
};

/* What a scanner's worker needs to take a job, large ones too, and to check that its message is
 * sealed. */
static const struct call scanner_calls[] = {
    CALL(epoll_wait),
    CALL(pread64),
    CALL_IF(fcntl, ARGUMENT(1, EQUALS(F_GET_SEALS))),
};

static const struct call opener_calls[] = {
    CALL(epoll_wait),
    CALL(pread64),
    CALL(memfd_create),
    CALL_IF(fcntl, ARGUMENT(1, EQUALS(F_ADD_SEALS))),
    CALL_IF(fcntl, ARGUMENT(1, EQUALS(F_GET_SEALS))),
};

static const struct call antivirus_calls[] = {
    CALL(openat), CALL(lseek),     CALL(unlink), CALL(unlinkat),   CALL(mkdir),  CALL(rmdir),
    CALL(chmod),  CALL(ftruncate), CALL(fcntl),  CALL(getdents64), CALL(getcwd), CALL(statfs),
};

#define SOCKETS(family, type, protocol)                                                            \
    CALL_IF(socket, ARGUMENT(0, EQUALS(family)), ARGUMENT(1, MASKED(SOCKET_TYPE_MASK, type)),      \
            ARGUMENT(2, EQUALS(0))),                                                               \
        CALL_IF(socket, ARGUMENT(0, EQUALS(family)), ARGUMENT(1, MASKED(SOCKET_TYPE_MASK, type)),  \
                ARGUMENT(2, EQUALS(protocol)))

static const struct call proxy_calls[] = {
    CALL(epoll_ctl),
    CALL(epoll_wait),
    CALL(epoll_pwait),
    CALL(epoll_pwait2),
    CALL(poll),
    CALL(ppoll),
    SOCKETS(AF_INET, SOCK_STREAM, IPPROTO_TCP),
    SOCKETS(AF_INET6, SOCK_STREAM, IPPROTO_TCP),
    SOCKETS(AF_INET, SOCK_DGRAM, IPPROTO_UDP),
    SOCKETS(AF_INET6, SOCK_DGRAM, IPPROTO_UDP),
    /* Connected to each other for good; a datagram socket of a pair could be pointed elsewhere. */
    CALL_IF(socketpair, ARGUMENT(0, EQUALS(AF_UNIX)),
            ARGUMENT(1, MASKED(SOCKET_TYPE_MASK, SOCK_SEQPACKET))),
    CALL(connect),
    CALL(bind),
    CALL(accept4),
    CALL(getsockname),
    CALL(getpeername),
    CALL(setsockopt),
    CALL(getsockopt),
    CALL(shutdown),
    CALL(recvfrom),
    CALL(sendto),
    CALL(readv),
    CALL(writev),
    CALL(pread64),
    CALL(pwrite64),
    CALL(lseek),
    CALL(memfd_create),
    CALL(ftruncate),
    CALL(fcntl),
    CALL_IF(ioctl, ARGUMENT(1, EQUALS(FIONREAD))),
    CALL_IF(ioctl, ARGUMENT(1, EQUALS(FIONBIO))),
    CALL_IF(ioctl, ARGUMENT(1, EQUALS(SIOCOUTQ))),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(getuid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getegid),
};

/* SQLite's files, in its own folder; sockets that are given to it, and accepted from them. */
static const struct call keeper_calls[] = {
    CALL(writev),         CALL(pipe2),           CALL(epoll_create1), CALL(epoll_ctl),
    CALL(epoll_wait),     CALL(epoll_pwait),     CALL(epoll_pwait2),  CALL(eventfd2),
    CALL(timerfd_create), CALL(timerfd_settime), CALL(openat),        CALL(lseek),
    CALL(pread64),        CALL(pwrite64),        CALL(ftruncate),     CALL(fallocate),
    CALL(fsync),          CALL(fdatasync),       CALL(unlink),        CALL(unlinkat),
    CALL(rename),         CALL(renameat),        CALL(access),        CALL(faccessat),
    CALL(faccessat2),     CALL(lstat),           CALL(stat),          CALL(readlink),
    CALL(getcwd),         CALL(statfs),          CALL(fstatfs),       CALL(getdents64),
    CALL(mkdir),          CALL(chmod),           CALL(fchmod),        CALL(fchown),
    CALL(fcntl),          CALL(getuid),          CALL(geteuid),       CALL(getgid),
    CALL(getegid),        CALL(accept4),         CALL(getsockopt),    CALL(sendto),
    CALL(recvfrom),       CALL(memfd_create),    CALL(rt_sigaction),  CALL(rt_sigprocmask),
    CALL(nanosleep),      CALL(clock_nanosleep),
};

/* libmilter's threads and sockets, and streams between the two ends of pairs. */
static const struct call milter_calls[] = {
    CALL_IF(clone, ARGUMENT(0, MASKED(CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM))),
    CALL_IF(socketpair, ARGUMENT(0, EQUALS(AF_UNIX)),
            ARGUMENT(1, MASKED(SOCKET_TYPE_MASK, SOCK_STREAM))),
    CALL(set_robust_list),
    CALL(rseq),
    CALL(gettid),
    CALL(sigaltstack),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigtimedwait),
    CALL(nanosleep),
    CALL(clock_nanosleep),
    CALL(pipe),
    CALL(pipe2),
    CALL(poll),
    CALL(ppoll),
    CALL(select),
    CALL(pselect6),
    CALL(accept),
    CALL(accept4),
    CALL(getsockname),
    CALL(getpeername),
    CALL(setsockopt),
    CALL(getsockopt),
    CALL(shutdown),
    CALL(recvfrom),
    CALL(sendto),
    CALL(readv),
    CALL(writev),
    CALL(fcntl),
    CALL(prlimit64),
    CALL(getuid),
    CALL(geteuid),
};

static const struct call source_calls[] = {
    CALL(epoll_wait),
    SOCKETS(AF_INET, SOCK_STREAM, IPPROTO_TCP),
    SOCKETS(AF_INET6, SOCK_STREAM, IPPROTO_TCP),
    CALL_IF(setsockopt, ARGUMENT(1, EQUALS(IPPROTO_IP)), ARGUMENT(2, EQUALS(IP_TRANSPARENT))),
    CALL_IF(setsockopt, ARGUMENT(1, EQUALS(IPPROTO_IPV6)), ARGUMENT(2, EQUALS(IPV6_TRANSPARENT))),
    CALL_IF(setsockopt, ARGUMENT(1, EQUALS(SOL_SOCKET)), ARGUMENT(2, EQUALS(SO_REUSEADDR))),
    CALL(getsockopt),
    CALL(getpeername),
    CALL(bind),
};

/* The C library asks for threads in a way that no filter can look into, and then in the old one. */
static const struct call thread_refusals[] = {
    CALL(clone3),
};

/* Refused with an errno rather than death. A C library that has lost its syslog socket tries to get
 * a new one; */
static const struct call socket_refusals[] = {
    CALL_IF(socket, ARGUMENT(0, EQUALS(AF_UNIX))),
};

/* and its realloc copies when it cannot remap. A mapping that grows has more of its file: of the
 * shared table, where a proxy's own row is writable, the rows behind it. Others have no such. */
static const struct call growing_calls[] = {
    CALL(mremap),
};

static int add_jail(scmp_filter_ctx filter, enum jail jail)
{
    int result = sandbox_add_calls(filter, SCMP_ACT_ALLOW, TABLE(common_calls));
    if (result == 0 && jail != JAIL_PROXY)
        result = sandbox_add_calls(filter, SCMP_ACT_ALLOW, TABLE(growing_calls));
    if (result == 0 && (jail == JAIL_PURE || jail == JAIL_ANTIVIRUS))
        result = sandbox_add_calls(filter, SCMP_ACT_ALLOW, TABLE(scanner_calls));
    if (result == 0 && jail == JAIL_OPENER)
        result = sandbox_add_calls(filter, SCMP_ACT_ALLOW, TABLE(opener_calls));
    if (result == 0 && jail == JAIL_ANTIVIRUS)
        result = sandbox_add_calls(filter, SCMP_ACT_ALLOW, TABLE(antivirus_calls));
    if (result == 0 && jail == JAIL_PROXY)
        result = sandbox_add_calls(filter, SCMP_ACT_ALLOW, TABLE(proxy_calls));
    if (result == 0 && jail == JAIL_KEEPER)
        result = sandbox_add_calls(filter, SCMP_ACT_ALLOW, TABLE(keeper_calls));
    if (result == 0 && jail == JAIL_MILTER)
        result = sandbox_add_calls(filter, SCMP_ACT_ALLOW, TABLE(milter_calls));
    if (result == 0 && jail == JAIL_SOURCE)
        result = sandbox_add_calls(filter, SCMP_ACT_ALLOW, TABLE(source_calls));
    if (result == 0 && jail == JAIL_MILTER)
        result = sandbox_add_calls(filter, SCMP_ACT_ERRNO(ENOSYS), TABLE(thread_refusals));
    if (result == 0 &&
        (jail == JAIL_PROXY || jail == JAIL_KEEPER || jail == JAIL_MILTER || jail == JAIL_SOURCE))
        result = sandbox_add_calls(filter, SCMP_ACT_ERRNO(EACCES), TABLE(socket_refusals));
    if (result == 0 && jail == JAIL_PROXY)
        result = sandbox_add_calls(filter, SCMP_ACT_ERRNO(ENOMEM), TABLE(growing_calls));
    return result;
}

static bool failed(const char **reason, const char *step, int error)
{
    static char text[128];
    snprintf(text, sizeof text, "%s: %s", step, strerror(error));
    *reason = text;
    return false;
}

static bool filter_calls(enum jail jail, const char **reason)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return failed(reason, "seccomp_init", ENOMEM);
    int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (result == 0)
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (result == 0)
        result = add_jail(filter, jail);
    if (result == 0)
        result = seccomp_load(filter);
    seccomp_release(filter);
    return result == 0 || failed(reason, "seccomp", -result);
}

static bool wanted(void)
{
#ifdef SANITIZED /* sanitizers read /proc and start helpers */
    return false;
#else
    const char *asked = getenv("GATEPOST_SANDBOX");
    return !asked || strcmp(asked, "none") != 0;
#endif
}

/* Who needs TCP is chrooted;
 * a scanner that needs no files survives a kernel without Landlock. */
static bool confine(enum jail jail, const char *folder, const char **reason)
{
    const struct landlock_place own = {folder, LANDLOCK_KEEP};
    if (jail == JAIL_PROXY || jail == JAIL_SOURCE || landlock_confine(&own, folder ? 1 : 0))
        return true;
    if ((jail == JAIL_PURE || jail == JAIL_OPENER || jail == JAIL_MILTER) &&
        (errno == ENOSYS || errno == EOPNOTSUPP))
        return true;
    return failed(reason, "Landlock", errno);
}

bool sandbox_enter(enum jail jail, const char *folder, const char **reason)
{
    if (!wanted())
        return true;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return failed(reason, "no_new_privs", errno);
    return confine(jail, folder, reason) && filter_calls(jail, reason);
}
