/* SPDX-License-Identifier: ISC
 * The kernel's switches that matter to what is taken off the wire. */
#ifndef CONSOLE_TRANSPARENT_SWITCHES_H
#define CONSOLE_TRANSPARENT_SWITCHES_H

#include "console/transparent/capture_rules.h"

struct kernel_switch {
    const char *path; /* below /proc/sys; sysctl takes it as well */
    int value;
    bool optional; /* it need not be there */
    const char *why;
};

#define SWITCH_VALID_MARK "with 1, what is marked is dropped as forged"

enum { SWITCHES_MAX = 5 };

/* Those that are wanted. Returns how many. */
size_t kernel_switches(const struct capture_plan *plan, const struct capture_options *options,
                       struct kernel_switch out[static SWITCHES_MAX]);

#endif
