/* SPDX-License-Identifier: ISC
 * From syntax to a program: names are resolved, types compared, texts taken apart. Each function
 * that returns false or -1 has reported an error, or memory is out. */
#ifndef POLICY_CHECK_H
#define POLICY_CHECK_H

#include "policy/parser.h"
#include "policy/program.h"
#include "policy/syntax.h"
#include "policy/table.h"
#include "policy/types.h"

struct variable {
    struct token name;
    unsigned slot;
    enum fact fact; /* the list that it comes from */
    struct type type;
    bool bound_surely; /* after the condition held it is some member: it may stand in texts */
    bool in_scope;
};

struct checker {
    struct parser *parser;
    struct policy *policy;
    struct rule *rule;
    struct variable variables[SLOTS_MAX]; /* of this rule; the slot is the index */
    unsigned variable_count, hidden;      /* the first `hidden` are those of who uses a condition */
    unsigned named_depth, depth;
    size_t first_node;
    bool full;          /* the condition has become too long, which is reported */
    unsigned uncertain; /* > 0: inside not, or, all, none or count */
};

void check_rules(struct parser *parser);
/* Each condition with a name, by itself; nothing of it stays in the policy. */
void check_named_conditions(struct checker *checker);
void warn_of_idle_conditions(struct parser *parser);
void check_tests(struct parser *parser);
void warn_of_idle_tables(struct parser *parser);

/* A keyed fact's key. */
bool check_key(struct parser *parser, enum fact fact, const struct syntax_term *term,
               struct policy_key *out);
/* Its index among the policy's keys; -1: not there. */
int find_key(const struct policy *policy, const struct policy_key *key);
int add_key(struct checker *checker, const struct policy_key *key, struct span at);

/* A fact, a variable or a field of one; its operand's index. */
int check_path(struct checker *checker, const struct syntax_term *term);
/* The same for what follows a '{', to its '}': only certain variables. `at` is where errors point
 * when the path does not stand in the file letter by letter. */
int check_text_path(struct checker *checker, struct slice path, struct span at);

int check_condition(struct checker *checker, const struct syntax_expr *expr);
/* What a named condition says, as if it stood there in parentheses; what it binds stays its own. */
int check_named(struct checker *checker, const struct syntax_expr *expr);

/* A fact or a variable that should be a list, or a table: the list of its entries, as they were
 * written. An operand. */
int check_list(struct checker *checker, const struct syntax_term *term);
/* limits[sender.domain]; `path` checks what stands in the brackets. */
int check_pair(struct checker *checker, const struct syntax_term *term,
               int (*path)(struct checker *checker, const struct syntax_term *term));
/* -2: no table has this name. */
int check_table_members(struct checker *checker, const struct syntax_term *name);

/* Binds a variable to the members of a list, or to the entries of a table;
 * *list is the list's operand. Ends with check_unbind. */
struct variable *check_bind(struct checker *checker, const struct token *name,
                            const struct syntax_term *list, int *operand);
void check_unbind(struct variable *variable);

/* A literal or word of the expected type: an operand, or only its value. */
int check_literal(struct checker *checker, const struct syntax_term *term,
                  const struct type *expected);
bool literal_value(struct sources *sources, const struct syntax_term *term,
                   const struct type *expected, struct value *out);
/* The same for a text that is searched for, in addresses and domains a part of one. */
int check_part(struct checker *checker, const struct syntax_term *term, const struct type *expected,
               bool ending);
/* False: it is compared with domains or addresses, and reported as no domain's. */
bool literal_names_domain(struct sources *sources, const struct syntax_term *term,
                          const struct type *expected);

bool check_text(struct checker *checker, const struct token *token, struct text *out);
bool check_action(struct checker *checker, const struct syntax_action *syntax,
                  struct compiled_action *out);

/* Fills acts_at, spares_postmaster and why_later of all rules; warns of rules that never act. */
void check_phases(struct checker *checker);

int add_operand(struct checker *checker, const struct operand *operand);
int add_node(struct checker *checker, const struct node *node);

#endif
