/* SPDX-License-Identifier: ISC
 * What a message says and where it points, in short. */
#ifndef CONSOLE_REPORT_WORDS_H
#define CONSOLE_REPORT_WORDS_H

#include "console/page.h"
#include "policy/facts.h"

void report_words(struct page *page, const struct facts *facts);

#endif
