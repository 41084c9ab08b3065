/* SPDX-License-Identifier: ISC
 * Where the entries of a table stand, so that what is wrong with one is said at its own place: in
 * the table's file, or between the braces. Only while the configuration is read. */
#ifndef POLICY_TABLE_ENTRIES_H
#define POLICY_TABLE_ENTRIES_H

#include "policy/table.h"

/* What a table was read from; see table_origin. */
struct table_origin {
    struct span at;        /* its first word, or the start of its file */
    bool in_file;          /* at.file holds nothing else */
    bool checked;          /* see table_first_check */
    bool named;            /* see table_take_names */
    struct token *entries; /* between braces */
    size_t count;
};

/* Adds what stands in the configuration itself. False: memory. */
bool table_add_token(struct parser *parser, struct table *table, const struct token *token);

/* Where a table begins. */
struct span table_place(const struct table *table);

/* True at the first call for this table; never where whoever made its index has checked it. */
bool table_first_check(const struct sources *sources, const struct table *table);

struct table_walk {
    const struct table_origin *origin;
    struct slice file, rest;
    bool pairs; /* lines are KEY -> VALUE */
    size_t next;
};

/* The entries in the order in which they were written, doubles included. */
struct table_walk table_walk(struct sources *sources, const struct table *table);
bool table_walk_next(struct table_walk *walk, struct slice *entry, struct span *at);

/* NULL: the entry fits. Else what is wrong with it: 'is no address; expected ...'. */
typedef const char *table_judge(struct slice entry);

/* Reports the entries that do not fit, the first few of them; `user` is what the table is needed
 * for. True: all fit. */
bool table_check(struct sources *sources, const struct table *table, table_judge *judge,
                 struct span user);

/* Judges an entry of any table in a file. */
const char *entry_fault(struct slice entry);

/* Judges an entry of a table of networks. */
const char *network_fault(struct slice entry);

/* From now on the table answers for domains and mail addresses in their one spelling
 * (policy/spelling.h). Reports the entries that can be no domain's. */
void table_take_names(struct sources *sources, struct table *table);

/* From now on table_holds_ip answers. False: reported, with the entries that are no networks, or
 * memory is out. */
bool table_take_networks(struct sources *sources, struct table *table, struct span user);

#endif
