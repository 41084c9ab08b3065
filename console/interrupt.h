/* SPDX-License-Identifier: ISC
 * Ctrl-C and its like: everything is put away before the end. */
#ifndef CONSOLE_INTERRUPT_H
#define CONSOLE_INTERRUPT_H

#include <poll.h>
#include <stdbool.h>

/* From here on SIGINT, SIGTERM and SIGHUP only make system calls return EINTR. */
void interrupt_catch(void);
bool interrupt_came(void);

/* From here on they end the process again, there being nothing to be put away. */
void interrupt_let(void);

/* poll() that misses no signal: -1 with EINTR also when one came before. */
int interrupt_poll(struct pollfd *fds, nfds_t count, int timeout);

/* Ends the process by the signal that came; returns when none did. */
void interrupt_end(void);

#endif
