/* SPDX-License-Identifier: ISC
 * Whom a message's author could be taken for (filters/likeness/likeness.h). */
#ifndef PROXY_EXAMINE_LIKENED_H
#define PROXY_EXAMINE_LIKENED_H

#include "proxy/examine/examination.h"

/* Sets those facts, the same for all recipients, if a rule asks for them and what a scanner says of the
 * message is there. */
void likened_facts(struct examination *e);

#endif
