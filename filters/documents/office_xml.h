/* SPDX-License-Identifier: ISC
 * What the XML of office files says of them: parts of OOXML (ECMA-376) and OpenDocument packages, flat
 * OpenDocument, Flat OPC, and the XML of Office 2003. An element means the same in whatever part
 * it stands, since names of parts are the sender's to choose. */
#ifndef FILTERS_DOCUMENTS_OFFICE_XML_H
#define FILTERS_DOCUMENTS_OFFICE_XML_H

#include "filters/documents/macros.h"

/* Adds to *out what is told in `content`, which xml_is: a part of a document, or else a file that
 * is none unless its first element says so. */
void office_xml_inspect(struct arena *scratch, struct slice content, bool part,
                        struct office_findings *out);

#endif
