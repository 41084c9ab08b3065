/* SPDX-License-Identifier: ISC
 * What a server that is not ours can do in its jail when it was taken over. As "spawn FOLDER PROGRAM ..." it runs one there. */
#include "base/landlock.h"
#include "base/process.h"
#include "base/sandbox_server.h"
#include "tests/harness/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ALLOWED = 0, REFUSED = 40 };

static char folder[] = "/tmp/gatepost-server-XXXXXX", self[4096];

/* ---- what it tries ---- */

static bool keeps_a_file(void)
{
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    return fd >= 0 && write(fd, "x", 1) == 1 && fdatasync(fd) == 0 && ftruncate(fd, 0) == 0 &&
           rename("file", "other") == 0 && unlink("other") == 0 && mkdir("inner", 0700) == 0 &&
           rmdir("inner") == 0;
}

static bool listens_in_its_folder(void)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX, .sun_path = "socket"};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    unlink(own.sun_path);
    return fd >= 0 && bind(fd, (struct sockaddr *)&own, sizeof own) == 0 && listen(fd, 1) == 0;
}

static bool forks(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool opens_a_file(void)
{
    return open("/etc/passwd", O_RDONLY) >= 0;
}

static bool looks_into_a_folder(void)
{
    return open("/etc", O_RDONLY | O_DIRECTORY) >= 0;
}

static bool writes_elsewhere(void)
{
    return open("/tmp/gatepost-was-here", O_WRONLY | O_CREAT, 0600) >= 0;
}

static bool reads_of_processes(void)
{
    return open("/proc/1/cmdline", O_RDONLY) >= 0 || open("/proc/self/mem", O_RDWR) >= 0;
}

static bool makes_a_link_out(void)
{
    return symlink("/etc", "link") == 0 || link("/etc/passwd", "link") == 0;
}

static bool connects_over_tcp(void)
{
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(25)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return fd >= 0 || connect(fd, (struct sockaddr *)&peer, sizeof peer) == 0;
}

static bool opens_other_sockets(void)
{
    return socket(AF_INET6, SOCK_DGRAM, 0) >= 0 || socket(AF_NETLINK, SOCK_RAW, 0) >= 0 ||
           socket(AF_UNIX, SOCK_DGRAM, 0) >= 0 || socket(AF_VSOCK, SOCK_STREAM, 0) >= 0;
}

static bool connects_to_a_local_socket(void)
{
    struct sockaddr_un peer = {.sun_family = AF_UNIX, .sun_path = "socket"};
    return listens_in_its_folder() &&
           connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&peer, sizeof peer) == 0;
}

static bool makes_executable_memory(void)
{
    void *room = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) != MAP_FAILED ||
           mprotect(room, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool makes_a_namespace(void)
{
    return unshare(CLONE_NEWUSER) == 0 ||
           syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL) >= 0;
}

static bool changes_who_it_is(void)
{
    return setuid(1) == 0 || setgid(1) == 0 || syscall(SYS_setgroups, 0, NULL) == 0;
}

static bool asks_for_more(void)
{
    return setrlimit(RLIMIT_NOFILE, &(struct rlimit){4096, 4096}) == 0 ||
           setrlimit(RLIMIT_CORE, &(struct rlimit){1, 1}) == 0;
}

static bool uses_rare_parts_of_the_kernel(void)
{
    return syscall(SYS_io_uring_setup, 8, NULL) >= 0 || errno != ENOSYS ||
           syscall(SYS_bpf, 0, NULL, 0) >= 0 || errno != ENOSYS ||
           syscall(SYS_userfaultfd, 0) >= 0 || errno != ENOSYS ||
           syscall(SYS_memfd_create, "x", 0) >= 0 || errno != ENOSYS;
}

static bool executes_another(void)
{
    return execl("/bin/true", "true", NULL) == 0;
}

static bool executes_itself(void)
{
    return execl(self, "itself", "keeps_a_file", NULL) == 0;
}

static bool executes_by_descriptor(void)
{
    int fd = open(self, O_RDONLY);
    return fexecve(fd, (char *const[]){self, NULL}, (char *const[]){NULL}) == 0;
}

