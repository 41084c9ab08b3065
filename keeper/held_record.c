/* SPDX-License-Identifier: ISC */
#include "keeper/held_record.h"

#include "base/clock.h"

/* The word that stands for a verdict; waiting: it could not be delivered. */
static struct slice word_of(enum held_state state)
{
    return state == HELD_WAITING   ? SLICE("held")
           : state == HELD_LEAVING ? SLICE("release")
                                   : slice_of(held_state_word(state));
}

void held_record(const struct held_entry *entry, const char *gateway,
                 struct record_recipient *recipient, struct record *record)
{
    *recipient = (struct record_recipient){.address = entry->address};
    *record = (struct record){.time = clock_wall_ms(),
                              .id = entry->reference,
                              .session = entry->reference,
                              .stage = SLICE("quarantine"),
                              .gateway = slice_of(gateway),
                              .from = entry->sender,
                              .author = entry->author,
                              .message_id = entry->message_id,
                              .size = (int64_t)entry->size,
                              .verdict = word_of(entry->state),
                              .login = entry->asker,
                              .reason = entry->said.len ? entry->said : entry->why,
                              .recipients = recipient,
                              .recipient_count = 1};
}
