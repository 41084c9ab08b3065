/* SPDX-License-Identifier: ISC
 * Pages and drawings as files: HTML, XHTML, SVG. Does one run something or go somewhere by itself
 * when a browser opens it? Scripts, handlers, addresses that are scripts or pages, frames and
 * plug-ins, refreshes. Pictures and styles from elsewhere are not meant, nor links that wait for
 * somebody. */
#ifndef FILTERS_DOCUMENTS_PAGE_H
#define FILTERS_DOCUMENTS_PAGE_H

#include "base/arena.h"

/* How a browser may read it. */
enum page_reading { PAGE_HTML = 1, PAGE_XML = 2 };

/* Whether the content, in whatever encoding, is active by any of the readings (some or both of the
 * above). Where browsers may see more than is seen here it is. True also when `scratch` is full,
 * which should allow for twelve times the content. Time is linear. */
bool page_is_active(struct arena *scratch, struct slice content, unsigned readings);

#endif
