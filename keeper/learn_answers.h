/* SPDX-License-Identifier: ISC
 * Questions about what is learnt. */
#ifndef KEEPER_LEARN_ANSWERS_H
#define KEEPER_LEARN_ANSWERS_H

#include "keeper/control.h"
#include "keeper/learning.h"

/* Answers CONTROL_MODEL and CONTROL_LEARN and its like; `learning` NULL: nothing is learnt. False: it is
 * another question. */
bool answer_learn(struct client *client, const struct ipc_message *question,
                  struct learning *learning);

#endif
