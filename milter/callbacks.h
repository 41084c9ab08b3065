/* SPDX-License-Identifier: ISC
 * libmilter's callbacks: each says to a proxy what the mail server's client said, and answers what that answers. What
 * nobody answers is put off (SMFIS_TEMPFAIL). A conversation that has ended between two messages (a reload, a
 * time-out, a proxy that died) is begun anew with the next. */
#ifndef MILTER_CALLBACKS_H
#define MILTER_CALLBACKS_H

#include <libmilter/mfapi.h>

/* `queue`: where proxies wait. `most`: connections at a time; one more is not served. `deaf` is called when the queue was
 * closed, and does not return. */
struct smfiDesc callbacks_for(int queue, unsigned most, void (*deaf)(void));

/* Connections that are open. */
unsigned callbacks_open(void);

#endif
