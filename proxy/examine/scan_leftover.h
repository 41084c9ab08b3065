/* SPDX-License-Identifier: ISC
 * Jobs of sessions that have gone away: they are on the queue, or in a scanner, all the same, and keep
 * their network's place until they are through. What they took is charged as if somebody had waited for it. */
#ifndef PROXY_EXAMINE_SCAN_LEFTOVER_H
#define PROXY_EXAMINE_SCAN_LEFTOVER_H

#include "proxy/examine/examination.h"

/* Takes over the job's place and its ticket. False: it has no place, is through, or memory is out. */
bool scan_leftover_keep(struct scan_wait *wait);

#endif
