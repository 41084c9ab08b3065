/* SPDX-License-Identifier: ISC
 * What the account that sends a message does of late. */
#include "proxy/examine/examination.h"

#include "proxy/examine/body_text.h"

_Static_assert((int)BODY_TEXT_DIGEST == (int)STATE_DIGEST, "a text is remembered under its digest");

static const struct value *fact_of(const struct examination *e, enum fact fact)
{
    return &e->facts.fact[fact];
}

static struct slice text_of(const struct examination *e, enum fact fact)
{
    const struct value *value = fact_of(e, fact);
    return value->state == VALUE_KNOWN ? value->text : SLICE("");
}

static const uint8_t *digest_of_text(struct examination *e)
{
    uint8_t *digest = arena_alloc(e->arena, BODY_TEXT_DIGEST);
    return digest && body_text_digest(spool_bytes(e->spool), digest) ? digest : NULL;
}

/* False: out of memory. */
static bool describe(struct examination *e)
{
    const struct value *asn = fact_of(e, FACT_CLIENT_ASN);
    struct slice *whom = arena_array(e->arena, e->recipient_count, sizeof *whom);
    for (size_t i = 0; whom && i < e->recipient_count; i++)
        whom[i] = e->recipients[i].address;
    e->sending = (struct state_sending){
        .name = text_of(e, FACT_ACCOUNT_NAME),
        .recipients = whom,
        .count = e->recipient_count,
        .logged_in = fact_of(e, FACT_LOGIN_USER)->state == VALUE_KNOWN,
        .client = e->study.from.client,
        .asn = asn->state == VALUE_KNOWN ? (uint32_t)asn->number : 0,
        .country = text_of(e, FACT_CLIENT_COUNTRY),
        .text = policy_uses(e->proxy->config->policy, FACT_ACCOUNT_SAME_TEXT) ? digest_of_text(e)
                                                                              : NULL};
    return whom != NULL;
}

void examination_account(struct examination *e)
{
    const struct policy *policy = e->proxy->config->policy;
    if (!e->wants[PRODUCER_ACCOUNT])
        return;
    if (text_of(e, FACT_ACCOUNT_NAME).len == 0)
        facts_absent(&e->facts, PRODUCER_ACCOUNT, policy);
    else if (!e->state || e->recipient_count == 0 || !describe(e))
        facts_fail(&e->facts, PRODUCER_ACCOUNT, policy);
    else
        state_sending(e->state, &e->sending, &e->sent);
}

void examination_account_over(struct examination *e, const struct state_sending_end *end)
{
    struct state_sending_end told = *end;
    told.count = e->sent;
    if (e->sent.counted)
        state_sending_over(e->proxy->state, &e->sending, &told);
    e->sent.counted = false;
}

void examination_recipient_refused(struct examination *e)
{
    struct slice account = text_of(e, FACT_ACCOUNT_NAME);
    if (e->proxy->state && e->wants[PRODUCER_ACCOUNT] && account.len)
        state_sending_refused(e->proxy->state, account);
}
