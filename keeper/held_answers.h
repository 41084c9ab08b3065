/* SPDX-License-Identifier: ISC
 * Questions of the control socket about what is held. */
#ifndef KEEPER_HELD_ANSWERS_H
#define KEEPER_HELD_ANSWERS_H

#include "keeper/control.h"
#include "keeper/quarantine.h"

/* False: it is no such question. `quarantine` NULL: nothing can be held. */
bool answer_held(struct client *client, const struct ipc_message *question,
                 struct quarantine *quarantine);

#endif
