/* SPDX-License-Identifier: ISC
 * listen smtp on "0.0.0.0:25" {
 *   hide "CHUNKING" "DSN" from old_scanners
 *   hide "STARTTLS" from { "192.0.2.7" }
 * } */
#include "policy/parser.h"
#include "policy/table.h"
#include "policy/table_entries.h"

static const char *const words[] = {
#define KEYWORD(id, word) word,
#include "policy/keywords.def"
#undef KEYWORD
};

const char *keyword_word(enum keyword keyword)
{
    return words[keyword];
}

/* ---- read ---- */

static bool parse_keyword(struct parser *parser, unsigned *keywords)
{
    struct token token;
    if (!expect_string(parser, "a keyword of EHLO, such as \"CHUNKING\"", &token))
        return false;
    struct nearest near = nearest_to(token.text);
    for (int i = 0; i < KEYWORDS; i++) {
        if (slice_ieq(token.text, slice_of(words[i]))) {
            *keywords |= 1U << i;
            return true;
        }
        nearest_offer(&near, slice_of(words[i]));
    }
    fail_unknown(parser, &token, "keyword", &near);
    return true;
}

bool parse_hide(struct parser *parser, struct listener *listener, struct listener_names *names)
{
    struct hiding hiding = {.keywords = 0};
    struct hiding_names named = {.at = parser->previous.at, .from.kind = TOKEN_END};
    do {
        if (!parse_keyword(parser, &hiding.keywords))
            return false;
    } while (at_kind(parser, TOKEN_STRING));
    if (!parse_from_table(parser, &named.from, &named.own))
        return false;
    size_t count = listener->hiding_count;
    struct hiding_names *place = PARSER_PUSH(parser, names->hidings, count);
    struct hiding *slot = PARSER_PUSH(parser, listener->hidings, listener->hiding_count);
    if (!place || !slot)
        return false;
    *place = named;
    *slot = hiding;
    return true;
}

/* ---- looked up ---- */

static void finish_hiding(struct parser *parser, const struct listener *listener,
                          struct hiding *hiding, const struct hiding_names *names)
{
    struct table *table = chosen_table(parser, &names->from, names->own);
    bool starttls = hiding->keywords & 1U << KEYWORD_STARTTLS;
    if (starttls && listener->implicit_tls)
        source_error(parser->sources, names->at,
                     "there is no STARTTLS to hide where all is encrypted from the start");
    if (starttls && listener->require_tls)
        source_error(parser->sources, names->at,
                     "require_tls: those who are offered no STARTTLS could never send");
    if (!table || !table_take_networks(parser->sources, table, names->at))
        return;
    if (table_holds_all(table))
        source_error(parser->sources, names->at,
                     "this hides it from everybody; expected networks of those who cannot do with "
                     "it");
    hiding->from = table;
}

void finish_hidings(struct parser *parser, struct listener *listener,
                    const struct listener_names *names)
{
    if (listener->hiding_count > 0 && protocol_reads(listener->protocol))
        source_error(parser->sources, names->hidings[0].at, "'hide' is for listeners of SMTP");
    for (size_t i = 0; i < listener->hiding_count; i++)
        finish_hiding(parser, listener, &listener->hidings[i], &names->hidings[i]);
}

/* ---- asked ---- */

unsigned listener_hides(const struct listener *listener, const struct ip *client)
{
    unsigned keywords = 0;
    for (size_t i = 0; i < listener->hiding_count; i++)
        if (table_holds_ip(listener->hidings[i].from, client))
            keywords |= listener->hidings[i].keywords;
    return keywords;
}
