/* SPDX-License-Identifier: ISC
 * Facts as they are told to others than the rules: in records, and to who asks what there is. A
 * message's own words are in short there, or not there at all. */
#ifndef COMMON_TOLD_FACTS_H
#define COMMON_TOLD_FACTS_H

#include "policy/facts.h"

enum { TOLD_TEXT_MAX = 4096 /* octets of message.text */, TOLD_LINKS_MAX = 100 };

/* What was taken out of facts, to be put back. */
struct untold {
    struct value subject, text, links, reasons;
};

/* Leaves whole paragraphs of message.text, and links, up to those bounds; what is cut off is unknown. */
struct untold facts_in_short(struct facts *facts);

/* Leaves nothing of the subject, of message.text and of spam.reasons, and of links where they lead, but not to what
 * there and under which words, which are unknown; in `arena`. */
struct untold facts_without_words(struct facts *facts, struct arena *arena);

void facts_put_back(struct facts *facts, const struct untold *untold);

#endif
