/* SPDX-License-Identifier: ISC
 * An admin's wish to see a message of a domain signed as what leaves is: the parent is told of it, and
 * has a proxy make one. One at a time, so that each hears of his own. */
#ifndef KEEPER_SAMPLE_ANSWERS_H
#define KEEPER_SAMPLE_ANSWERS_H

#include "keeper/control.h"

struct samples {
    int64_t until; /* somebody waits for the parent's word, so long at most: clock_ms */
};

/* False: it is another question. */
bool answer_sample(struct client *client, const struct ipc_message *question,
                   struct samples *samples);

/* The parent's word. */
void samples_take(struct samples *samples, struct control *control, struct slice payload);

#endif
