/* SPDX-License-Identifier: ISC */
#include "base/sandbox.h"
#include "tests/harness/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ALLOWED = 0, REFUSED = 40, NO_JAIL = 50 };

static int queue[2]; /* which others read as well */
static char folder[] = "/tmp/gatepost-sandbox-XXXXXX";

/* What becomes of a process that does this in the jail (true: the call did what was asked):
 * ALLOWED, REFUSED, or minus the signal that ended it. */
static int fate(enum jail jail, bool (*act)(void))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const char *reason = "";
        if (!sandbox_enter(jail, jail == JAIL_ANTIVIRUS ? folder : NULL, &reason)) {
            fprintf(stderr, "no jail: %s\n", reason);
            _exit(NO_JAIL);
        }
        _exit(act() ? ALLOWED : REFUSED);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static bool does_nothing(void)
{
    return true;
}

static bool allocates(void)
{
    char *p = malloc(64 << 20);
    if (!p)
        return false;
    memset(p, 1, 64 << 20);
    p = realloc(p, 80 << 20);
    free(p);
    return p != NULL;
}

static bool opens_a_file(void)
{
    return open("/etc/passwd", O_RDONLY) >= 0;
}

static bool opens_a_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool executes(void)
{
    return execl("/bin/true", "true", NULL) == 0;
}

static bool forks(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid > 0;
}

static bool kills(void)
{
    return kill(getppid(), 0) == 0;
}

static bool traces(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static bool maps_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
           MAP_FAILED;
}

static bool makes_data_code(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool opens_a_raw_socket(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0) >= 0;
}

static bool opens_netlink(void)
{
    return socket(AF_NETLINK, SOCK_RAW, 0) >= 0;
}

static bool calls_by_the_32_bit_door(void)
{
    return syscall(0x40000000 + SYS_getpid) > 0;
}

static bool listens(void)
{
    int sock = socket(AF_INET, SOCK_STREAM, 0);
    return listen(sock, 5) == 0;
}

static bool is_refused_sockets_of_the_machine(void)
{
    static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_RAW};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (socket(AF_UNIX, types[i] | SOCK_CLOEXEC, 0) >= 0 || errno != EACCES)
            return false;
    return true;
}

static bool makes_a_pair_of_datagram_sockets(void)
{
    int pair[2];
    return socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0;
}

static bool makes_a_pair_of_stream_sockets(void)
{
    int pair[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0;
}

static const struct sockaddr_un somebody = {.sun_family = AF_UNIX,
                                            .sun_path = "\0gatepost-sandbox-test"};

static bool goes_to_somebody(int sock)
{
    return connect(sock, (const struct sockaddr *)&somebody, sizeof somebody) == 0 ||
           errno != EISCONN;
}

/* One end of a pair is no way to a socket of somebody else's, not even when it is alone. */
static bool cannot_point_a_pair_elsewhere(void)
{
    int pair[2];
    return socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && !goes_to_somebody(pair[0]) &&
           close(pair[1]) == 0 && !goes_to_somebody(pair[0]) && shutdown(pair[0], SHUT_RDWR) == 0 &&
           !goes_to_somebody(pair[0]);
}

static bool opens_multipath_tcp(void)
{
    enum { MULTIPATH_TCP = 262 };
    return socket(AF_INET, SOCK_STREAM, MULTIPATH_TCP) >= 0;
}

static bool opens_a_ping_socket(void)
{
    return socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP) >= 0;
}

static bool opens_each_kind_of_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0 && socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) >= 0 &&
           socket(AF_INET, SOCK_DGRAM, 0) >= 0 && socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP) >= 0;
}

static bool makes_a_pipe(void)
{
    int ends[2];
    return pipe2(ends, O_CLOEXEC) == 0;
}

static bool splices(void)
{
    return splice(0, NULL, 1, NULL, 1, 0) >= 0;
}

/* The first of two pages of a file is mapped, and remapped to have both. */
static void *two_of_one_page(int protection)
{
    int fd = memfd_create("table", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 2 * 4096L) != 0)
        return MAP_FAILED;
    void *page = mmap(NULL, 4096, protection, MAP_SHARED, fd, 0);
    return page == MAP_FAILED ? page : mremap(page, 4096, 2 * 4096, MREMAP_MAYMOVE);
}

