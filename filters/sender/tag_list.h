/* SPDX-License-Identifier: ISC
 * Tag lists "name=value; name=value" of DKIM and ARC fields and of key records (RFC 6376 3.2). */
#ifndef FILTERS_SENDER_TAG_LIST_H
#define FILTERS_SENDER_TAG_LIST_H

#include "base/slice.h"

enum { TAGS_MAX = 48 };

struct tag {
    struct slice name;  /* names differ by case */
    struct slice value; /* trimmed; may be folded within */
    struct slice raw;   /* all between '=' and ';' */
};

struct tag_list {
    struct tag tags[TAGS_MAX];
    size_t count;
};

/* Parses a value, folded or not. False when it is no tag list, a name stands twice, or there are
 * too many tags. */
bool tag_list_parse(struct slice text, struct tag_list *out);

/* The tag with that name, or NULL; and its value, empty when it is not there. */
const struct tag *tag_find(const struct tag_list *list, struct slice name);
struct slice tag_value(const struct tag_list *list, struct slice name);

/* Whether a list "a:b:c" has an item that is `wanted`, whatever its case. */
bool tag_items_have(struct slice items, struct slice wanted);
/* Takes the next item off *items, trimmed. False when nothing is left (ptr NULL). */
bool tag_items_next(struct slice *items, struct slice *item);

#endif
