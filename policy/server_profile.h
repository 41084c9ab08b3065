/* SPDX-License-Identifier: ISC
 * What is known of the programs that hold mailboxes: how they name themselves, what they say when
 * they do not want a user now, what to expect of their messages, how many connections they take,
 * and what an admin should see to when all users come from the gateway's address. */
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

/* ---- its messages ---- */

enum expected { EXPECTED_UNKNOWN, EXPECTED_YES, EXPECTED_NO };

/* Whether a message is the same whenever it is read. */
enum expected profile_messages_stay(enum server_profile profile);
/* Whether it gives as many octets as it says. */
enum expected profile_sizes_exact(enum server_profile profile);

/* ---- connections ---- */

/* Appends how many it takes by its defaults, of whom, and the settings for that: "4 of one address
 * (MAXPERIP), 40 in all (MAXDAEMONS)". Nothing: no limit is known. */
void profile_limits(enum server_profile profile, enum protocol protocol, struct buf *out);

/* Whether its defaults take so many sessions, of as many users, from one address. */
bool profile_takes(enum server_profile profile, enum protocol protocol, unsigned sessions);

#endif
