/* SPDX-License-Identifier: ISC
 * Texts in UTF-16, as far as their structure goes. */
#ifndef FILTERS_FILES_WIDE_TEXT_H
#define FILTERS_FILES_WIDE_TEXT_H

#include "base/slice.h"

/* Does it begin as a text in UTF-16 does, with or without a mark? */
bool wide_text_is(struct slice text);

/* Writes it in ASCII, '?' for what is none, into `out`, which has room for half the octets. Returns
 * how many that are. */
size_t wide_text_narrow(struct slice text, char *out);

#endif
