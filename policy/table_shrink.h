/* SPDX-License-Identifier: ISC
 * A table's file that is suddenly much shorter is mostly the work of a program that failed half-way:
 * whom it does not list any more would be refused, or let in, for good. */
#ifndef POLICY_TABLE_SHRINK_H
#define POLICY_TABLE_SHRINK_H

#include "policy/lexer.h"

/* Puts what was in the file before in the place of what is there now, where the loader's guard has
 * it so: the table (name NULL: it has none) had 20 entries or more, and more than half of them are
 * gone. That is warned of at `user`, the sentence that names the file. */
void keep_if_shrunk(struct sources *sources, uint16_t file, const struct token *name,
                    struct span user);

#endif
