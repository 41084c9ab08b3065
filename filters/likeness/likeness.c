/* SPDX-License-Identifier: ISC */
#include "filters/likeness/likeness.h"

#include "filters/dns/org_domain.h"
#include "filters/likeness/domain_likeness.h"
#include "filters/likeness/people.h"
#include "policy/types.h"

enum { DOMAINS_MAX = 16 };

struct likeness {
    const struct config *config;
    struct known_domains *domains;
    struct people *people;
};

struct likeness *likeness_new(struct arena *arena, const struct config *config)
{
    const struct impersonation *known = &config->impersonation;
    struct likeness *likeness = arena_alloc(arena, sizeof *likeness);
    if (!likeness)
        return NULL;
    likeness->config = config;
    likeness->domains = known_domains_new(arena, config);
    likeness->people = people_new(arena, known->people, known->person_count);
    return likeness->domains && likeness->people ? likeness : NULL;
}

static struct slice domain_of(struct slice address)
{
    size_t at = slice_rfind(address, '@');
    return slice_from(address, at + (at < address.len));
}

/* ---- message.from_free ---- */

static bool is_free(const struct likeness *likeness, struct slice domain)
{
    const struct table *freemail = likeness->config->impersonation.freemail;
    return freemail && domain.len && table_holds_text(freemail, domain);
}

static struct value free_value(const struct likeness *likeness, const struct value *from)
{
    if (from->state == VALUE_PENDING || from->state == VALUE_UNKNOWN)
        return *from;
    if (!likeness->config->impersonation.freemail)
        return value_absent();
    return value_bool(from->state == VALUE_KNOWN && is_free(likeness, domain_of(from->text)));
}

/* ---- message.from_person ---- */

static struct value person_value(const struct likeness *likeness, const struct facts *facts)
{
    const struct value *name = &facts->fact[FACT_MESSAGE_FROM_NAME],
                       *from = &facts->fact[FACT_MESSAGE_FROM];
    if (name->state != VALUE_KNOWN)
        return *name;
    if (from->state == VALUE_PENDING || from->state == VALUE_UNKNOWN)
        return *from;
    struct slice address = from->state == VALUE_KNOWN ? from->text : SLICE("");
    const struct person *person = people_find(likeness->people, name->text, address);
    return person ? value_text(person->address) : value_absent();
}

/* ---- message.from_lookalike ---- */

static bool is_new(struct slice domain, const struct slice *domains, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq(domains[i], domain))
            return false;
    return true;
}

/* A provider looks like nobody; what it gives to anybody below its own may. */
static void look_at(const struct likeness *likeness, struct slice domain, struct likenesses *out)
{
    if (is_free(likeness, org_domain(domain)))
        return;
    if (is_free(likeness, domain))
        domain_likenesses_below(likeness->domains, domain, out);
    else
        domain_likenesses(likeness->domains, domain, out);
}

static void look_at_all(const struct likeness *likeness, const struct list *from,
                        struct likenesses *out)
{
    struct slice domains[DOMAINS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < from->count; i++) {
        struct slice domain =
            from->items[i].state == VALUE_KNOWN ? domain_of(from->items[i].text) : SLICE("");
        if (domain.len == 0 || !is_new(domain, domains, count))
            continue;
        if (count == DOMAINS_MAX) {
            out->cut = true;
            return;
        }
        domains[count++] = domain;
        look_at(likeness, domain, out);
    }
}

/* fields NULL: the arena is full. */
static struct value record_of(struct arena *arena, const struct likeness_found *found)
{
    struct value record = {.state = VALUE_KNOWN};
    record.fields = arena_array(arena, record_types[RECORD_likeness].count, sizeof *record.fields);
    if (!record.fields)
        return record;
    record.fields[likeness_domain] = value_text(found->known->name);
    record.fields[likeness_by] = value_integer(found->by);
    record.fields[likeness_of] = value_integer(found->known->of);
    return record;
}

/* Those of ours first, then partners', then brands'. */
static bool write_all(struct arena *arena, const struct likenesses *found, struct list *out)
{
    out->items = arena_array(arena, found->count, sizeof *out->items);
    if (!out->items)
        return found->count == 0;
    for (enum likeness_of of = LIKENESS_OF_OWN; of <= LIKENESS_OF_BRAND; of++)
        for (size_t i = 0; i < found->count; i++) {
            if (found->found[i].known->of != of)
                continue;
            out->items[out->count] = record_of(arena, &found->found[i]);
            if (!out->items[out->count++].fields)
                return false;
        }
    return true;
}

static struct value lookalike_value(const struct likeness *likeness, struct arena *arena,
                                    const struct value *from)
{
    struct value value = {.state = VALUE_KNOWN};
    struct likenesses found = {.count = 0};
    if (from->state != VALUE_KNOWN)
        return *from;
    look_at_all(likeness, &from->list, &found);
    value.list.cut = found.cut || from->list.cut;
    return write_all(arena, &found, &value.list) ? value : value_unknown();
}

void likeness_facts(const struct likeness *likeness, struct arena *arena, struct facts *facts)
{
    struct value *fact = facts->fact;
    fact[FACT_FROM_LOOKALIKE] = lookalike_value(likeness, arena, &fact[FACT_MESSAGE_FROM_ALL]);
    fact[FACT_FROM_PERSON] = person_value(likeness, facts);
    fact[FACT_FROM_FREE] = free_value(likeness, &fact[FACT_MESSAGE_FROM]);
}
