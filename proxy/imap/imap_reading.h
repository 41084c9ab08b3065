/* SPDX-License-Identifier: ISC
 * What a command tells of reading and of taking away: one message whose content is read, one that is said to have been
 * read, and messages that go. Pure. */
#ifndef PROXY_IMAP_IMAP_READING_H
#define PROXY_IMAP_IMAP_READING_H

#include "common/left.h"
#include "proxy/imap/imap_command.h"

/* A FETCH of a single message's content that the server marks \Seen; who fetches many at once reads none of them. */
bool imap_reads_one(const struct imap_command *command);

/* A UID STORE that says \Seen of a single message: which. */
bool imap_says_seen(const struct imap_command *command, uint32_t *uid);

/* A STORE that says \Deleted. */
bool imap_says_deleted(const struct imap_command *command);

/* The set of a STORE, COPY or MOVE as UIDs, how many ranges. All there may be: where it has more than LEFT_RANGES_MOST, or
 * no UIDs; and of a DELETE or RENAME. */
size_t imap_uids(const struct imap_command *command, struct left_range ranges[static 1]);

#endif
