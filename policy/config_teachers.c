/* SPDX-License-Identifier: ISC
 * learn { trap { "left@example.com" }  report_spam { "spam@example.com" }  report_from inside }: whose
 * mail is learnt from and delivered to nobody. */
#include "policy/recipients.h"
#include "policy/settings.h"
#include "policy/spelling.h"
#include "policy/table_entries.h"

static const char *const words[TEACHERS_TABLES] = {
    [TABLE_TRAPS] = "trap",
    [TABLE_SPAM_REPORTS] = "report_spam",
    [TABLE_GOOD_REPORTS] = "report_good",
    [TABLE_REPORTERS] = "report_from",
};

static bool parse_one(struct parser *parser, enum teachers_table which)
{
    struct teachers_tables *all = &parser->teachers;
    return parse_table_once(parser, &all->names[which], &all->tables[which]);
}

bool parse_trap(struct parser *parser)
{
    return parse_one(parser, TABLE_TRAPS);
}

bool parse_report_spam(struct parser *parser)
{
    return parse_one(parser, TABLE_SPAM_REPORTS);
}

bool parse_report_good(struct parser *parser)
{
    return parse_one(parser, TABLE_GOOD_REPORTS);
}

bool parse_report_from(struct parser *parser)
{
    return parse_one(parser, TABLE_REPORTERS);
}

/* ---- what does not fit together ---- */

static struct span place_of(const struct parser *parser, enum teachers_table which)
{
    return parser->teachers.names[which].at;
}

/* Of mail to an address that is no domain's of ours nobody hears: it is refused as relaying. */
static void check_trap(struct parser *parser, struct slice entry, struct span at)
{
    struct domain_name name;
    size_t sign = slice_rfind(entry, '@');
    if (sign == entry.len ||
        domain_name_make(parser->sources->arena, slice_from(entry, sign + 1), &name) ||
        config_domain(parser->config, name))
        return;
    source_error(
        parser->sources, at,
        "no mail is taken for \"%.*s\", so nothing comes to this trap; expected an address "
        "in one of the domains here (domain \"...\")",
        SHOWN(name.text));
}

/* "@example.com", "*.example.com": what it reaches may be more than was meant. */
static void warn_of_whole(struct parser *parser, enum teachers_table which, struct slice entry,
                          struct span at)
{
    struct domain_name name;
    bool below = slice_starts(entry, SLICE("*."));
    bool ours = slice_starts(entry, SLICE("@")) &&
                !domain_name_make(parser->sources->arena, slice_from(entry, 1), &name) &&
                config_domain(parser->config, name);
    if (below || ours)
        source_warning(
            parser->sources, at,
            "all mail to \"%.*s\" goes to %s and is delivered to nobody, but what is for "
            "postmaster and abuse",
            SHOWN(entry), words[which]);
}

/* An address does one thing. */
static void check_alone(struct parser *parser, enum teachers_table which, struct slice entry,
                        struct span at)
{
    struct table *const all[] = {parser->config->teachers.traps,
                                 parser->config->teachers.spam_reports,
                                 parser->config->teachers.good_reports};
    for (size_t other = 0; other < which; other++)
        if (all[other] && all[other] != all[which] && table_holds_text(all[other], entry))
            source_error(parser->sources, at, "\"%.*s\" is in %s and in %s; expected it in one",
                         SHOWN(entry), words[other], words[which]);
}

static void check_entries(struct parser *parser, enum teachers_table which,
                          const struct table *table)
{
    struct table_walk walk = table_walk(parser->sources, table);
    struct slice entry;
    struct span at;
    while (table_walk_next(&walk, &entry, &at)) {
        check_alone(parser, which, entry, at);
        if (which == TABLE_TRAPS)
            check_trap(parser, entry, at);
        warn_of_whole(parser, which, entry, at);
    }
}

/* ---- users ---- */

/* An address of which somebody reads the mail. */
static bool is_taken_from_user(struct parser *parser, const struct table *table,
                               struct slice recipient)
{
    struct slice address = slice_is_ascii(recipient)
                               ? recipient
                               : value_address(parser->sources->arena, recipient).text;
    size_t sign = slice_rfind(address, '@');
    return sign > 0 && sign < address.len && !is_postmaster(address) &&
           table_holds_text(table, address);
}

