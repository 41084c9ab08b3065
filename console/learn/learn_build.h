/* SPDX-License-Identifier: ISC
 * Asking for a model of all that is known, and what came of it. */
#ifndef CONSOLE_LEARN_LEARN_BUILD_H
#define CONSOLE_LEARN_LEARN_BUILD_H

#include <jansson.h>
#include <stdbool.h>

/* Asks on `sock` and waits, with the progress on standard error. The outcome, the caller's; NULL: what
 * is wrong was said. */
json_t *learn_have_built(int sock);

/* Words about it, for people, on standard output. */
void learn_build_say(const json_t *outcome);

/* Whether that is how it should be: a model, or too little is known for one. */
bool learn_build_is_well(const json_t *outcome);

#endif
