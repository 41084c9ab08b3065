/* SPDX-License-Identifier: ISC
 * The tokens of HTML as browsers cut them (the HTML Standard of the WHATWG, 13.2.5), and those of
 * XML where the two differ. There are no errors: each octet belongs to some token. Time is linear;
 * no memory is taken. */
#ifndef FILTERS_HTML_HTML_TOKENS_H
#define FILTERS_HTML_HTML_TOKENS_H

#include "base/slice.h"

enum html_syntax {
    HTML_PAGE, /* some elements hold text alone, in which a tag is none */
    HTML_FLAT, /* no element does */
    HTML_XML,  /* nor here; processing instructions and declarations end as those of XML do */
};

enum html_kind {
    HTML_TEXT,        /* value, with its character references */
    HTML_CDATA,       /* value; in a page it is none unless it stands in SVG or MathML */
    HTML_RAW,         /* value: all of the element `name`, which holds text alone */
    HTML_TAG,         /* begins the element `name` */
    HTML_ATTRIBUTE,   /* of it: name and value, with its character references */
    HTML_TAG_END,     /* of the beginning: there are no more attributes */
    HTML_CLOSING,     /* ends the element `name` */
    HTML_COMMENT,     /* value */
    HTML_DECLARATION, /* value: what stands within <! > or <? >, its first octet included */
};

struct html_token {
    enum html_kind kind;
    struct slice name, value; /* parts of the text, as they stand there */
};

struct html_tokens {
    struct slice text;
    enum html_syntax syntax;
    size_t at;
    struct slice element; /* whose tag, or raw text, this is in */
    bool in_tag, raw_due;
    bool no_sections; /* no "]]>" stands ahead */
    bool open_end;    /* the text ended within a tag, a comment or the like */
};

struct html_tokens html_tokens_of(struct slice text, enum html_syntax syntax);

/* The next token; false at the end. */
bool html_next(struct html_tokens *tokens, struct html_token *out);

#endif
