/* SPDX-License-Identifier: ISC
 * The private keys of DKIM, in gatepost-sign: those of the configuration that came last, and of
 * those before it whose sessions may not have ended. */
#ifndef KEEPER_SIGNING_KEYS_H
#define KEEPER_SIGNING_KEYS_H

#include "common/signing.h"

struct signing_keys; /* several sets, the last first */

/* Adds the set in this memfd (common/signing.h). NULL; or what is wrong, in part or as a whole: keys
 * that can be read are there all the same. */
const char *signing_keys_add(struct signing_keys **sets, int file);

/* All but the set that came last are wiped. */
void signing_keys_forget(struct signing_keys *sets);
void signing_keys_free(struct signing_keys **sets);

/* Signs all that is asked for, or tells why not. */
void signing_keys_answer(const struct signing_keys *sets, const struct signing_question *question,
                         struct signing_answer *answer);

/* Opens what OpenSSL opens late, with keys of its own, and tries them. Before the jail; false: they
 * do not work. */
bool signing_keys_warm_up(void);

#endif
