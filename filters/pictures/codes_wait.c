/* SPDX-License-Identifier: ISC */
#include "filters/pictures/codes_wait.h"

#include "filters/links/links.h"
#include "filters/pictures/unread.h"

bool codes_wait_begin(struct codes_wait *wait, const struct scan_answer *answer,
                      struct facts *facts)
{
    if (answer->pictures.count == 0)
        return false;
    *wait = (struct codes_wait){.pictures = answer->pictures,
                                .domains = facts->fact[FACT_MESSAGE_DOMAINS],
                                .links = facts->fact[FACT_LINKS],
                                .unread = facts->fact[FACT_QR_UNREAD]};
    facts->fact[FACT_MESSAGE_DOMAINS] = facts->fact[FACT_LINKS] = (struct value){0};
    facts->fact[FACT_QR_CODES] = facts->fact[FACT_QR_UNREAD] = (struct value){0};
    return true;
}

static bool has(const struct value *list, const struct value *item)
{
    for (size_t i = 0; i < list->list.count; i++)
        if (slice_eq(list->list.items[i].text, item->text))
            return true;
    return false;
}

/* Each domain once, links as they come (those of codes have a source of their own); at most as many
 * as a message without pictures may have. */
static struct value join(struct arena *arena, const struct value *words, const struct value *codes,
                         enum fact fact)
{
    bool records = fact == FACT_LINKS;
    size_t most = records ? LINKS_MAX : LINKS_DOMAINS_MAX;
    if (words->state != VALUE_KNOWN || codes->state != VALUE_KNOWN)
        return *words;
    struct value all = {.state = VALUE_KNOWN, .list = {.cut = words->list.cut || codes->list.cut}};
    all.list.items =
        arena_array(arena, words->list.count + codes->list.count, sizeof *all.list.items);
    if (!all.list.items)
        return value_unknown();
    for (size_t i = 0; i < words->list.count; i++)
        all.list.items[all.list.count++] = words->list.items[i];
    for (size_t i = 0; i < codes->list.count; i++)
        if (records || !has(words, &codes->list.items[i]))
            all.list.items[all.list.count++] = codes->list.items[i];
    if (all.list.count > most) {
        all.list.count = most;
        all.list.cut = true;
    }
    return all;
}

void codes_wait_end(const struct codes_wait *wait, struct arena *arena,
                    const struct scan_answer *answer, struct facts *facts)
{
    struct unread unread = {0};
    unread_add_list(&unread, &wait->unread);
    facts->fact[FACT_MESSAGE_DOMAINS] = wait->domains;
    facts->fact[FACT_LINKS] = wait->links;
    facts->fact[FACT_QR_CODES] = value_unknown();
    if (answer) {
        const struct value *fact = answer->facts.fact;
        facts->fact[FACT_MESSAGE_DOMAINS] =
            join(arena, &wait->domains, &fact[FACT_MESSAGE_DOMAINS], FACT_MESSAGE_DOMAINS);
        facts->fact[FACT_LINKS] = join(arena, &wait->links, &fact[FACT_LINKS], FACT_LINKS);
        facts->fact[FACT_QR_CODES] = fact[FACT_QR_CODES];
        unread_add_list(&unread, &fact[FACT_QR_UNREAD]);
    } else {
        unread_add(&unread, SLICE("failed"));
    }
    facts->fact[FACT_QR_UNREAD] = unread_list(arena, &unread);
}
