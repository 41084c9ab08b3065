/* SPDX-License-Identifier: ISC
 * What a message says to who reads it: message.text, and whether the texts that it can be shown as
 * say the same: message.parts_differ. */
#ifndef FILTERS_TEXT_MESSAGE_TEXT_H
#define FILTERS_TEXT_MESSAGE_TEXT_H

#include "filters/mime/mime.h"
#include "policy/value.h"

enum {
    TEXT_READ_MAX = 2 << 20,     /* octets of decoded bodies that are looked at */
    TEXT_OCTETS_MAX = 64 * 1024, /* of all paragraphs */
    TEXT_PARAGRAPHS_MAX = 2000,

    /* Of the different words of the smaller of two texts, in hundredths, those that are in the other
     * when the two say the same; and how many there must be for it to say anything. */
    TEXT_SAME_LEAST = 15,
    TEXT_WORDS_LEAST = 20,
};

/* Where NULL is given, that is not found out.
 *
 * *text: each paragraph once (paragraphs.h), in the order of bodies.h. The first that has no room,
 * and all behind it, are left out, and the list is cut.
 *
 * *differ: in a multipart/alternative plain text and HTML have few words in common. A text of few
 * words says nothing ("your program cannot show this"). Unknown where a text was not read to its
 * end, or has too many words.
 *
 * False: memory is out, or the arena full. */
bool message_text(struct arena *arena, const struct mime_message *message, struct value *text,
                  struct value *differ);

#endif
