/* SPDX-License-Identifier: ISC
 * What may open an encrypted file that came with a message: words of the message. Senders of malware
 * write the password beside it, since the reader needs it. They are never told to anybody. */
#ifndef FILTERS_ARCHIVE_PASSWORDS_H
#define FILTERS_ARCHIVE_PASSWORDS_H

#include "base/arena.h"

enum {
    PASSWORDS_MAX = 100, /* that are tried on one file */
    PASSWORDS_LIKELY_MAX = 32,
    PASSWORDS_OTHERS_MAX = 60,
    PASSWORDS_TRIES = 2000, /* on all files of a message */
    PASSWORD_MIN = 3,       /* octets */
    PASSWORD_MAX = 32,
};

struct passwords {
    struct slice likely[PASSWORDS_LIKELY_MAX]; /* what stands behind a word for password */
    struct slice others[PASSWORDS_OTHERS_MAX]; /* words in quotes or with a digit */
    size_t n_likely, n_others;
    unsigned tries; /* that are left */
};

/* Whoever looks into files asks for them when one is encrypted. NULL: there are none. */
typedef struct passwords *passwords_source(void *ctx);

/* No words yet. */
struct passwords passwords_none(void);

/* Adds those of a text (UTF-8), which has to outlive it. Time is linear in the text. */
void passwords_read(struct passwords *passwords, struct slice text);

/* Lists what to try on a file of this name: likely ones first, each once. Answers with their
 * count. */
size_t passwords_list(const struct passwords *passwords, struct slice name,
                      struct slice list[PASSWORDS_MAX]);

#endif