static bool cannot_let_a_mapping_grow(void)
{
    return two_of_one_page(PROT_READ | PROT_WRITE) == MAP_FAILED && errno == ENOMEM;
}

static bool maps_one_page_twice(void)
{
    void *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return mremap(page, 0, 4096, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM;
}

static bool does_io_control(void)
{
    return ioctl(0, TIOCSTI, "x") == 0;
}

static int loop; /* made before the doors close */

static bool uses_the_network(void)
{
    int sock = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in nobody = {
        .sin_family = AF_INET, .sin_port = htons(1), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int pair[2], waiting = 0;
    struct epoll_event event = {.events = EPOLLIN};
    if (sock < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    if (connect(sock, (struct sockaddr *)&nobody, sizeof nobody) == 0 ||
        (errno != ECONNREFUSED && errno != EINPROGRESS))
        return false;
    return epoll_ctl(loop, EPOLL_CTL_ADD, pair[0], &event) == 0 && send(pair[1], "x", 1, 0) == 1 &&
           epoll_wait(loop, &event, 1, 1000) == 1 && ioctl(pair[0], FIONREAD, &waiting) == 0;
}

static bool spools(void)
{
    int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd >= 0 && ftruncate(fd, 4096) == 0 && write(fd, "x", 1) == 1 &&
           fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0;
}

static bool makes_a_file(void)
{
    return memfd_create("any", MFD_CLOEXEC) >= 0;
}

static bool writes_below_its_folder(void)
{
    char path[128], sub[160];
    snprintf(path, sizeof path, "%s/sub", folder);
    snprintf(sub, sizeof sub, "%s/file", path);
    int fd = -1;
    return mkdir(path, 0700) == 0 && (fd = open(sub, O_RDWR | O_CREAT, 0600)) >= 0 &&
           write(fd, "x", 1) == 1 && close(fd) == 0 && unlink(sub) == 0 && rmdir(path) == 0;
}

static bool writes_outside(void)
{
    return open("/tmp/gatepost-sandbox-outside", O_RDWR | O_CREAT, 0600) >= 0;
}

static bool receives_with(int flags)
{
    char octet;
    struct iovec part = {&octet, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    return recvmsg(queue[0], &message, flags) >= 0 || errno == EAGAIN;
}

static bool receives(void)
{
    return receives_with(MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
}

static bool looks_at_what_others_are_to_take(void)
{
    return receives_with(MSG_DONTWAIT | MSG_PEEK);
}

static void need_a_jail(void)
{
#ifdef SANITIZED
    print_message("sanitizers are on: there is no jail to test\n");
    skip();
#endif
    const char *asked = getenv("GATEPOST_SANDBOX");
    if (asked && strcmp(asked, "none") == 0)
        skip();
}

struct forbidden {
    const char *name;
    bool (*act)(void);
};

static void check_deadly(enum jail jail, const struct forbidden *acts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int got = fate(jail, acts[i].act);
        if (got != -SIGSYS)
            fail_msg("%s: %d instead of death", acts[i].name, got);
    }
}

#define DEADLY(jail, ...)                                                                          \
    check_deadly(jail, (const struct forbidden[]){__VA_ARGS__},                                    \
                 sizeof((const struct forbidden[]){__VA_ARGS__}) / sizeof(struct forbidden))

TEST(test_pure_jail_computes_and_does_nothing_else)
{
    need_a_jail();
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, queue), 0);
    assert_int_equal(fate(JAIL_PURE, receives), ALLOWED);
    assert_int_equal(fate(JAIL_PURE, does_nothing), ALLOWED);
    assert_int_equal(fate(JAIL_PURE, allocates), ALLOWED);
    DEADLY(JAIL_PURE, {"open", opens_a_file}, {"socket", opens_a_socket}, {"execve", executes},
           {"fork", forks}, {"kill", kills}, {"ptrace", traces}, {"mmap code", maps_code},
           {"mprotect code", makes_data_code}, {"ioctl", does_io_control},
           {"x32", calls_by_the_32_bit_door}, {"memfd", makes_a_file},
           {"peek", looks_at_what_others_are_to_take});
    close(queue[0]);
    close(queue[1]);
}

TEST(test_antivirus_jail_has_its_folder_and_no_other)
{
    need_a_jail();
    assert_int_equal(fate(JAIL_ANTIVIRUS, allocates), ALLOWED);
    assert_int_equal(fate(JAIL_ANTIVIRUS, writes_below_its_folder), ALLOWED);
    assert_int_equal(fate(JAIL_ANTIVIRUS, opens_a_file), REFUSED);
    assert_int_equal(fate(JAIL_ANTIVIRUS, writes_outside), REFUSED);
    DEADLY(JAIL_ANTIVIRUS, {"socket", opens_a_socket}, {"execve", executes}, {"fork", forks},
           {"kill", kills}, {"ptrace", traces}, {"mmap code", maps_code},
           {"mprotect code", makes_data_code}, {"ioctl", does_io_control});
}

TEST(test_proxy_jail_has_the_network_and_no_files)
{
    need_a_jail();
    loop = epoll_create1(EPOLL_CLOEXEC);
    assert_int_equal(fate(JAIL_PROXY, allocates), ALLOWED);
    assert_int_equal(fate(JAIL_PROXY, uses_the_network), ALLOWED);
    assert_int_equal(fate(JAIL_PROXY, opens_each_kind_of_socket), ALLOWED);
    close(loop);
    assert_int_equal(fate(JAIL_PROXY, spools), ALLOWED);
    DEADLY(JAIL_PROXY, {"open", opens_a_file}, {"execve", executes}, {"fork", forks},
           {"kill", kills}, {"ptrace", traces}, {"packet socket", opens_a_raw_socket},
           {"netlink", opens_netlink}, {"multipath TCP", opens_multipath_tcp},
           {"ping socket", opens_a_ping_socket}, {"pipe", makes_a_pipe}, {"splice", splices},
           {"listen", listens}, {"ioctl", does_io_control}, {"mmap code", maps_code},
           {"mprotect code", makes_data_code}, {"x32", calls_by_the_32_bit_door});
}

static void *counts(void *number)
{
    ++*(int *)number;
    pthread_exit(number);
}

static bool has_threads(void)
{
    pthread_t threads[20];
    int numbers[20] = {0}, sum = 0;
    for (int i = 0; i < 20; i++)
        if (pthread_create(&threads[i], NULL, counts, &numbers[i]) != 0)
            return false;
    for (int i = 0; i < 20; i++)
        if (pthread_join(threads[i], NULL) != 0)
            return false;
    for (int i = 0; i < 20; i++)
        sum += numbers[i];
    return sum == 20;
}

TEST(test_milter_jail_has_threads_and_streams_and_nothing_else)
{
    pthread_t first;
    int number = 0;
    need_a_jail();
    /* What ends a thread is loaded with the first. */
    assert_int_equal(pthread_create(&first, NULL, counts, &number), 0);
    assert_int_equal(pthread_join(first, NULL), 0);
    assert_int_equal(fate(JAIL_MILTER, allocates), ALLOWED);
    assert_int_equal(fate(JAIL_MILTER, has_threads), ALLOWED);
    assert_int_equal(fate(JAIL_MILTER, makes_a_pair_of_stream_sockets), ALLOWED);
    assert_int_equal(fate(JAIL_MILTER, is_refused_sockets_of_the_machine), ALLOWED);
    DEADLY(JAIL_MILTER, {"open", opens_a_file}, {"socket", opens_a_socket}, {"execve", executes},
           {"fork", forks}, {"kill", kills}, {"ptrace", traces}, {"mmap code", maps_code},
           {"mprotect code", makes_data_code}, {"ioctl", does_io_control},
           {"x32", calls_by_the_32_bit_door}, {"memfd", makes_a_file}, {"splice", splices},
           {"datagram pair", makes_a_pair_of_datagram_sockets}, {"listen", listens});
}

static bool binds_a_stream_socket(void)
{
    const struct sockaddr_in any = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof on);
    return fd >= 0 && bind(fd, (const struct sockaddr *)&any, sizeof any) == 0;
}

static bool connects_a_stream_socket(void)
{
    const struct sockaddr_in nowhere = {.sin_family = AF_INET};
    return connect(socket(AF_INET, SOCK_STREAM, 0), (const struct sockaddr *)&nowhere,
                   sizeof nowhere) == 0;
}

static bool marks_a_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), mark = 1;
    return setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) == 0;
}

