/* SPDX-License-Identifier: ISC
 * Named sets. An entry is a text; "*.example.com" stands for whatever ends with
 * ".example.com", "@example.com" for every address at example.com.
 * Case does not count: in texts of no letter, in names of those of ASCII. */
#ifndef POLICY_TABLE_H
#define POLICY_TABLE_H

#include "policy/parser.h"

struct table_origin;

enum { TABLE_ENTRY_MAX = 1000 /* octets */ };

/* An empty table in the sources' arena for about `expected` entries. NULL: memory. */
struct table *table_new(struct sources *sources, size_t expected);

/* Adds a copy of the entry. False: memory. */
bool table_add(struct sources *sources, struct table *table, struct slice entry);

/* The same with a number other than 0, for who keeps more of it elsewhere (pairs.h). */
bool table_add_numbered(struct sources *sources, struct table *table, struct slice entry,
                        size_t number);

/* Every text that it is asked by, one after the other, in no order; *at is 0 at first. */
bool table_each(const struct table *table, size_t *at, struct slice *entry);

size_t table_count(const struct table *table);

/* The number of this very entry; of the entry that stands for the text: the text itself, else the
 * longest ending. 0: there is none, or it has no number. */
size_t table_number_of(const struct table *table, struct slice entry);
size_t table_number_for(const struct table *table, struct slice text, bool letters);

/* Whether a text is in it, letters of any case being the same (policy/letters.h): table_holds_text
 * is for names, of whose letters those of ASCII alone have none. */
bool table_holds_letters(const struct table *table, struct slice text);

/* Where a table of pairs keeps its values. */
struct pairs;
struct pairs *table_pairs(const struct table *table);
void table_set_pairs(struct table *table, struct pairs *pairs);

/* Makes the table answer for addresses.
 * False: *bad is an entry that is neither an address nor a network. */
bool table_as_networks(struct sources *sources, struct table *table, struct slice *bad);
bool table_holds_ip(const struct table *table, const struct ip *ip);
/* Whether it has every IPv4 or every IPv6 address: 0.0.0.0/0, ::/0. */
bool table_holds_all(const struct table *table);

/* One entry a line; blanks around it and what follows a # are left out. Into a table that has no
 * entries yet, once; the text must live as long. */
bool table_read(struct sources *sources, struct table *table, struct slice text);

/* Into such a table: what is in a file, as its index has it. False: memory. */
struct table_file;
bool table_take_file(struct sources *sources, struct table *table, const struct table_file *file);
const struct table_file *table_in_file(const struct table *table);

/* Whether its text has names of one spelling alone, so that none need be looked at for another. */
bool table_is_plain(const struct table *table);

/* The next entry of such a text: *text is what follows it. False: there is none. */
bool table_line(struct slice *text, struct slice *entry);

/* Where it was read from: filled in by whoever reads it. */
struct table_origin *table_origin(const struct table *table);

/* The table of that name; NULL: reported. Marks it used. */
struct table *find_table(struct parser *parser, const struct token *name);

#endif
