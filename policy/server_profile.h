/* SPDX-License-Identifier: ISC
 * What is known of the programs that hold mailboxes: how they name themselves, what they say when
 * they do not want a user now, and what of them an admin should know when all users come from the
 * gateway's address. */
#ifndef POLICY_SERVER_PROFILE_H
#define POLICY_SERVER_PROFILE_H

#include "policy/config.h"

/* By the text of its greeting; PROFILE_GENERIC: unknown. */
enum server_profile profile_by_greeting(struct slice greeting);

/* Whether this line says that the user may not come in now, which is no wrong password: response
 * codes (RFC 2449 8, RFC 3206, RFC 5530 3) and the words of that server. */
bool profile_puts_off(enum server_profile profile, struct slice line);

/* What to see to; `told`: it hears the addresses of clients from us. NULL: nothing. */
const char *profile_advice(enum server_profile profile, bool told);

#endif
