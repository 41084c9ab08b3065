/* SPDX-License-Identifier: ISC
 * Messages of whose recipients some may have it and some may not: the sender got 451 once, and on
 * its retry the recipients are taken group by group (452 4.5.3 for the others). Who belonged to
 * which group stands in the shared table, so the retry may come to any proxy; for a day. */
#ifndef PROXY_SPLIT_MEMORY_H
#define PROXY_SPLIT_MEMORY_H

#include "proxy/shared.h"

void split_remember(struct shared *shared, const struct ip *client, struct slice sender,
                    struct slice recipient, unsigned group);

/* The group (from 1), or 0: not remembered. */
unsigned split_group(const struct shared *shared, const struct ip *client, struct slice sender,
                     struct slice recipient);

#endif
