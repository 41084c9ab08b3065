/* SPDX-License-Identifier: ISC
 * What became of a message, in words. */
#ifndef CONSOLE_STORY_H
#define CONSOLE_STORY_H

#include "common/record.h"
#include "console/page.h"

/* Appends what the record tells. Everything from outside is escaped. */
void story_tell(struct page *page, const struct record *record);

#endif
