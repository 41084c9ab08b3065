/* SPDX-License-Identifier: ISC
 * Conditions: from a tree to nodes, with their types compared. */
#include "policy/check.h"
#include "policy/spelling.h"
#include "policy/table_entries.h"

static void too_long(struct checker *checker, struct span at)
{
    checker->full = true;
    source_error(checker->parser->sources, at,
                 "this condition is too long; put texts into a table");
}

int add_node(struct checker *checker, const struct node *node)
{
    struct policy *policy = checker->policy;
    if (policy->node_count - checker->first_node >= NODES_PER_RULE_MAX) {
        too_long(checker, node->at);
        return -1;
    }
    struct node *place = PARSER_PUSH(checker->parser, policy->nodes, policy->node_count);
    if (!place)
        return -1;
    *place = *node;
    return (int)policy->node_count - 1;
}

/* What single values are compared as: a list's members stand for it. */
static const struct type *member_type(const struct type *type)
{
    return type->kind == TYPE_LIST ? type->element : type;
}

static struct type operand_type(const struct checker *checker, int operand)
{
    return checker->policy->operands[operand].type;
}

/* Who goes through a table too long names what is compared with its entries. */
static void blame_first_fact(struct checker *checker, int list)
{
    struct policy *policy = checker->policy;
    if (policy->operands[list].kind != OPERAND_LITERAL)
        return;
    for (size_t i = (size_t)list + 1; i < policy->operand_count; i++)
        if (policy->operands[i].kind == OPERAND_FACT || policy->operands[i].kind == OPERAND_KEYED) {
            policy->operands[list].fact = policy->operands[i].fact;
            return;
        }
}

static int check_count(struct checker *checker, const struct syntax_term *term)
{
    struct operand operand = {
        .kind = OPERAND_COUNT, .type = {.kind = TYPE_NUMBER}, .condition = -1};
    checker->uncertain++;
    if (term->condition) {
        struct variable *variable = check_bind(checker, &term->variable, term->list, &operand.list);
        operand.condition = variable ? check_condition(checker, term->condition) : -1;
        if (operand.condition < 0)
            return -1;
        check_unbind(variable);
        operand.slot = variable->slot;
    } else if ((operand.list = check_list(checker, term->list)) < 0) {
        return -1;
    }
    checker->uncertain--;
    blame_first_fact(checker, operand.list);
    operand.fact = checker->policy->operands[operand.list].fact;
    if (operand_type(checker, operand.list).kind != TYPE_LIST) {
        source_error(checker->parser->sources, term->list->token.at, "expected a list to count");
        return -1;
    }
    return add_operand(checker, &operand);
}

/* The side that says what is compared. */
static int check_left(struct checker *checker, const struct syntax_term *term)
{
    if (term->kind == TERM_COUNT)
        return check_count(checker, term);
    if (term->kind == TERM_PATH)
        return check_path(checker, term);
    source_error(checker->parser->sources, term->token.at,
                 "expected a fact on the left side of a comparison");
    return -1;
}

static bool names_word(const struct type *type, const struct syntax_term *term)
{
    struct slice word = term->token.text;
    if (term->kind != TERM_PATH)
        return false;
    enum fact fact;
    if (type->kind == TYPE_ENUM)
        return enum_word_index(type->words, word) >= 0 ||
               (slice_find(word, '.') == word.len && !fact_by_name(word, &fact));
    return type->kind == TYPE_BOOL &&
           (slice_eq(word, SLICE("true")) || slice_eq(word, SLICE("false")));
}

static bool comparable(const struct type *a, const struct type *b)
{
    if (type_is_textual(a) && type_is_textual(b))
        return true;
    return a->kind == b->kind && a->words == b->words && a->kind != TYPE_RECORD &&
           a->kind != TYPE_LIST;
}

/* The other side: a literal of the left side's type or a fact that goes with it. */
static int check_right(struct checker *checker, const struct syntax_term *term,
                       const struct type *expected)
{
    if (term->kind == TERM_LITERAL || term->kind == TERM_LIST || names_word(expected, term))
        return check_literal(checker, term, expected);
    int operand = term->kind == TERM_COUNT ? check_count(checker, term) : check_path(checker, term);
    if (operand < 0)
        return -1;
    struct type type = operand_type(checker, operand);
    if (comparable(expected, &type))
        return operand;
    char left[80], right[80];
    type_describe(expected, left, sizeof left);
    type_describe(&type, right, sizeof right);
    source_error(checker->parser->sources, term->token.at, "a %s cannot be compared with a %s",
                 left, right);
    return -1;
}

