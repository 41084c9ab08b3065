/* SPDX-License-Identifier: ISC
 * Characters that stand in no configuration, and what was probably meant by them. */
#ifndef POLICY_FOREIGN_H
#define POLICY_FOREIGN_H

#include "base/slice.h"

/* What to say of what `text` begins with, and in *len how much of it is one mistake: a whole text in
 * wrong quotes, up to the end of its line. */
const char *foreign_hint(struct slice text, size_t *len);

#endif
