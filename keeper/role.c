/* SPDX-License-Identifier: ISC */
#include "keeper/role.h"

#include "common/control.h"

#include <limits.h>
#include <sys/socket.h>

static enum control_role role_of(gid_t group, const struct role_groups *groups)
{
    for (enum control_role role = ROLE_ADMIN; group != NO_GROUP && role > ROLE_NONE; role--)
        if (groups->of[role] == group)
            return role;
    return ROLE_NONE;
}

static enum control_role stronger(enum control_role a, enum control_role b)
{
    return a > b ? a : b;
}

bool peer_of(int sock, const struct role_groups *groups, struct peer *out)
{
    static gid_t supplementary[NGROUPS_MAX];
    struct ucred peer;
    socklen_t len = sizeof peer, room = sizeof supplementary;
    if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0 ||
        getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, supplementary, &room) != 0)
        return false;
    *out = (struct peer){.uid = peer.uid, .role = role_of(peer.gid, groups)};
    for (size_t i = 0; i < room / sizeof *supplementary; i++)
        out->role = stronger(out->role, role_of(supplementary[i], groups));
    if (peer.uid == 0)
        out->role = ROLE_ADMIN;
    return true;
}

/* What is not listed is an admin's. */
static enum control_role role_for(uint16_t question)
{
    switch (question) {
    case CONTROL_STATUS:
    case CONTROL_METRICS:
    case CONTROL_SESSIONS:
    case CONTROL_FIND:
    case CONTROL_HELD:
    case CONTROL_LIST:
    case CONTROL_OPINIONS:
        return ROLE_AUDITOR;
    case CONTROL_HELD_ACT:
    case CONTROL_HELD_SHOW: /* of that what quarantine policy says: held_answers.c */
    case CONTROL_LIST_ADD:
    case CONTROL_LIST_REMOVE: /* of that not what holds for everybody: listed_answers.c */
        return ROLE_HELPDESK;
    default:
        return ROLE_ADMIN;
    }
}

const char *role_refusal(enum control_role role, uint16_t question)
{
    static const char *const reasons[ROLES] = {
        [ROLE_AUDITOR] = "only those who have a role may do that (keeper in gatepost.conf)",
        [ROLE_HELPDESK] = "only the helpdesk and admins may do that (keeper in gatepost.conf)",
        [ROLE_ADMIN] = "only admins may do that (keeper admins in gatepost.conf)",
    };
    enum control_role needed = role_for(question);
    return role < needed ? reasons[needed] : NULL;
}
