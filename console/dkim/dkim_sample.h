/* SPDX-License-Identifier: ISC
 * What a running gateway signs: it is asked for a message of each domain (CONTROL_SAMPLE), and the
 * signatures of that are verified. */
#ifndef CONSOLE_DKIM_DKIM_SAMPLE_H
#define CONSOLE_DKIM_DKIM_SAMPLE_H

#include "console/ask.h"
#include "console/dkim/dkim_verify.h"

struct dkim_sample {
    struct slice message;
    struct dkim_verdicts verdicts;
};

struct dkim_samples {
    struct dkim_sample *each;
    size_t count;
    bool asked; /* a gateway was there */
    char
        trouble[ASK_REASON_MAX]; /* not asked: why; asked: why one or more are not here. Or empty */
};

/* Of that domain (A-labels; ptr NULL: of all that the configuration names). All that is here was
 * verified, by a scanner whose options become part of the configuration; texts go into the arena. */
void dkim_samples_get(struct dkim_samples *samples, struct config *config, struct slice domain,
                      struct dkim_dns *dns, struct arena *arena);

/* The signature with this key, the one that does not verify before one that does; NULL: there is
 * none. *message: of which it is. */
const struct dkim_verdict *dkim_samples_find(const struct dkim_samples *samples,
                                             struct slice domain, struct slice selector,
                                             struct slice algorithm, struct slice *message);

#endif
