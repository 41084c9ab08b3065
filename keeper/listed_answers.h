/* SPDX-License-Identifier: ISC
 * Questions of the control socket about lists of senders. */
#ifndef KEEPER_LISTED_ANSWERS_H
#define KEEPER_LISTED_ANSWERS_H

#include "keeper/control.h"
#include "keeper/listed.h"

/* False: it is no such question. *changed: the lists are others now. `listed` NULL: they cannot be
 * kept. */
bool answer_listed(struct client *client, const struct ipc_message *question, struct listed *listed,
                   bool *changed);

#endif
