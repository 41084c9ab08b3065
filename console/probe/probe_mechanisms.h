/* SPDX-License-Identifier: ISC
 * How users may log in, by what a server says of itself. */
#ifndef CONSOLE_PROBE_PROBE_MECHANISMS_H
#define CONSOLE_PROBE_PROBE_MECHANISMS_H

#include "policy/config.h"

struct mechanisms {
    unsigned has;       /* a bit for each that it offers */
    unsigned with_plus; /* those that it can bind to TLS */
    unsigned usable;    /* those that a listener before it may offer */
};

/* The gateway takes the password by any of these, and tells it the way that the server has. */
enum {
    MECHANISMS_BY_PASSWORD = 1 << MECHANISM_USER | 1 << MECHANISM_PLAIN | 1 << MECHANISM_LOGIN,
};

/* Names between blanks, such as the server says them, are added to those found; what is none of
 * ours is passed over. */
void mechanisms_take(struct mechanisms *found, struct slice names);

/* When all were taken: which are usable; of those with a password these. */
void mechanisms_by_password(struct mechanisms *found, unsigned usable);

#endif
