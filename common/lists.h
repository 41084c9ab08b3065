/* SPDX-License-Identifier: ISC
 * Senders that people allow or block: entries as the keeper keeps them and gatepostctl asks for them, and
 * the table of them that proxies look into, a sealed memfd. */
#ifndef COMMON_LISTS_H
#define COMMON_LISTS_H

#include "base/ipc.h"

enum list_kind { LIST_ALLOWED, LIST_BLOCKED };

/* Its texts in one spelling (policy/spelling.h) and small letters. */
struct list_entry {
    uint64_t number;
    enum list_kind kind;
    struct slice sender; /* "user@example.com", "example.com", "*.example.com" */
    struct slice scope;  /* for whom: "user@example.org", "example.org"; empty: everybody */
    struct slice reason, author;
    int64_t added, until; /* seconds since 1970; until 0: for good */
};

enum { LIST_TEXT_MOST = 320, LIST_REASON_MOST = 500 };

const char *list_word(enum list_kind kind); /* "allowed", "blocked" */

void list_entry_pack(struct buf *out, const struct list_entry *entry);
/* `octets` must outlive the entry. */
bool list_entry_unpack(struct slice octets, struct list_entry *entry);

/* Whether it can stand in a table: what ends a line or a field there would make others of it. */
bool list_entry_fits(const struct list_entry *entry);

/* ---- the table: a line for each entry, in the order of their octets ---- */

/* That line without its end; for who makes a table. */
void list_line(struct buf *out, enum list_kind kind, struct slice scope, struct slice sender);

struct lists;

/* Maps a table; `fd` stays the caller's. NULL: it is none, or out of memory. */
struct lists *lists_map(int fd);
void lists_free(struct lists **lists);

/* Whether a sender is listed for that recipient, for his domain or for everybody; by the address, its
 * domain, or "*." of one above. Both as they are spelled. NULL lists: nobody is. */
bool lists_hold(const struct lists *lists, enum list_kind kind, struct slice sender,
                struct slice recipient);

#endif