static bool is_name(const struct type *type)
{
    return type->kind == TYPE_ADDRESS || type->kind == TYPE_DOMAIN;
}

static enum folding folding_of(const struct type *a, const struct type *b, enum folding texts)
{
    return is_name(a) || is_name(b) ? FOLD_NAMES : texts;
}

static bool check_order(struct checker *checker, const struct syntax_expr *expr,
                        const struct type *type)
{
    struct sources *sources = checker->parser->sources;
    const struct type *member = member_type(type);
    char name[80];
    type_describe(type, name, sizeof name);
    if (member->kind == TYPE_RECORD) {
        source_error(sources, expr->at,
                     "records are not compared; write: any a in %.*s (a.FIELD == ...)",
                     SHOWN(expr->a->token.text));
        return false;
    }
    if (type->kind == TYPE_LIST && expr->compare == COMPARE_NE) {
        source_error(
            sources, expr->at,
            "!= on a list is ambiguous; write: not %.*s == ... (no member is), or use 'any'",
            SHOWN(expr->a->token.text));
        return false;
    }
    if (expr->compare > COMPARE_NE && !type_is_ordered(member)) {
        source_error(sources, expr->at, "a %s has no order; expected == or !=", name);
        return false;
    }
    return true;
}

static int check_compare(struct checker *checker, const struct syntax_expr *expr, struct node *node)
{
    struct type left = operand_type(checker, node->a);
    node->op = OP_COMPARE;
    node->compare = expr->compare;
    if (!check_order(checker, expr, &left) ||
        (node->b = check_right(checker, expr->b, member_type(&left))) < 0)
        return -1;
    struct type right = operand_type(checker, node->b);
    node->folding = folding_of(member_type(&left), &right, FOLD_LETTERS);
    return add_node(checker, node);
}

static bool expect_textual(struct checker *checker, const struct syntax_term *term,
                           const struct type *type)
{
    char name[80];
    if (type_is_textual(member_type(type)))
        return true;
    type_describe(type, name, sizeof name);
    source_error(checker->parser->sources, term->token.at, "expected a text, but '%.*s' is a %s",
                 SHOWN(term->token.text), name);
    return false;
}

/* What is searched for: a part of what the left side is, or all of it in a fact. */
static int check_needle(struct checker *checker, const struct syntax_expr *expr,
                        const struct type *expected)
{
    if (expr->b->kind == TERM_LITERAL)
        return check_part(checker, expr->b, expected, expr->kind == EXPR_ENDS);
    return check_right(checker, expr->b, expected);
}

static int check_text_search(struct checker *checker, const struct syntax_expr *expr,
                             struct node *node)
{
    struct type left = operand_type(checker, node->a);
    node->op = expr->kind == EXPR_CONTAINS ? OP_CONTAINS
               : expr->kind == EXPR_STARTS ? OP_STARTS
                                           : OP_ENDS;
    if (!expect_textual(checker, expr->a, &left) ||
        (node->b = check_needle(checker, expr, member_type(&left))) < 0)
        return -1;
    struct type right = operand_type(checker, node->b);
    node->folding =
        folding_of(member_type(&left), &right, expr->letters ? FOLD_LETTERS : FOLD_NOTHING);
    return add_node(checker, node);
}

static int check_matches(struct checker *checker, const struct syntax_expr *expr, struct node *node)
{
    struct policy *policy = checker->policy;
    struct type left = operand_type(checker, node->a);
    const struct token *pattern = &expr->b->token;
    char error[REGEX_ERROR_SIZE];
    size_t at;
    if (!expect_textual(checker, expr->a, &left))
        return -1;
    if (expr->b->kind != TERM_LITERAL || pattern->kind != TOKEN_REGEX) {
        source_error(checker->parser->sources, pattern->at,
                     "expected a pattern such as /invoice/i");
        return -1;
    }
    struct regex **place = PARSER_PUSH(checker->parser, policy->regexes, policy->regex_count);
    if (!place)
        return -1;
    *place = regex_new(pattern->text, pattern->fold || expr->letters, error, &at);
    if (!*place) {
        struct span span = pattern->at;
        span.from += 1 + (uint32_t)(at < pattern->text.len ? at : pattern->text.len);
        source_error(checker->parser->sources, span, "in this pattern: %s", error);
        return -1;
    }
    node->op = OP_MATCHES;
    node->regex = *place;
    return add_node(checker, node);
}

