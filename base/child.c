/* SPDX-License-Identifier: ISC */
#include "base/child.h"

#include "base/ipc.h"
#include "base/own_program.h"
#include "base/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const environment[] = {"GATEPOST_SANDBOX", "ASAN_OPTIONS", "UBSAN_OPTIONS",
                                          "LSAN_OPTIONS", NULL};

pid_t child_spawn(const char *program, char *const argv[], const int *extra, size_t extra_count,
                  int *control)
{
    char path[OWN_PROGRAM_PATH];
    int pair[2], fds[1 + CHILD_EXTRA_MAX];
    if (extra_count > CHILD_EXTRA_MAX) {
        errno = EMFILE;
        return -1;
    }
    if (!own_program_path(program, path) || ipc_pair(pair) != 0)
        return -1;
    fds[0] = pair[1];
    for (size_t i = 0; i < extra_count; i++)
        fds[1 + i] = extra[i];
    pid_t pid = process_spawn(path, argv, environment, fds, 1 + extra_count, true);
    int error = errno;
    close(pair[1]);
    if (pid < 0)
        close(pair[0]);
    else
        *control = pair[0];
    errno = error;
    return pid;
}

const char *child_death(int status)
{
    static char text[48];
    if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        snprintf(text, sizeof text, "killed by SIG%s", name ? name : "?");
    } else {
        snprintf(text, sizeof text, "exit %d", WEXITSTATUS(status));
    }
    return text;
}

void child_ignore_signals(void)
{
    static const int ignored[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE};
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
}
