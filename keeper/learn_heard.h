/* SPDX-License-Identifier: ISC
 * Which labels of a build are learnt: those of users who are alone with what they say of a message only
 * where others say the same of messages that are like it (learn_agree.h). */
#ifndef KEEPER_LEARN_HEARD_H
#define KEEPER_LEARN_HEARD_H

#include "keeper/learn_build.h"

/* Of `count` labels, in their order: the caller's (free()). NULL: out of memory. */
bool *learn_heard(const struct learn_given *given, const struct learn_helper *helper,
                  uint32_t count);

#endif
