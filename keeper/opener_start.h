/* SPDX-License-Identifier: ISC
 * How a program of the keeper's that has a private key starts: options of the parent's, the log, the
 * jail. */
#ifndef KEEPER_OPENER_START_H
#define KEEPER_OPENER_START_H

#include "base/ipc.h"

struct opener_options {
    const char *user, *chroot, *log_to, *log_format, *log_level;
    const char *listen,
        *most; /* gatepost-milter's place, and how many may ask at a time; NULL: not said */
};

/* False: they are not as the parent gives them. */
bool opener_options_read(int argc, char *argv[], struct opener_options *out);

/* `program` must outlive the process. */
void opener_log(const char *program, const struct opener_options *options);

/* A descriptor of epoll that has news of both sockets: -1 with errno. */
int opener_watch(int control, int work);

/* Enters the jail. NULL, or why not. */
const char *opener_lock_up(const struct opener_options *options);

/* Tells the parent why on its socket, as this type. */
void opener_tell_failure(int control, uint16_t type, const char *reason);

#endif
