/* SPDX-License-Identifier: ISC
 * What the readers of texts share: the domains found so far. */
#ifndef FILTERS_LINKS_LINKS_INTERNAL_H
#define FILTERS_LINKS_LINKS_INTERNAL_H

#include "base/buf.h"
#include "filters/links/links.h"
#include "filters/text/paragraphs.h"

enum { LINKS_SEEN = 64 };

struct links {
    struct arena *arena;   /* of the domains */
    struct arena *scratch; /* of one text */
    struct slice author;   /* registered domain of From; may be empty */
    struct slice domains[LINKS_DOMAINS_MAX];
    size_t count, hosts, left;     /* left: octets that are looked at yet */
    struct slice seen[LINKS_SEEN]; /* spellings of hosts met lately, in scratch */
    bool cut, no_memory;
    struct link_list *list;            /* NULL: the links themselves are not wanted */
    enum link_source source, of_words; /* of what is read now; of words that are given */
    bool unlisted; /* what is read now is no link of its own, or read once more */
};

/* Whatever else stands there, nothing is asked. */
static inline bool links_are_over(const struct links *links)
{
    return links->cut && (!links->list || link_list_is_cut(links->list));
}

/* One that is listed, with what is read of it. */
void links_add_url(struct links *links, struct slice url, struct slice text);

/* A host as it is written in a URL or behind an '@', percent-encoding included. */
void links_add_host(struct links *links, struct slice host);

/* Text as people read it: URLs with a scheme, hosts that begin with "www.", mail addresses. */
void links_in_text(struct links *links, struct slice text);

/* The domains of a URL as a browser reads it. */
void links_in_reference(struct links *links, struct slice url);
/* Lists it, with what is read of it; ptr NULL: nothing. */
void links_list_reference(struct links *links, struct slice url, struct slice words);

/* HTML: its text, and every attribute. False when memory is out. */
bool links_in_html(struct links *links, struct slice html);

#endif
