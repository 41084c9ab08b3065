/* SPDX-License-Identifier: ISC
 * The groups whose members may ask the keeper. */
#ifndef PARENT_PARENT_ROLES_H
#define PARENT_PARENT_ROLES_H

#include "policy/config.h"

enum { ROLE_COUNT = 3, ROLE_WORDS = 2 * ROLE_COUNT };

/* Names of groups; empty: nobody. */
struct role_names {
    char of[ROLE_COUNT][64];
};

/* The keeper's options that say who has which role. */
struct role_options {
    char numbers[ROLE_COUNT][16];
    const char *words[ROLE_WORDS]; /* point into this and into constants */
    size_t count;
};

/* False: a name is too long. */
bool roles_named(const struct settings *settings, struct role_names *out);
bool roles_same(const struct role_names *a, const struct role_names *b);

/* NULL, or which of them is no group; that text lasts until the next call. */
const char *roles_look_up(const struct role_names *names, struct role_options *out);

#endif
