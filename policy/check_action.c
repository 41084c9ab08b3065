/* SPDX-License-Identifier: ISC
 * Actions and the texts in them. */
#include "policy/check.h"
#include "policy/recipients.h"

enum { PATH_MAX_LEN = 250 };

/* Where in the file a place inside a string's text stands;
 * the string itself when it had backslashes. */
static struct span inside(struct checker *checker, const struct token *token, const char *place)
{
    struct slice written = source_text(checker->parser->sources, token->at);
    struct span at = token->at;
    if (place >= written.ptr && place < written.ptr + written.len)
        at.from += (uint32_t)(place - written.ptr);
    return at;
}

static bool push_piece(struct checker *checker, struct text *text, struct slice literal,
                       int operand)
{
    struct piece *place = PARSER_PUSH(checker->parser, text->pieces, text->count);
    if (place)
        *place = (struct piece){literal, operand};
    return place != NULL;
}

/* "{path}" at the start of `rest`. */
static bool take_path(struct checker *checker, const struct token *token, struct slice *rest,
                      int *operand)
{
    struct span at = inside(checker, token, rest->ptr);
    size_t close = slice_find(*rest, '}');
    if (close == rest->len || close < 2 || close > PATH_MAX_LEN) {
        source_error(checker->parser->sources, at,
                     "expected a fact's name and '}' after '{' (write '{{' for a brace)");
        return false;
    }
    *operand = check_text_path(checker, slice_sub(*rest, 1, close + 1), at);
    *rest = slice_from(*rest, close + 1);
    return *operand >= 0;
}

bool check_text(struct checker *checker, const struct token *token, struct text *out)
{
    struct slice rest = token->text;
    *out = (struct text){0};
    while (rest.len > 0) {
        size_t brace = slice_find(rest, '{');
        struct slice literal = slice_sub(rest, 0, brace);
        int operand = -1;
        rest = slice_from(rest, brace);
        if (slice_starts(rest, SLICE("{{"))) {
            literal.len++;
            rest = slice_from(rest, 2);
        } else if (rest.len > 0 && !take_path(checker, token, &rest, &operand)) {
            return false;
        }
        if (!push_piece(checker, out, literal, operand))
            return false;
    }
    return true;
}

struct standard_reply {
    unsigned low, high, code; /* class allowed, standard */
    struct slice enhanced;
    const char *text;
};

static const struct standard_reply *standard_reply(enum action action)
{
    static const struct standard_reply reject = {500, 599, 550, SLICE("5.7.1"),
                                                 "message refused by policy"},
                                       defer = {400, 499, 451, SLICE("4.7.1"), "try again later"},
                                       drop = {400, 599, 554, SLICE("5.7.1"),
                                               "connection refused by policy"};
    return action == ACTION_REJECT ? &reject : action == ACTION_DEFER ? &defer : &drop;
}

static bool enhanced_valid(struct slice enhanced)
{
    struct slice class, subject, detail;
    uint64_t number;
    slice_cut(enhanced, '.', &class, &subject);
    slice_cut(subject, '.', &subject, &detail);
    return slice_to_u64(class, 5, &number) && slice_to_u64(subject, 999, &number) &&
           slice_to_u64(detail, 999, &number);
}

static bool check_code(struct checker *checker, const struct syntax_action *syntax,
                       struct compiled_action *out)
{
    const struct standard_reply *standard = standard_reply(syntax->kind);
    out->code = standard->code;
    if (syntax->code.kind == TOKEN_END)
        return true;
    double code = syntax->code.number;
    if (code < standard->low || code > standard->high || code != (double)(unsigned)code) {
        source_error(checker->parser->sources, syntax->code.at,
                     "%s takes a reply code from %u to %u%s", action_info(syntax->kind)->word,
                     standard->low, standard->high,
                     syntax->kind == ACTION_REJECT && code >= 400 && code < 500
                         ? "; one from 400 to 499 is for defer"
                         : "");
        return false;
    }
    out->code = (unsigned)code;
    return true;
}

/* The enhanced code's class must be the reply code's. */
static bool check_enhanced(struct checker *checker, const struct syntax_action *syntax,
                           struct compiled_action *out)
{
    out->enhanced = standard_reply(syntax->kind)->enhanced;
    if (syntax->enhanced.kind != TOKEN_END)
        out->enhanced = syntax->enhanced.text;
    else if (out->code < 500)
        out->enhanced = SLICE("4.7.1");
    if (enhanced_valid(out->enhanced) && out->enhanced.ptr[0] == (char)('0' + out->code / 100))
        return true;
    source_error(checker->parser->sources, syntax->enhanced.at,
                 "a reply %u takes an enhanced code such as %u.7.1 (RFC 3463)", out->code,
                 out->code / 100);
    return false;
}

static bool check_reply(struct checker *checker, const struct syntax_action *syntax,
                        struct compiled_action *out)
{
    if (!check_code(checker, syntax, out) || !check_enhanced(checker, syntax, out))
        return false;
    if (syntax->text.kind != TOKEN_END)
        return check_text(checker, &syntax->text, &out->text);
    return push_piece(checker, &out->text, slice_of(standard_reply(syntax->kind)->text), -1);
}

