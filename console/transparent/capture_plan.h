/* SPDX-License-Identifier: ISC
 * What is taken off the wire for the listeners with `transparent`: which port, of whose connections,
 * to which servers. In the order in which the kernel is to ask: what certain clients do comes before
 * what goes to certain servers, and that before whatever else there is. */
#ifndef CONSOLE_TRANSPARENT_CAPTURE_PLAN_H
#define CONSOLE_TRANSPARENT_CAPTURE_PLAN_H

#include "policy/config.h"

struct networks {
    struct network *list;
    size_t count;
};

struct capture {
    const struct listener *listener;
    uint8_t family; /* 4 or 6 */
    uint16_t port;  /* that clients connect to: the standard one of the listener's service */
    bool by_client; /* the networks are those of clients, else those of servers */
    struct networks networks; /* of this family; none: anybody, anywhere */
};

struct capture_plan {
    struct capture *captures; /* the arena's */
    size_t count;
    const struct listener **idle; /* transparent ones that nothing is taken for; the arena's */
    size_t idle_count;
    bool source_client; /* servers answer to addresses that are not ours */
};

/* `servers`: where whatever goes to anywhere has to go to be taken (--servers); none: anywhere. False: two
 * listeners want the same, or memory; *why says so. */
bool capture_plan_make(const struct config *config, const struct networks *servers,
                       struct arena *arena, struct capture_plan *plan, struct slice *why);

bool capture_plan_has(const struct capture_plan *plan, uint8_t family);

/* Adds a copy. False: memory. */
bool networks_add(struct networks *networks, struct arena *arena, const struct network *network);

#endif
