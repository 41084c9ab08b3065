/* SPDX-License-Identifier: ISC
 * Texts of MAPI properties, as TNEF and Outlook's files store them. */
#ifndef FILTERS_CONTAINERS_MAPI_H
#define FILTERS_CONTAINERS_MAPI_H

#include "base/arena.h"

/* The charset of a Windows code page; windows-1252 for one that is not known. A constant. */
struct slice mapi_charset(uint32_t page);

#define MAPI_UNICODE SLICE("utf-16le")

/* The first 4096 octets as clean UTF-8 in `arena`, without NULs at the end. Empty, with ptr NULL,
 * when the arena is full. */
struct slice mapi_text(struct arena *arena, struct slice raw, struct slice charset);

#endif
