/* SPDX-License-Identifier: ISC
 * Names in rules: facts, variables and their fields. */
#include "policy/check.h"
#include "policy/geo.h"

int add_operand(struct checker *checker, const struct operand *operand)
{
    struct policy *policy = checker->policy;
    struct operand *place = PARSER_PUSH(checker->parser, policy->operands, policy->operand_count);
    if (!place)
        return -1;
    *place = *operand;
    return (int)policy->operand_count - 1;
}

static const struct type textual = {.kind = TYPE_TEXT}, domain = {.kind = TYPE_DOMAIN};

/* `.local` or `.domain` at the end of an address's name. */
static bool accessor_by_name(struct slice word, enum accessor *out)
{
    *out = slice_eq(word, SLICE("local"))    ? ACCESSOR_LOCAL
           : slice_eq(word, SLICE("domain")) ? ACCESSOR_DOMAIN
                                             : ACCESSOR_NONE;
    return *out != ACCESSOR_NONE;
}

static bool apply_accessor(struct operand *operand, struct slice word)
{
    if (operand->type.kind != TYPE_ADDRESS || !accessor_by_name(word, &operand->accessor))
        return false;
    operand->type = operand->accessor == ACCESSOR_LOCAL ? textual : domain;
    return true;
}

static bool find_fact(struct slice name, struct operand *operand)
{
    enum fact fact;
    struct slice head = slice_sub(name, 0, slice_rfind(name, '.'));
    bool whole = fact_by_name(name, &fact);
    if (!whole && (head.len == name.len || !fact_by_name(head, &fact)))
        return false;
    *operand =
        (struct operand){.kind = fact == FACT_SCORE ? OPERAND_SCORE : OPERAND_FACT, .fact = fact};
    operand->type = fact_info(fact)->type;
    return whole || apply_accessor(operand, slice_from(name, head.len + 1));
}

/* The innermost that is in scope. */
static const struct variable *find_variable(const struct checker *checker, struct slice name,
                                            bool in_texts)
{
    for (unsigned i = checker->variable_count; i-- > checker->hidden;) {
        const struct variable *v = &checker->variables[i];
        if ((v->in_scope || (in_texts && v->bound_surely)) && slice_eq(v->name.text, name))
            return v;
    }
    return NULL;
}

/* Field and accessor after a variable's name. False: `rest` names none; *wrong is
 * what is unknown. */
static bool select_field(struct operand *operand, struct slice rest, struct slice *wrong)
{
    struct slice field, accessor;
    while (rest.len > 0) {
        slice_cut(rest, '.', &field, &accessor);
        *wrong = field;
        if (operand->type.kind == TYPE_RECORD) {
            operand->field = record_field_index(operand->type.record, field);
            if (operand->field < 0)
                return false;
            operand->type = operand->type.record->fields[operand->field].type;
        } else if (!apply_accessor(operand, field)) {
            return false;
        }
        rest = accessor;
    }
    return true;
}

static void unknown_field(struct checker *checker, const struct variable *variable, struct span at,
                          struct slice wrong)
{
    struct token token = {.at = at, .text = wrong};
    struct nearest near = nearest_to(wrong);
    const struct record_type *record = variable->type.record;
    for (size_t i = 0; variable->type.kind == TYPE_RECORD && i < record->count; i++)
        nearest_offer(&near, slice_of(record->fields[i].name));
    fail_unknown(checker->parser, &token, "field", &near);
}

/* attachments.extension: reported. */
static bool is_field_of_members(struct sources *sources, struct slice name, struct span at)
{
    size_t dot = slice_rfind(name, '.');
    struct slice list = slice_sub(name, 0, dot), field = slice_from(name, dot + 1);
    enum fact fact;
    if (dot == name.len || !fact_by_name(list, &fact))
        return false;
    const struct type *type = &fact_info(fact)->type;
    if (type->kind != TYPE_LIST || type->element->kind != TYPE_RECORD ||
        record_field_index(type->element->record, field) < 0)
        return false;
    source_error(sources, at, "'%.*s' is a list; expected any x in %.*s (x.%.*s ...)", SHOWN(list),
                 SHOWN(list), SHOWN(field));
    return true;
}

static void unknown_name(struct checker *checker, struct slice name, struct span at)
{
    struct token token = {.at = at, .text = name};
    struct nearest near = nearest_to(name);
    for (unsigned i = 0; i < FACT_COUNT; i++)
        nearest_offer(&near, slice_of(fact_info((enum fact)i)->name));
    for (unsigned i = 0; i < checker->variable_count; i++)
        nearest_offer(&near, checker->variables[i].name.text);
    for (size_t i = 0; i < checker->parser->table_count; i++)
        if (slice_eq(checker->parser->tables[i]->name.text, name)) {
            source_error(checker->parser->sources, at, "'%.*s' is a table; expected a fact here",
                         SHOWN(name));
            return;
        }
    if (!is_field_of_members(checker->parser->sources, name, at))
        fail_missing(checker->parser, &token, "fact", &near);
}