static bool a_child_executes(void)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        _exit(executes_another() ? 0 : 1);
    waitpid(pid, &status, 0);
    return !(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

static bool traces(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
}

static const struct attempt {
    const char *name;
    bool (*act)(void);
    int fate; /* minus a signal */
} attempts[] = {
#define ATTEMPT(act, fate)                                                                         \
    {                                                                                              \
#act, act, fate                                                                            \
    }
    ATTEMPT(keeps_a_file, ALLOWED),
    ATTEMPT(listens_in_its_folder, ALLOWED),
    ATTEMPT(forks, ALLOWED),
    ATTEMPT(opens_a_file, REFUSED),
    ATTEMPT(looks_into_a_folder, REFUSED),
    ATTEMPT(writes_elsewhere, REFUSED),
    ATTEMPT(reads_of_processes, REFUSED),
    ATTEMPT(makes_a_link_out, REFUSED),
    ATTEMPT(connects_over_tcp, REFUSED),
    ATTEMPT(opens_other_sockets, REFUSED),
    ATTEMPT(connects_to_a_local_socket, REFUSED),
    ATTEMPT(makes_executable_memory, REFUSED),
    ATTEMPT(makes_a_namespace, REFUSED),
    ATTEMPT(changes_who_it_is, REFUSED),
    ATTEMPT(asks_for_more, REFUSED),
    ATTEMPT(uses_rare_parts_of_the_kernel, REFUSED),
    ATTEMPT(executes_another, -SIGSYS),
    ATTEMPT(executes_itself, -SIGSYS),
    ATTEMPT(executes_by_descriptor, -SIGSYS),
    ATTEMPT(a_child_executes, REFUSED),
    ATTEMPT(traces, -SIGSYS),
#undef ATTEMPT
};

/* ---- running one ---- */

static bool find_self(void)
{
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static pid_t spawn(const char *path, char *const argv[], const char *where)
{
    return process_spawn_server(
        &(struct process_server){.user = "root", .path = path, .argv = argv, .folder = where});
}

/* As the server itself. */
static int act(const char *name, const char *where, const char *program)
{
    snprintf(self, sizeof self, "%s", program);
    if (chdir(where) != 0)
        return 2;
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++)
        if (strcmp(attempts[i].name, name) == 0)
            return attempts[i].act() ? ALLOWED : REFUSED;
    return 2;
}

static int run(int argc, char *argv[])
{
    int status = 1;
    if (argc > 3 && strcmp(argv[1], "spawn") == 0) {
        pid_t pid = spawn(argv[3], argv + 3, argv[2]);
        if (pid > 0)
            waitpid(pid, &status, 0);
        return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    }
    return argc == 5 && strcmp(argv[1], "act") == 0 ? act(argv[2], argv[3], argv[4]) : 2;
}

WITH_ARGUMENTS(run);

static int fate(const char *name)
{
    char act_word[] = "act",
         *argv[] = {self, act_word, (char *)(uintptr_t)name, folder, self, NULL};
    int status = 0;
    pid_t pid = spawn(self, argv, folder);
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

TEST(test_a_captured_server_keeps_its_files_and_nothing_more)
{
#ifdef SANITIZED /* which read of themselves below /proc */
    skip();
#endif
    if (!landlock_available())
        skip();
    assert_true(find_self());
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        int got = fate(attempts[i].name);
        if (got != attempts[i].fate)
            fail_msg("%s: %d, expected %d", attempts[i].name, got, attempts[i].fate);
    }
    char path[64];
    snprintf(path, sizeof path, "%s/socket", folder);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

TEST(test_what_cannot_be_executed_is_told)
{
    if (!landlock_available())
        skip();
    char name[] = "nothing", *argv[] = {name, NULL};
    assert_int_equal(spawn("/nonexistent/server", argv, "/tmp"), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(spawn("/bin/true", argv, "/nonexistent/folder"), -1);
    assert_int_equal(errno, ENOENT);
}

TEST(test_the_environment_can_ask_for_none)
{
    setenv("GATEPOST_SANDBOX", "none", 1);
    char name[] = "true", *argv[] = {name, NULL};
    int status = 1;
    pid_t pid = spawn("/bin/true", argv, "/nonexistent/folder");
    unsetenv("GATEPOST_SANDBOX");
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    assert_int_equal(status, 0);
}
