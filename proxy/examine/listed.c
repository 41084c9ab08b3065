/* SPDX-License-Identifier: ISC */
#include "proxy/examine/listed.h"

#include "common/lists.h"

static struct value look_up(const struct proxy *proxy, enum list_kind kind,
                            const struct value *address, struct slice recipient)
{
    if (address->state == VALUE_PENDING || address->state == VALUE_UNKNOWN)
        return *address;
    struct slice sender = address->state == VALUE_KNOWN ? address->text : SLICE("");
    return value_bool(lists_hold(proxy->lists, kind, sender, recipient));
}

void listed_facts(struct examination *e, struct slice recipient)
{
    const struct proxy *proxy = e->proxy;
    struct value *fact = e->facts.fact;
    const struct value *sender = &fact[FACT_SENDER], *from = &fact[FACT_MESSAGE_FROM];
    if (e->wants[PRODUCER_LISTED]) {
        fact[FACT_SENDER_ALLOWED] = look_up(proxy, LIST_ALLOWED, sender, recipient);
        fact[FACT_SENDER_BLOCKED] = look_up(proxy, LIST_BLOCKED, sender, recipient);
    }
    if (e->wants[PRODUCER_LISTED_AUTHOR]) {
        fact[FACT_FROM_ALLOWED] = look_up(proxy, LIST_ALLOWED, from, recipient);
        fact[FACT_FROM_BLOCKED] = look_up(proxy, LIST_BLOCKED, from, recipient);
    }
}
