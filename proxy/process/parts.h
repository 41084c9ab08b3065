/* SPDX-License-Identifier: ISC
 * What a proxy is made of. All of it is made before the process locks itself up. */
#ifndef PROXY_PROCESS_PARTS_H
#define PROXY_PROCESS_PARTS_H

#include "proxy/process/program.h"

/* The configuration, out of the bundle, where the log goes, and keys and certificates. */
void parts_load(struct program *p);

/* All that sessions use together, as far as that configuration needs it. */
void parts_make(struct program *p);

#endif
