/* SPDX-License-Identifier: ISC
 * How users may log in, by what a server says of itself (POP3: CAPA). */
#ifndef CONSOLE_PROBE_MECHANISMS_H
#define CONSOLE_PROBE_MECHANISMS_H

#include "policy/config.h"

struct mechanisms {
    unsigned has;       /* a bit for each that it offers */
    unsigned with_plus; /* those that it can bind to TLS */
    unsigned usable;    /* those that a listener before it may offer */
};

/* From lines of capabilities; *words is what it says, for people. */
struct mechanisms mechanisms_read(struct arena *arena, struct slice capabilities,
                                  struct slice *words);

#endif
