/* SPDX-License-Identifier: ISC
 * Objects of OLE 1 ([MS-OLEDS] 2.2) and the packages in them: files that were dropped into a
 * document. */
#ifndef FILTERS_DOCUMENTS_OLE1_H
#define FILTERS_DOCUMENTS_OLE1_H

#include "base/slice.h"

enum ole1_format { OLE1_NOTHING = 0, OLE1_LINKED = 1, OLE1_EMBEDDED = 2, OLE1_PICTURE = 5 };

struct ole1 {
    enum ole1_format format;
    struct slice class, topic, item; /* of a linked one the topic is the file; no NUL at the end */
    struct slice data;               /* as far as it is there; a linked one has none */
};

/* Reads an object; slices are parts of it. False: a length does not fit, or it is of no format; what
 * could be read was. */
bool ole1_read(struct slice object, struct ole1 *out);

struct ole_package {
    struct slice label, path; /* shown; what a double click opens is the path's end */
    struct slice data;
};

/* Reads a package: the data of an object whose class is Package, or of a stream \1Ole10Native behind
 * its length. False when it is none or has no data. */
bool ole_package_read(struct slice content, struct ole_package *out);

#endif
