/* SPDX-License-Identifier: ISC */
#include "policy/gates_internal.h"

#include "policy/letters.h"

#include <stdlib.h>
#include <string.h>

enum {
    WORD_BITS = 64,
    COST_MAX = 100000 /* steps; beyond them a rule might run out of work before its gate */
};

unsigned pending_effects(const struct rule *rule)
{
    unsigned effects = PENDING_WAITS;
    if (rule->terminal && !rule->observe)
        effects |= PENDING_BLOCKS;
    if (rule->scores && !rule->observe)
        effects |= PENDING_DOUBTS;
    return effects;
}

unsigned moot_doubts(const struct evaluation *evaluation)
{
    return evaluation->score.doubt.truth == TRUTH_PENDING ? PENDING_DOUBTS : 0;
}

/* Letters of ASCII are folded by who hashes. */
struct slice gate_fold(struct slice text, char room[static GATE_FOLDED_MAX])
{
    struct buf folded = buf_over(room, GATE_FOLDED_MAX);
    if (text.len > 0 && text.ptr[text.len - 1] == '.')
        text.len--;
    if (slice_is_ascii(text))
        return text;
    letters_fold(&folded, text);
    return buf_slice(&folded);
}

static void set_bit(uint64_t *bits, uint32_t rule)
{
    bits[rule / WORD_BITS] |= (uint64_t)1 << rule % WORD_BITS;
}

/* ---- asking a group ---- */

enum said {
    SAID_PENDING,
    SAID_ANY,  /* nothing is ruled out */
    SAID_THESE /* those that are marked */
};

static void mark_key(uint64_t *bits, const struct gate *gate, uint32_t hash)
{
    uint32_t bucket = hash & gate->mask;
    for (uint32_t i = gate->buckets[bucket]; i < gate->buckets[bucket + 1]; i++)
        if (gate->keys[i].hash == hash)
            set_bit(bits, gate->keys[i].rule);
}

static void mark_text(uint64_t *bits, const struct gate *gate, struct slice text)
{
    char room[GATE_FOLDED_MAX];
    struct slice folded = gate_fold(text, room);
    uint32_t hash = GATE_HASH_START;
    for (size_t i = folded.len; i-- > 0;) {
        char c = ascii_lower(folded.ptr[i]);
        hash = gate_hash_more(hash, c);
        if (gate->endings && c == '.' && i > 0)
            mark_key(bits, gate, gate_hash_more(hash, '*'));
        if (gate->endings && c == '@' && i > 0)
            mark_key(bits, gate, hash);
    }
    mark_key(bits, gate, hash);
}

/* The steps that a rule may take over this value, up to its gate and with it. */
static bool leaves_work(struct evaluation *evaluation, const struct value *value)
{
    size_t octets = value->state == VALUE_KNOWN ? value->text.len : 0;
    return eval_work(evaluation, GATE_NODES_MAX * (2 + octets / SCAN_STEP), 0);
}

/* What is absent is equal to nothing, and in no table. */
static enum said ask_value(struct evaluation *evaluation, uint64_t *bits, const struct gate *gate,
                           const struct value *value)
{
    if (!leaves_work(evaluation, value))
        return SAID_ANY;
    if (value->state == VALUE_ABSENT)
        return SAID_THESE;
    if (value->state == VALUE_PENDING)
        return SAID_PENDING;
    if (value->state != VALUE_KNOWN || value->text.len > GATE_TEXT_MAX)
        return SAID_ANY;
    mark_text(bits, gate, value->text);
    return SAID_THESE;
}

static enum said ask_member(struct evaluation *evaluation, uint64_t *bits, const struct gate *gate,
                            const struct value *member)
{
    if (gate->list < 0)
        return ask_value(evaluation, bits, gate, member);
    evaluation->bound[gate->slot] = member;
    struct value value = eval_operand(evaluation, gate->operand);
    evaluation->bound[gate->slot] = NULL;
    return ask_value(evaluation, bits, gate, &value);
}

/* Of a list whose members are not all known, any rule may be true or unknown. */
static enum said ask_members(struct evaluation *evaluation, uint64_t *bits, const struct gate *gate,
                             const struct list *list)
{
    if (list->cut)
        return SAID_ANY;
    for (size_t i = 0; i < list->count; i++)
        if (ask_member(evaluation, bits, gate, &list->items[i]) != SAID_THESE)
            return SAID_ANY;
    return SAID_THESE;
}

