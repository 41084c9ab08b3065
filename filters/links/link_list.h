/* SPDX-License-Identifier: ISC
 * The links of a message, as records: the fact `links`. */
#ifndef FILTERS_LINKS_LINK_LIST_H
#define FILTERS_LINKS_LINK_LIST_H

#include "base/arena.h"
#include "policy/facts.h"

enum {
    LINKS_MAX = 500,
    LINKS_OCTETS_MAX = 64 * 1024, /* of their URLs and words */
    LINKS_TRIED_MAX = 5000,       /* that are looked at */
    LINK_TEXT_MAX = 200,
};

struct link_list;

/* The records are in `arena`. NULL: no memory. */
struct link_list *link_list_new(struct arena *arena);
void link_list_free(struct link_list **list); /* not the records; NULL is fine */

/* A URL in any spelling (link_url.h), and what is read of it where it stands: one line, ptr NULL when
 * nobody reads anything. What is no URL, or was there before, is passed over; what has no room
 * cuts the list. */
void link_list_add(struct link_list *list, struct slice url, struct slice text,
                   enum link_source source);

/* There are more, which nobody has looked at. */
void link_list_cut(struct link_list *list);
bool link_list_is_cut(const struct link_list *list);

/* Unknown when the arena was full. */
struct value link_list_value(const struct link_list *list);

#endif
