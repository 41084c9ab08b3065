/* SPDX-License-Identifier: ISC */
#include "parent/parent_pulse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where /proc hides it, nobody is. */
static bool is_debugged(pid_t pid)
{
    static const char tracer[] = "TracerPid:";
    char path[48], line[128];
    bool found = false;
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *status = fopen(path, "re");
    while (status && !found && fgets(line, sizeof line, status))
        found = strncmp(line, tracer, sizeof tracer - 1) == 0;
    if (status)
        fclose(status);
    return found && strtol(line + sizeof tracer - 1, NULL, 10) != 0;
}

bool pulse_is_gone(struct pulse *pulse, const struct shared *shared, unsigned row, pid_t pid,
                   int64_t now)
{
    if (now < pulse->look_at)
        return false;
    pulse->look_at = now + PULSE_LOOK_EVERY;
    uint64_t pulses = shared_pulses(shared, row);
    bool turns = pulses == 0 || pulses != pulse->seen;
    pulse->seen = pulses;
    pulse->still = turns ? 0 : pulse->still + 1;
    if (pulse->still < PULSE_LOOKS)
        return false;
    pulse->still = 0;
    return !is_debugged(pid);
}
