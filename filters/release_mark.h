/* SPDX-License-Identifier: ISC
 * The mark on a message that was released from the quarantine: it says that somebody wants this
 * message to reach this recipient, and is honoured where the message comes by again. It holds for the
 * body, the Message-ID and the recipient that it was made for, and for nothing else.
 *
 *   X-Gatepost-Released: REFERENCE; held as "spam", released by root;
 *    mark=HMAC-SHA256, in hexadecimal;
 *    date */
#ifndef FILTERS_RELEASE_MARK_H
#define FILTERS_RELEASE_MARK_H

#include "base/slice.h"

enum { RELEASE_MARK_KEY = 32, RELEASE_MARK_TEXT = 64, RELEASE_MARKS_MOST = 4 };

/* What a message bears. Its texts are the message's. */
struct released {
    struct slice marks[RELEASE_MARKS_MOST];
    size_t count;
    struct slice message_id;
    unsigned char body[32]; /* its digest, where there is a mark */
};

/* The body is looked at only when there is a mark. */
void released_read(struct slice message, struct released *out);

/* Whether one of its marks was made with this key for this recipient (as it is spelled). */
bool released_to(const struct released *released, const unsigned char key[static RELEASE_MARK_KEY],
                 struct slice recipient);

/* The mark for a message, a text of RELEASE_MARK_TEXT octets and a NUL. False: out of memory. */
bool release_mark(const unsigned char key[static RELEASE_MARK_KEY], struct slice message,
                  struct slice recipient, char out[static RELEASE_MARK_TEXT + 1]);

#endif