TEST(test_source_jail_binds_sockets_and_speaks_on_none)
{
    need_a_jail();
    assert_int_equal(fate(JAIL_SOURCE, allocates), ALLOWED);
    assert_int_equal(fate(JAIL_SOURCE, binds_a_stream_socket), ALLOWED);
    assert_int_equal(fate(JAIL_SOURCE, is_refused_sockets_of_the_machine), ALLOWED);
    DEADLY(JAIL_SOURCE, {"open", opens_a_file}, {"execve", executes}, {"fork", forks},
           {"kill", kills}, {"ptrace", traces}, {"mmap code", maps_code}, {"memfd", makes_a_file},
           {"connect", connects_a_stream_socket}, {"raw", opens_a_raw_socket},
           {"mark", marks_a_socket}, {"listen", listens},
           {"stream pair", makes_a_pair_of_stream_sockets});
}

TEST(test_proxy_jail_has_no_way_to_sockets_of_the_machine)
{
    need_a_jail();
    assert_int_equal(fate(JAIL_PROXY, is_refused_sockets_of_the_machine), ALLOWED);
    int listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listening, (const struct sockaddr *)&somebody, sizeof somebody), 0);
    assert_int_equal(listen(listening, 1), 0);
    assert_int_equal(fate(JAIL_PROXY, cannot_point_a_pair_elsewhere), ALLOWED);
    close(listening);
    DEADLY(JAIL_PROXY, {"datagram pair", makes_a_pair_of_datagram_sockets},
           {"stream pair", makes_a_pair_of_stream_sockets});
}

