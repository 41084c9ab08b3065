/* SPDX-License-Identifier: ISC
 * What the parent tells a proxy (messages.def). */
#ifndef PROXY_PROCESS_TOLD_H
#define PROXY_PROCESS_TOLD_H

#include "proxy/process/program.h"

/* Takes in one message; before the loop runs, waits for it. False: there is none. When the parent is
 * gone or out of its table, there is no going on. */
bool told(struct program *p, bool wait);

#endif
