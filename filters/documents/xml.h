/* SPDX-License-Identifier: ISC
 * XML as far as office files need it: elements, attributes and texts, one after the other, in UTF-8
 * or UTF-16. Tolerant, since programs repair what is broken: what is no markup is text, and nothing
 * has to be closed. A library would stop at the first error, which need not be where the program
 * stops. Entities that a file declares itself are not expanded, but told. */
#ifndef FILTERS_DOCUMENTS_XML_H
#define FILTERS_DOCUMENTS_XML_H

#include "base/arena.h"

struct xml {
    struct arena *arena;
    struct slice text; /* in UTF-8 */
    size_t at;
    bool entities; /* it declares some (XML 1.0 4.2) */
};

/* Does it begin as XML, or any element, does? */
bool xml_is(struct slice content);

/* Begins to read; what is not UTF-8 is converted into the arena. False when that is full. */
bool xml_open(struct arena *arena, struct slice content, struct xml *out);

enum xml_kind { XML_END, XML_ELEMENT, XML_CLOSE, XML_TEXT };

struct xml_piece {
    struct slice name; /* of an element and its end: without prefix */
    struct slice raw;  /* an element's attributes; or a text (CDATA too), undecoded */
    bool literal;      /* a text that has no references (CDATA) */
};

/* The next piece; comments and instructions are passed over. */
enum xml_kind xml_next(struct xml *xml, struct xml_piece *out);

/* An attribute by its name without prefix, decoded, in the arena. False: there is none, or no room. */
bool xml_attribute(const struct xml *xml, const struct xml_piece *element, struct slice name,
                   struct slice *value);

/* The text with its character references (4.1) replaced, in the arena; ptr NULL: no room. */
struct slice xml_text(const struct xml *xml, const struct xml_piece *text);

#endif
