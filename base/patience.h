/* SPDX-License-Identifier: ISC
 * Descriptors that others give us. Who owns a socket last waits in close() as long as its maker has
 * said (SO_LINGER), also where it was never taken off the queue: a signal ends that. */
#ifndef BASE_PATIENCE_H
#define BASE_PATIENCE_H

#include <stdbool.h>

/* From now on this process is reminded again and again that it has other things to do. False with
 * errno. To be called before the doors close. */
bool patience_ends(void);

#endif
