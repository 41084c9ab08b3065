/* SPDX-License-Identifier: ISC
 * Items of settings blocks that are more than one value. */
#include "policy/parser.h"
#include "policy/recipients.h"
#include "policy/settings.h"
#include "policy/table_entries.h"

#include <string.h>

bool parse_table_once(struct parser *parser, struct token *name, struct table **own)
{
    if (*own || name->kind != TOKEN_END) {
        source_error(parser->sources, parser->previous.at, "%.*s is given twice",
                     SHOWN(parser->previous.text));
        return false;
    }
    name->at = parser->previous.at;
    return parse_table_choice(parser, name, own);
}

static bool parse_exempt(struct parser *parser)
{
    return parse_table_once(parser, &parser->greylist_exempt, &parser->config->greylist_exempt);
}

static bool parse_bare_newlines_from(struct parser *parser)
{
    return parse_table_once(parser, &parser->bare_newlines_from,
                            &parser->config->bare_newlines_from);
}

static bool parse_unshared(struct parser *parser)
{
    return parse_table_once(parser, &parser->unshared, &parser->config->unshared);
}

static const struct held_policy *held_policy_of(const struct config *config, struct slice why)
{
    for (size_t i = 0; i < config->held_policy_count; i++)
        if (slice_eq(config->held_policy[i].why, why))
            return &config->held_policy[i];
    return NULL;
}

/* "spam" helpdesk */
static bool parse_held_item(struct parser *parser, void *ctx)
{
    static const char *const roles[] = {"admin", "helpdesk", NULL};
    (void)ctx;
    struct config *config = parser->config;
    struct token why;
    unsigned role;
    if (!expect_string(parser, "what rules hold messages as, such as \"spam\"", &why) ||
        !expect_choice(parser, roles, "role (helpdesk, admin)", &role))
        return false;
    if (held_policy_of(config, why.text)) {
        source_error(parser->sources, why.at, "\"%.*s\" is given twice", SHOWN(why.text));
        return true;
    }
    struct held_policy *place = PARSER_PUSH(parser, config->held_policy, config->held_policy_count);
    if (place)
        *place = (struct held_policy){.why = why.text, .helpdesk = role == 1};
    return place != NULL;
}

static bool parse_held_policy(struct parser *parser)
{
    return parse_block(parser, parse_held_item, NULL);
}

static bool parse_automatic(struct parser *parser)
{
    static const char *const words[] = {"on", "certificates", "off", NULL};
    struct token *given = &parser->reload_automatic;
    unsigned word;
    if (given->kind != TOKEN_END) {
        source_error(parser->sources, parser->previous.at, "automatic stands in line %u already",
                     source_line(parser->sources, given->at));
        return false;
    }
    *given = parser->previous;
    if (!expect_choice(parser, words, "choice (on, certificates, off)", &word))
        return false;
    parser->config->reload_automatic = (enum automatic_reload)word;
    return true;
}

