/* SPDX-License-Identifier: ISC
 * Records that a running gateway is asked for. */
#ifndef CONSOLE_FOUND_H
#define CONSOLE_FOUND_H

#include "common/record.h"
#include "console/ask.h"

/* Asks for them, page by page, and calls `take` with each that can be read, the newest first, `most`
 * of them; `arena` is the caller's, and is reset before each. False: what is wrong was said. */
bool found_each(const struct asking *asking, const struct control_find *find, size_t most,
                struct arena *arena, void (*take)(void *ctx, const struct record *record),
                void *ctx);

/* Whether it is one of a session ("d7fa930e1000") or of what happened in it ("d7fa930e1000.2", and "d7fa930e1000.m2",
 * a message that was read). Digits alone are one as well, where they are as many. */
bool found_is_reference(struct slice word);

/* A reference, or the part before the dot of those of a session; else words to search for. */
void found_by(struct control_find *find, const char *word);

/* The options that narrow it down: `letter` as getopt_long gave it. False: none of them, or its
 * argument is wrong. */
bool found_option(struct control_find *find, int letter);
#define FOUND_OPTIONS                                                                              \
    {"since", required_argument, NULL, 's'}, {"until", required_argument, NULL, 'u'},              \
        {"verdict", required_argument, NULL, 'v'}, {"client", required_argument, NULL, 'a'},       \
    {                                                                                              \
        "rule", required_argument, NULL, 'r'                                                       \
    }

#endif
