/* SPDX-License-Identifier: ISC
 * Rules and tests as they were written, before names and types are looked at.
 * All in the sources' arena. */
#ifndef POLICY_SYNTAX_H
#define POLICY_SYNTAX_H

#include "policy/lexer.h"
#include "policy/policy.h"

enum term_kind {
    TERM_PATH,    /* client.ip, a.name.domain, a bare word, header["x"] */
    TERM_LITERAL, /* a string, number, size, duration or pattern: see its token */
    TERM_LIST,    /* ["a", "b"] */
    TERM_COUNT,   /* count(list) or count(a in list (condition)) */
    TERM_RECORD,  /* { name "x" extension "exe" }: in tests */
};

/* rate(client.ip, sender.domain, 1h, messages) */
struct syntax_rate {
    struct token of[RATE_FACTS_MAX];
    size_t of_count;
    struct token window, event; /* event TOKEN_END: not given */
};

struct syntax_term {
    enum term_kind kind;
    struct token token;
    struct token key;          /* of header["x"], dnsbl.listed("x"); TOKEN_END: none */
    struct syntax_rate *rate;  /* of rate(...); else NULL */
    struct syntax_term *index; /* of limits[sender.domain]; else NULL */
    struct syntax_term *items; /* list: its members; record: its values */
    struct token *fields;      /* record: their names */
    size_t count;
    bool cut;                      /* a list in a test whose rest is unknown */
    struct token variable;         /* count(a in ...) */
    struct syntax_term *list;      /* of count */
    struct syntax_expr *condition; /* of count; NULL: all members */
};

enum expr_kind {
    EXPR_NAMED, /* condition "name" */
    EXPR_NOT,
    EXPR_AND,
    EXPR_OR,
    EXPR_ANY,
    EXPR_ALL,
    EXPR_NONE,
    EXPR_TRUTH, /* a bare fact */
    EXPR_COMPARE,
    EXPR_IN,
    EXPR_MATCHES,
    EXPR_CONTAINS,
    EXPR_STARTS,
    EXPR_ENDS,
    EXPR_ABSENT,
    EXPR_KNOWN,
    EXPR_UNKNOWN,
};

struct syntax_expr {
    enum expr_kind kind;
    enum compare compare;
    struct span at;
    struct syntax_expr *left, *right; /* not: left; any, all, none: left is the condition */
    struct syntax_term *a, *b;        /* any, all, none: a is the list */
    struct token variable;            /* named: the name */
    bool letters;                     /* without regard to case */
};

struct syntax_action {
    enum action kind;
    struct span at;
    struct token name; /* header's name, score's part */
    struct token text; /* TOKEN_END: not given */
    struct token code, enhanced;
    double points;
    struct token duration; /* delay */
    bool split;            /* banner, disclaimer */
    struct token variable; /* strip each */
    struct syntax_term *list;
    struct syntax_expr *condition;
};

/* condition "name" when ... */
struct syntax_named {
    struct token name;
    struct syntax_expr *when;
    bool used, open, faulty; /* open: it is being looked at, so it cannot be part of itself */
};

struct syntax_rule {
    struct token name;
    bool observe;
    struct syntax_expr *when; /* NULL: always */
    struct syntax_action *actions;
    size_t action_count;
};

enum expect_kind {
    EXPECT_VERDICT,
    EXPECT_FIRED,
    EXPECT_SCORE,
    EXPECT_REPLY,
    EXPECT_SUBJECT,
    EXPECT_EDIT, /* of an action that is no verdict */
};

struct syntax_expect {
    enum expect_kind kind;
    struct span at;
    enum action action;
    bool negated;
    /* What is compared; TOKEN_END: whatever it is. */
    struct token by; /* rule's name */
    struct token name, text, code, enhanced, duration;
    enum compare compare;
    double score;
};

struct syntax_given {
    struct syntax_term *fact; /* a path */
    struct syntax_term *value;
};

struct syntax_test {
    struct token name;
    struct syntax_given *givens;
    size_t given_count;
    struct syntax_expect *expects;
    size_t expect_count;
};

struct parser;

/* After `expect`; see parse_expect.c. */
bool parse_expect(struct parser *parser, struct syntax_expect *expect);

/* Takes the words of an action. */
bool accept_action(struct parser *parser, enum action *action);

/* A condition; NULL: reported. */
struct syntax_expr *parse_condition(struct parser *parser);
/* The left or right side of a comparison. */
struct syntax_term *parse_term(struct parser *parser);
/* A fact's name, with ["key"], ("key") or a rate's arguments. */
struct syntax_term *parse_fact(struct parser *parser);
/* The same, or a variable, a field of one, or a table's value for one of them: limits[sender.domain]. */
struct syntax_term *parse_path(struct parser *parser);

#endif
