/* SPDX-License-Identifier: ISC
 * Active and hidden content of office documents: VBA projects and Excel 4.0 macro sheets, embedded
 * objects, encryption. What makes a macro run does not matter: that there is one does. */
#ifndef FILTERS_DOCUMENTS_MACROS_H
#define FILTERS_DOCUMENTS_MACROS_H

#include "base/arena.h"

struct office_findings {
    /* May be NULL. Called for each address that a document points to. */
    void (*link)(void *ctx, struct slice address);
    void *ctx;
    bool macros;
    bool encrypted; /* needs a password */
    bool embedded;  /* holds other files or OLE objects */
    bool active;    /* runs something or goes somewhere when it is opened */
    bool remote;    /* fetches a part of itself then */
    bool broken;    /* its structure is damaged in a way that may hide the above */
};

/* Looks into OLE2, RTF, Word/Excel XML, MHTML and ActiveMime content;
 * what is none of these has no findings. Adds to *out.
 * `scratch` serves during the call and should allow a few times the content's size. */
void macros_inspect(struct arena *scratch, struct slice content, struct office_findings *out);

/* OOXML and OpenDocument files are zips: adds to *out what the name of a member of one says of the
 * document. What its content says: filters/documents/office_xml.h. */
void macros_inspect_name(struct slice name, struct office_findings *out);

/* Is it the type of a document that is a zip of parts? */
bool macros_is_zip_document(struct slice type);

#endif
