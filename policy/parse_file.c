/* SPDX-License-Identifier: ISC
 * A file of the configuration: sentence after sentence, each known by its first word. */
#include "policy/parser.h"

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
        struct parser_mark here = parser_mark(parser);
        parse_file(parser);
        parser_return(parser, &here);
        return true;
    }
    parser->lost_any = true;
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
    struct token name = {0};
    if (!expect_string(parser, "this host's name", &name))
        return false;
    if (!is_host_name(name.text))
        source_error(parser->sources, name.at, "expected a host name such as \"mx.example.com\"");
    parser->config->hostname = name.text;
    return true;
}

static bool parse_blocked(struct parser *parser)
{
    return parse_blocklist(parser, false);
}

static bool parse_allowed(struct parser *parser)
{
    return parse_blocklist(parser, true);
}

static bool parse_enforced(struct parser *parser)
{
    return parse_rule(parser, false);
}

static bool parse_observed(struct parser *parser)
{
    return expect_word(parser, "rule") && parse_rule(parser, true);
}

static const struct {
    const char *word;
    bool (*parse)(struct parser *parser);
} sentences[] = {
    {"hostname", parse_hostname},
    {"listen", parse_listen},
    {"backend", parse_backend},
    {"domain", parse_domain},
    {"certificate", parse_certificate},
    {"table", parse_table},
    {"include", parse_include},
    {"observe", parse_observed},
    {"rule", parse_enforced},
    {"test", parse_test},
    {"blocklist", parse_blocked},
    {"allowlist", parse_allowed},
    {"addresses", parse_addresses},
    {"condition", parse_named_condition},
    {"dkim", parse_dkim},
};

enum { SENTENCES = sizeof sentences / sizeof *sentences };

bool begins_sentence(const struct parser *parser)
{
    for (size_t i = 0; i < SENTENCES; i++)
        if (at_word(parser, sentences[i].word))
            return true;
    return at_kind(parser, TOKEN_WORD) && is_settings_block(parser->token.text);
}

static bool unknown_sentence(struct parser *parser)
{
    if (!at_kind(parser, TOKEN_WORD))
        return fail_expected(parser, "a sentence (listen, backend, domain, table, rule ...)");
    struct nearest near = nearest_to(parser->token.text);
    for (size_t i = 0; i < SENTENCES; i++)
        nearest_offer(&near, slice_of(sentences[i].word));
    offer_settings_blocks(&near);
    return fail_unknown(parser, &parser->token, "sentence", &near);
}

static bool parse_sentence(struct parser *parser)
{
    for (size_t i = 0; i < SENTENCES; i++)
        if (accept_word(parser, sentences[i].word))
            return sentences[i].parse(parser);
    if (!begins_sentence(parser))
        return unknown_sentence(parser);
    parser_next(parser);
    return parse_settings(parser, parser->previous.text);
}

/* Of one that is none of ours nothing else can be said. */
static void skip_sentence(struct parser *parser, uint32_t from, bool known)
{
    lose_sentence(parser, from);
    parser->lexer.silent = !known;
    if (!may_restart(parser))
        parser_next(parser);
    parser_recover(parser);
    parser->lexer.silent = false;
}

void parse_file(struct parser *parser)
{
    uint16_t file = (uint16_t)(parser->sources->count - 1);
    if (!source_is_text(parser->sources, file)) {
        parser->lost_any = true;
        return;
    }
    parser->include_path[parser->include_depth++] = file;
    parser->lexer = lexer_of_file(parser->sources, file);
    parser_next(parser);
    while (!at_kind(parser, TOKEN_END) && !parser->sources->no_memory &&
           parser->sources->errors < ERRORS_MAX) {
        uint32_t from = parser->token.at.from;
        bool known = begins_sentence(parser);
        if (!parse_sentence(parser))
            skip_sentence(parser, from, known);
    }
    parser->include_depth--;
}
