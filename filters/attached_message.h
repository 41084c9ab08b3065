/* SPDX-License-Identifier: ISC
 * The messages that are attached to another, as who forwards them so attaches them: each message/rfc822
 * or message/global in it, in whatever encoding (RFC 2046 5.2.1 forbids all but 7bit, 8bit and binary, and
 * some programs take base64 nevertheless), and each file that is one by its name (.eml) and its
 * beginning, whatever type it is said to be. Those within them do not count. */
#ifndef FILTERS_ATTACHED_MESSAGE_H
#define FILTERS_ATTACHED_MESSAGE_H

#include "filters/mime/mime.h"

struct attached_message {
    size_t count;        /* how many there are */
    struct slice octets; /* of the one that was asked for, decoded; ptr NULL: there are fewer */
};

/* The nth, from 1; 0: they are only counted. Octets are the message's or the arena's. False: the arena
 * is full. */
bool attached_message(struct arena *arena, const struct mime_message *message, size_t nth,
                      struct attached_message *out);

#endif
