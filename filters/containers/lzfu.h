/* SPDX-License-Identifier: ISC
 * The compressed RTF of Outlook's messages ([MS-OXRTFCP]). */
#ifndef FILTERS_CONTAINERS_LZFU_H
#define FILTERS_CONTAINERS_LZFU_H

#include "base/buf.h"

/* Unpacks PidTagRtfCompressed into `out`, as far as it goes and `out` has room: at most nine octets
 * for each of the input. The checksum is not compared. False when it is none or breaks off. */
bool lzfu_unpack(struct slice packed, struct buf *out);

#endif
