/* SPDX-License-Identifier: ISC
 * How gates lie in memory: made by gates_make.c, asked by gates.c. */
#ifndef POLICY_GATES_INTERNAL_H
#define POLICY_GATES_INTERNAL_H

#include "policy/gates.h"

enum {
    GATES_MAX = 64,       /* groups; bits of candidates.pending */
    EFFECT_KINDS = 8,     /* sets of enum pending_effect */
    GATE_TEXT_MAX = 2000, /* octets: in longer texts a table looks at the end alone */
    GATE_NODES_MAX = 64,  /* of a condition, up to its gate and with it */
};

static const uint32_t NO_RULE = UINT32_MAX;
static const uint8_t NO_GATE = UINT8_MAX;

struct gate_key {
    uint32_t hash, rule;
};

struct gate {
    bool keyed; /* else all rules have `node` in common */
    int node;   /* a comparison, or the `not` of one */
    /* keyed: */
    int list, operand;       /* operand of each member of the list; list -1: operand alone */
    unsigned slot;           /* of the list's members */
    bool endings;            /* some text stands for all that end with it */
    uint32_t mask, *buckets; /* keys of a hash: from buckets[hash & mask] to the next */
    struct gate_key *keys;
    uint32_t first[EFFECT_KINDS]; /* rules by what they do when pending; see gates.next */
};

struct gates {
    struct gate *gates;
    size_t count;
    uint64_t *always; /* rules without a gate: a bit each */
    uint8_t *gate_of; /* of each rule */
    uint32_t *next;   /* of each rule: the next of the same group that does the same */
    const struct rule *rules;
    size_t rule_count;
};

/* From the end of a folded text to its front, so that one walk gives the hash of every ending. */
static const uint32_t GATE_HASH_START = 0x811c9dc5u;
static inline uint32_t gate_hash_more(uint32_t hash, char c)
{
    return (hash ^ (unsigned char)c) * 0x01000193u;
}

/* What the hash is of: as texts are compared, and without a domain's last dot. `room` is used where
 * letters are beyond ASCII. */
enum { GATE_FOLDED_MAX = GATE_TEXT_MAX / 2 * 3 };
struct slice gate_fold(struct slice text, char room[static GATE_FOLDED_MAX]);

/* Of enum pending_effect. */
unsigned pending_effects(const struct rule *rule);

#endif
