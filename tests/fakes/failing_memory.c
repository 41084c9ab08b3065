/* SPDX-License-Identifier: ISC
 * Linked into gatepost and gatepost-proxy for tests/gateway/test_no_memory.py (the linker wraps the
 * functions, see the Makefile). The signal SIGRTMIN with a number n lets the n-th allocation of our
 * own code from then on fail, with -n that and all that follow; with 0 none fails any more, and
 * "allocations=N failed=M" is said. What libraries allocate is theirs. */
#include "tests/harness/wrapped_malloc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t fails_at, for_ever, count, failed;

static bool is_out(void)
{
    count++;
    bool out = fails_at && (for_ever ? count >= fails_at : count == fails_at);
    failed += out;
    if (out)
        errno = ENOMEM;
    return out;
}

static void obey(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    int n = info->si_value.sival_int;
    char text[80];
    if (n == 0) {
        int len =
            snprintf(text, sizeof text, "allocations=%d failed=%d\n", (int)count, (int)failed);
        ssize_t written = write(STDERR_FILENO, text, (size_t)len);
        (void)written;
    }
    count = failed = 0;
    for_ever = n < 0;
    fails_at = n < 0 ? -n : n;
}

__attribute__((constructor)) static void listen_to_the_test(void)
{
    struct sigaction action = {.sa_sigaction = obey, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGRTMIN, &action, NULL);
}
