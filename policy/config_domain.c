/* SPDX-License-Identifier: ISC
 * domain "example.com" "*.example.org" { backend exchange  recipients from file "users.txt" }
 * certificate "mail.example.com" { chain "mail.pem"  key "mail.key" } */
#include "policy/parser.h"
#include "policy/recipients.h"
#include "policy/spelling.h"
#include "policy/table_entries.h"

#include <stdlib.h>

/* False: not as expected. */
static bool bounded(struct parser *parser, const struct token *token, double low, double high,
                    const char *expected)
{
    if (token->number >= low && token->number <= high)
        return true;
    source_error(parser->sources, token->at, "expected %s", expected);
    return false;
}

static bool held_age(struct parser *parser, struct domain_names *names)
{
    struct token age;
    if (!expect_kind(parser, TOKEN_DURATION, "how long its mail is held, such as 14d", &age) ||
        !bounded(parser, &age, 3600e3, 315360000e3, "a duration from 1h to 3650d"))
        return false;
    names->held_age = (int64_t)age.number;
    return true;
}

static bool held_size(struct parser *parser, struct domain_names *names)
{
    struct token size;
    if (!expect_kind(parser, TOKEN_SIZE, "how much of its mail is held, such as 1GiB", &size) ||
        !bounded(parser, &size, 1048576, 1099511627776e0, "a size from 1MiB to 1TiB"))
        return false;
    names->held_size = (uint64_t)size.number;
    return true;
}

static bool domain_item(struct parser *parser, void *ctx)
{
    enum { BACKEND, RECIPIENTS, HELD_AGE, HELD_SIZE };
    static const char *const words[] = {[BACKEND] = "backend",
                                        [RECIPIENTS] = "recipients",
                                        [HELD_AGE] = "quarantine_age",
                                        [HELD_SIZE] = "quarantine_size",
                                        NULL};
    struct domain_names *names = ctx;
    unsigned word;
    if (!expect_choice(parser, words, "domain option", &word))
        return false;
    switch (word) {
    case BACKEND:
        return expect_kind(parser, TOKEN_WORD, "the name of a backend", &names->backend);
    case HELD_AGE:
        return held_age(parser, names);
    case HELD_SIZE:
        return held_size(parser, names);
    default:
        return parse_table_choice(parser, &names->recipients, &names->own);
    }
}

struct slice lower_copy(struct parser *parser, struct slice s)
{
    char *copy = source_alloc(parser->sources, s.len + 1, 1);
    for (size_t i = 0; copy && i < s.len; i++)
        copy[i] = ascii_lower(s.ptr[i]);
    return (struct slice){copy, copy ? s.len : 0};
}

bool read_domain(struct parser *parser, const struct token *token, struct domain_name *name,
                 bool *below)
{
    *below = slice_starts(token->text, SLICE("*."));
    const char *flaw =
        domain_name_make(parser->config->arena, slice_from(token->text, *below ? 2 : 0), name);
    if (flaw)
        source_error(parser->sources, token->at,
                     "expected a domain such as \"example.com\" or \"*.example.com\", but %s",
                     flaw);
    return !flaw;
}

static bool add_domain(struct parser *parser, const struct token *name,
                       const struct domain_names *names)
{
    struct domain domain = {0};
    if (!read_domain(parser, name, &domain.name, &domain.subdomains))
        return true;
    struct config *config = parser->config;
    size_t count = config->domain_count;
    struct domain_names *beside = PARSER_PUSH(parser, parser->domain_names, count);
    struct domain *place = PARSER_PUSH(parser, config->domains, config->domain_count);
    if (!beside || !place)
        return false;
    *beside = *names;
    beside->at = *name;
    beside->name = domain.name;
    *place = domain;
    return true;
}

enum { NAMES_MAX = 1000 };

struct token *parse_names(struct parser *parser, const char *what, size_t *count)
{
    struct token *names = NULL, name;
    *count = 0;
    do {
        if (!expect_string(parser, what, &name))
            return NULL;
        struct token *place = PARSER_PUSH(parser, names, *count);
        if (!place)
            return NULL;
        *place = name;
    } while (at_kind(parser, TOKEN_STRING) && *count < NAMES_MAX);
    return names;
}

bool parse_domain(struct parser *parser)
{
    struct domain_names names = {0};
    size_t count;
    struct token *domains = parse_names(parser, "a domain, such as \"example.com\"", &count);
    if (!domains || !parse_block(parser, domain_item, &names))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!add_domain(parser, &domains[i], &names))
            return false;
    return true;
}

static bool certificate_item(struct parser *parser, void *ctx)
{
    static const char *const words[] = {"chain", "key", NULL};
    struct certificate *certificate = ctx;
    struct token path;
    unsigned word;
    if (!expect_choice(parser, words, "certificate option", &word) ||
        !expect_string(parser, "the name of a file", &path))
        return false;
    struct slice joined = source_join(parser->sources, path.at.file, path.text);
    *(word == 0 ? &certificate->chain_path : &certificate->key_path) = joined;
    *(word == 0 ? &certificate->chain_at : &certificate->key_at) = path.at;
    return joined.ptr != NULL;
}

/* As clients say it in SNI: with A-labels. */
static bool read_certificate_name(struct parser *parser, const struct token *token,
                                  struct slice *out)
{
    const char *flaw = spelling_flaw(parser->config->arena, token->text);
    struct slice spelled = spell_entry(parser->config->arena, token->text);
    *out = spelled.ptr ? lower_copy(parser, spelled) : spelled;
    parser->sources->no_memory |= !out->ptr;
    if (flaw)
        source_error(parser->sources, token->at,
                     "expected a name such as \"mail.example.com\", but %s", flaw);
    return !flaw && out->ptr;
}

