/* SPDX-License-Identifier: ISC
 * Of one user's messages only some are examined at once in a proxy, however many sessions he has: others
 * are served meanwhile. */
#ifndef PROXY_READER_TURNS_H
#define PROXY_READER_TURNS_H

#include <stdbool.h>
#include <sys/queue.h>

struct fetched;
struct proxy;

enum turn { TURN_NOT_ASKED, TURN_AWAITED, TURN_TAKEN };

/* Whether the message's turn is now; if not, `begin` is called when it comes. One that has it keeps it. */
bool turn_take(struct fetched *f, void (*begin)(struct fetched *f));

/* It is over, or not awaited any more. */
void turn_end(struct fetched *f);

#endif