static bool resolve(struct checker *checker, struct slice name, struct span at, bool in_texts,
                    struct operand *operand)
{
    struct slice head, rest, wrong;
    if (find_fact(name, operand))
        return true;
    slice_cut(name, '.', &head, &rest);
    const struct variable *variable = find_variable(checker, head, in_texts);
    if (!variable) {
        unknown_name(checker, name, at);
        return false;
    }
    *operand = (struct operand){.kind = OPERAND_VARIABLE,
                                .fact = variable->fact,
                                .slot = variable->slot,
                                .field = -1,
                                .type = variable->type};
    if (select_field(operand, rest, &wrong))
        return true;
    unknown_field(checker, variable, at, wrong);
    return false;
}

/* With all that it needs. */
static void want(struct policy *policy, unsigned producer)
{
    if (policy->wanted[producer])
        return;
    policy->wanted[producer] = true;
    uint64_t needs = producer_info((enum producer)producer)->needs;
    for (unsigned i = 0; i < PRODUCER_COUNT; i++)
        if (needs & UINT64_C(1) << i)
            want(policy, i);
}

static void note_phase(struct rule *rule, enum phase phase)
{
    if (phase > rule->complete_at)
        rule->complete_at = phase;
}

/* What a verdict differs by from one recipient to the next. */
static void note_use(struct checker *checker, enum fact fact)
{
    enum producer producer = fact_info(fact)->producer;
    checker->policy->used[fact] = true;
    if (!checker->policy->wanted[producer])
        checker->policy->asked_at[producer] = checker->rule->at;
    want(checker->policy, producer);
    note_phase(checker->rule, fact_info(fact)->phase);
    checker->rule->names |= UINT64_C(1) << producer;
    checker->rule->names_login |= producer == PRODUCER_LOGIN || producer == PRODUCER_LOGIN_FAILURES;
    checker->rule->names_recipient |=
        fact == FACT_RECIPIENT || fact == FACT_MESSAGE_RELEASED || fact == FACT_BOUNCE_TAG ||
        producer == PRODUCER_GREYLIST || producer == PRODUCER_CONTACT ||
        producer == PRODUCER_REPORTED || producer == PRODUCER_LISTED ||
        producer == PRODUCER_LISTED_AUTHOR || producer == PRODUCER_ANSWERED ||
        producer == PRODUCER_ANSWERED_AUTHOR;
}

/* Said once a fact. */
static void warn_if_untold(struct checker *checker, enum fact fact, struct span at)
{
    const char *setting = geo_untold(checker->parser->config, fact);
    if (checker->policy->used[fact])
        return;
    warn_of_nobody_known(checker->parser, fact, at);
    if (setting)
        source_warning(checker->parser->sources, at,
                       "'%s' is absent of every client: no file tells it; expected one in %s",
                       fact_info(fact)->name, setting);
}

static bool finish_key(struct checker *checker, const struct syntax_term *term,
                       struct operand *operand)
{
    struct policy_key key;
    if (!check_key(checker->parser, operand->fact, term, &key))
        return false;
    int index = add_key(checker, &key, term->token.at);
    checker->rule->names_recipient |= key.fact == FACT_RATE && policy_key_phase(&key) == PHASE_RCPT;
    note_phase(checker->rule, policy_key_phase(&key));
    for (size_t i = 0; i < key.of_count; i++) {
        warn_if_untold(checker, key.of[i].fact, term->token.at);
        note_use(checker, key.of[i].fact);
    }
    operand->kind = OPERAND_KEYED;
    operand->key = (unsigned)index;
    return index >= 0;
}

static int finish_path(struct checker *checker, const struct syntax_term *term,
                       struct operand *operand)
{
    if (operand->kind == OPERAND_FACT && fact_info(operand->fact)->keyed &&
        !finish_key(checker, term, operand))
        return -1;
    warn_if_untold(checker, operand->fact, term->token.at);
    note_use(checker, operand->fact);
    return add_operand(checker, operand);
}

int check_path(struct checker *checker, const struct syntax_term *term)
{
    struct operand operand;
    if (term->index)
        return check_pair(checker, term, check_path);
    if (!resolve(checker, term->token.text, term->token.at, false, &operand))
        return -1;
    return finish_path(checker, term, &operand);
}

