/* SPDX-License-Identifier: ISC
 * Tables whose entries have a value each: table limits { "example.com" -> 10MiB }. In a file a line
 * is KEY -> VALUE, and a value that is no number, size or duration is a text. All values of a table
 * are of one kind. */
#ifndef POLICY_PAIRS_H
#define POLICY_PAIRS_H

#include "policy/table.h"

/* Whether the next token is the arrow behind a key; takes it. */
bool accept_arrow(struct parser *parser);

/* Adds an entry with what stands behind its arrow. False: reported, or memory is out. */
bool pairs_add(struct parser *parser, struct table *table, const struct token *key,
               const struct token *value);

/* "key -> value" as it stands in a file: what is in front of the arrow; all of it where there is
 * none. */
struct slice pairs_key(struct slice line);

/* Reads a file of pairs: one that has an arrow in its first entry. False: memory. */
bool pairs_in_file(struct slice text);
bool pairs_read(struct parser *parser, struct table *table, uint16_t file);

/* What its values are. NULL: it is a table without values. */
const struct type *pairs_type(const struct table *table);

/* The value of the entry that is the text, else of the longest ending; absent when there is none.
 * `letters`: as table_holds_letters. */
struct value pairs_look_up(const struct table *table, struct slice text, bool letters);

/* Where the entry of this number stands. */
struct span pairs_place(const struct table *table, size_t number);

#endif
