/* SPDX-License-Identifier: ISC
 * What the values in a page do: shared by the files of filters/documents/page.h only. Values are
 * decoded unless it says otherwise. */
#ifndef FILTERS_DOCUMENTS_PAGE_VALUES_H
#define FILTERS_DOCUMENTS_PAGE_VALUES_H

#include "base/buf.h"

/* Is an attribute of this name a script that something sets off (onload, onclick)? */
bool page_is_handler(struct slice attribute);

/* Is it, or one of a list with semicolons, an address that is a script, as a browser reads it? One
 * that does nothing, as javascript:void(0), is none. */
bool page_value_runs(struct slice value);

/* ... or an address that is a page itself (data:text/html)? */
bool page_value_is_page(struct slice value);

/* Does a refresh of this content lead to another place? */
bool page_refresh_goes(struct slice value);

/* Is it the namespace of HTML or SVG? */
bool page_is_namespace(struct slice value);

/* Does a value, undecoded, refer in its first `within` octets to an entity that is declared
 * somewhere: to none of the five that XML has? */
bool page_has_entity(struct slice value, size_t within);

/* ... where its scheme may stand? */
bool page_hides_scheme(struct slice value);

/* Does a processing instruction for a style sheet name one that makes another page of this? */
bool page_transforms(struct slice instruction);

/* What a document type declares for itself. */
struct page_doctype {
    bool entities;
    bool shown;  /* a namespace of the above is among them */
    bool active; /* scripts, or tags, are */
};
struct page_doctype page_doctype(struct slice declaration, struct buf *room);

#endif
