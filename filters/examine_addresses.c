/* SPDX-License-Identifier: ISC
 * Whom a message is from and to, by its header. */
#include "filters/dns/org_domain.h"
#include "filters/examine_parts.h"
#include "filters/mime/address.h"
#include "filters/mime/headers.h"
#include "filters/sender/author.h"
#include "policy/spelling.h"

enum { FIELDS_MAX = 64, ADDRESSES_MAX = 256 };

struct address_reading {
    struct arena *arena;
    struct slice block;
    bool full; /* the arena is */
};

static struct value address_value(struct address_reading *in, const struct address *address)
{
    struct value value = value_mailbox(in->arena, address->local, address->domain);
    in->full = in->full || value.state != VALUE_KNOWN;
    return value;
}

static bool addresses_of(struct address_reading *in, struct slice name, size_t nth,
                         struct addresses *out)
{
    struct header field;
    if (!headers_find(in->block, name, nth, &field))
        return false;
    bool ok = addresses_parse(in->arena, field.value, ADDRESSES_MAX, out);
    in->full = in->full || !ok;
    return ok;
}

static void add_all(struct address_reading *in, const struct addresses *from, struct list *all)
{
    for (size_t i = 0; i < from->n; i++) {
        if (all->count == ADDRESSES_MAX) {
            all->cut = true;
            return;
        }
        all->items[all->count++] = address_value(in, &from->items[i]);
    }
    all->cut = all->cut || (from->flags & ADDRESS_TOO_MANY);
}

static void read_from(struct address_reading *in, struct facts *facts)
{
    struct value *fact = facts->fact;
    struct value all = {.state = VALUE_KNOWN};
    struct addresses from;
    all.list.items = arena_array(in->arena, ADDRESSES_MAX, sizeof *all.list.items);
    in->full = in->full || !all.list.items;
    fact[FACT_MESSAGE_FROM] = fact[FACT_MESSAGE_FROM_NAME] = value_absent();
    for (size_t nth = 0;
         !in->full && nth < FIELDS_MAX && addresses_of(in, SLICE("from"), nth, &from); nth++) {
        if (nth == 0 && from.n) {
            fact[FACT_MESSAGE_FROM] = address_value(in, &from.items[0]);
            if (from.items[0].name.len)
                fact[FACT_MESSAGE_FROM_NAME] = value_text(from.items[0].name);
        }
        add_all(in, &from, &all.list);
    }
    all.list.cut = all.list.cut || headers_count(in->block, SLICE("from")) > FIELDS_MAX;
    fact[FACT_MESSAGE_FROM_ALL] = all;
}

static void read_author(const struct author *author, struct facts *facts)
{
    struct value *fact = facts->fact;
    unsigned wrong = ADDRESS_MALFORMED | ADDRESS_CONTROL | ADDRESS_TOO_MANY;
    fact[FACT_MESSAGE_FROM_FIELDS] = value_number((double)author->fields);
    fact[FACT_MESSAGE_FROM_SEVERAL] = value_bool(author->count > 1);
    bool nobody = author->fields > 0 && author->count == 0;
    fact[FACT_MESSAGE_FROM_INVALID] =
        value_bool(author->kind == AUTHOR_INVALID || nobody || (author->flags & wrong));
    fact[FACT_MESSAGE_FROM_GROUP] = value_bool(author->flags & ADDRESS_GROUP);
    fact[FACT_MESSAGE_FROM_ENCODED] = value_bool(author->flags & ADDRESS_ENCODED_WORD);
    fact[FACT_MESSAGE_FROM_EIGHT_BIT] = value_bool(author->flags & ADDRESS_EIGHT_BIT);
    fact[FACT_MESSAGE_FROM_NAMES_OTHER] = value_bool(author->flags & ADDRESS_NAME_IS_ADDRESS);
}

/* All in the fields of that name. */
static struct value all_in(struct address_reading *in, struct slice name)
{
    struct value all = {.state = VALUE_KNOWN};
    struct addresses list;
    size_t fields = headers_count(in->block, name);
    if (fields == 0)
        return all;
    all.list.items = arena_array(in->arena, ADDRESSES_MAX, sizeof *all.list.items);
    in->full = in->full || !all.list.items;
    for (size_t nth = 0; !in->full && nth < FIELDS_MAX && addresses_of(in, name, nth, &list); nth++)
        add_all(in, &list, &all.list);
    all.list.cut = all.list.cut || fields > FIELDS_MAX;
    return all;
}

static bool is_of_author(const struct author *author, struct slice domain)
{
    struct slice own = org_domain(domain);
    for (size_t i = 0; i < author->count; i++)
        if (slice_ieq(domain, author->domains[i]) ||
            (own.len && slice_eq(own, org_domain(author->domains[i]))))
            return true;
    return false;
}

/* The first address, and whether an answer would go to another organisation than From's. */
static void read_reply_to(struct address_reading *in, const struct author *author,
                          struct facts *facts)
{
    struct addresses list;
    bool differs = false;
    facts->fact[FACT_MESSAGE_REPLY_TO] = value_absent();
    for (size_t nth = 0;
         !in->full && nth < FIELDS_MAX && addresses_of(in, SLICE("reply-to"), nth, &list); nth++) {
        if (nth == 0 && list.n)
            facts->fact[FACT_MESSAGE_REPLY_TO] = address_value(in, &list.items[0]);
        for (size_t i = 0; i < list.n; i++)
            differs = differs || !is_of_author(author, list.items[i].domain);
    }
    facts->fact[FACT_MESSAGE_REPLY_TO_DIFFERS] = value_bool(differs);
}

bool examine_addresses(struct arena *arena, struct slice block, struct slice raw,
                       struct facts *facts)
{
    struct address_reading in = {.arena = arena, .block = block};
    struct author author;
    if (!author_of(arena, headers_block(raw, NULL), &author))
        return false;
    read_from(&in, facts);
    read_author(&author, facts);
    read_reply_to(&in, &author, facts);
    facts->fact[FACT_MESSAGE_TO] = all_in(&in, SLICE("to"));
    facts->fact[FACT_MESSAGE_CC] = all_in(&in, SLICE("cc"));
    return !in.full;
}
