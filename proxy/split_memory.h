/* SPDX-License-Identifier: ISC
 * Messages of whose recipients some may have it and some may not: the sender got 451 once, and on
 * its retry the recipients are taken group by group (452 4.5.3 for the others). Here stands who
 * belonged to which group. Bounded, forgotten after a day. */
#ifndef PROXY_SPLIT_MEMORY_H
#define PROXY_SPLIT_MEMORY_H

#include "policy/value.h"

struct split_memory;

struct split_memory *split_memory_new(void); /* NULL: no memory */
void split_memory_free(struct split_memory **memory);

void split_remember(struct split_memory *memory, const struct ip *client, struct slice sender,
                    struct slice recipient, unsigned group);

/* The group (from 1), or 0: not remembered. */
unsigned split_group(const struct split_memory *memory, const struct ip *client,
                     struct slice sender, struct slice recipient);

#endif
