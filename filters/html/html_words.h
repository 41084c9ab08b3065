/* SPDX-License-Identifier: ISC
 * The words of HTML without its tags: scripts, styles and comments left out. */
#ifndef FILTERS_HTML_HTML_WORDS_H
#define FILTERS_HTML_HTML_WORDS_H

#include "base/buf.h"
#include "filters/html/html_page.h"

/* Who is told. */
struct html_listener {
    void *ctx;
    /* Text as it stands there, references replaced; valid until the return. */
    void (*text)(void *ctx, struct slice text);
    /* Between what was told and what follows. */
    void (*gap)(void *ctx, enum html_gap gap);
    bool all; /* also what cannot be seen (html_page.h), and titles */
};

/* Tells what HTML says. False: memory was out. */
bool html_listen(struct slice html, const struct html_listener *listener);

/* HTML (clean UTF-8, with LF and blanks) as lines of words, what cannot be seen included; what it
 * appends is no longer. Characters that it names become what charset_append would have made of
 * them. */
void html_words(struct buf *out, struct slice html);

#endif
