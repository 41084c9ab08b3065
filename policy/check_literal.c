/* SPDX-License-Identifier: ISC
 * Literals, typed by what is expected where they stand. */
#include "policy/check.h"
#include "policy/dates.h"
#include "policy/spelling.h"

#include <stdio.h>

static bool mismatch(struct sources *sources, const struct syntax_term *term,
                     const struct type *expected)
{
    static const char *const examples[] = {
        [TYPE_BOOL] = "true or false",
        [TYPE_NUMBER] = "a number",
        [TYPE_TEXT] = "a text in quotes",
        [TYPE_ADDRESS] = "an address in quotes",
        [TYPE_DOMAIN] = "a domain in quotes",
        [TYPE_IP] = "an IP address in quotes, such as \"192.0.2.1\"",
        [TYPE_NETWORK] = "a network in quotes, such as \"192.0.2.0/24\"",
        [TYPE_DURATION] = "a duration, such as 10min",
        [TYPE_SIZE] = "a size, such as 25MiB",
        [TYPE_TIME] = "a date in quotes, such as \"2026-01-31\"",
        [TYPE_ENUM] = "a word",
        [TYPE_LIST] = "a list in brackets",
        [TYPE_RECORD] = "a record in braces",
    };
    char found[96];
    token_describe(&term->token, found, sizeof found);
    source_error(sources, term->token.at, "expected %s, found %s", examples[expected->kind], found);
    return false;
}

static bool is_word(const struct syntax_term *term, const char *word)
{
    return term->kind == TERM_PATH && slice_eq(term->token.text, slice_of(word));
}

static bool is_literal(const struct syntax_term *term, enum token_kind kind)
{
    return term->kind == TERM_LITERAL && term->token.kind == kind;
}

struct word_list {
    char text[200]; /* "a, b, c" */
};

static struct word_list list_words(const struct enum_type *words)
{
    struct word_list list = {""};
    for (size_t i = 0, n = 0; i < words->count && n < sizeof list.text; i++)
        n += (size_t)snprintf(list.text + n, sizeof list.text - n, "%s%s", i ? ", " : "",
                              words->words[i]);
    return list;
}

static void no_word(struct sources *sources, const struct syntax_term *term,
                    const struct enum_type *words, bool quoted)
{
    struct word_list list = list_words(words);
    if (quoted)
        source_error(sources, term->token.at, "expected the word %.*s without quotes",
                     SHOWN(term->token.text));
    else
        source_error(sources, term->token.at, "expected one of the words %s", list.text);
}

static void unknown_word(struct sources *sources, const struct syntax_term *term,
                         const struct enum_type *words)
{
    struct word_list list = list_words(words);
    struct nearest near = nearest_to(term->token.text);
    for (size_t i = 0; i < words->count; i++)
        nearest_offer(&near, slice_of(words->words[i]));
    struct slice best = nearest_name(&near);
    if (best.len > 0)
        source_error(sources, term->token.at, "unknown word '%.*s' for %s; did you mean '%.*s'?",
                     SHOWN(term->token.text), words->name, SHOWN(best));
    else
        source_error(sources, term->token.at, "unknown word '%.*s' for %s; expected one of %s",
                     SHOWN(term->token.text), words->name, list.text);
}

static bool enum_value(struct sources *sources, const struct syntax_term *term,
                       const struct type *expected, struct value *out)
{
    int index = enum_word_index(expected->words, term->token.text);
    *out = value_integer(index);
    if (term->kind != TERM_PATH)
        no_word(sources, term, expected->words, index >= 0);
    else if (index < 0)
        unknown_word(sources, term, expected->words);
    return term->kind == TERM_PATH && index >= 0;
}

/* Sizes and durations need a unit, but for 0. */
static bool measure_value(struct sources *sources, const struct syntax_term *term,
                          const struct type *expected, enum token_kind kind, struct value *out)
{
    bool zero = is_literal(term, TOKEN_NUMBER) && term->token.number == 0;
    if (!zero && !is_literal(term, kind))
        return mismatch(sources, term, expected);
    *out = value_integer((int64_t)term->token.number);
    return true;
}

static bool list_value(struct sources *sources, const struct syntax_term *term,
                       const struct type *expected, struct value *out)
{
    const struct syntax_term *items = term->kind == TERM_LIST ? term->items : term;
    size_t count = term->kind == TERM_LIST ? term->count : 1;
    struct value *values = source_alloc(sources, count, sizeof *values);
    if (!values)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!literal_value(sources, &items[i], expected->element, &values[i]))
            return false;
    *out = (struct value){.state = VALUE_KNOWN, .list = {values, count, term->cut}};
    return true;
}

/* What a field is that a test does not give: nothing out of the ordinary. */
static struct value harmless(const struct record_type *record, size_t field)
{
    const struct type *type = &record->fields[field].type;
    bool signature = record == &record_types[RECORD_signature];
    if (signature && field == signature_result)
        return value_integer(enum_word_index(type->words, SLICE("pass")));
    if (signature && field == signature_whole_body)
        return value_bool(true);
    if (signature && field == signature_reason)
        return value_absent();
    if (type->kind == TYPE_LIST)
        return (struct value){.state = VALUE_KNOWN};
    return type_is_textual(type) ? value_text(SLICE("")) : (struct value){.state = VALUE_KNOWN};
}

