/* SPDX-License-Identifier: ISC
 * Looking for the gates of rules: what gates_make.c makes gates of. */
#ifndef POLICY_GATES_FIND_H
#define POLICY_GATES_FIND_H

#include "policy/gates_internal.h"
#include "policy/name_index.h"

struct gate_group {
    struct gate gate;
    uint32_t rules, chosen;
    uint8_t number; /* of those that are kept */
};

struct gate_found_key {
    uint32_t group, hash, rule;
};

struct gate_finder {
    struct sources *sources;
    struct sources scratch; /* what is forgotten when the gates are made */
    const struct policy *policy;
    struct name_index patterns; /* what groups ask: their numbers */
    struct gate_group *groups;
    size_t group_count;
    struct gate_found_key *keys;
    size_t key_count;
    int *keyed, *plain; /* of each rule: its groups, -1: none */
};

/* Notes the groups that the rule with this condition can be in, and its keys. Memory that is out is
 * noted in `scratch`. */
void gates_find(struct gate_finder *finder, uint32_t rule, int condition);

#endif
