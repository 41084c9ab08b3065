/* SPDX-License-Identifier: ISC
 * The simplest reading of HTML that shows no tag: nothing is laid out, and what a style hides is
 * shown. */
#ifndef FILTERS_HTML_HTML_WORDS_H
#define FILTERS_HTML_HTML_WORDS_H

#include "base/buf.h"

/* HTML (clean UTF-8, with LF and blanks) without its tags, scripts and comments; what it appends is
 * no longer. Characters that it names become what charset_append would have made of them. */
void html_words(struct buf *out, struct slice html);

#endif
