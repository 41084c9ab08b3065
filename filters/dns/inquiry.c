/* SPDX-License-Identifier: ISC */
#include "filters/dns/inquiry.h"

#include "base/clock.h"
#include "filters/dns/dns_wire.h"
#include "filters/dns/resolver_internal.h"

enum {
    RESERVE_MAX = 192 /* all that one From can name: 16 domains, at most nine questions each */
};

void inquiry_begin(struct inquiry *inquiry, struct resolver *resolver, struct arena *arena,
                   struct dns_answers *answers, void (*done)(void *ctx), void *ctx)
{
    *inquiry = (struct inquiry){.resolver = resolver,
                                .number = ++resolver->inquiries,
                                .arena = arena,
                                .answers = answers,
                                .done = done,
                                .ctx = ctx};
}

static bool is_waiting_for(const struct inquiry *inquiry, const struct dns_wanted *wanted)
{
    const struct lookup *lookup = inquiry->lookups;
    while (lookup && (lookup->type != wanted->type || !slice_ieq(lookup->name, wanted->name)))
        lookup = lookup->next;
    return lookup != NULL;
}

static bool look_up(struct inquiry *inquiry, const struct dns_wanted *wanted, const char *name)
{
    struct lookup *lookup = lookup_new(inquiry, wanted);
    if (!lookup)
        return false;
    if (!lookup_join(lookup, name, wanted->reserved)) {
        lookup_drop(lookup);
        return false;
    }
    questions_start(inquiry->resolver);
    if (!lookup->question)
        lookup_leave(lookup);
    return true;
}

/* Who forges a domain may spend the budget on records of his own: what that domain asks for comes
 * out of the reserve then. */
static bool pay(struct inquiry *inquiry, const struct dns_wanted *wanted)
{
    bool from_budget = inquiry->queries < inquiry->resolver->queries_max;
    if (from_budget)
        inquiry->queries++;
    else if (wanted->reserved && inquiry->reserved < RESERVE_MAX)
        inquiry->reserved++;
    else
        return false;
    return true;
}

static void ask(struct inquiry *inquiry, struct dns_wanted wanted)
{
    static const struct dns_answer unasked = {.status = DNS_UNASKED};
    char name[DNS_QUESTION_SIZE];
    if (slice_iends(wanted.name, SLICE(".")))
        wanted.name.len--;
    if (dns_answered(inquiry->answers, wanted.name, wanted.type) ||
        is_waiting_for(inquiry, &wanted) || !dns_question(wanted.name, name))
        return;
    wanted.name = arena_copy(inquiry->arena, wanted.name);
    if (!wanted.name.ptr)
        return;
    if (!pay(inquiry, &wanted) || !look_up(inquiry, &wanted, name))
        dns_answers_add(inquiry->answers, wanted.name, wanted.type, &unasked);
}

unsigned inquiry_ask(struct inquiry *inquiry, const struct dns_wanted *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ask(inquiry, wanted[i]);
    if (inquiry->hurried)
        inquiry_hurry(inquiry, true);
    return inquiry->pending;
}

void inquiry_cancel(struct inquiry *inquiry)
{
    while (inquiry->lookups)
        lookup_leave(inquiry->lookups);
}

void inquiry_hurry(struct inquiry *inquiry, bool hurry)
{
    inquiry->hurried = hurry;
    if (!hurry)
        return;
    for (struct lookup *lookup = inquiry->lookups; lookup; lookup = lookup->next)
        if (lookup->question)
            lookup_time_out(lookup);
    inquiry_cancel(inquiry);
}