/* Whether a variable may stand in a text; a name that is none may. */
static bool variable_certain(struct checker *checker, struct slice name, struct span at)
{
    unsigned certain = 0, uncertain = 0;
    for (unsigned i = 0; i < checker->variable_count; i++) {
        const struct variable *v = &checker->variables[i];
        if (!slice_eq(v->name.text, name))
            continue;
        if (v->in_scope)
            return true;
        *(v->bound_surely ? &certain : &uncertain) += 1;
    }
    const char *why = certain > 1 ? "is bound more than once in this rule: which one is meant?"
                      : certain == 0 && uncertain > 0
                          ? "is not always bound when the rule holds: only the member of an 'any' "
                            "that must hold may be named"
                          : NULL;
    if (why)
        source_error(checker->parser->sources, at, "'%.*s' %s", SHOWN(name), why);
    return !why;
}

static bool writable(struct checker *checker, const struct type *type, struct slice path,
                     struct span at)
{
    if (type->kind != TYPE_RECORD &&
        (type->kind != TYPE_LIST || type->element->kind != TYPE_RECORD))
        return true;
    source_error(checker->parser->sources, at,
                 "'%.*s' cannot be written as text; name one of its fields", SHOWN(path));
    return false;
}

static int text_term(struct checker *checker, const struct syntax_term *term)
{
    struct operand operand;
    struct slice path = term->token.text, head, rest;
    struct span at = term->token.at;
    if (term->index)
        return check_pair(checker, term, text_term);
    slice_cut(path, '.', &head, &rest);
    if (!variable_certain(checker, head, at) || !resolve(checker, path, at, true, &operand) ||
        !writable(checker, &operand.type, path, at))
        return -1;
    return finish_path(checker, term, &operand);
}

int check_text_path(struct checker *checker, struct slice path, struct span at)
{
    struct parser *parser = checker->parser;
    struct parser_mark outer = parser_mark(parser);
    parser->lexer = lexer_of_text(parser->sources, path, at);
    parser_next(parser);
    struct syntax_term *term = parse_path(parser);
    bool whole = term && expect_punct(parser, '}');
    parser_return(parser, &outer);
    return whole ? text_term(checker, term) : -1;
}

static bool name_is_free(struct checker *checker, const struct token *name)
{
    static const char *const reserved[] = {
        "and",   "or",   "not",   "in",      "is",       "any",   "all",      "none",
        "count", "true", "false", "unknown", "absent",   "known", "starts",   "ends",
        "with",  "then", "when",  "matches", "contains", "i",     "condition"};
    const char *what = NULL;
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (slice_eq(name->text, slice_of(reserved[i])))
            what = "a word of the language";
    for (unsigned i = 0; i < FACT_COUNT; i++) {
        struct slice fact = slice_of(fact_info((enum fact)i)->name), head, rest;
        slice_cut(fact, '.', &head, &rest);
        if (slice_eq(name->text, fact) || slice_eq(name->text, head))
            what = "the name of a fact";
    }
    for (size_t i = 0; i < checker->parser->table_count; i++)
        if (slice_eq(name->text, checker->parser->tables[i]->name.text))
            what = "the name of a table";
    if (find_variable(checker, name->text, false))
        what = "bound already around this";
    if (slice_find(name->text, '.') < name->text.len)
        what = "not a plain word";
    if (what)
        source_error(checker->parser->sources, name->at,
                     "'%.*s' is %s; choose another name for the member", SHOWN(name->text), what);
    return !what;
}

int check_list(struct checker *checker, const struct syntax_term *list)
{
    int members = check_table_members(checker, list);
    return members == -2 ? check_path(checker, list) : members;
}

struct variable *check_bind(struct checker *checker, const struct token *name,
                            const struct syntax_term *list, int *operand)
{
    struct sources *sources = checker->parser->sources;
    if (!name_is_free(checker, name) || (*operand = check_list(checker, list)) < 0)
        return NULL;
    const struct operand *found = &checker->policy->operands[*operand];
    if (found->type.kind != TYPE_LIST) {
        char type[80];
        type_describe(&found->type, type, sizeof type);
        source_error(sources, list->token.at, "expected a list, but '%.*s' is a %s",
                     SHOWN(list->token.text), type);
        return NULL;
    }
    if (checker->variable_count == SLOTS_MAX) {
        source_error(sources, name->at, "too many members are named in one rule");
        return NULL;
    }
    struct variable *variable = &checker->variables[checker->variable_count];
    *variable = (struct variable){.name = *name,
                                  .slot = checker->variable_count++,
                                  .fact = found->fact,
                                  .type = *found->type.element,
                                  .in_scope = true};
    return variable;
}

void check_unbind(struct variable *variable)
{
    variable->in_scope = false;
}
