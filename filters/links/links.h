/* SPDX-License-Identifier: ISC
 * What a message points to, as browsers and mail programs read it: the registered domains of the URLs
 * and mail addresses in its texts (addresses, http://192.0.2.1/, have no domain and are left out), and,
 * where they are wanted, the links themselves. One walk finds both. */
#ifndef FILTERS_LINKS_LINKS_H
#define FILTERS_LINKS_LINKS_H

#include "filters/links/link_list.h"
#include "filters/mime/mime.h"
#include "policy/value.h"

enum {
    LINKS_DOMAINS_MAX = 50,
    LINKS_HOSTS_MAX = 5000,       /* different spellings of hosts that are looked at */
    LINKS_TEXT_MAX = 2 * 1048576, /* octets of decoded text that are looked at, */
    LINKS_TEXT_CHEAP = 131072,    /* ... and where no rule names them */
};

struct links;

/* What a message points to; at most `most` octets of text are looked at. NULL when memory is out. */
struct links *links_new(struct arena *arena, const struct mime_message *message, size_t most);
/* From now on the links are listed as well. `source`: of those in words that are given; those in texts
 * of the message have their own. */
void links_list_too(struct links *links, enum link_source source);

/* Does the next read the words of this leaf? */
bool links_reads(const struct mime_part *leaf);
/* Those in its texts. */
void links_in_message(struct links *links, const struct mime_message *message);
/* Those in other words of it. */
enum links_words {
    LINKS_TEXT,
    LINKS_HTML,
    LINKS_REFERENCE /* one alone */,
    LINKS_MORE /* untold */
};
void links_in_words(struct links *links, enum links_words kind, struct slice words);

/* The fact `links`: pending when they were not listed, unknown when memory was out. Links that stand
 * in other URLs, mail addresses, and places within the page are none. */
struct value links_listed(const struct links *links);

/* message.domains: each once, in the order of their first appearance, without From's own; cut
 * where a cap left something out. Unknown when the arena was full. Ends *links, which may be NULL. */
void links_end(struct links **links, struct value *out);

#endif
