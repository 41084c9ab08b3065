/* SPDX-License-Identifier: ISC
 * The part of filters/documents/macros.h for OLE2 files. */
#ifndef FILTERS_DOCUMENTS_MACROS_OLE_H
#define FILTERS_DOCUMENTS_MACROS_OLE_H

#include "filters/documents/macros.h"

/* `content` starts as an OLE2 file. */
void macros_inspect_ole(struct arena *scratch, struct slice content, struct office_findings *out);

/* Raw Excel records ([MS-XLS] 2.1.4), from a Workbook stream or a file of Excel 2 to 4. */
void macros_inspect_biff(struct slice records, struct office_findings *out);

#endif