/* `names`, when not given, holds `name`. */
static bool names_follow_name(struct sources *sources, const struct record_type *record,
                              struct value *fields)
{
    int name = record_field_index(record, SLICE("name")),
        names = record_field_index(record, SLICE("names"));
    if (name < 0 || names < 0 || fields[names].list.count > 0)
        return true;
    struct value *only = source_alloc(sources, 1, sizeof *only);
    if (!only)
        return false;
    *only = fields[name];
    fields[names].list = (struct list){.items = only, .count = 1};
    return true;
}

static bool record_value(struct sources *sources, const struct syntax_term *term,
                         const struct type *expected, struct value *out)
{
    const struct record_type *record = expected->record;
    if (term->kind != TERM_RECORD)
        return mismatch(sources, term, expected);
    struct value *fields = source_alloc(sources, record->count, sizeof *fields);
    if (!fields)
        return false;
    for (size_t i = 0; i < record->count; i++)
        fields[i] = harmless(record, i);
    for (size_t i = 0; i < term->count; i++) {
        int field = record_field_index(record, term->fields[i].text);
        if (field < 0) {
            source_error(sources, term->fields[i].at, "%s records have no field '%.*s'",
                         record->name, SHOWN(term->fields[i].text));
            return false;
        }
        const struct type *type = &record->fields[field].type;
        if (is_word(&term->items[i], "unknown"))
            fields[field] = value_unknown();
        else if (is_word(&term->items[i], "absent"))
            fields[field] = value_absent();
        else if (!literal_value(sources, &term->items[i], type, &fields[field]))
            return false;
    }
    *out = (struct value){.state = VALUE_KNOWN, .fields = fields};
    return names_follow_name(sources, record, fields);
}

static bool spelled_value(struct sources *sources, const struct syntax_term *term,
                          const struct type *expected, struct value *out)
{
    struct slice text = term->token.text;
    *out = expected->kind == TYPE_DOMAIN ? value_domain(sources->arena, text)
                                         : value_address(sources->arena, text);
    sources->no_memory |= out->state != VALUE_KNOWN;
    return out->state == VALUE_KNOWN;
}

bool literal_value(struct sources *sources, const struct syntax_term *term,
                   const struct type *expected, struct value *out)
{
    switch (expected->kind) {
    case TYPE_BOOL:
        *out = value_bool(is_word(term, "true"));
        return out->truth || is_word(term, "false") || mismatch(sources, term, expected);
    case TYPE_NUMBER:
        *out = value_number(term->token.number);
        return is_literal(term, TOKEN_NUMBER) || mismatch(sources, term, expected);
    case TYPE_TEXT:
        *out = value_text(term->token.text);
        return is_literal(term, TOKEN_STRING) || mismatch(sources, term, expected);
    case TYPE_ADDRESS:
    case TYPE_DOMAIN:
        return is_literal(term, TOKEN_STRING) ? spelled_value(sources, term, expected, out)
                                              : mismatch(sources, term, expected);
    case TYPE_IP:
        *out = (struct value){.state = VALUE_KNOWN};
        return (is_literal(term, TOKEN_STRING) && ip_parse(term->token.text, &out->ip)) ||
               mismatch(sources, term, expected);
    case TYPE_NETWORK:
        *out = (struct value){.state = VALUE_KNOWN};
        return (is_literal(term, TOKEN_STRING) && network_parse(term->token.text, &out->network)) ||
               mismatch(sources, term, expected);
    case TYPE_TIME:
        *out = (struct value){.state = VALUE_KNOWN};
        return (is_literal(term, TOKEN_STRING) && date_parse(term->token.text, &out->integer)) ||
               mismatch(sources, term, expected);
    case TYPE_SIZE:
        return measure_value(sources, term, expected, TOKEN_SIZE, out);
    case TYPE_DURATION:
        return measure_value(sources, term, expected, TOKEN_DURATION, out);
    case TYPE_ENUM:
        return enum_value(sources, term, expected, out);
    case TYPE_LIST:
        return list_value(sources, term, expected, out);
    case TYPE_RECORD:
        return record_value(sources, term, expected, out);
    default:
        return mismatch(sources, term, expected);
    }
}

bool literal_names_domain(struct sources *sources, const struct syntax_term *term,
                          const struct type *expected)
{
    bool named = expected->kind == TYPE_DOMAIN || expected->kind == TYPE_ADDRESS;
    const char *flaw = named ? spelling_flaw(sources->arena, term->token.text) : NULL;
    if (flaw)
        source_error(sources, term->token.at,
                     "no domain can be in \"%.*s\": %s; expected one such as \"example.com\"",
                     SHOWN(term->token.text), flaw);
    return !flaw;
}

int check_literal(struct checker *checker, const struct syntax_term *term,
                  const struct type *expected)
{
    struct sources *sources = checker->parser->sources;
    struct operand operand = {.kind = OPERAND_LITERAL, .type = *expected};
    if (!literal_value(sources, term, expected, &operand.literal) ||
        !literal_names_domain(sources, term, expected))
        return -1;
    return add_operand(checker, &operand);
}

int check_part(struct checker *checker, const struct syntax_term *term, const struct type *expected,
               bool ending)
{
    struct sources *sources = checker->parser->sources;
    struct operand operand = {.kind = OPERAND_LITERAL, .type = *expected};
    if (!literal_value(sources, term, expected, &operand.literal))
        return -1;
    if (expected->kind != TYPE_TEXT)
        operand.literal.text = spell_part(sources->arena, expected->kind, term->token.text, ending);
    sources->no_memory |= !operand.literal.text.ptr;
    return operand.literal.text.ptr ? add_operand(checker, &operand) : -1;
}