static int in_table(struct checker *checker, struct node *node, struct table *table,
                    const struct type *type, struct span at)
{
    bool networks = type->kind == TYPE_IP;
    if (!table || (networks && !table_take_networks(checker->parser->sources, table, at)))
        return -1;
    if (type->kind == TYPE_DOMAIN || type->kind == TYPE_ADDRESS)
        table_take_names(checker->parser->sources, table);
    node->op = networks ? OP_IN_NETWORKS : OP_IN_TABLE;
    node->table = table;
    return add_node(checker, node);
}

static int in_words(struct checker *checker, const struct syntax_term *list, struct node *node,
                    const struct type *type)
{
    struct value value;
    node->op = OP_IN_WORDS;
    for (size_t i = 0; i < list->count; i++) {
        if (!literal_value(checker->parser->sources, &list->items[i], type, &value))
            return -1;
        node->words |= (uint64_t)1 << (value.integer & 63);
    }
    return add_node(checker, node);
}

static int in_list(struct checker *checker, const struct syntax_term *list, struct node *node,
                   const struct type *type)
{
    struct sources *sources = checker->parser->sources;
    static const struct type text = {.kind = TYPE_TEXT};
    struct table *table = table_new(sources, list->count);
    struct value value;
    if (type->kind == TYPE_ENUM)
        return in_words(checker, list, node, type);
    for (size_t i = 0; table && i < list->count; i++) {
        struct token entry = list->items[i].token;
        if (!literal_value(sources, &list->items[i], &text, &value) ||
            !literal_names_domain(sources, &list->items[i], type))
            return -1;
        entry.text = type->kind == TYPE_TEXT ? value.text : spell_entry(sources->arena, value.text);
        if (!entry.text.ptr || !table_add_token(checker->parser, table, &entry))
            return -1;
    }
    return in_table(checker, node, table, type, list->token.at);
}

/* x in LIST-FACT: the same as LIST-FACT == x. */
static int in_list_fact(struct checker *checker, struct node *node, int list,
                        const struct type *type, struct span at)
{
    struct type listed = operand_type(checker, list);
    if (listed.kind != TYPE_LIST || !comparable(listed.element, type) ||
        operand_type(checker, node->a).kind == TYPE_LIST) {
        source_error(checker->parser->sources, at, "expected a table or a list of the same type");
        return -1;
    }
    node->op = OP_COMPARE;
    node->b = node->a;
    node->a = list;
    node->folding = folding_of(listed.element, type, FOLD_LETTERS);
    return add_node(checker, node);
}

static int check_in(struct checker *checker, const struct syntax_expr *expr, struct node *node)
{
    struct type left = operand_type(checker, node->a);
    const struct type *type = member_type(&left);
    const struct syntax_term *set = expr->b;
    struct value value;
    if (type->kind != TYPE_IP && type->kind != TYPE_ENUM && !type_is_textual(type)) {
        source_error(checker->parser->sources, expr->at,
                     "'in' is for texts, domains, addresses and words");
        return -1;
    }
    if (set->kind == TERM_LIST)
        return in_list(checker, set, node, type);
    if (set->kind == TERM_LITERAL && type->kind == TYPE_IP) {
        static const struct type network = {.kind = TYPE_NETWORK};
        if (!literal_value(checker->parser->sources, set, &network, &value))
            return -1;
        node->op = OP_IN_NETWORK;
        node->network = value.network;
        return add_node(checker, node);
    }
    if (set->kind != TERM_PATH) {
        source_error(checker->parser->sources, set->token.at,
                     "expected the name of a table or a list such as [\"a\", \"b\"]");
        return -1;
    }
    enum fact fact;
    if (fact_by_name(set->token.text, &fact) ||
        slice_find(set->token.text, '.') < set->token.text.len) {
        int list = check_path(checker, set);
        return list < 0 ? -1 : in_list_fact(checker, node, list, type, set->token.at);
    }
    return in_table(checker, node, find_table(checker->parser, &set->token), type, set->token.at);
}

