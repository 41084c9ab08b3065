/* SPDX-License-Identifier: ISC
 * Proxies that run are told what is another than when they were started; at their start they are told all
 * (parent_slot_tell.c). Each of these does nothing when there is no news. */
#ifndef PARENT_PARENT_TELL_H
#define PARENT_PARENT_TELL_H

#include "parent/parent_slot.h"

/* Keys of tickets, after each rotation. */
void tell_tickets(struct parent *parent);

/* Another queue, and whether anybody serves there. */
void tell_family(struct parent *parent, struct scanners *scanners);

/* What the keeper has made: to the scanners. Those that know it come in the place of those that do not. */
void tell_model(struct parent *parent);

/* Queues, lists and marks of the other helpers. */
void tell_helpers(struct parent *parent, int64_t now);

#endif
