/* SPDX-License-Identifier: ISC
 * An admin's wish to have the configuration read anew, which the parent is told of. One at a time,
 * so that each hears of his own. */
#ifndef KEEPER_RELOAD_ANSWERS_H
#define KEEPER_RELOAD_ANSWERS_H

#include "keeper/control.h"

struct reloads {
    bool under_way; /* somebody waits for the parent's word */
};

/* False: it is another question. */
bool answer_reload(struct client *client, const struct ipc_message *question,
                   struct reloads *reloads);

/* The parent's word. */
void reloads_take(struct reloads *reloads, struct control *control, struct slice payload);

#endif
