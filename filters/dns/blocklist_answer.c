/* SPDX-License-Identifier: ISC
 * Answers of blocklists, and whether a list is fit to be asked. */
#include "filters/dns/blocklist_answer.h"

#include "filters/dns/blocklists.h"

#include <stdio.h>

/* What none may answer; NULL when it is a code. */
static const char *trouble_of(const struct ip *ip)
{
    if (ip->family != 4 || ip->bytes[0] != 127)
        return "it answers with addresses outside 127.0.0.0/8: the list is gone, or the resolver "
               "redirects";
    if (ip->bytes[1] != 255 || ip->bytes[2] != 255)
        return NULL;
    switch (ip->bytes[3]) {
    case 252:
        return "it answers 127.255.255.252: the zone's name is mistyped";
    case 254:
        return "it answers 127.255.255.254: it does not serve public resolvers";
    case 255:
        return "it answers 127.255.255.255: too many questions from this resolver";
    default:
        return "it answers 127.255.255.x: it refuses this resolver";
    }
}

static const char *trouble_in(const struct dns_answer *answer)
{
    const char *trouble = NULL;
    for (size_t i = 0; i < answer->count && !trouble; i++)
        trouble = trouble_of(&answer->records[i].ip);
    return trouble;
}

static bool code_fits(const struct blocklist_code *code, const struct ip *ip)
{
    for (size_t i = 0; i < 4; i++)
        if (ip->bytes[i] < code->low.bytes[i] || ip->bytes[i] > code->high.bytes[i])
            return false;
    return code->bits == 0 || (ip->bytes[3] & code->bits) != 0;
}

enum listing blocklist_answer(const struct blocklist *list, const struct dns_answer *answer,
                              double *weight)
{
    *weight = 0;
    if (dns_failed(answer) || trouble_in(answer))
        return LISTING_UNKNOWN;
    for (size_t i = 0; i < answer->count; i++)
        for (size_t c = 0; c < list->code_count; c++)
            if (list->codes[c].weight > *weight &&
                code_fits(&list->codes[c], &answer->records[i].ip))
                *weight = list->codes[c].weight;
    return *weight > 0 ? LISTING_FOUND : LISTING_NONE;
}

struct slice blocklist_name(const struct blocklist *list, struct slice below,
                            char room[static BLOCKLIST_NAME_MAX])
{
    int n =
        snprintf(room, BLOCKLIST_NAME_MAX, "%.*s.%.*s", SLICE_ARGS(below), SLICE_ARGS(list->zone));
    return n < BLOCKLIST_NAME_MAX ? (struct slice){room, (size_t)n} : (struct slice){"", 0};
}

const char *blocklist_health(struct arena *arena, struct dns_answers *dns,
                             const struct config *config, size_t index)
{
    (void)arena;
    char room[BLOCKLIST_NAME_MAX];
    struct dns_answer listed, unlisted;
    const struct blocklist *list = &config->blocklists[index];
    dns_prefetch(dns, blocklist_name(list, list->test_listed, room), DNS_A);
    dns_prefetch(dns, blocklist_name(list, list->test_unlisted, room), DNS_A);
    if (!dns_look_up(dns, blocklist_name(list, list->test_listed, room), DNS_A, &listed) ||
        !dns_look_up(dns, blocklist_name(list, list->test_unlisted, room), DNS_A, &unlisted))
        return NULL;
    const char *trouble = trouble_in(&listed);
    if (!trouble)
        trouble = trouble_in(&unlisted);
    if (trouble)
        return trouble;
    if (unlisted.count > 0)
        return "it lists what it must not: a wildcard, or it lists everything";
    if (listed.count == 0 && !dns_failed(&listed))
        return "its test entry is not listed: the list is gone, or its zone empty";
    return NULL; /* with any code: a configuration may want only some of the list's */
}
