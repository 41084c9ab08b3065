/* SPDX-License-Identifier: ISC
 * Which mailboxes are for junk and for what was deleted, and what a command says by them of the messages that it names:
 * who moves one into Junk calls it that. Pure; all slices lie in what was given, or in the arena. */
#ifndef PROXY_IMAP_IMAP_JUNK_H
#define PROXY_IMAP_IMAP_JUNK_H

#include "common/opinion.h"
#include "proxy/imap/imap_command.h"

enum imap_mailbox {
    IMAP_MAILBOX_OTHER,
    IMAP_MAILBOX_JUNK,
    IMAP_MAILBOX_TRASH,
    IMAP_MAILBOX_SPECIAL, /* for what was sent, drafts, or all there is */
};

/* By its name alone, as it stands on the wire (RFC 3501 5.1.3, RFC 9755), at the top or below INBOX. */
enum imap_mailbox imap_mailbox_by_name(struct slice name);

/* By what stands behind "LIST" in a response (RFC 6154 2). False: that cannot be read. */
bool imap_mailbox_listed(struct arena *arena, struct slice rest, enum imap_mailbox *out,
                         struct slice *name);

/* The one that a SELECT, EXAMINE or APPEND names. False: none can be read. */
bool imap_mailbox_named(struct arena *arena, const struct imap_command *command,
                        struct slice *name);

enum imap_saying {
    IMAP_SAYS_NOTHING,
    IMAP_SAYS_JUNK,
    IMAP_SAYS_GOOD,
    IMAP_SAYS_BY_MAILBOX, /* the one that it names: imap_mailbox_says */
};

struct imap_said {
    enum opinion_how how;
    struct slice set; /* of messages; empty: those that come with it */
    struct slice mailbox;
};

/* What a command that passes says of messages: COPY, MOVE and APPEND by their mailbox, STORE by $Junk and its like. *out
 * is set unless it is nothing. */
enum imap_saying imap_says(struct arena *arena, const struct imap_command *command,
                           struct imap_said *out);

/* What it means that messages go from one to another; `from` OTHER too where they come from nowhere. */
enum imap_saying imap_mailbox_says(enum imap_mailbox from, enum imap_mailbox to);

#endif
