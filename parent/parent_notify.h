/* SPDX-License-Identifier: ISC
 * Telling systemd how we are (sd_notify(3)): a datagram to the socket that NOTIFY_SOCKET names.
 * Does nothing without it. */
#ifndef PARENT_PARENT_NOTIFY_H
#define PARENT_PARENT_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);
void notify_alive(void);

/* It keeps a copy of a descriptor under a name without colons, beyond our end; and closes all of a name. False: it was not told. */
bool notify_keep(int fd, const char *name);
void notify_forget(const char *name);

/* How often notify_alive is wanted, in milliseconds; 0: never. */
int64_t notify_alive_interval(void);

#endif
