/* SPDX-License-Identifier: ISC
 * Services that give links other names: shorteners.def. */
#ifndef FILTERS_LINKS_SHORTENERS_H
#define FILTERS_LINKS_SHORTENERS_H

#include "base/slice.h"

/* Whether a host (lower case) is one of them, or below one. */
bool link_is_shortened(struct slice host);

#endif
