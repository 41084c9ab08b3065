/* SPDX-License-Identifier: ISC
 * Questions of the control socket, and what the keeper answers. */
#ifndef KEEPER_ANSWERS_H
#define KEEPER_ANSWERS_H

#include "keeper/control.h"
#include "keeper/history.h"
#include "keeper/learning.h"
#include "keeper/lines.h"
#include "keeper/opinions.h"
#include "keeper/quarantine.h"

/* How what is kept does, beside `gateway`, which the parent has told. */
void answer_status(struct control *control, struct slice gateway, struct history *history,
                   const struct lines *lines, struct quarantine *quarantine);

/* Each NULL: none is kept. */
struct kept {
    struct history *history;
    struct quarantine *quarantine;
    struct opinions *opinions;
    struct learning *learning;
};

/* 0, or what the parent is to be asked for (enum keeper_message): the client waits for it. */
uint16_t answer_question(struct client *client, const struct ipc_message *question,
                         const struct kept *kept);

#endif
