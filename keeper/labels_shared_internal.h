/* SPDX-License-Identifier: ISC
 * For labels_shared.c, labels_hear.c and labels_names.c. */
#ifndef KEEPER_LABELS_SHARED_INTERNAL_H
#define KEEPER_LABELS_SHARED_INTERNAL_H

#include "keeper/labels_internal.h"

enum { SHARED_ABOUT = 256, SHARED_ENTRY = LEARN_SEALED_MOST + 2 * LABEL_TEXT_MOST + 512 };

enum shared_kind { ENTRY_LABEL = 1, ENTRY_FORGET };

/* It has a name: labels are shared, or were once. */
bool labels_shared_has_gateway(const struct labels *labels);

/* What an entry is sealed with beside. */
struct slice labels_shared_about(const struct labels *labels, struct slice gateway, uint64_t number,
                                 char room[static SHARED_ABOUT]);

/* In a statement of SHARED_FORGET or SHARED_GONE_FORGET. False: it is nothing that can be forgotten so. */
bool labels_shared_bind(sqlite3_stmt *statement, enum learn_forget what, struct slice which,
                        int64_t until);

/* Writes what is known of sharing, in the transaction that is open or one of its own. */
bool labels_shared_write(struct labels *labels);

#endif