/* The first is told. */
static void check_users_of(struct parser *parser, enum teachers_table which,
                           const struct table *table, const struct table *recipients)
{
    struct table_walk walk = table_walk(parser->sources, recipients);
    struct slice entry;
    struct span at;
    while (table_walk_next(&walk, &entry, &at)) {
        if (!is_taken_from_user(parser, table, entry))
            continue;
        source_error(parser->sources, place_of(parser, which),
                     "\"%.*s\" is in a table of recipients and in %s, which delivers its mail to "
                     "nobody; expected it in one",
                     SHOWN(entry), words[which]);
        return;
    }
}

static bool was_before(const struct config *config, size_t domain)
{
    for (size_t i = 0; i < domain; i++)
        if (config->domains[i].recipients == config->domains[domain].recipients)
            return true;
    return false;
}

static void check_users(struct parser *parser, enum teachers_table which, const struct table *table)
{
    const struct config *config = parser->config;
    for (size_t i = 0; i < config->domain_count; i++)
        if (config->domains[i].recipients && !was_before(config, i))
            check_users_of(parser, which, table, config->domains[i].recipients);
}

/* ---- the tables ---- */

static struct table *addresses(struct parser *parser, enum teachers_table which)
{
    struct table *table =
        chosen_table(parser, &parser->teachers.names[which], parser->teachers.tables[which]);
    if (!table)
        return NULL;
    check_mail_addresses(parser, table, place_of(parser, which));
    table_take_names(parser->sources, table);
    return table;
}

static struct table *networks(struct parser *parser)
{
    const struct token *name = &parser->teachers.names[TABLE_REPORTERS];
    struct table *table = chosen_table(parser, name, parser->teachers.tables[TABLE_REPORTERS]);
    if (table && table_take_networks(parser->sources, table, name->at) && table_holds_all(table))
        source_error(parser->sources, name->at,
                     "everybody could teach; expected the networks of your own servers");
    return table;
}

static void need_learning(struct parser *parser, enum teachers_table which)
{
    if (!parser->config->settings.learn_enabled)
        source_error(parser->sources, place_of(parser, which),
                     "%s is for what is learnt, and nothing is; expected \"enabled on\" in the "
                     "block learn as well",
                     words[which]);
}

/* Whoever sends to such an address teaches: so it is said who may. */
static void need_reporters(struct parser *parser, enum teachers_table which)
{
    if (!parser->config->teachers.reporters && parser->teachers.names[TABLE_REPORTERS].at.to == 0)
        source_error(parser->sources, place_of(parser, which),
                     "%s needs to know who is inside, as anybody could teach otherwise; expected "
                     "report_from with the servers and networks that reports come from",
                     words[which]);
}

static void need_reports(struct parser *parser)
{
    const struct teachers *t = &parser->config->teachers;
    if (!t->spam_reports && !t->good_reports)
        source_error(parser->sources, place_of(parser, TABLE_REPORTERS),
                     "report_from says who may report, and there is no address to report to; "
                     "expected report_spam or report_good as well");
}

void finish_teachers(struct parser *parser)
{
    struct teachers *t = &parser->config->teachers;
    t->traps = addresses(parser, TABLE_TRAPS);
    t->spam_reports = addresses(parser, TABLE_SPAM_REPORTS);
    t->good_reports = addresses(parser, TABLE_GOOD_REPORTS);
    t->reporters = networks(parser);
    const struct table *const all[] = {t->traps, t->spam_reports, t->good_reports};
    for (enum teachers_table which = 0; which < TABLE_REPORTERS; which++) {
        if (!all[which])
            continue;
        need_learning(parser, which);
        if (which != TABLE_TRAPS)
            need_reporters(parser, which);
        check_entries(parser, which, all[which]);
        check_users(parser, which, all[which]);
    }
    if (t->reporters)
        need_reports(parser);
}

/* ---- asked ---- */

static bool holds(const struct table *table, struct slice recipient)
{
    return table && table_holds_text(table, recipient);
}

enum teaching config_teaches(const struct config *config, struct slice recipient)
{
    const struct teachers *t = &config->teachers;
    return is_postmaster(recipient)            ? TEACHES_NOTHING
           : holds(t->traps, recipient)        ? TEACHES_TRAP
           : holds(t->spam_reports, recipient) ? TEACHES_SPAM
           : holds(t->good_reports, recipient) ? TEACHES_GOOD
                                               : TEACHES_NOTHING;
}

bool config_takes_reports(const struct config *config, const struct ip *client)
{
    return config->teachers.reporters && table_holds_ip(config->teachers.reporters, client);
}
