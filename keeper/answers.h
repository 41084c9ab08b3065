/* SPDX-License-Identifier: ISC
 * Questions of the control socket, and what the keeper answers. */
#ifndef KEEPER_ANSWERS_H
#define KEEPER_ANSWERS_H

#include "keeper/control.h"
#include "keeper/history.h"
#include "keeper/lines.h"

/* `history` NULL: none is kept. */
void answer_question(struct client *client, const struct ipc_message *question,
                     struct history *history, const struct lines *lines);

#endif
