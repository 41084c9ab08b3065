/* SPDX-License-Identifier: ISC */
#include "console/program_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIECE = 65536, ARGUMENTS_MAX = 15 };

static bool find(const char *name, char path[static PATH_MAX])
{
    static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        int length = snprintf(path, PATH_MAX, "%s/%s", folders[i], name);
        if (length > 0 && length < PATH_MAX && access(path, X_OK) == 0)
            return true;
    }
    return false;
}

static int spawn(pid_t *pid, const char *path, const char *const argv[], int output)
{
    static char plain[] = "LC_ALL=C";
    char *const environment[] = {plain, NULL};
    char *arguments[ARGUMENTS_MAX + 1] = {NULL};
    for (size_t i = 0; i < ARGUMENTS_MAX && argv[i]; i++)
        memcpy(&arguments[i], &argv[i], sizeof *arguments); /* it does not write to them */
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed)
        return failed;
    failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ||
             posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) ||
             posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO) ||
             posix_spawn(pid, path, &actions, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* False: there is more than fits. */
static bool read_all(int fd, struct buf *out)
{
    for (;;) {
        size_t room;
        char *at = buf_reserve(out, PIECE, &room);
        if (!at)
            return false;
        ssize_t n = read(fd, at, room);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        buf_commit(out, (size_t)n);
    }
}

static bool ends_well(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

enum program_end program_output(const char *const argv[], struct buf *out)
{
    char path[PATH_MAX];
    int ends[2];
    pid_t pid;
    if (!find(argv[0], path))
        return PROGRAM_MISSING;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return PROGRAM_FAILED;
    int failed = spawn(&pid, path, argv, ends[1]);
    close(ends[1]);
    bool whole = !failed && read_all(ends[0], out);
    close(ends[0]);
    if (failed)
        return PROGRAM_FAILED;
    if (!whole)
        kill(pid, SIGKILL);
    bool well = ends_well(pid);
    return !whole ? PROGRAM_SAYS_TOO_MUCH : well ? PROGRAM_FINE : PROGRAM_FAILED;
}
