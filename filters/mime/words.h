/* SPDX-License-Identifier: ISC
 * The text of header fields: encoded words (RFC 2047) and raw octets become
 * clean UTF-8. As tolerant as clients are:
 * words within quotes and within words, words split in mid character, wrong padding. */
#ifndef FILTERS_MIME_WORDS_H
#define FILTERS_MIME_WORDS_H

#include "base/arena.h"
#include "base/slice.h"
#include "filters/mime/malformation.h"

/* Opens all allowed charsets: call it before the jail closes. */
void words_warm_up(void);

/* True when there is something that begins as an encoded word does. */
bool words_present(struct slice text);

/* Decodes text (unfolded, see header_unfold) into the arena. ptr is NULL when the arena is full.
 * What was odd is added to *odd. */
struct slice words_decode(struct arena *arena, struct slice text, struct malformations *odd);

#endif
