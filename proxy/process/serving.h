/* SPDX-License-Identifier: ISC
 * From the start of a proxy to its end. */
#ifndef PROXY_PROCESS_SERVING_H
#define PROXY_PROCESS_SERVING_H

#include "proxy/process/program.h"

/* All is told: makes what it needs, locks itself up, and serves as soon as the loop runs. */
void serving_start(struct program *p);

/* Accepts on the listener of that place in p->listeners. */
void serving_accept(struct program *p, size_t i);

/* No new sessions; the loop ends with the last of the old ones. `stopping`, also of one that drains
 * already: those that are between commands end now, and nothing is waited for that may become one. */
void serving_drain(struct program *p, bool stopping);

#endif