static enum said ask_keyed(struct evaluation *evaluation, uint64_t *bits, const struct gate *gate)
{
    int index = gate->list >= 0 ? gate->list : gate->operand;
    eval_begin_rule(evaluation);
    struct value value = eval_operand(evaluation, index);
    bool list = evaluation->policy->operands[index].type.kind == TYPE_LIST;
    if (list && value.state == VALUE_KNOWN)
        return ask_members(evaluation, bits, gate, &value.list);
    return ask_value(evaluation, bits, gate, &value);
}

static enum said ask_node(struct evaluation *evaluation, const struct gate *gate)
{
    eval_begin_rule(evaluation);
    struct judgement judgement = eval_node(evaluation, gate->node);
    if (WORK_MAX - evaluation->work > COST_MAX)
        return SAID_ANY;
    return judgement.truth == TRUTH_PENDING ? SAID_PENDING
           : judgement.truth == TRUTH_FALSE ? SAID_THESE
                                            : SAID_ANY;
}

static void mark_all(uint64_t *bits, const struct gates *gates, const struct gate *gate)
{
    for (unsigned kind = 0; kind < EFFECT_KINDS; kind++)
        for (uint32_t rule = gate->first[kind]; rule != NO_RULE; rule = gates->next[rule])
            set_bit(bits, rule);
}

/* One of each kind: each brings the next, as long as that makes a difference. */
static void mark_first(uint64_t *bits, const struct gate *gate)
{
    for (unsigned kind = 0; kind < EFFECT_KINDS; kind++)
        if (gate->first[kind] != NO_RULE)
            set_bit(bits, gate->first[kind]);
}

static void ask(struct candidates *candidates, struct evaluation *evaluation, size_t index)
{
    const struct gate *gate = &candidates->gates->gates[index];
    enum said said =
        gate->keyed ? ask_keyed(evaluation, candidates->bits, gate) : ask_node(evaluation, gate);
    if (said == SAID_ANY)
        mark_all(candidates->bits, candidates->gates, gate);
    if (said != SAID_PENDING)
        return;
    mark_first(candidates->bits, gate);
    candidates->pending |= (uint64_t)1 << index;
}

/* ---- one walk ---- */

struct candidates candidates_begin(struct evaluation *evaluation)
{
    const struct gates *gates = evaluation->policy->gates;
    struct candidates candidates = {.gates = gates, .count = evaluation->policy->rule_count};
    size_t size = (candidates.count / WORD_BITS + 1) * sizeof *candidates.bits;
    if (!gates || gates->count == 0)
        return candidates;
    candidates.bits = malloc(size);
    if (!candidates.bits) /* then it takes longer */
        return candidates;
    memcpy(candidates.bits, gates->always, size);
    for (size_t i = 0; i < gates->count; i++)
        ask(&candidates, evaluation, i);
    return candidates;
}

/* The next one like the rule before, where that one's gate is pending. */
static void bring_next(struct candidates *candidates, unsigned moot)
{
    const struct gates *gates = candidates->gates;
    size_t before = candidates->next - 1;
    if (candidates->next == 0 || gates->gate_of[before] == NO_GATE ||
        !(candidates->pending >> gates->gate_of[before] & 1))
        return;
    if (gates->next[before] != NO_RULE && pending_effects(&gates->rules[before]) & ~moot)
        set_bit(candidates->bits, gates->next[before]);
}

static bool next_bit(const struct candidates *candidates, size_t *rule)
{
    size_t from = candidates->next, words = candidates->count / WORD_BITS + 1;
    for (size_t word = from / WORD_BITS; word < words; word++) {
        uint64_t bits = candidates->bits[word];
        if (word == from / WORD_BITS)
            bits &= ~(uint64_t)0 << from % WORD_BITS;
        if (bits == 0)
            continue;
        *rule = word * WORD_BITS + (size_t)__builtin_ctzll(bits);
        return true;
    }
    return false;
}

bool candidates_next(struct candidates *candidates, unsigned moot, size_t *rule)
{
    if (!candidates->bits) {
        *rule = candidates->next++;
        return *rule < candidates->count;
    }
    if (candidates->pending)
        bring_next(candidates, moot);
    if (!next_bit(candidates, rule))
        return false;
    candidates->next = *rule + 1;
    return true;
}

void candidates_end(struct candidates *candidates)
{
    free(candidates->bits);
    candidates->bits = NULL;
}