static bool check_field_name(struct checker *checker, const struct token *name)
{
    bool valid = name->text.len > 0 && name->text.len <= 70;
    for (size_t i = 0; i < name->text.len; i++)
        valid &= name->text.ptr[i] > ' ' && name->text.ptr[i] < 127 && name->text.ptr[i] != ':';
    if (!valid)
        source_error(checker->parser->sources, name->at,
                     "expected the name of a header field, such as \"X-Note\"");
    return valid;
}

/* People type it, and find it in lists. */
static bool check_held_as(struct checker *checker, const struct token *name)
{
    bool valid = name->text.len > 0 && name->text.len <= HELD_AS_MAX;
    for (size_t i = 0; i < name->text.len; i++)
        valid &= name->text.ptr[i] >= ' ' && name->text.ptr[i] < 127 && name->text.ptr[i] != '"';
    if (!valid)
        source_error(checker->parser->sources, name->at,
                     "expected one word or a few, ASCII, such as \"spam\"");
    return valid;
}

static bool any_relay(const struct config *config)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].relay)
            return true;
    return false;
}

/* Where it is to go must be known: it is Gatepost that delivers it. A relay takes it to anywhere. */
static bool check_address(struct checker *checker, const struct token *address, bool by_relay)
{
    struct parser *parser = checker->parser;
    struct slice text = address->text;
    struct domain_name domain;
    size_t at = slice_rfind(text, '@');
    const char *fault = recipient_fault(text);
    bool known = !fault && at > 0 &&
                 !domain_name_make(parser->config->arena, slice_from(text, at + 1), &domain) &&
                 (by_relay || config_domain(parser->config, domain));
    if (!known)
        source_error(parser->sources, address->at,
                     "expected one address in a domain that is configured here, such as "
                     "\"journal@example.com\"");
    return known;
}

/* Without an address the postmaster of our first domain; where we have none, nobody. */
static bool check_notify(struct checker *checker, const struct token *address,
                         struct compiled_action *out)
{
    const struct config *config = checker->parser->config;
    out->name = address->text;
    if (address->kind != TOKEN_END)
        return check_address(checker, address, any_relay(config));
    if (config->domain_count > 0)
        out->name = arena_printf(config->arena, "postmaster@%.*s",
                                 SLICE_ARGS(config->domains[0].name.text));
    return config->domain_count == 0 || out->name.ptr;
}

static bool check_strip(struct checker *checker, const struct syntax_action *syntax,
                        struct compiled_action *out)
{
    struct variable *variable = check_bind(checker, &syntax->variable, syntax->list, &out->list);
    if (!variable)
        return false;
    if (variable->type.kind != TYPE_RECORD ||
        record_field_index(variable->type.record, SLICE("part")) < 0) {
        source_error(checker->parser->sources, syntax->list->token.at,
                     "expected 'attachments': only parts can be stripped");
        return false;
    }
    out->slot = variable->slot;
    checker->uncertain++;
    out->condition = check_condition(checker, syntax->condition);
    checker->uncertain--;
    bool good = out->condition >= 0 && check_text(checker, &syntax->text, &out->text);
    check_unbind(variable);
    return good;
}

static bool check_delay(struct checker *checker, const struct token *duration,
                        struct compiled_action *out)
{
    out->delay = (int64_t)duration->number;
    if (duration->number > 0 && duration->number <= DELAY_MAX)
        return true;
    source_error(checker->parser->sources, duration->at, "expected a delay of at most 1min");
    return false;
}

bool check_action(struct checker *checker, const struct syntax_action *syntax,
                  struct compiled_action *out)
{
    *out = (struct compiled_action){
        .kind = syntax->kind, .list = -1, .condition = -1, .points = syntax->points};
    switch (syntax->kind) {
    case ACTION_REJECT:
    case ACTION_DEFER:
    case ACTION_DROP:
        return check_reply(checker, syntax, out);
    case ACTION_SCORE:
        out->name = syntax->name.kind == TOKEN_END ? checker->rule->name : syntax->name.text;
        return true;
    case ACTION_QUARANTINE:
        out->name = syntax->name.text;
        return check_held_as(checker, &syntax->name);
    case ACTION_COPY:
    case ACTION_BCC:
    case ACTION_REDIRECT:
        out->name = syntax->name.text;
        return check_address(checker, &syntax->name, false);
    case ACTION_NOTIFY:
        return check_notify(checker, &syntax->name, out);
    case ACTION_HEADER_ADD:
    case ACTION_HEADER_SET:
    case ACTION_HEADER_REMOVE:
        out->name = syntax->name.text;
        return check_field_name(checker, &syntax->name) &&
               (syntax->kind == ACTION_HEADER_REMOVE ||
                check_text(checker, &syntax->text, &out->text));
    case ACTION_SUBJECT_PREFIX:
    case ACTION_LOG:
        return check_text(checker, &syntax->text, &out->text);
    case ACTION_BANNER:
    case ACTION_DISCLAIMER:
        out->split = syntax->split;
        return check_text(checker, &syntax->text, &out->text);
    case ACTION_STRIP:
        return check_strip(checker, syntax, out);
    case ACTION_DELAY:
        return check_delay(checker, &syntax->duration, out);
    default:
        return true;
    }
}
