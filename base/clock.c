/* SPDX-License-Identifier: ISC */
#include "base/clock.h"

#include <time.h>

static int64_t advanced_ms;

int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + advanced_ms;
}

int64_t clock_wall(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec + advanced_ms / 1000;
}

int64_t clock_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + advanced_ms;
}

void clock_advance(int64_t ms)
{
    advanced_ms += ms;
}
