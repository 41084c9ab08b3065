/* SPDX-License-Identifier: ISC
 * What a record can be found by: the words of the full-text index. */
#ifndef KEEPER_HISTORY_WORDS_H
#define KEEPER_HISTORY_WORDS_H

#include "common/record.h"

enum history_column { COLUMN_PEOPLE, COLUMN_SUBJECT, COLUMN_MESSAGE_ID, COLUMN_CLIENT, COLUMNS };

/* The text of that column: `out` is cleared first. */
void history_words(const struct record *record, enum history_column column, struct buf *out);

/* A search for these words, side by side, as FTS5 wants it. */
void history_phrase(struct slice words, struct buf *out);

#endif
