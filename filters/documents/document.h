/* SPDX-License-Identifier: ISC
 * What a genuine document is: one by its content and by every name that it bears. Only such a file
 * has parts that are no files to its user. A zip that merely looks like a document inside is
 * unpacked as a zip is. */
#ifndef FILTERS_DOCUMENTS_DOCUMENT_H
#define FILTERS_DOCUMENTS_DOCUMENT_H

#include "base/slice.h"

/* Is a file of the true type `type` (filetype_of) a document to those who open it? All its
 * extensions (extension_of) must be of documents of that kind; without any, it is none. */
bool document_is_genuine(struct slice type, const struct slice *extensions, size_t count);

/* Does a document of the type `document` have parts of this name's
 * extension? Many parts have none. */
bool document_has_part(struct slice document, struct slice extension);

/* May a part be of this type? Not programs, scripts, archives, pages, mails. */
bool document_has_type(struct slice type);

/* A picture, sound, video or font: harmless in a document under any name. */
bool document_has_medium(struct slice type);

#endif
