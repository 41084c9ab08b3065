/* SPDX-License-Identifier: ISC
 * Shared by office_97.c and office_97_streams.c only: keys there, what they are used on here. */
#ifndef FILTERS_DOCUMENTS_OFFICE_97_STREAMS_H
#define FILTERS_DOCUMENTS_OFFICE_97_STREAMS_H

#include "filters/documents/office_97.h"

/* What says how the document is locked, from its version on; empty: it is not, or not by RC4. */
struct slice office_97_header(struct arena *arena, const struct ole *ole);

/* Decrypts a block in place. False: no time is left, or memory is out. */
bool office_97_block(const struct office_97_lock *lock, const struct office_97_key *key,
                     uint32_t block, char *octets, size_t len);

#endif