TEST(test_proxy_jail_lets_no_mapping_grow)
{
    need_a_jail();
    assert_int_equal(fate(JAIL_PROXY, cannot_let_a_mapping_grow), ALLOWED);
    assert_int_equal(fate(JAIL_PROXY, maps_one_page_twice), ALLOWED);
    assert_int_equal(fate(JAIL_PURE, allocates), ALLOWED);
}

TEST(test_antivirus_jail_without_its_folder_is_refused)
{
    need_a_jail();
    pid_t pid = fork();
    if (pid == 0) {
        const char *reason = NULL;
        bool entered = sandbox_enter(JAIL_ANTIVIRUS, "/nowhere/at/all", &reason);
        _exit(!entered && reason && strstr(reason, "Landlock") ? 0 : 1);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

/* Whether a jail can be entered where the kernel answers Landlock's first call so. */
static bool is_entered_without_landlock(enum jail jail, int error)
{
    pid_t pid = fork();
    if (pid == 0) {
        const char *reason = NULL;
        scmp_filter_ctx kernel = seccomp_init(SCMP_ACT_ALLOW);
        if (!kernel ||
            seccomp_rule_add(kernel, SCMP_ACT_ERRNO(error), SCMP_SYS(landlock_create_ruleset), 0) !=
                0 ||
            seccomp_load(kernel) != 0)
            _exit(NO_JAIL);
        bool entered = sandbox_enter(jail, folder, &reason);
        _exit(entered ? ALLOWED : reason && strstr(reason, "Landlock") ? REFUSED : NO_JAIL);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != NO_JAIL);
    return WEXITSTATUS(status) == ALLOWED;
}

TEST(test_without_landlock_those_go_on_who_need_no_files)
{
    static const int errors[] = {ENOSYS, EOPNOTSUPP};
    need_a_jail();
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        assert_true(is_entered_without_landlock(JAIL_PURE, errors[i]));
        assert_true(is_entered_without_landlock(JAIL_OPENER, errors[i]));
        assert_true(is_entered_without_landlock(JAIL_PROXY, errors[i]));
        assert_true(is_entered_without_landlock(JAIL_MILTER, errors[i]));
        assert_true(is_entered_without_landlock(JAIL_SOURCE, errors[i]));
        assert_false(is_entered_without_landlock(JAIL_ANTIVIRUS, errors[i]));
        assert_false(is_entered_without_landlock(JAIL_KEEPER, errors[i]));
    }
}

TEST(test_the_environment_can_ask_for_no_jail)
{
    setenv("GATEPOST_SANDBOX", "none", 1);
    assert_int_equal(fate(JAIL_PURE, opens_a_file), ALLOWED);
    unsetenv("GATEPOST_SANDBOX");
}

static void make_folder(void)
{
    assert_non_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    assert_int_equal(rmdir(folder), 0);
}

ALL_TESTS(make_folder, remove_folder);
