/* SPDX-License-Identifier: ISC
 * What the message at hand takes of a worker's time; and what the worker says, and then ends, when its
 * head has lost patience. One message at a time. */
#ifndef FILTERS_SCANNER_WORKER_TIME_H
#define FILTERS_SCANNER_WORKER_TIME_H

#include "filters/scanner/scan_serve.h"

#include <signal.h>

/* The head's signal to a worker that it is going to kill. */
enum { WORKER_OVERDUE = SIGXCPU };

/* From now on the worker hears it. Once, before the jail. False with errno. */
bool worker_time_init(void);

/* A message of so many octets is at hand, whose answer goes to `reply` (borrowed until the end); it is
 * overdue after `patience` milliseconds. And there is none any more. */
void worker_time_begin(const struct scan_reply *reply, uint64_t octets,
                       const struct scan_limits *limits, unsigned patience);
void worker_time_end(void);

/* Microseconds of CPU time that it has taken so far. */
uint32_t worker_time_used(void);

/* Whether that is so much more than it should be that it would be so on any machine. */
bool worker_time_is_excessive(void);

#endif
