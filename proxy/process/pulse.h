/* SPDX-License-Identifier: ISC
 * That this proxy's loop turns, for the parent to see (parent/parent_pulse.h). */
#ifndef PROXY_PROCESS_PULSE_H
#define PROXY_PROCESS_PULSE_H

#include "proxy/process/proxy.h"

/* From now on, until the loop ends. False: out of memory. */
bool pulse_start(struct proxy *proxy);

#endif
