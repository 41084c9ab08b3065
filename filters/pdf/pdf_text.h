/* SPDX-License-Identifier: ISC
 * Names and strings of PDF as what they stand for (ISO 32000-2, 7.3.4, 7.3.5, 7.9.2). */
#ifndef FILTERS_PDF_PDF_TEXT_H
#define FILTERS_PDF_PDF_TEXT_H

#include "base/arena.h"

/* Is the name, as it is written behind its slash, this one? */
bool pdf_name_eq(struct slice raw, struct slice name);

/* The octets of a string as it is written between its brackets, (...) or <...>.
 * ptr is NULL when the arena is full. */
struct slice pdf_string(struct arena *arena, struct slice raw, bool hex);

/* A text string as clean UTF-8: from UTF-16 with its mark, or UTF-8; else Latin-1.
 * ptr is NULL when the arena is full or memory is out. */
struct slice pdf_clean(struct arena *arena, struct slice octets);

#endif
