/* SPDX-License-Identifier: ISC
 * What this host lacks for connections to come to transparent listeners. */
#ifndef CONSOLE_TRANSPARENT_HOST_MISSING_H
#define CONSOLE_TRANSPARENT_HOST_MISSING_H

#include "console/transparent/capture_rules.h"

struct host_check {
    const struct capture_plan *plan;
    const struct capture_rules *rules;
    const struct capture_options *options;
    struct slice again;  /* the command that mends what rules and routes lack */
    struct buf *missing; /* a line each */
    size_t count;        /* of these lines */
    bool unseen;         /* something could not be looked at */
};

/* Adds a line: what is missing, and the command that mends it. */
void host_lacks(struct host_check *check, struct slice what, struct slice mend);

/* Something cannot be looked at; a line as well. */
void host_hides(struct host_check *check, const char *what);

/* Whether a member of what a program told is this text. */
bool host_text_is(const json_t *object, const char *key, const char *value);

void host_check_nft(struct host_check *check);
void host_check_routes(struct host_check *check);
void host_check_sysctls(struct host_check *check);

#endif
