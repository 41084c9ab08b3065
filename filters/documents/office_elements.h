/* SPDX-License-Identifier: ISC
 * What single elements of office files say of the document; for filters/documents/office_xml.h. */
#ifndef FILTERS_DOCUMENTS_OFFICE_ELEMENTS_H
#define FILTERS_DOCUMENTS_OFFICE_ELEMENTS_H

#include "base/buf.h"
#include "filters/documents/macros.h"
#include "filters/documents/xml.h"

enum { OFFICE_SLOTS = 64, OFFICE_ELEMENTS_MAX = 40 };

struct office_reader {
    struct xml xml;
    struct xml_piece piece; /* the element */
    struct office_findings *out;
    struct buf field; /* the instruction of a field, which runs of text may cut in pieces */
    bool in_field;
    bool flat;        /* OpenDocument in one file, with its macros */
    const char *href; /* the next that may be the name of an attribute */
    /* Of the elements that are looked for the first in each slot, and behind each the next in the
     * same; counted from 1. */
    uint8_t first[OFFICE_SLOTS], next[OFFICE_ELEMENTS_MAX];
};

/* Before the first element of r->xml. */
void office_reader_begin(struct office_reader *r);

/* Adds to r->out what r->piece says. Elements must come in the order of the text. */
void office_see_element(struct office_reader *r);

/* The instruction that was gathered is whole. */
void office_end_field(struct office_reader *r);

/* As slice_search, whatever the case. */
size_t office_find_folded(struct slice text, struct slice part);

#endif
