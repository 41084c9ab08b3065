/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_answered.h"

#include "base/siphash.h"
#include "filters/mime/headers.h"
#include "filters/mime/letter.h"
#include "filters/sender/dmarc.h"
#include "filters/sender/spf.h"
#include "filters/unmarked.h"
#include "proxy/examine/answered.h"
#include "proxy/examine/own_words.h"
#include "proxy/process/recorder.h"

#include <openssl/evp.h>

enum {
    ONE_OF = 4,       /* that come in is kept */
    WORDS_LEAST = 40, /* letters of an answer: "unsubscribe" is none */
    BURST = 3, /* from here on an account is not taken for a person who answers: account.burst, */
    REFUSED = 30,  /* account.refused_recipients, */
    NEW = 70,      /* account.new_recipients, */
    SAME_TEXT = 4, /* account.same_text */
};

_Static_assert((int)ANSWERABLE_ID_MOST == (int)LETTER_ID_MOST, "all that are names fit");

static struct slice block_of(const struct smtp_session *s)
{
    return headers_block(spool_bytes(s->t->message.spool), NULL);
}

static bool is_learnt(const struct smtp_session *s)
{
    const struct proxy *proxy = s->base.proxy;
    return proxy->config->settings.learn_answered > 0 && labelling_wanted(proxy);
}

/* ---- what comes ---- */

/* One name has one fate: of two messages of one name both are kept, or none, as the keeper must know of both. Nobody
 * outside knows which. */
static bool is_chosen(const struct smtp_session *s, struct slice id)
{
    return id.len > 0 && siphash(shared_key(s->base.proxy->shared), id) % ONE_OF == 0;
}

/* Bounces, our own people, what went to a trap as well; and, where a mail server asks, what has no Received of ours, by
 * which a report would be known to be of it. */
static bool is_from_elsewhere(const struct smtp_session *s)
{
    const struct transaction *t = s->t;
    return s->base.listener->direction == DIRECTION_INBOUND && !smtp_is_asked(s) &&
           t->taught_count == 0 && t->sender.address.len > 0 &&
           !config_domain(s->base.proxy->config, t->sender.name);
}

void smtp_answered_choose(struct smtp_session *s)
{
    if (!is_learnt(s) || !is_from_elsewhere(s))
        return;
    struct slice block = block_of(s);
    s->t->message.vector_wanted =
        is_chosen(s, letter_id(block)) && !letter_is_automatic(block) &&
        !is_marked(spool_bytes(s->t->message.spool), policy_marks(s->base.proxy->config->policy));
}

/* A rule has an opinion of it, or he sees another message. */
static bool is_changed(const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->edit_count; i++) {
        enum action kind = verdict->edits[i].kind;
        if (kind == ACTION_HEADER_ADD || kind == ACTION_SUBJECT_PREFIX || kind == ACTION_STRIP)
            return true;
    }
    return false;
}

static bool is_result(const struct examination *e, enum fact fact, int64_t result)
{
    const struct value *value = &e->facts.fact[fact];
    return value->state == VALUE_KNOWN && value->integer == result;
}

/* Somebody else has written it in the sender's name: DMARC speaks of From alone, and whom an answer goes to is compared with
 * the envelope's. */
static bool is_forged(const struct examination *e)
{
    return is_result(e, FACT_DMARC_RESULT, DMARC_FAIL) || is_result(e, FACT_SPF_RESULT, SPF_FAIL);
}

static bool describe(const struct smtp_session *s, struct answerable *out)
{
    const struct examination *e = &s->t->message;
    struct slice message = spool_bytes(e->spool);
    *out = (struct answerable){.label = {.class = LABEL_GOOD,
                                         .how = LABEL_ANSWERED,
                                         .reference = slice_of(s->ref),
                                         .vector = e->vector},
                               .id = letter_id(block_of(s)),
                               .sender = s->t->sender.spelled};
    return EVP_Digest(message.ptr, message.len, out->label.message, NULL, EVP_sha256(), NULL) == 1;
}

void smtp_answered_came(struct smtp_session *s)
{
    const struct transaction *t = s->t;
    struct answerable answerable;
    size_t told = 0;
    if (t->message.vector.len == 0 || is_forged(&t->message) || !describe(s, &answerable))
        return;
    for (size_t i = 0; i < t->recipient_count && told < ANSWERABLE_RECIPIENTS_MOST; i++) {
        const struct recipient *r = &t->recipients[i];
        if (r->verdict.action != ACTION_ACCEPT || is_changed(&r->verdict))
            continue;
        answerable.label.account = r->path.spelled;
        recorder_send_answerable(s->base.proxy, &answerable);
        told++;
    }
}

/* ---- what leaves ---- */

static bool reaches(const struct examination *e, enum fact fact, double bound)
{
    const struct value *value = &e->facts.fact[fact];
    return value->state == VALUE_KNOWN && value->number >= bound;
}

/* As far as rules ask. */
static bool looks_taken_over(const struct examination *e)
{
    const struct value *country = &e->facts.fact[FACT_ACCOUNT_NEW_COUNTRY];
    return (country->state == VALUE_KNOWN && country->truth) ||
           reaches(e, FACT_ACCOUNT_BURST, BURST) ||
           reaches(e, FACT_ACCOUNT_REFUSED_RECIPIENTS, REFUSED) ||
           reaches(e, FACT_ACCOUNT_NEW_RECIPIENTS, NEW) ||
           reaches(e, FACT_ACCOUNT_SAME_TEXT, SAME_TEXT);
}

/* Who has logged in speaks for himself; a server inside has let its users send. */
static bool is_his(const struct smtp_session *s)
{
    const struct value *owns = &s->t->message.facts.fact[FACT_LOGIN_OWNS_SENDER];
    return !s->submitter || (owns->state == VALUE_KNOWN && owns->truth);
}

void smtp_answered_left(struct smtp_session *s, const struct slice *recipients, size_t count)
{
    const struct examination *e = &s->t->message;
    if (!is_learnt(s) || count > ANSWER_RECIPIENTS_MOST)
        return;
    struct answer_sent answer = {
        .account = s->t->sender.spelled, .id = letter_answered(block_of(s)), .count = count};
    if (answer.id.len == 0 || !answered_is_letter(e) || !is_his(s) || looks_taken_over(e) ||
        own_words(spool_bytes(e->spool)) < WORDS_LEAST)
        return;
    for (size_t i = 0; i < count; i++)
        answer.recipients[i] = recipients[i];
    recorder_send_answer(s->base.proxy, &answer);
}
