/* SPDX-License-Identifier: ISC
 * What happens to what is held, as records: the story of a message goes on. */
#ifndef KEEPER_HELD_RECORD_H
#define KEEPER_HELD_RECORD_H

#include "common/held_entry.h"
#include "common/record.h"

/* Of what the entry tells now. Everything in it points to the entry and to *recipient. */
void held_record(const struct held_entry *entry, const char *gateway,
                 struct record_recipient *recipient, struct record *record);

#endif
