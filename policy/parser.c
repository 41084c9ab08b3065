/* SPDX-License-Identifier: ISC */
#include "policy/parser.h"

#include <stdio.h>

void parser_next(struct parser *parser)
{
    parser->previous = parser->token;
    parser->token = lexer_next(&parser->lexer);
}

bool at_kind(const struct parser *parser, enum token_kind kind)
{
    return parser->token.kind == kind;
}

bool at_word(const struct parser *parser, const char *word)
{
    return at_kind(parser, TOKEN_WORD) && slice_eq(parser->token.text, slice_of(word));
}

bool at_punct(const struct parser *parser, char c)
{
    return at_kind(parser, TOKEN_PUNCT) && parser->token.text.ptr[0] == c;
}

bool accept_word(struct parser *parser, const char *word)
{
    bool there = at_word(parser, word);
    if (there)
        parser_next(parser);
    return there;
}

bool accept_punct(struct parser *parser, char c)
{
    bool there = at_punct(parser, c);
    if (there)
        parser_next(parser);
    return there;
}

bool fail_expected(struct parser *parser, const char *what)
{
    char found[96];
    if (at_kind(parser, TOKEN_ERROR))
        return false;
    token_describe(&parser->token, found, sizeof found);
    source_error(parser->sources, parser->token.at, "expected %s, found %s", what, found);
    return false;
}

bool fail_unknown(struct parser *parser, const struct token *token, const char *kind,
                  const struct nearest *near)
{
    struct slice best = nearest_name(near);
    if (best.len > 0)
        source_error(parser->sources, token->at, "unknown %s '%.*s'; did you mean '%.*s'?", kind,
                     SHOWN(token->text), SHOWN(best));
    else
        source_error(parser->sources, token->at, "unknown %s '%.*s'", kind, SHOWN(token->text));
    return false;
}

bool expect_word(struct parser *parser, const char *word)
{
    char what[40];
    if (accept_word(parser, word))
        return true;
    snprintf(what, sizeof what, "'%s'", word);
    return fail_expected(parser, what);
}

bool expect_punct(struct parser *parser, char c)
{
    char what[4] = {'\'', c, '\'', '\0'};
    return accept_punct(parser, c) || fail_expected(parser, what);
}

bool expect_kind(struct parser *parser, enum token_kind kind, const char *what, struct token *out)
{
    if (!at_kind(parser, kind))
        return fail_expected(parser, what);
    *out = parser->token;
    parser_next(parser);
    return true;
}

bool expect_string(struct parser *parser, const char *what, struct token *out)
{
    return expect_kind(parser, TOKEN_STRING, what, out);
}

bool expect_integer(struct parser *parser, int64_t low, int64_t high, const char *what,
                    int64_t *out)
{
    struct token token;
    if (!expect_kind(parser, TOKEN_NUMBER, what, &token))
        return false;
    if (token.number < (double)low || token.number > (double)high ||
        token.number != (double)(int64_t)token.number) {
        source_error(parser->sources, token.at, "expected %s, a whole number from %lld to %lld",
                     what, (long long)low, (long long)high);
        return false;
    }
    *out = (int64_t)token.number;
    return true;
}

bool expect_choice(struct parser *parser, const char *const *words, const char *kind, unsigned *out)
{
    if (!at_kind(parser, TOKEN_WORD))
        return fail_expected(parser, kind);
    struct nearest near = nearest_to(parser->token.text);
    for (*out = 0; words[*out]; ++*out) {
        if (accept_word(parser, words[*out]))
            return true;
        nearest_offer(&near, slice_of(words[*out]));
    }
    return fail_unknown(parser, &parser->token, kind, &near);
}

static const char *const sentences[] = {
    "hostname", "listen", "backend", "domain",    "certificate", "table",     "include",
    "observe",  "rule",   "test",    "blocklist", "allowlist",   "addresses", NULL,
};

static bool begins_sentence(const struct parser *parser)
{
    if (!at_kind(parser, TOKEN_WORD))
        return false;
    for (size_t i = 0; sentences[i]; i++)
        if (slice_eq(parser->token.text, slice_of(sentences[i])))
            return true;
    return is_settings_block(parser->token.text);
}

static bool may_restart(const struct parser *parser)
{
    return at_kind(parser, TOKEN_END) || (parser->token.column_one && begins_sentence(parser));
}

void parser_recover(struct parser *parser)
{
    while (!may_restart(parser))
        parser_next(parser);
}

/* To the next line of the same block, or its closing brace. */
static void skip_item(struct parser *parser)
{
    unsigned depth = 0;
    while (!may_restart(parser)) {
        if (depth == 0 && (at_punct(parser, '}') || parser->token.line_start))
            return;
        if (at_punct(parser, '{'))
            depth++;
        if (at_punct(parser, '}'))
            depth--;
        parser_next(parser);
    }
}

