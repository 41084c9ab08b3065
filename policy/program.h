/* SPDX-License-Identifier: ISC
 * A compiled policy: arrays of nodes, operands, actions and rules that name each other by index.
 * Nothing changes in it once it is made. */
#ifndef POLICY_PROGRAM_H
#define POLICY_PROGRAM_H

#include "policy/lexer.h"
#include "policy/policy.h"
#include "policy/regex/regex.h"
#include "policy/syntax.h"

struct gates;
struct marks;
struct table;

enum {
    SLOTS_MAX = 16,            /* variables bound in one rule */
    NODES_PER_RULE_MAX = 2000, /* also how deep a condition can be */
    WORK_MAX = 2000000,        /* steps that one rule may take */
};

enum accessor { ACCESSOR_NONE, ACCESSOR_LOCAL, ACCESSOR_DOMAIN };

/* What letters are the same in a comparison of texts. */
enum folding {
    FOLD_NOTHING,
    FOLD_LETTERS, /* those of any case */
    FOLD_NAMES,   /* those of ASCII; a dot at the end does not count */
};

enum operand_kind {
    OPERAND_FACT,
    OPERAND_KEYED,
    OPERAND_VARIABLE, /* a member bound by any, all, none, count or strip; or a field of it */
    OPERAND_LITERAL,  /* also the entries of a table, as a list */
    OPERAND_PAIR,     /* what a table says of another operand */
    OPERAND_COUNT,
    OPERAND_SCORE,
};

struct operand {
    enum operand_kind kind;
    enum accessor accessor;
    enum fact fact; /* that it comes from; a variable: the list's */
    unsigned key;
    unsigned slot;
    int field; /* of a variable; -1: the member itself */
    struct type type;
    struct value literal;
    int list, condition; /* of count: an operand and a node (-1: none) */
    int of;              /* of a pair: an operand */
    const struct table *table;
};

enum op {
    OP_NOT,
    OP_AND,
    OP_OR,
    OP_ANY,
    OP_ALL,
    OP_TRUTH,
    OP_COMPARE,
    OP_IN_TABLE,
    OP_IN_NETWORKS, /* a table of networks */
    OP_IN_NETWORK,
    OP_IN_WORDS,
    OP_MATCHES,
    OP_CONTAINS,
    OP_STARTS,
    OP_ENDS,
    OP_ABSENT,
    OP_KNOWN,
    OP_UNKNOWN,
};

struct node {
    enum op op;
    enum compare compare;
    enum folding folding;
    int left, right; /* nodes of not, and, or; any, all: left is the condition */
    int a, b;        /* operands; any, all: a is the list */
    unsigned slot;   /* any, all */
    union {
        const struct table *table;
        const struct regex *regex;
        struct network network;
        uint64_t words; /* bit for each word of the enum */
    };
    struct span at;
};

/* A text with {facts} in it. */
struct piece {
    struct slice literal; /* before the fact */
    int operand;          /* -1: none */
};

struct text {
    struct piece *pieces;
    size_t count;
};

struct compiled_action {
    enum action kind;
    unsigned code;
    struct slice enhanced, name;
    struct text text;
    double points;
    int64_t delay;       /* milliseconds */
    int list, condition; /* strip: an operand and a node */
    unsigned slot;
    bool split; /* banner, disclaimer */
};

/* When something is known at the earliest, and because of which operand; -1: from the start. */
struct when {
    enum phase phase;
    int operand;
};

enum { PHASE_NEVER = PHASE_MESSAGE + 1 };

struct rule {
    struct slice name, file, does;
    unsigned line;
    struct span at;
    bool observe;
    bool terminal, scores, edits; /* edits: anything but a verdict or points */
    bool names_recipient;
    bool reads_score; /* in a text */
    int strictness;   /* the greatest of its actions */
    int condition;    /* a node; -1: always */
    size_t first_action, action_count;
    struct when holds, fails; /* the earliest that the condition can be true, can be false */
    struct when texts;        /* the latest fact in its texts and strips */
    enum phase complete_at;   /* all that it names anywhere is known then */
    bool names_login;         /* what only a login tells */
    uint64_t names;           /* a bit for each producer whose facts it names */
    enum phase acts_at;
    bool spares_postmaster; /* a refusal that its own facts could decide before the message */
    struct slice why_later;
};

struct policy {
    struct node *nodes;
    size_t node_count;
    struct operand *operands;
    size_t operand_count;
    struct compiled_action *actions;
    size_t action_count;
    struct rule *rules;
    size_t rule_count;
    struct policy_key *keys;
    size_t key_count;
    struct regex **regexes;
    size_t regex_count;
    struct source *const *files;
    bool used[FACT_COUNT], wanted[PRODUCER_COUNT];
    struct span asked_at[PRODUCER_COUNT]; /* the first rule that wants it */
    struct policy_test *tests;            /* see testblock.h */
    size_t test_count;
    const struct marks *marks;  /* see marks.h */
    const struct gates *gates;  /* see gates.h; NULL: each rule is looked at */
    size_t first_for_recipient; /* the first rule that names one; rule_count: none does */
};

/* Whether the rule is passed over for the recipient: who runs a blocked network must be able to
 * write to postmaster; malware is refused all the same. */
bool rule_passes_over(const struct rule *rule, const struct facts *facts);

/* Where a node's condition stands in its file. */
struct slice policy_source(const struct policy *policy, struct span at);

/* Frees what does not live in the arena. */
void policy_release(struct policy *policy);

#endif
