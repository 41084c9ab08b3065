/* SPDX-License-Identifier: ISC
 * Named sets. An entry is a text; "*.example.com" stands for whatever ends with ".example.com",
 * "@example.com" for every address at example.com. Letters are compared without regard to ASCII
 * case. */
#ifndef POLICY_TABLE_H
#define POLICY_TABLE_H

#include "policy/parser.h"

/* An empty table in the sources' arena for about `expected` entries. NULL: memory. */
struct table *table_new(struct sources *sources, size_t expected);

/* Adds a copy of the entry. False: memory. */
bool table_add(struct sources *sources, struct table *table, struct slice entry);

size_t table_count(const struct table *table);

/* Makes the table answer for domains and mail addresses in their one spelling (policy/spelling.h);
 * reports entries that can be no domain's, where they stand, or else at `user`. */
void table_as_names(struct sources *sources, struct table *table, struct span user);

/* Makes the table answer for IP addresses. False: *bad is an entry that is neither an address nor a
 * network. */
bool table_as_networks(struct sources *sources, struct table *table, struct slice *bad);
bool table_holds_ip(const struct table *table, const struct ip *ip);

/* One entry a line; blanks around it and what follows a # are left out. */
bool table_read(struct sources *sources, struct table *table, struct slice text);

/* The table of that name; NULL: reported. Marks it used. */
struct table *find_table(struct parser *parser, const struct token *name);
/* The same for a table in which domains or addresses are looked up. */
struct table *find_names(struct parser *parser, const struct token *name);

#endif
