/* SPDX-License-Identifier: ISC
 * The addresses that documents name. */
#ifndef FILTERS_DOCUMENTS_OFFICE_ADDRESS_H
#define FILTERS_DOCUMENTS_OFFICE_ADDRESS_H

#include "base/slice.h"

/* Is it fetched from another host when a document that names it as a part of itself is opened? Not
 * from the same disk: Word names its own templates so. */
bool office_is_remote(struct slice address);

#endif
