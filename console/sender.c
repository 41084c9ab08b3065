/* SPDX-License-Identifier: ISC */
#include "console/sender.h"

static unsigned ask(struct trial *e, const struct dns_wanted *wanted, size_t count)
{
    static const struct dns_answer timed_out = {.status = DNS_TIMED_OUT};
    if (!e->impatient)
        return e->inquiry.resolver ? inquiry_ask(&e->inquiry, wanted, count) : 0;
    for (size_t i = 0; i < count; i++) {
        struct slice name = arena_copy(e->inquiry.arena, wanted[i].name);
        if (name.ptr)
            dns_answers_add(e->dns, name, wanted[i].type, &timed_out);
    }
    return 0;
}

static unsigned look_up(void *ctx, enum producer whose, const struct dns_wanted *wanted,
                        size_t count)
{
    (void)whose;
    return ask(ctx, wanted, count);
}

/* Everything, for the report: not only what rules name. */
static void want_all(struct trial *e)
{
    for (int i = 0; i < PRODUCER_COUNT; i++) {
        const struct producer_info *info = producer_info((enum producer)i);
        bool in_reach =
            (e->message >= 0 || info->phase < PHASE_MESSAGE) &&
            (info->about != ABOUT_STRANGERS || e->envelope.direction != DIRECTION_OUTBOUND);
        if (in_reach && info->asks & (ASKS_DNS | ASKS_SCANNER))
            study_want(&e->study, (enum producer)i);
    }
}

void sender_begin(struct trial *e, const struct config *config)
{
    const struct envelope *envelope = &e->envelope;
    e->study = (struct study){
        .config = config,
        .arena = e->arena,
        .facts = &e->facts,
        .answers = e->dns,
        .from = {.client = e->facts.fact[FACT_CLIENT_IP].ip,
                 .helo = envelope->helo.ptr ? envelope->helo : fact_baseline(FACT_HELO).text,
                 .sender = envelope->from.ptr ? envelope->from : fact_baseline(FACT_SENDER).text,
                 .receiver = config->hostname,
                 .now = envelope->time},
        .look_up = look_up,
        .ctx = e};
    if (e->dns)
        want_all(e);
}

void sender_advance(struct trial *e)
{
    if (e->inquiry.pending == 0)
        study_advance(&e->study);
}

void sender_hurry(struct trial *e)
{
    inquiry_cancel(&e->inquiry);
    e->impatient = true;
    ask(e, e->wanted, e->wanted_count);
}

void sender_content_over(struct trial *e)
{
    study_known(&e->study, PRODUCER_MESSAGE);
    study_known(&e->study, PRODUCER_ATTACHMENTS);
    study_known(&e->study, PRODUCER_CODES);
    if (e->codes.pictures.count == 0)
        study_known(&e->study, PRODUCER_LINKS);
    study_known(&e->study, PRODUCER_DIGEST);
}