const struct settings_item settings_items[] = {
    {"reload", "automatic", parse_automatic, "on | certificates | off",
     "which files of the configuration, tables and certificates included, are taken up by "
     "themselves soon after they have changed: all, certificates and their keys alone, or none; "
     "the others wait for SIGHUP or gatepostctl reload, which is logged once and told by "
     "gatepostctl status; standard: on; signatures (antivirus reload) are none of these"},
    {"quarantine", "policy", parse_held_policy, "{ \"WORD\" helpdesk | admin ... }",
     "who may look at, release and delete what rules hold under that word; what is not listed, "
     "admins alone"},
    {"resolver", "forward", parse_forward, "ADDRESS ...",
     "name servers that answer for everything, such as \"192.0.2.53\" or \"[2001:db8::53]:5353\"; "
     "without one, those of resolv_conf"},
    {"resolver", "stub", parse_stub, "ZONE ADDRESS ...",
     "name servers that are asked for a zone and what lies below it; its answers are not "
     "validated"},
    {"redis", "sentinel", parse_sentinel, "ADDRESS ...",
     "Redis Sentinels, such as \"192.0.2.7:26379\", which are asked where the master is, instead "
     "of "
     "server"},
    {"greylist", "exempt", parse_exempt, "TABLE",
     "recipients that are never greylisted: the name of a table, from file \"FILE\", or texts in "
     "braces"},
    {"limits", "unshared", parse_unshared, "TABLE",
     "clients whose networks may have more than their share of what all use, such as a company's "
     "own: the name of a table of addresses and networks, from file \"FILE\", or texts in braces; "
     "standard: private ones (RFC 1918, 4193, 6598), loopback and link-local; servers of backends "
     "are never held to a share"},
    {"smtp", "bare_newlines_from", parse_bare_newlines_from, "TABLE",
     "clients for whom bare_newlines is on, such as printers: the name of a table of addresses and "
     "networks, from file \"FILE\", or texts in braces"},
    {"learn", "trap", parse_trap, "TABLE",
     "addresses that nobody has, such as one that was left long ago: their mail is accepted, "
     "learnt as spam and "
     "delivered to nobody; the name of a table, from file \"FILE\", or texts in braces, as the "
     "next three"},
    {"learn", "report_spam", parse_report_spam, "TABLE",
     "addresses that users send spam to, as an attachment: what is attached is learnt, and nothing "
     "is delivered"},
    {"learn", "report_good", parse_report_good, "TABLE",
     "the same for good mail that was taken for spam"},
    {"learn", "report_from", parse_report_from, "TABLE",
     "clients that reports are taken from, such as the company's own servers: addresses and "
     "networks, and not everybody (0.0.0.0/0, ::/0)"},
    {"impersonation", "partners", parse_partners, "TABLE",
     "domains of those that one writes to, for message.from_lookalike: the name of a table, from "
     "file \"FILE\", or texts in braces, at most 1,000 entries, as the next two"},
    {"impersonation", "brands", parse_brands, "TABLE",
     "domains of those that everybody knows, for message.from_lookalike"},
    {"impersonation", "people", parse_people, "TABLE",
     "people whom nobody should pass for, for message.from_person: one entry for each address, "
     "such as \"Anna Example <anna@example.com>\""},
    {"impersonation", "freemail", parse_freemail, "TABLE",
     "domains where anybody may have an address, for message.from_free; \"*.example.com\" stands "
     "for all below one"},
};

const size_t settings_item_count = sizeof settings_items / sizeof *settings_items;

/* ---- what must go together ---- */

const struct token *setting_given(const struct parser *parser, const char *block, const char *word)
{
    for (size_t i = 0; parser->settings_given && i < settings_count; i++)
        if (strcmp(settings_table[i].block, block) == 0 &&
            strcmp(settings_table[i].word, word) == 0)
            return parser->settings_given[i].text.len ? &parser->settings_given[i] : NULL;
    return NULL;
}

struct table *chosen_table(struct parser *parser, const struct token *name, struct table *own)
{
    return name->kind == TOKEN_END ? own : find_table(parser, name);
}

static struct table *chosen_networks(struct parser *parser, const struct token *name,
                                     struct table *own)
{
    struct table *table = chosen_table(parser, name, own);
    if (table)
        table_take_networks(parser->sources, table, name->at);
    return table;
}

/* Suites that were chosen hold for all, unless more were chosen for some. */
static void finish_ciphers(struct parser *parser)
{
    if (setting_given(parser, "tls", "ciphers") &&
        !setting_given(parser, "tls", "ciphers_if_plain"))
        parser->config->settings.tls_ciphers_if_plain = SLICE("");
}

void finish_settings_items(struct parser *parser)
{
    struct config *config = parser->config;
    finish_redis(parser);
    finish_ciphers(parser);
    finish_zone(parser);
    finish_geo(parser);
    config->greylist_exempt =
        chosen_table(parser, &parser->greylist_exempt, config->greylist_exempt);
    if (config->greylist_exempt)
        check_mail_addresses(parser, config->greylist_exempt, parser->greylist_exempt.at);
    if (config->greylist_exempt)
        table_take_names(parser->sources, config->greylist_exempt);
    config->bare_newlines_from =
        chosen_networks(parser, &parser->bare_newlines_from, config->bare_newlines_from);
    config->unshared = chosen_networks(parser, &parser->unshared, config->unshared);
    finish_impersonation(parser);
    finish_teachers(parser);
}
