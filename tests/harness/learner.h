/* SPDX-License-Identifier: ISC
 * The programs that are built, started as the parent starts them. To be included by one file of a program. */
#ifndef TESTS_HARNESS_LEARNER_H
#define TESTS_HARNESS_LEARNER_H

#include "base/process.h"
#include "common/learning.h"
#include "keeper/seal.h"
#include "tests/harness/unit.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct program {
    pid_t pid; /* 0: it does not run */
    int control;
};

static char inbox[IPC_PAYLOAD_MAX + 2];
static struct program learner;

/* fds[0] is the end of its control socket. */
static inline void program_start(struct program *program, char *const argv[], int *fds,
                                 size_t fd_count)
{
    /* Who has locked himself up cannot be searched for leaks. */
    static const char *const environment[] = {
        "GATEPOST_SANDBOX", "ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=0",
        "UBSAN_OPTIONS", NULL};
    char path[PATH_MAX];
    int ends[2];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 64);
    assert_true(len > 0);
    path[len] = '\0';
    *strrchr(path, '/') = '\0';
    strcpy(strrchr(path, '/') + 1, argv[0]);
    assert_int_equal(ipc_pair(ends), 0);
    fds[0] = ends[1];
    program->pid = process_spawn(path, argv, environment, fds, fd_count, true);
    if (program->pid < 0)
        fail_msg("%s: %s", path, strerror(errno));
    close(ends[1]);
    program->control = ends[0];
}

/* By a signal, or with 0 as the parent does it. */
static inline void program_end(struct program *program, int signal, uint16_t end)
{
    int status;
    if (program->pid <= 0)
        return;
    if (signal)
        kill(program->pid, signal);
    else
        ipc_send(program->control, end, (struct slice){NULL, 0}, NULL, 0, true);
    assert_int_equal(waitpid(program->pid, &status, 0), program->pid);
    if (!signal)
        assert_int_equal(status, 0);
    close(program->control);
    program->pid = 0;
}

static unsigned char learner_secret[LEARN_SHARED]; /* of the last that was started */

/* *key is the one that vectors are to be sealed to. */
static inline void learner_start(int keeper, int key_file, struct seal_key *key)
{
    char name[] = "gatepost-learn", user[] = "--user", nobody[] = "nobody";
    char *const argv[] = {name, user, nobody, NULL};
    int fds[] = {-1, keeper, key_file};
    struct ipc_message message;
    program_start(&learner, argv, fds, 3);
    assert_int_equal(ipc_recv(learner.control, &message, inbox, sizeof inbox, true), 1);
    struct unpack in = {.left = message.payload};
    struct slice public = unpack_slice(&in), secret = unpack_slice(&in);
    if (message.type == LEARNER_FAILED)
        fail_msg("%.*s", SLICE_ARGS(public));
    assert_int_equal(message.type, LEARNER_READY);
    assert_int_equal(public.len, SEAL_KEY);
    assert_int_equal(secret.len, sizeof learner_secret);
    memcpy(learner_secret, secret.ptr, sizeof learner_secret);
    assert_true(seal_key_of((const unsigned char *)public.ptr, key));
}

static inline void learner_end(int signal)
{
    program_end(&learner, signal, LEARNER_END);
}

#endif
