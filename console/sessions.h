/* SPDX-License-Identifier: ISC
 * The sessions of a running gateway. */
#ifndef CONSOLE_SESSIONS_H
#define CONSOLE_SESSIONS_H

#include "console/ask.h"
#include "console/page.h"

#include <jansson.h>

/* An array of objects, the oldest first; the caller's. NULL: what is wrong was said. */
json_t *sessions_ask(const struct asking *asking);

/* Two lines for each of the first `most`, and how many more there are. */
void sessions_page(struct page *page, const json_t *sessions, size_t most);

#endif
