/* SPDX-License-Identifier: ISC
 * A page as it is shown: the tokens of html_tokens.h, and of each whether what is text there can be
 * seen, and what the tag puts between the words before and behind it.
 *
 * Not seen is what stands in an element that is not shown at all (display, hidden), is of no size,
 * wholly transparent, cut off or far outside, or has the colour of what is behind it, by its own
 * style or by rules of style elements (html_sheet.h). What is in doubt is seen: a sender must not
 * choose what a reader sees and we do not. Nothing is laid out beyond that. Linear. */
#ifndef FILTERS_HTML_HTML_PAGE_H
#define FILTERS_HTML_HTML_PAGE_H

#include "filters/html/html_look.h"
#include "filters/html/html_sheet.h"
#include "filters/html/html_tokens.h"

enum { HTML_NESTED_MAX = 256 /* past it all is seen */, HTML_STYLE_MAX = 2048 };

struct html_box {
    const struct html_element *element; /* NULL: one without traits */
    struct slice name;
    struct html_look look;
    enum html_gap gap;
};

struct html_page {
    struct html_tokens tokens;
    struct html_sheet *sheet; /* NULL: there is none */
    struct html_box boxes[HTML_NESTED_MAX];
    size_t nested;
    bool lost;            /* there was no room for an element: nobody knows what ends where */
    struct html_box next; /* the element whose tag this is */
    struct html_style style;
    struct slice classes, id;
    unsigned met; /* which attributes it has had: of two that are alike the second means nothing */
    char room[HTML_STYLE_MAX];
    /* Of the token that html_page_next gave. */
    enum html_gap gap;
    bool hidden; /* what stands here cannot be seen */
};

/* Begins. The text must outlive the page; end it with html_page_close. */
void html_page_open(struct html_page *page, struct slice text);
void html_page_close(struct html_page *page);

/* The next token; false at the end. */
bool html_page_next(struct html_page *page, struct html_token *out);

#endif
