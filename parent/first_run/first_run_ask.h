/* SPDX-License-Identifier: ISC
 * Questions on a terminal. */
#ifndef PARENT_FIRST_RUN_FIRST_RUN_ASK_H
#define PARENT_FIRST_RUN_FIRST_RUN_ASK_H

#include "parent/first_run/first_run_answers.h"

/* Whether somebody can be asked. */
bool ask_can(void);

/* Asks until the answer can be taken; an empty one is `standard` (NULL: there is none). False: nobody answers any
 * more. */
bool ask_topic(struct answers *answers, enum topic topic, const char *standard);

/* A question that is answered with yes or no; anything else, and silence, is no. */
bool ask_yes(const char *question);

#endif