static bool read_certificate_names(struct parser *parser, const struct token *names, size_t count,
                                   struct certificate *certificate)
{
    certificate->names = source_alloc(parser->sources, count, sizeof *certificate->names);
    certificate->names_at = source_alloc(parser->sources, count, sizeof *certificate->names_at);
    if (!certificate->names || !certificate->names_at)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!read_certificate_name(parser, &names[i], &certificate->names[i]))
            return false;
        certificate->names_at[i] = names[i].at;
    }
    certificate->name_count = count;
    return true;
}

bool parse_certificate(struct parser *parser)
{
    struct certificate certificate = {0};
    size_t count;
    struct token *names = parse_names(parser, "a name, such as \"mail.example.com\"", &count);
    if (!names || !parse_block(parser, certificate_item, &certificate))
        return false;
    if (certificate.chain_path.len == 0 || certificate.key_path.len == 0) {
        source_error(parser->sources, names[0].at,
                     "a certificate needs both: chain \"FILE\" and key \"FILE\"");
        return true;
    }
    if (!read_certificate_names(parser, names, count, &certificate))
        return !parser->sources->no_memory;
    struct config *config = parser->config;
    struct certificate *place =
        PARSER_PUSH(parser, config->certificates, config->certificate_count);
    if (place)
        *place = certificate;
    return place != NULL;
}

static int by_name(const void *a, const void *b)
{
    const struct domain *x = a, *y = b;
    int order = slice_cmp(x->name.text, y->name.text);
    return order ? order : (int)x->subdomains - (int)y->subdomains;
}

static bool takes_mail(const struct config *config)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (!listener_logs_in(&config->listeners[i]))
            return true;
    return false;
}

static void link_backend(struct parser *parser, struct domain *domain,
                         const struct domain_names *names)
{
    domain->backend = find_backend(parser, &names->backend);
    if (domain->backend && domain->backend->server_count && takes_mail(parser->config) &&
        !backend_speaks(domain->backend, PROTOCOL_SMTP))
        source_error(parser->sources, names->backend.at,
                     "the backend '%.*s' has no smtp server that could take mail for this domain",
                     SHOWN(names->backend.text));
}

static void resolve_domain(struct parser *parser, struct domain *domain,
                           const struct domain_names *names)
{
    if (names->backend.kind == TOKEN_END)
        source_error(parser->sources, names->at.at,
                     "this domain has no backend; expected { backend NAME }");
    else
        link_backend(parser, domain, names);
    domain->held_age = names->held_age;
    domain->held_size = names->held_size;
    struct table *table = names->own;
    if (names->recipients.kind != TOKEN_END)
        table = find_table(parser, &names->recipients);
    domain->recipients = table;
    if (!table)
        return;
    check_recipients(parser, domain, names->at.at);
    table_take_names(parser->sources, table);
}

static bool is_of(const struct domain_names *names, const struct domain *domain)
{
    return slice_starts(names->at.text, SLICE("*.")) == domain->subdomains &&
           slice_eq(names->name.text, domain->name.text);
}

/* At the last place that names it. */
static void report_double(struct parser *parser, const struct domain *domain)
{
    size_t first = 0, last = parser->config->domain_count - 1;
    while (!is_of(&parser->domain_names[first], domain))
        first++;
    while (!is_of(&parser->domain_names[last], domain))
        last--;
    const struct token *at = &parser->domain_names[last].at,
                       *before = &parser->domain_names[first].at;
    source_error(parser->sources, at->at,
                 "the domain \"%.*s\" stands in line %u already, as \"%.*s\"", SHOWN(at->text),
                 source_line(parser->sources, before->at), SHOWN(before->text));
}

void check_domain_names(struct parser *parser)
{
    for (size_t i = 0; i < parser->config->domain_count; i++) {
        const struct domain_names *names = &parser->domain_names[i];
        if (names->backend.kind != TOKEN_END)
            find_backend(parser, &names->backend);
        if (names->recipients.kind != TOKEN_END)
            find_table(parser, &names->recipients);
    }
}

void finish_domains(struct parser *parser)
{
    struct config *config = parser->config;
    for (size_t i = 0; i < config->domain_count; i++)
        resolve_domain(parser, &config->domains[i], &parser->domain_names[i]);
    if (config->domain_count == 0)
        return;
    qsort(config->domains, config->domain_count, sizeof *config->domains, by_name);
    for (size_t i = 1; i < config->domain_count; i++)
        if (by_name(&config->domains[i - 1], &config->domains[i]) == 0)
            report_double(parser, &config->domains[i]);
}

static const struct domain *find_domain(const struct config *config, struct slice name,
                                        bool subdomains)
{
    struct domain key = {.name = {name}, .subdomains = subdomains};
    if (config->domain_count == 0)
        return NULL;
    return bsearch(&key, config->domains, config->domain_count, sizeof *config->domains, by_name);
}

const struct domain *config_domain(const struct config *config, struct domain_name domain)
{
    struct slice name = domain.text;
    const struct domain *found = find_domain(config, name, false);
    while (!found && slice_find(name, '.') < name.len) {
        name = slice_from(name, slice_find(name, '.') + 1);
        found = find_domain(config, name, true);
    }
    return found;
}
