/* SPDX-License-Identifier: ISC */
#include "base/patience.h"

#include <signal.h>
#include <sys/time.h>

enum { PACE_US = 100000 };

static void nothing(int sig)
{
    (void)sig;
}

bool patience_ends(void)
{
    const struct itimerval pace = {{0, PACE_US}, {0, PACE_US}};
    struct sigaction action = {.sa_handler = nothing, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    return sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &pace, NULL) == 0;
}
