/* SPDX-License-Identifier: ISC
 * What users of a running gateway think of messages. */
#ifndef CONSOLE_OPINED_H
#define CONSOLE_OPINED_H

#include "common/opinion.h"
#include "console/ask.h"

/* Asks on `sock`, page by page, and calls `take` with each opinion of an address (empty: of all), in the
 * order in which they came; its texts are valid during the call. False: what is wrong was said. */
bool opined_each(int sock, struct slice address,
                 void (*take)(void *ctx, const struct opinion *opinion), void *ctx);

/* A JSON object. */
void opined_json(struct buf *out, const struct opinion *opinion);

/* In hex. */
void opined_message(struct buf *out, const struct opinion *opinion);

#endif
