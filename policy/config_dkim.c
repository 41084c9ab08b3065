/* SPDX-License-Identifier: ISC
 * dkim "example.com" "*.example.org" { selector "2026a" key "2026a.pem" } */
#include "policy/parser.h"

#include <stdlib.h>

/* Between the two names of a key in the DNS (RFC 6376 3.6.2.1). */
static const char between[] = "._domainkey.";

/* The keys of one sentence, as the last ones of the configuration. */
struct reading_keys {
    size_t first, count;
};

static const struct signing_key *key_of(const struct config *config, size_t first, size_t count,
                                        struct slice selector)
{
    for (size_t i = first; i < first + count; i++)
        if (slice_eq(config->signing_keys[i].selector, selector))
            return &config->signing_keys[i];
    return NULL;
}

/* False: reported. */
static bool check_selector(struct parser *parser, const struct reading_keys *keys,
                           const struct token *token, struct domain_name *selector)
{
    const char *flaw = domain_name_make(parser->config->arena, token->text, selector);
    if (flaw)
        source_error(parser->sources, token->at,
                     "expected a selector such as \"2026a\": a name in the DNS; but %s", flaw);
    else if (key_of(parser->config, keys->first, keys->count, selector->text))
        source_error(parser->sources, token->at, "the selector \"%.*s\" is given twice",
                     SHOWN(token->text));
    else if (keys->count == SIGNING_KEYS_MAX)
        source_error(parser->sources, token->at, "a domain has at most %d keys", SIGNING_KEYS_MAX);
    else
        return true;
    return false;
}

static bool key_item(struct parser *parser, void *ctx)
{
    static const char *const words[] = {"selector", NULL};
    struct reading_keys *keys = ctx;
    struct domain_name selector;
    struct token name, path;
    unsigned word;
    if (!expect_choice(parser, words, "dkim option", &word) ||
        !expect_string(parser, "a selector, such as \"2026a\"", &name) ||
        !expect_word(parser, "key") || !expect_string(parser, "the name of a file", &path))
        return false;
    if (!check_selector(parser, keys, &name, &selector))
        return !parser->sources->no_memory;
    struct config *config = parser->config;
    struct slice joined = source_join(parser->sources, path.at.file, path.text);
    struct signing_key *place =
        joined.ptr ? PARSER_PUSH(parser, config->signing_keys, config->signing_key_count) : NULL;
    if (!place)
        return false;
    *place = (struct signing_key){selector.text, joined, name.at, path.at};
    keys->count++;
    return true;
}

/* What the key is published under must be a name as well. */
static void check_lengths(struct parser *parser, const struct reading_keys *keys,
                          const struct signing_domain *domain)
{
    const struct config *config = parser->config;
    for (size_t i = keys->first; i < keys->first + keys->count; i++) {
        const struct signing_key *key = &config->signing_keys[i];
        size_t len = key->selector.len + sizeof between - 1 + domain->name.text.len;
        if (len > DOMAIN_NAME_MAX)
            source_error(parser->sources, key->selector_at,
                         "\"%.*s%s%.*s\" is too long for a name in the DNS", SHOWN(key->selector),
                         between, SHOWN(domain->name.text));
    }
}

static bool add_domain(struct parser *parser, const struct token *name,
                       const struct reading_keys *keys)
{
    struct signing_domain domain = {.at = name->at, .first = keys->first, .count = keys->count};
    struct config *config = parser->config;
    if (!read_domain(parser, name, &domain.name, &domain.subdomains))
        return true;
    check_lengths(parser, keys, &domain);
    struct signing_domain *place =
        PARSER_PUSH(parser, config->signing_domains, config->signing_domain_count);
    if (place)
        *place = domain;
    return place != NULL;
}

bool parse_dkim(struct parser *parser)
{
    struct reading_keys keys = {.first = parser->config->signing_key_count};
    size_t count, errors = parser->sources->errors;
    struct token *names = parse_names(parser, "a domain, such as \"example.com\"", &count);
    if (!names || !parse_block(parser, key_item, &keys))
        return false;
    if (keys.count == 0 && parser->sources->errors == errors)
        source_error(parser->sources, names[0].at,
                     "there is nothing to sign with; expected { selector \"NAME\" key \"FILE\" }");
    for (size_t i = 0; i < count; i++)
        if (!add_domain(parser, &names[i], &keys))
            return false;
    return true;
}

/* ---- when all are read ---- */

static int by_name(const void *a, const void *b)
{
    const struct signing_domain *x = a, *y = b;
    int order = slice_cmp(x->name.text, y->name.text);
    return order ? order : (int)x->subdomains - (int)y->subdomains;
}

static void report_double(struct parser *parser, const struct signing_domain *a,
                          const struct signing_domain *b)
{
    bool a_first = a->at.file < b->at.file || (a->at.file == b->at.file && a->at.from < b->at.from);
    const struct signing_domain *first = a_first ? a : b, *second = a_first ? b : a;
    source_error(parser->sources, second->at, "mail of \"%s%.*s\" is signed in line %u already",
                 second->subdomains ? "*." : "", SHOWN(second->name.text),
                 source_line(parser->sources, first->at));
}

/* "example.com" and "*.example.com" sign as one domain: a selector is one key there. */
static void check_selectors(struct parser *parser, const struct signing_domain *own,
                            const struct signing_domain *below)
{
    const struct config *config = parser->config;
    for (size_t i = below->first; i < below->first + below->count; i++) {
        const struct signing_key *key = &config->signing_keys[i],
                                 *other = key_of(config, own->first, own->count, key->selector);
        if (other && !slice_eq(other->path, key->path))
            source_error(parser->sources, key->selector_at,
                         "the selector \"%.*s\" of \"%.*s\" is another key in line %u",
                         SHOWN(key->selector), SHOWN(below->name.text),
                         source_line(parser->sources, other->selector_at));
    }
}

void finish_dkim(struct parser *parser)
{
    struct config *config = parser->config;
    struct signing_domain *all = config->signing_domains;
    if (config->signing_domain_count == 0)
        return;
    qsort(all, config->signing_domain_count, sizeof *all, by_name);
    for (size_t i = 1; i < config->signing_domain_count; i++) {
        if (by_name(&all[i - 1], &all[i]) == 0)
            report_double(parser, &all[i - 1], &all[i]);
        else if (slice_eq(all[i - 1].name.text, all[i].name.text))
            check_selectors(parser, &all[i - 1], &all[i]);
    }
}

static const struct signing_domain *find(const struct config *config, struct slice name,
                                         bool subdomains)
{
    struct signing_domain key = {.name = {name}, .subdomains = subdomains};
    if (config->signing_domain_count == 0)
        return NULL;
    return bsearch(&key, config->signing_domains, config->signing_domain_count,
                   sizeof *config->signing_domains, by_name);
}

const struct signing_domain *config_signing(const struct config *config, struct domain_name domain)
{
    struct slice name = domain.text;
    const struct signing_domain *found = find(config, name, false);
    while (!found && slice_find(name, '.') < name.len) {
        name = slice_from(name, slice_find(name, '.') + 1);
        found = find(config, name, true);
    }
    return found;
}
