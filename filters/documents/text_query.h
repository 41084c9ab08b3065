/* SPDX-License-Identifier: ISC
 * Texts that Excel does more with than show them: SYLK (.slk), which may hold a macro sheet, and web
 * queries (.iqy). */
#ifndef FILTERS_DOCUMENTS_TEXT_QUERY_H
#define FILTERS_DOCUMENTS_TEXT_QUERY_H

#include "filters/documents/macros.h"

bool text_query_is(struct slice content);

/* Adds to *out what text_query_is says. */
void text_query_inspect(struct slice content, struct office_findings *out);

#endif
