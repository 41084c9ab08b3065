/* SPDX-License-Identifier: ISC
 * Lists of words of which some pass: an allow-list of what a command asks for. */
#ifndef PROXY_IMAP_IMAP_WORDS_H
#define PROXY_IMAP_IMAP_WORDS_H

#include "proxy/imap/imap_tokens.h"

enum { IMAP_DEPTH_MAX = 32 };

/* What is said to a client, as why. */
extern const char imap_unreadable[], imap_not_here[];

/* What may stand in a list, beside numbers; and which of its words has a list of its own behind it, of
 * `within`, or of anything. */
struct imap_words {
    const char *const *allowed;
    const char *opens;
    const char *const *within;
};

bool imap_is_among(struct slice word, const char *const *words);

/* The rest of a list that has been opened; *rest goes on behind it. NULL, or why it does not pass. */
const char *imap_list(struct slice *rest, const struct imap_words *words);
/* A list, if one begins here. */
const char *imap_optional_list(struct slice *rest, const struct imap_words *words);

#endif
