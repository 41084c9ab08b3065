/* SPDX-License-Identifier: ISC
 * Questions about what users think of messages. */
#ifndef KEEPER_OPINIONS_ANSWERS_H
#define KEEPER_OPINIONS_ANSWERS_H

#include "keeper/control.h"
#include "keeper/opinions.h"

/* Answers CONTROL_OPINIONS; `opinions` NULL: none are kept. False: it is another question. */
bool answer_opinions(struct client *client, const struct ipc_message *question,
                     struct opinions *opinions);

#endif
