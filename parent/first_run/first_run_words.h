/* SPDX-License-Identifier: ISC
 * What was found on the wire, for people. */
#ifndef PARENT_FIRST_RUN_FIRST_RUN_WORDS_H
#define PARENT_FIRST_RUN_FIRST_RUN_WORDS_H

#include "parent/first_run/first_run_wire.h"

#include <stdio.h>

/* Whether it takes any address of at least one domain, and so cannot say who exists. */
bool wire_accepts_any(const struct wire_findings *findings);
/* Whether it refuses one that does not exist in each domain that it was asked about. */
bool wire_knows_recipients(const struct wire_findings *findings);

void wire_words(const struct answers *answers, const struct wire_findings *findings, FILE *out);

/* How a server that takes any address is helped. */
void wire_advice(FILE *out);

#endif
