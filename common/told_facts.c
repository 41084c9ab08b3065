/* SPDX-License-Identifier: ISC */
#include "common/told_facts.h"

#include "policy/types.h"

static struct untold all_of(const struct facts *facts)
{
    return (struct untold){.subject = facts->fact[FACT_MESSAGE_SUBJECT],
                           .text = facts->fact[FACT_MESSAGE_TEXT],
                           .links = facts->fact[FACT_LINKS],
                           .reasons = facts->fact[FACT_SPAM_REASONS]};
}

static void keep_first(struct value *value, size_t count)
{
    if (value->state != VALUE_KNOWN || value->list.count <= count)
        return;
    value->list.count = count;
    value->list.cut = true;
}

static size_t paragraphs_told(const struct value *text)
{
    size_t count = 0, octets = 0;
    for (; text->state == VALUE_KNOWN && count < text->list.count; count++) {
        octets += text->list.items[count].text.len;
        if (octets > TOLD_TEXT_MAX)
            break;
    }
    return count;
}

struct untold facts_in_short(struct facts *facts)
{
    struct untold untold = all_of(facts);
    struct value *text = &facts->fact[FACT_MESSAGE_TEXT];
    keep_first(text, paragraphs_told(text));
    keep_first(&facts->fact[FACT_LINKS], TOLD_LINKS_MAX);
    return untold;
}

static bool hide_words(struct value *link, struct arena *arena)
{
    size_t count = record_types[RECORD_link].count;
    struct value *fields = arena_array(arena, count, sizeof *fields);
    for (size_t i = 0; fields && i < count; i++)
        fields[i] = link->fields[i];
    if (fields)
        fields[link_url] = fields[link_path] = fields[link_text] = value_unknown();
    link->fields = fields;
    return fields;
}

static struct value without_words(struct value links, struct arena *arena)
{
    if (links.state != VALUE_KNOWN)
        return links;
    struct value *items = arena_array(arena, links.list.count + 1, sizeof *items);
    for (size_t i = 0; items && i < links.list.count; i++) {
        items[i] = links.list.items[i];
        if (!hide_words(&items[i], arena))
            return (struct value){0};
    }
    links.list.items = items;
    return items ? links : (struct value){0};
}

struct untold facts_without_words(struct facts *facts, struct arena *arena)
{
    struct untold untold = facts_in_short(facts);
    facts->fact[FACT_MESSAGE_SUBJECT] = facts->fact[FACT_MESSAGE_TEXT] = (struct value){0};
    facts->fact[FACT_SPAM_REASONS] = (struct value){0};
    facts->fact[FACT_LINKS] = without_words(facts->fact[FACT_LINKS], arena);
    return untold;
}

void facts_put_back(struct facts *facts, const struct untold *untold)
{
    facts->fact[FACT_MESSAGE_SUBJECT] = untold->subject;
    facts->fact[FACT_MESSAGE_TEXT] = untold->text;
    facts->fact[FACT_LINKS] = untold->links;
    facts->fact[FACT_SPAM_REASONS] = untold->reasons;
}
