/* SPDX-License-Identifier: ISC
 * What a header block says of the talk that a message is a part of: its name there, what it answers (RFC 5322
 * 3.6.4), whether a person has written it (RFC 3834). Only found, not parsed: slices into the block that was
 * given, in one pass over it. */
#ifndef FILTERS_MIME_LETTER_H
#define FILTERS_MIME_LETTER_H

#include "base/slice.h"

enum {
    LETTER_ANSWERS_MOST = 16, /* Message-IDs that count */
    LETTER_ID_MOST = 998,     /* octets of one; a longer one is none */
};

/* "<id@host>" of the first field Message-ID; empty: it has none. */
struct slice letter_id(struct slice block);

/* What it answers: the first Message-IDs of In-Reply-To, and the last of References, the last first. Returns
 * how many. */
size_t letter_answers(struct slice block, struct slice out[static LETTER_ANSWERS_MOST]);

/* The one message that it answers: the first of In-Reply-To, else the last of References; empty: it answers none. */
struct slice letter_answered(struct slice block);

/* A program has written it, or it goes to many: by its own account (Auto-Submitted, Precedence, what
 * autoresponders and lists add), or since it is a report. */
bool letter_is_automatic(struct slice block);

/* Whether From names somebody, and nobody who is elsewhere: all that stands behind an '@' in any field From, be
 * it a name or an address, is ours. To read the field well is a scanner's work. */
bool letter_is_from(struct slice block, bool (*ours)(void *ctx, struct slice domain), void *ctx);

#endif
