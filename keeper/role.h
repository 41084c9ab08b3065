/* SPDX-License-Identifier: ISC
 * Who may ask what: roles, which are Unix groups. Who has a role may do what those before it may. */
#ifndef KEEPER_ROLE_H
#define KEEPER_ROLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum control_role { ROLE_NONE, ROLE_AUDITOR, ROLE_HELPDESK, ROLE_ADMIN, ROLES };

#define NO_GROUP ((gid_t)-1)

/* The group of each role; NO_GROUP: nobody has it by a group. Root is an admin without any. */
struct role_groups {
    gid_t of[ROLES];
};

/* Who is at the other end of a Unix socket, as he was when he connected. */
struct peer {
    uid_t uid;
    enum control_role role; /* the strongest of his groups */
};

/* False: the kernel does not tell. */
bool peer_of(int sock, const struct role_groups *groups, struct peer *out);

/* Why somebody in that role may not ask this (enum control_message); NULL: he may. */
const char *role_refusal(enum control_role role, uint16_t question);

#endif
