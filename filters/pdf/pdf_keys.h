/* SPDX-License-Identifier: ISC
 * The keys of dictionaries that say what a PDF does and holds. */
#ifndef FILTERS_PDF_PDF_KEYS_H
#define FILTERS_PDF_PDF_KEYS_H

#include "base/slice.h"

enum pdf_key {
    PDF_KEY_NONE,
    PDF_KEY_AA,
    PDF_KEY_BASE,
    PDF_KEY_DESC,
    PDF_KEY_EF,
    PDF_KEY_FS,
    PDF_KEY_JS,
    PDF_KEY_NAME, /* of a file: F, UF, DOS, Mac, Unix, Win */
    PDF_KEY_NEXT,
    PDF_KEY_OPEN_ACTION,
    PDF_KEY_S,
    PDF_KEY_SUBTYPE,
    PDF_KEY_URI,
    PDF_KEY_XFA,
};

/* Of a name as it is written. */
enum pdf_key pdf_key_of(struct slice raw);

/* What actions (the value of S) do. */
enum pdf_action {
    PDF_RUNS_SCRIPT = 1,
    PDF_LAUNCHES = 2,
    PDF_SENDS = 4,
    PDF_REACHES_OUT = 8, /* F says where */
    PDF_PLAYS = 16,
};

/* A set of pdf_action. */
unsigned pdf_action_of(struct slice raw);

#endif
