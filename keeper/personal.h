/* SPDX-License-Identifier: ISC
 * What a record tells of people, and how less of it is kept. What rules and operators go by stays:
 * domains, networks, Message-IDs, what was decided and why. */
#ifndef KEEPER_PERSONAL_H
#define KEEPER_PERSONAL_H

#include "common/record.h"

enum personal_how {
    PERSONAL_KEEP,
    PERSONAL_SHORTEN, /* j*@example.com, 192.0.2.0 (IPv6: /48), *.isp.example */
    PERSONAL_HASH,    /* ~0123456789abcdef@example.com: who knows the address finds its records */
    PERSONAL_DROP,    /* *@example.com, and neither clients nor Message-IDs */
};

struct personal {
    enum personal_how how;
    uint64_t key[2]; /* of the hash */
};

/* "keep", "shorten", "hash", "drop". False: none of them. */
bool personal_word(const char *word, enum personal_how *how);

/* The key in that file of the working folder, which is made when it is not there. False with
 * *reason. */
bool personal_key(const char *name, uint64_t key[static 2], const char **reason);

/* An address as it is kept: itself, or appended to the arena. ptr NULL: that is full. */
struct slice personal_address(const struct personal *personal, struct slice address,
                              struct arena *arena);

/* Subjects and names go, addresses and clients become less, in texts and facts as well. What was
 * done already is not done again. False: the arena is full. */
bool personal_veil(const struct personal *personal, struct record *record, struct arena *arena);

#endif