bool parse_block(struct parser *parser, bool (*item)(struct parser *parser, void *ctx), void *ctx)
{
    if (!expect_punct(parser, '{'))
        return false;
    while (!accept_punct(parser, '}')) {
        if (at_kind(parser, TOKEN_END) || (parser->token.column_one && begins_sentence(parser)))
            return fail_expected(parser, "'}'");
        uint32_t before = parser->token.at.from;
        if (item(parser, ctx))
            continue;
        if (parser->token.at.from == before)
            parser_next(parser);
        skip_item(parser);
    }
    return true;
}

void *grown(struct parser *parser, void *array, size_t count, size_t size)
{
    return source_grow(parser->sources, array, count, size);
}

static bool is_open(const struct parser *parser, struct slice path)
{
    for (unsigned i = 0; i < parser->include_depth; i++)
        if (slice_eq(parser->sources->files[parser->include_path[i]]->path, path))
            return true;
    return false;
}

static bool parse_include(struct parser *parser)
{
    struct token name;
    if (!expect_string(parser, "the name of a file", &name))
        return false;
    struct slice path = source_join(parser->sources, name.at.file, name.text);
    const char *why = "";
    if (!path.ptr)
        return false;
    if (is_open(parser, path))
        why = "it includes itself";
    else if (parser->include_depth == INCLUDE_DEPTH_MAX)
        why = "files include each other too deep";
    else if (source_open(parser->sources, path, &why)) {
        struct parser outer = *parser;
        parse_file(parser);
        parser->lexer = outer.lexer;
        parser->token = outer.token;
        parser->previous = outer.previous;
        return true;
    }
    source_error(parser->sources, name.at, "cannot include '%.*s': %s", SHOWN(name.text), why);
    return true;
}

/* It is spoken in the banner and in EHLO, so no more than DNS allows. */
static bool is_host_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_alpha(name.ptr[i]) && !ascii_digit(name.ptr[i]) && name.ptr[i] != '-' &&
            name.ptr[i] != '.')
            return false;
    return name.len > 0 && name.len < 254 && name.ptr[0] != '.' && name.ptr[0] != '-';
}

static bool parse_hostname(struct parser *parser)
{
    struct token name;
    if (!expect_string(parser, "this host's name", &name))
        return false;
    if (!is_host_name(name.text))
        source_error(parser->sources, name.at, "expected a host name such as \"mx.example.com\"");
    parser->config->hostname = name.text;
    return true;
}

static bool unknown_sentence(struct parser *parser)
{
    if (!at_kind(parser, TOKEN_WORD))
        return fail_expected(parser, "a sentence (listen, backend, domain, table, rule ...)");
    struct nearest near = nearest_to(parser->token.text);
    for (size_t i = 0; sentences[i]; i++)
        nearest_offer(&near, slice_of(sentences[i]));
    offer_settings_blocks(&near);
    return fail_unknown(parser, &parser->token, "sentence", &near);
}

static bool parse_sentence(struct parser *parser)
{
    static const struct {
        const char *word;
        bool (*parse)(struct parser *parser);
    } rows[] = {
        {"hostname", parse_hostname},       {"listen", parse_listen},
        {"backend", parse_backend},         {"domain", parse_domain},
        {"certificate", parse_certificate}, {"table", parse_table},
        {"include", parse_include},         {"test", parse_test},
        {"addresses", parse_addresses},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (accept_word(parser, rows[i].word))
            return rows[i].parse(parser);
    if (at_word(parser, "blocklist") || at_word(parser, "allowlist")) {
        parser_next(parser);
        return parse_blocklist(parser, parser->previous.text.ptr[0] == 'a');
    }
    if (accept_word(parser, "rule"))
        return parse_rule(parser, false);
    if (accept_word(parser, "observe"))
        return expect_word(parser, "rule") && parse_rule(parser, true);
    if (at_kind(parser, TOKEN_WORD) && is_settings_block(parser->token.text)) {
        parser_next(parser);
        return parse_settings(parser, parser->previous.text);
    }
    return unknown_sentence(parser);
}

void parse_file(struct parser *parser)
{
    uint16_t file = (uint16_t)(parser->sources->count - 1);
    if (!source_is_text(parser->sources, file))
        return;
    parser->include_path[parser->include_depth++] = file;
    parser->lexer = lexer_of_file(parser->sources, file);
    parser_next(parser);
    while (!at_kind(parser, TOKEN_END) && !parser->sources->no_memory &&
           parser->sources->errors < ERRORS_MAX) {
        if (parse_sentence(parser))
            continue;
        if (!may_restart(parser))
            parser_next(parser);
        parser_recover(parser);
    }
    parser->include_depth--;
}
