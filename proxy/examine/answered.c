/* SPDX-License-Identifier: ISC */
#include "proxy/examine/answered.h"

#include "common/redis_place.h"
#include "filters/mime/headers.h"
#include "filters/mime/letter.h"

_Static_assert((int)LETTER_ANSWERS_MOST <= (int)STATE_LETTERS_MOST, "all are asked for");

static const struct config *config_of(const struct examination *e)
{
    return e->proxy->config;
}

/* Nobody can have told of a letter. */
static bool nobody_writes(const struct examination *e)
{
    return !redis_holds_answered(config_of(e));
}

static struct slice text_of(const struct examination *e, enum fact fact)
{
    const struct value *value = &e->facts.fact[fact];
    return value->state == VALUE_KNOWN ? value->text : SLICE("");
}

static struct slice block_of(const struct examination *e)
{
    return headers_block(spool_bytes(e->spool), NULL);
}

/* ---- asking ---- */

void answered_ask_sender(struct examination *e, struct slice recipient)
{
    struct slice sender = text_of(e, FACT_SENDER);
    if (!e->wants[PRODUCER_ANSWERED])
        return;
    if (nobody_writes(e) && sender.len)
        e->facts.fact[FACT_SENDER_ANSWERED] = value_bool(false);
    else
        state_answered(e->state, sender, recipient);
}

static void settle_authors(struct examination *e, struct value answered)
{
    for (size_t i = 0; i < e->recipient_count; i++)
        e->recipients[i].answered = answered;
}

void answered_ask_author(struct examination *e)
{
    const struct value *from = &e->facts.fact[FACT_MESSAGE_FROM];
    if (!e->wants[PRODUCER_ANSWERED_AUTHOR] || e->banners_only || from->state == VALUE_UNKNOWN)
        return;
    if (nobody_writes(e))
        settle_authors(e, from->state == VALUE_KNOWN ? value_bool(false) : value_absent());
    else if (e->state)
        state_answered_author(e->state, text_of(e, FACT_MESSAGE_FROM), e->recipients,
                              e->recipient_count);
}

void answered_ask_reply(struct examination *e)
{
    struct slice ids[LETTER_ANSWERS_MOST];
    if (!e->wants[PRODUCER_REPLY])
        return;
    size_t count = letter_answers(block_of(e), ids);
    if (count == 0 || nobody_writes(e))
        e->facts.fact[FACT_MESSAGE_REPLY_KNOWN] = value_bool(false);
    else if (e->state)
        state_in_reply(e->state, ids, count);
    else
        e->facts.fact[FACT_MESSAGE_REPLY_KNOWN] = value_unknown();
}

/* ---- telling ---- */

struct house {
    const struct config *config;
    struct arena *arena;
    struct slice sender_domain; /* whoever may send out is one of ours */
};

static bool is_ours(void *ctx, struct slice domain)
{
    const struct house *house = ctx;
    struct domain_name name;
    return !domain_name_make(house->arena, domain, &name) &&
           (slice_ieq(name.text, house->sender_domain) || config_domain(house->config, name));
}

/* What was forwarded bears another's From, and his Message-ID. */
bool answered_is_letter(const struct examination *e)
{
    struct slice sender = text_of(e, FACT_SENDER), block = block_of(e);
    struct house house = {config_of(e), e->arena, slice_from(sender, slice_rfind(sender, '@') + 1)};
    return sender.len && house.sender_domain.len && !letter_is_automatic(block) &&
           letter_is_from(block, is_ours, &house);
}

void answered_remember(struct examination *e, const struct slice *recipients, size_t count,
                       struct slice added_id)
{
    const struct policy *policy = config_of(e)->policy;
    bool pairs = redis_remembers_pairs(config_of(e)),
         letters = policy_wants(policy, PRODUCER_REPLY);
    struct slice sender = text_of(e, FACT_SENDER), block = block_of(e);
    if (!e->proxy->state || (!pairs && !letters) || !answered_is_letter(e))
        return;
    size_t most = count < ANSWERED_RECIPIENTS_MOST ? count : ANSWERED_RECIPIENTS_MOST;
    state_wrote(e->proxy->state, &(struct state_letter){.sender = sender,
                                                        .recipients = recipients,
                                                        .count = pairs ? most : 0,
                                                        .id = !letters       ? SLICE("")
                                                              : added_id.len ? added_id
                                                                             : letter_id(block)});
}
