/* SPDX-License-Identifier: ISC
 * impersonation { partners { "example.org" }  people from file "people.txt" } */
#include "policy/facts.h"
#include "policy/recipients.h"
#include "policy/settings.h"
#include "policy/spelling.h"
#include "policy/table_entries.h"

enum { PERSON_NAME_MAX = 200 };

static bool parse_one(struct parser *parser, enum impersonation_table which)
{
    struct impersonation_tables *all = &parser->impersonation;
    return parse_table_once(parser, &all->names[which], &all->tables[which]);
}

bool parse_partners(struct parser *parser)
{
    return parse_one(parser, TABLE_PARTNERS);
}

bool parse_brands(struct parser *parser)
{
    return parse_one(parser, TABLE_BRANDS);
}

bool parse_people(struct parser *parser)
{
    return parse_one(parser, TABLE_PEOPLE);
}

bool parse_freemail(struct parser *parser)
{
    return parse_one(parser, TABLE_FREEMAIL);
}

/* ---- entries ---- */

static struct slice without_star(struct slice entry)
{
    return slice_from(entry, slice_starts(entry, SLICE("*.")) ? 2 : 0);
}

static const char *domain_fault(struct slice entry)
{
    struct slice domain = without_star(entry);
    bool dot = domain.len && domain.ptr[domain.len - 1] == '.';
    bool beyond_ascii = !slice_is_ascii(domain) && slice_find(domain, '@') == domain.len;
    return beyond_ascii || domain_name_is_plain(slice_sub(domain, 0, domain.len - dot))
               ? NULL /* what is wrong beyond ASCII is told when the name is made */
               : "is no domain; expected one such as example.com";
}

/* Name and address of `Anna Example <anna@example.com>`. False: it has not that form. */
static bool split_mailbox(struct slice entry, struct slice *name, struct slice *address)
{
    size_t open = slice_rfind(entry, '<');
    if (open == entry.len || entry.ptr[entry.len - 1] != '>')
        return false;
    *name = slice_trim(slice_sub(entry, 0, open));
    *address = slice_sub(entry, open + 1, entry.len - 1);
    if (name->len >= 2 && name->ptr[0] == '"' && name->ptr[name->len - 1] == '"')
        *name = slice_trim(slice_sub(*name, 1, name->len - 1));
    return name->len > 0;
}

static const char *person_fault(struct slice entry)
{
    struct slice name, address;
    if (!split_mailbox(entry, &name, &address))
        return "is no name with an address; expected one such as Anna Example <anna@example.com>";
    if (name.len > PERSON_NAME_MAX)
        return "has a name of more than 200 octets; so much of a display name is looked at";
    bool whole = slice_rfind(address, '@') > 0 && slice_rfind(address, '@') < address.len;
    return whole && !recipient_fault(address)
               ? NULL
               : "has no address between < and >; expected one such as anna@example.com";
}

static bool add_domain(struct parser *parser, struct slice entry, struct span at,
                       struct domain_name *out)
{
    const char *flaw = domain_name_make(parser->sources->arena, without_star(entry), out);
    if (flaw)
        source_error(parser->sources, at,
                     "no domain can be in \"%.*s\": %s; expected one such as \"example.com\"",
                     SHOWN(entry), flaw);
    return !flaw;
}

static bool add_person(struct parser *parser, struct slice entry, struct person *out)
{
    struct slice address;
    if (!split_mailbox(entry, &out->name, &address))
        return false;
    out->address = spell_address(parser->sources->arena, address);
    parser->sources->no_memory |= !out->address.ptr;
    return out->address.ptr != NULL;
}

/* ---- tables ---- */

/* Doubles included. */
static size_t entries_of(struct parser *parser, const struct table *table)
{
    struct table_walk walk = table_walk(parser->sources, table);
    struct slice entry;
    struct span at;
    size_t count = 0;
    while (table_walk_next(&walk, &entry, &at))
        count++;
    return count;
}

/* NULL: none was chosen, or what is wrong is reported. */
static struct table *sound_table(struct parser *parser, enum impersonation_table which,
                                 table_judge *judge)
{
    struct impersonation_tables *all = &parser->impersonation;
    struct span at = all->names[which].at;
    struct table *table = chosen_table(parser, &all->names[which], all->tables[which]);
    return table && table_check(parser->sources, table, judge, at) ? table : NULL;
}

/* One to walk over, of which *count is known. False: none was chosen, or what is wrong is
 * reported. */
static bool begin(struct parser *parser, enum impersonation_table which, table_judge *judge,
                  struct table_walk *walk, size_t *count)
{
    struct table *table = sound_table(parser, which, judge);
    if (!table)
        return false;
    *count = entries_of(parser, table);
    *walk = table_walk(parser->sources, table);
    if (*count <= IMPERSONATION_MAX)
        return true;
    source_error(parser->sources, parser->impersonation.names[which].at,
                 "this table has %zu entries; expected %d at most", *count, IMPERSONATION_MAX);
    return false;
}

static void take_domains(struct parser *parser, enum impersonation_table which,
                         struct domain_name **names, size_t *count)
{
    struct table_walk walk;
    struct slice entry;
    struct span at;
    size_t room;
    if (!begin(parser, which, domain_fault, &walk, &room))
        return;
    *names = source_alloc(parser->sources, room + 1, sizeof **names);
    while (*names && table_walk_next(&walk, &entry, &at))
        *count += add_domain(parser, entry, at, &(*names)[*count]);
}

static void take_people(struct parser *parser, struct impersonation *out)
{
    struct table_walk walk;
    struct slice entry;
    struct span at;
    size_t room;
    if (!begin(parser, TABLE_PEOPLE, person_fault, &walk, &room))
        return;
    out->people = source_alloc(parser->sources, room + 1, sizeof *out->people);
    while (out->people && table_walk_next(&walk, &entry, &at))
        out->person_count += add_person(parser, entry, &out->people[out->person_count]);
}

void finish_impersonation(struct parser *parser)
{
    struct impersonation *out = &parser->config->impersonation;
    take_domains(parser, TABLE_PARTNERS, &out->partners, &out->partner_count);
    take_domains(parser, TABLE_BRANDS, &out->brands, &out->brand_count);
    take_people(parser, out);
    out->freemail = sound_table(parser, TABLE_FREEMAIL, domain_fault);
    if (out->freemail)
        table_take_names(parser->sources, out->freemail);
}

/* ---- rules without a table ---- */

static bool chosen(const struct parser *parser, enum impersonation_table which)
{
    return parser->impersonation.names[which].kind != TOKEN_END ||
           parser->impersonation.tables[which];
}

static bool knows_domains(const struct parser *parser)
{
    const struct impersonation *known = &parser->config->impersonation;
    return parser->config->domain_count + known->partner_count + known->brand_count > 0;
}

void warn_of_nobody_known(struct parser *parser, enum fact fact, struct span at)
{
    const char *lacks = fact == FACT_FROM_PERSON && !chosen(parser, TABLE_PEOPLE)   ? "people"
                        : fact == FACT_FROM_FREE && !chosen(parser, TABLE_FREEMAIL) ? "freemail"
                                                                                    : NULL;
    if (lacks)
        source_warning(parser->sources, at,
                       "%s is always absent: there is no impersonation { %s TABLE }",
                       fact_info(fact)->name, lacks);
    if (fact == FACT_FROM_LOOKALIKE && !knows_domains(parser))
        source_warning(parser->sources, at,
                       "%s is always empty: there is no domain, and neither partners nor brands in "
                       "impersonation { }",
                       fact_info(fact)->name);
}
