/* SPDX-License-Identifier: ISC
 * What of a command's arguments passes: an allow-list wherever they ask for something, octets wherever they are names or
 * are looked for. NULL, or why they do not pass.
 *
 *   imap_objection.c         who objects, and what arguments are made of
 *   imap_object_messages.c   FETCH, STORE
 *   imap_object_mailboxes.c  SELECT, CREATE, STATUS, LIST
 *   imap_object_search.c     SEARCH, SORT, THREAD */
#ifndef PROXY_IMAP_IMAP_OBJECTION_H
#define PROXY_IMAP_IMAP_OBJECTION_H

#include "proxy/imap/imap_words.h"

/* Each goes behind it; false: it is none. Strings: one, or a list of them. */
bool imap_skip_string(struct slice *rest);
bool imap_skip_strings(struct slice *rest);
const char *imap_nothing_behind(struct slice rest);
/* "RETURN (...)", if it is there. */
const char *imap_return_options(struct slice *rest, const struct imap_words *words);

const char *imap_object_to_fetch(struct slice rest);
const char *imap_object_to_store(struct slice rest);
const char *imap_object_to_select(struct slice rest);
const char *imap_object_to_create(struct slice rest);
const char *imap_object_to_status(struct slice rest);
const char *imap_object_to_list(struct slice rest);
const char *imap_object_to_search(struct slice rest);
const char *imap_object_to_sort(struct slice rest);
const char *imap_object_to_thread(struct slice rest);

#endif
