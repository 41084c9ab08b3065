/* SPDX-License-Identifier: ISC */
#include "base/process.h"
#include "tests/harness/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static char shell[] = "/bin/sh";

static int exit_status(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Runs a shell script whose descriptor 3 is a pipe, and gives back what it wrote there. */
static void run(const char *script, const char *const environment[], char *out, size_t size)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    char *argv[] = {shell, (char[]){"-c"}, strdup(script), NULL};
    pid_t pid = process_spawn(shell, argv, environment, &pipes[1], 1, true);
    assert_true(pid > 0);
    close(pipes[1]);
    size_t len = 0;
    ssize_t n;
    while (len < size - 1 && (n = read(pipes[0], out + len, size - 1 - len)) > 0)
        len += (size_t)n;
    out[len] = '\0';
    close(pipes[0]);
    free(argv[2]);
    assert_int_equal(exit_status(pid), 0);
}

TEST(test_descriptors_are_the_listed_ones_and_no_others)
{
    int stray = open("/dev/null", O_RDONLY); /* not close-on-exec: must not arrive */
    char out[256];
    run("for f in /proc/$$/fd/*; do echo -n \"${f##*/} \" >&3; done", NULL, out, sizeof out);
    close(stray);
    out[strcspn(out, "\n")] = '\0';
    assert_true(strncmp(out, "0 1 ", 4) == 0);
    assert_non_null(strstr(out, " 2 "));
    assert_non_null(strstr(out, " 3 "));
    char unwanted[16];
    snprintf(unwanted, sizeof unwanted, " %d ", stray);
    if (stray > 3)
        assert_null(strstr(out, unwanted));
}

TEST(test_descriptors_keep_their_order_when_they_overlap_their_targets)
{
    int a[2], b[2];
    assert_int_equal(pipe(a), 0);
    assert_int_equal(pipe(b), 0);
    /* whatever their numbers, they arrive swapped: 3 writes to b, 4 to a */
    int fds[] = {b[1], a[1]};
    char *argv[] = {shell, (char[]){"-c"}, (char[]){"echo -n three >&3; echo -n four >&4"}, NULL};
    pid_t pid = process_spawn(shell, argv, NULL, fds, 2, false);
    assert_int_equal(exit_status(pid), 0);
    char text[16] = {0};
    assert_int_equal(read(b[0], text, sizeof text), 5);
    assert_string_equal(text, "three");
    memset(text, 0, sizeof text);
    assert_int_equal(read(a[0], text, sizeof text), 4);
    assert_string_equal(text, "four");
    for (int i = 0; i < 2; i++) {
        close(a[i]);
        close(b[i]);
    }
}

TEST(test_environment_is_what_is_listed)
{
    setenv("GATEPOST_SECRET", "x", 1);
    setenv("GATEPOST_HANDED_ON", "yes", 1);
    const char *const environment[] = {"GATEPOST_GIVEN=1", "GATEPOST_HANDED_ON",
                                       "GATEPOST_NOT_SET_HERE", NULL};
    char out[256];
    run("echo -n "
        "\"$GATEPOST_SECRET|$GATEPOST_GIVEN|$GATEPOST_HANDED_ON|${GATEPOST_NOT_SET_HERE-none}\" "
        ">&3",
        environment, out, sizeof out);
    assert_string_equal(out, "|1|yes|none");
}

TEST(test_a_program_that_is_not_there_is_an_error)
{
    char *argv[] = {(char[]){"nothing"}, NULL};
    assert_int_equal(process_spawn("/nowhere/nothing", argv, NULL, NULL, 0, true), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie is left */
}

TEST(test_signals_are_reset)
{
    signal(SIGUSR1, SIG_IGN);
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    char out[512];
    run("grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\n\\t' >&3", NULL, out, sizeof out);
    assert_non_null(strstr(out, "SigBlk:0000000000000000"));
    const char *ignored = strstr(out, "SigIgn:");
    assert_non_null(ignored);
    /* 32 and 33 are glibc's own; make leaves them ignored, and nobody can change that through it */
    assert_int_equal(strtoull(ignored + strlen("SigIgn:"), NULL, 16) & ~UINT64_C(0x180000000), 0);
    sigprocmask(SIG_SETMASK, &before, NULL);
    signal(SIGUSR1, SIG_DFL);
}

TEST(test_a_tied_child_dies_with_its_parent)
{
    int alive[2];
    assert_int_equal(pipe(alive), 0);
    pid_t parent = fork();
    assert_true(parent >= 0);
    if (parent == 0) {
        char *argv[] = {(char[]){"sleep"}, (char[]){"600"}, NULL};
        pid_t child = process_spawn("/bin/sleep", argv, NULL, &alive[1], 1, true);
        _exit(child > 0 ? 0 : 1);
    }
    close(alive[1]);
    assert_int_equal(exit_status(parent), 0);
    char c;
    assert_int_equal(read(alive[0], &c, 1), 0); /* the end comes only when the child is gone too */
    close(alive[0]);
}

/* What a child finds after process_drop. */
static int dropped(void)
{
    const char *reason = "";
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!process_drop("nobody", getuid() == 0 ? "/var" : NULL, &reason))
        return 1;
    struct rlimit core;
    getrlimit(RLIMIT_CORE, &core);
    int tied = 0;
    prctl(PR_GET_PDEATHSIG, &tied);
    if (core.rlim_max != 0 || tied != SIGKILL || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 2;
    if (geteuid() == 0 || setresuid(0, 0, 0) == 0)
        return 3;
    return access("/etc/passwd", F_OK) == 0 ? 4 : 0;
}

TEST(test_root_is_dropped_for_good)
{
    if (getuid() != 0)
        skip();
    pid_t pid = fork();
    if (pid == 0)
        _exit(dropped());
    assert_int_equal(exit_status(pid), 0);
}

TEST(test_an_unknown_user_is_refused)
{
    if (getuid() != 0)
        skip();
    pid_t pid = fork();
    if (pid == 0) {
        const char *reason = "";
        bool ok = process_drop("no-such-user-here", NULL, &reason);
        _exit(!ok && strcmp(reason, "user no-such-user-here: does not exist") == 0 ? 0 : 1);
    }
    assert_int_equal(exit_status(pid), 0);
}

TEST(test_siblings_are_found)
{
    char path[512];
    setenv("GATEPOST_LIBEXEC", "/given", 1);
    assert_true(process_sibling("gatepost-x", path, sizeof path));
    assert_string_equal(path, "/given/gatepost-x");
    assert_false(process_sibling("gatepost-x", path, 8));
    unsetenv("GATEPOST_LIBEXEC");
    assert_true(process_sibling("test_process", path, sizeof path));
    assert_int_equal(access(path, X_OK), 0);
    assert_true(process_sibling("gatepost-nowhere", path, sizeof path));
    assert_string_equal(path, LIBEXECDIR "/gatepost-nowhere");
}
