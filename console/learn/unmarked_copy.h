/* SPDX-License-Identifier: ISC
 * A message that is there without what rules of this site have put on it when it came (filters/unmarked.h). */
#ifndef CONSOLE_LEARN_UNMARKED_COPY_H
#define CONSOLE_LEARN_UNMARKED_COPY_H

#include "policy/policy.h"

/* `message`: a sealed memfd, which is closed; another one, or itself where it has no marks. -1 with errno. */
int unmarked_copy(int message, const struct policy *policy);

#endif
