/* SPDX-License-Identifier: ISC
 * What people have listed the sender as. */
#ifndef PROXY_EXAMINE_LISTED_H
#define PROXY_EXAMINE_LISTED_H

#include "proxy/examine/examination.h"

/* The facts about the sender, and those about From where it is known already, for this recipient (as it
 * is spelled). */
void listed_facts(struct examination *e, struct slice recipient);

#endif
