/* SPDX-License-Identifier: ISC
 * Linked into gatepost and gatepost-proxy for tests that would wait for the clock: the signal
 * SIGRTMIN + 1 with a number moves base/clock.h on by so many milliseconds, and ends a wait. */
#include "base/clock.h"

#include <signal.h>
#include <stddef.h>

static void obey(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    clock_advance(info->si_value.sival_int);
}

__attribute__((constructor)) static void listen_to_the_test(void)
{
    struct sigaction action = {.sa_sigaction = obey, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigaction(SIGRTMIN + 1, &action, NULL);
}
