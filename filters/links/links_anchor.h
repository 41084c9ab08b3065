/* SPDX-License-Identifier: ISC
 * A link of a page with what is read of it: <a href=...> or <area>, up to its end. */
#ifndef FILTERS_LINKS_LINKS_ANCHOR_H
#define FILTERS_LINKS_LINKS_ANCHOR_H

#include "filters/html/html_tokens.h"
#include "filters/links/links_internal.h"

struct anchor {
    struct links *links;
    bool listing;            /* else all that follows does nothing but find domains */
    bool of_tag;             /* the tag that is read is one of those */
    bool open;               /* there is a link that has not ended */
    struct buf url;          /* its own */
    struct paragraphs words; /* what was read of it so far */
    char text[LINK_TEXT_MAX];
    size_t text_len;
    bool text_full;
};

/* anchor.links is set, all else zero. */
void anchor_begin(struct anchor *anchor);
void anchor_end(struct anchor *anchor);

/* A token, before all else is done with it. */
void anchor_hears(struct anchor *anchor, const struct html_token *token);
/* An attribute and its value: whether that is the link's own, which is listed at its end. */
bool anchor_takes(struct anchor *anchor, const struct html_token *token, struct slice value);
/* Text of the page. */
void anchor_reads(struct anchor *anchor, struct slice text, bool hidden);
void anchor_blank(struct anchor *anchor);

#endif
