/* SPDX-License-Identifier: ISC
 * A message on its way into a memfd, as an MTA would have sent it: every LF alone becomes CRLF. */
#ifndef CONSOLE_MESSAGE_COPY_H
#define CONSOLE_MESSAGE_COPY_H

#include "base/slice.h"

enum { MESSAGE_CHUNK = 65536 };

struct message_copy {
    int fd; /* owned until message_copy_end; -1: none */
    uint64_t size, max;
    size_t used;
    bool after_cr;
    char out[2 * MESSAGE_CHUNK];
};

/* Nothing is in it yet; once it has more than `max` octets the rest is left out. False with errno. */
bool message_copy_begin(struct message_copy *copy, uint64_t max);

/* Appends octets, any number of them. False with errno. */
bool message_copy_more(struct message_copy *copy, struct slice octets);

/* More came than is allowed. */
bool message_copy_too_big(const struct message_copy *copy);

/* The message in a sealed memfd, the caller's. -1 with errno (EFBIG: it is too big); the copy is given
 * back either way. */
int message_copy_end(struct message_copy *copy);

/* Gives back one that was begun, or ended. */
void message_copy_drop(struct message_copy *copy);

/* How many octets of the beginning of a file a mailbox has put in front of a message ("From ..."). */
size_t message_mailbox_lines(struct slice beginning);

#endif