static int check_truth(struct checker *checker, const struct syntax_expr *expr, struct node *node)
{
    struct type type = operand_type(checker, node->a);
    node->op = OP_TRUTH;
    if (type.kind == TYPE_BOOL)
        return add_node(checker, node);
    char name[80];
    type_describe(&type, name, sizeof name);
    if (type.kind == TYPE_LIST)
        source_error(checker->parser->sources, expr->at,
                     "expected a comparison; '%.*s' is a list: use any, all, none or count",
                     SHOWN(expr->a->token.text));
    else
        source_error(checker->parser->sources, expr->at, "expected a comparison; '%.*s' is a %s",
                     SHOWN(expr->a->token.text), name);
    return -1;
}

static int check_leaf(struct checker *checker, const struct syntax_expr *expr)
{
    struct node node = {.left = -1, .right = -1, .a = -1, .b = -1, .at = expr->at};
    if ((node.a = check_left(checker, expr->a)) < 0)
        return -1;
    switch (expr->kind) {
    case EXPR_COMPARE:
        return check_compare(checker, expr, &node);
    case EXPR_IN:
        return check_in(checker, expr, &node);
    case EXPR_MATCHES:
        return check_matches(checker, expr, &node);
    case EXPR_CONTAINS:
    case EXPR_STARTS:
    case EXPR_ENDS:
        return check_text_search(checker, expr, &node);
    case EXPR_TRUTH:
        return check_truth(checker, expr, &node);
    default:
        node.op = expr->kind == EXPR_ABSENT  ? OP_ABSENT
                  : expr->kind == EXPR_KNOWN ? OP_KNOWN
                                             : OP_UNKNOWN;
        return add_node(checker, &node);
    }
}

static int check_not(struct checker *checker, const struct span at, int inner)
{
    struct node node = {.op = OP_NOT, .left = inner, .right = -1, .a = -1, .b = -1, .at = at};
    return inner < 0 ? -1 : add_node(checker, &node);
}

static int check_quantifier(struct checker *checker, const struct syntax_expr *expr)
{
    struct node node = {
        .op = expr->kind == EXPR_ALL ? OP_ALL : OP_ANY, .right = -1, .b = -1, .at = expr->at};
    bool certain = expr->kind == EXPR_ANY && checker->uncertain == 0;
    struct variable *variable = check_bind(checker, &expr->variable, expr->a, &node.a);
    if (!variable)
        return -1;
    checker->uncertain += expr->kind != EXPR_ANY;
    node.left = check_condition(checker, expr->left);
    checker->uncertain -= expr->kind != EXPR_ANY;
    check_unbind(variable);
    blame_first_fact(checker, node.a);
    variable->bound_surely = certain;
    node.slot = variable->slot;
    int index = node.left < 0 ? -1 : add_node(checker, &node);
    return expr->kind == EXPR_NONE ? check_not(checker, expr->at, index) : index;
}

static int check_both(struct checker *checker, const struct syntax_expr *expr)
{
    struct node node = {
        .op = expr->kind == EXPR_AND ? OP_AND : OP_OR, .a = -1, .b = -1, .at = expr->at};
    checker->uncertain += expr->kind == EXPR_OR;
    node.left = check_condition(checker, expr->left);
    node.right = check_condition(checker, expr->right);
    checker->uncertain -= expr->kind == EXPR_OR;
    return node.left < 0 || node.right < 0 ? -1 : add_node(checker, &node);
}

static int check_inside(struct checker *checker, const struct syntax_expr *expr)
{
    int inner;
    switch (expr->kind) {
    case EXPR_NAMED:
        return check_named(checker, expr);
    case EXPR_NOT:
        checker->uncertain++;
        inner = check_condition(checker, expr->left);
        checker->uncertain--;
        return check_not(checker, expr->at, inner);
    case EXPR_AND:
    case EXPR_OR:
        return check_both(checker, expr);
    case EXPR_ANY:
    case EXPR_ALL:
    case EXPR_NONE:
        return check_quantifier(checker, expr);
    default:
        return check_leaf(checker, expr);
    }
}

/* A condition is as deep as the longest chain of its names and words, and checked as deep. */
int check_condition(struct checker *checker, const struct syntax_expr *expr)
{
    if (checker->full || checker->parser->sources->errors >= ERRORS_MAX)
        return -1;
    if (checker->depth == NODES_PER_RULE_MAX) {
        too_long(checker, expr->at);
        return -1;
    }
    checker->depth++;
    int node = check_inside(checker, expr);
    checker->depth--;
    return node;
}
