/* SPDX-License-Identifier: ISC
 * One key that mail is signed with, for people: whose, where, and what is to be published of it. */
#ifndef CONSOLE_DKIM_DKIM_ROW_H
#define CONSOLE_DKIM_DKIM_ROW_H

#include "filters/sender/dkim_key.h"
#include "policy/config.h"

struct dkim_row {
    struct slice domain, selector;
    struct slice path;       /* of the file that the key is in */
    struct slice name;       /* that its record is published under */
    struct slice record;     /* what that is to say */
    struct dkim_private key; /* key.key NULL: there is none */
    const char *fault;       /* why not */
};

struct dkim_rows {
    struct dkim_row *rows;
    size_t count;
};

/* Reads the file and finds out the rest; texts go into the arena. */
void dkim_row_read(struct dkim_row *row, struct arena *arena);

/* The keys that a configuration names, of that domain (as it was typed; NULL: of all), each read; a
 * domain and what lies below it is one. False: what is wrong was said. dkim_rows_free either way. */
bool dkim_rows_of(const struct config *config, const char *domain, struct arena *arena,
                  struct dkim_rows *rows);
void dkim_rows_free(struct dkim_rows *rows);

/* What gatepostctl says of one: its place and kind, and what is to be published, for a zone file and
 * for a form. `json`: members of an object, without its braces. */
void dkim_row_say(struct buf *out, const struct dkim_row *row);
void dkim_row_json(struct buf *out, const struct dkim_row *row);

/* The statement that makes Gatepost sign with these, all of one domain. */
void dkim_rows_statement(struct buf *out, const struct dkim_rows *rows);

#endif
