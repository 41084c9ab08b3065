/* SPDX-License-Identifier: ISC */
#include "console/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNALS = sizeof signals / sizeof *signals };

static volatile sig_atomic_t came;

static void note(int number)
{
    came = number;
}

void interrupt_catch(void)
{
    struct sigaction action = {.sa_handler = note}; /* no SA_RESTART */
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &action, NULL);
}

void interrupt_let(void)
{
    for (int i = 0; i < SIGNALS; i++)
        signal(signals[i], SIG_DFL);
}

bool interrupt_came(void)
{
    return came != 0;
}

int interrupt_poll(struct pollfd *fds, nfds_t count, int timeout)
{
    sigset_t held, before;
    sigemptyset(&held);
    for (int i = 0; i < SIGNALS; i++)
        sigaddset(&held, signals[i]);
    sigprocmask(SIG_BLOCK, &held, &before);
    struct timespec time = {timeout / 1000, timeout % 1000 * 1000000L};
    int result = -1;
    errno = EINTR;
    if (!came)
        result = ppoll(fds, count, timeout < 0 ? NULL : &time, &before);
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return result;
}

void interrupt_end(void)
{
    if (!came)
        return;
    signal(came, SIG_DFL);
    raise(came);
}
