/* SPDX-License-Identifier: ISC
 * The bodies of a message: which parts are its own words, and what they say to who reads them, in
 * paragraphs.
 *
 * A body is a text that is shown with the message: not one that is attached or has a name, nor what
 * stands in a message that is attached; of calendars those that stand for the text (a
 * multipart/alternative), and of them what they are about. */
#ifndef FILTERS_TEXT_BODIES_H
#define FILTERS_TEXT_BODIES_H

#include "base/arena.h"
#include "filters/mime/mime.h"
#include "filters/text/paragraphs.h"

enum body_kind { BODY_NONE, BODY_PLAIN, BODY_HTML, BODY_CALENDAR };

struct body {
    const struct mime_part *part;
    enum body_kind kind;
    int choice; /* index of the outermost multipart/alternative around it; -1: none */
};

/* In the order of the message; of what stands in one multipart/alternative the plain text first.
 * NULL: the arena is full. */
const struct body *bodies_of(struct arena *arena, const struct mime_message *message,
                             size_t *count);

/* What it says, to `paragraphs`, ended. At most *left decoded octets are read and taken off it; *cut
 * tells that there are more. False: memory is out. */
bool body_read(const struct body *body, size_t *left, bool *cut, struct paragraphs *paragraphs);

#endif
