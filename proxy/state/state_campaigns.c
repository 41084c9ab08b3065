/* SPDX-License-Identifier: ISC
 * Who has called what spam, or good: messages of a campaign, by what they have in common, and those of
 * an author.
 *
 * An opinion stands under each of a message's digests, not under a name that they lead to: so nobody
 * who reports half of one campaign and half of something else can make the one speak for the other. */
#include "proxy/state/state_internal.h"

#include "base/clock.h"

enum {
    AT_ONCE = 64,       /* recipients of one question */
    ACCOUNTS_MOST = 50, /* that stand under a digest; then the oldest opinion goes */
    A_DAY = 200,        /* opinions of an account; what it says beyond is not heard */
    ARGUMENTS = 7,
};

struct campaign_keys {
    struct state_key made[CAMPAIGN_DIGESTS + AT_ONCE];
    struct slice keys[CAMPAIGN_DIGESTS + AT_ONCE];
    size_t count, texts, structures;
};

static void name_digests(struct state *state, const struct campaign_sketch *sketch,
                         struct campaign_keys *out)
{
    out->texts = sketch->text ? CAMPAIGN_TEXT : 0;
    out->structures = sketch->structure ? CAMPAIGN_STRUCTURE : 0;
    out->count = out->texts + out->structures;
    for (size_t i = 0; i < out->count; i++)
        out->made[i] = state_key_campaign(state->keys, (unsigned)i, sketch->digests[i]);
}

static void name_opinion(struct state *state, struct slice author, struct slice account,
                         struct campaign_keys *out)
{
    if (author.len)
        out->made[out->count++] = state_key_opinion(state->keys, author, account);
}

static void name_count(struct state *state, struct slice account, struct campaign_keys *out)
{
    out->made[out->count++] = state_key_opinions(state->keys, account);
}

static void slice_keys(struct campaign_keys *out)
{
    for (size_t i = 0; i < out->count; i++)
        out->keys[i] = state_key_slice(&out->made[i]);
}

/* ---- asked ---- */

static void write_campaign(struct state_inquiry *inquiry, void *data, const redisReply *reply)
{
    const struct state_reported *of = data;
    struct value *seen = &inquiry->facts->fact[FACT_CAMPAIGN_SEEN];
    if (of->counts)
        *seen = reply ? value_number((double)reply->element[0]->integer) : value_unknown();
    for (size_t i = 0; i < of->count; i++)
        of->recipients[i].reported =
            reply ? value_bool(reply->element[1 + i]->integer == 1) : value_unknown();
}

/* There is nothing that anybody could have given an opinion of. */
static void nobody_has(struct state_inquiry *inquiry, struct state_reported *of)
{
    if (of->counts)
        inquiry->facts->fact[FACT_CAMPAIGN_SEEN] = value_number(0);
    for (size_t i = 0; i < of->count; i++)
        of->recipients[i].reported = value_bool(false);
}

static void ask(struct state_inquiry *inquiry, const struct state_campaign *about,
                struct state_reported *of)
{
    struct state *state = inquiry->state;
    struct campaign_keys named;
    struct state_account accounts[AT_ONCE];
    struct number_text text[ARGUMENTS];
    name_digests(state, about->sketch, &named);
    struct slice args[ARGUMENTS + AT_ONCE] = {
        state_number_argument(&text[0], clock_wall()),
        state_number_argument(&text[1],
                              state_whole_seconds(state->config->settings.learn_campaigns)),
        state_number_argument(&text[2], (int64_t)named.texts),
        state_number_argument(&text[3], (int64_t)named.structures),
        state_number_argument(&text[4], CAMPAIGN_TEXT_LEAST),
        state_number_argument(&text[5], CAMPAIGN_TEXT_SOME),
        state_number_argument(&text[6], CAMPAIGN_STRUCTURE_LEAST),
    };
    for (size_t i = 0; i < of->count; i++) {
        name_opinion(state, about->author, of->recipients[i].address, &named);
        accounts[i] = state_account(state->keys, of->recipients[i].address);
        args[ARGUMENTS + i] = slice_of(accounts[i].text);
    }
    slice_keys(&named);
    if (named.count == 0) {
        nobody_has(inquiry, of);
        return;
    }
    state_ask(
        inquiry,
        &(struct state_question){&state->campaign, named.keys, named.count, args,
                                 ARGUMENTS + of->count},
        &(struct state_answer){.write = write_campaign, .data = of, .expected = 1 + of->count});
}

/* The first question tells of the campaign, and each of its own recipients. */
void state_campaign(struct state_inquiry *inquiry, const struct state_campaign *about)
{
    for (size_t from = 0; from == 0 || from < about->count; from += AT_ONCE) {
        struct state_reported *of = arena_alloc(inquiry->arena, sizeof *of);
        size_t left = about->count - from;
        if (!of) {
            inquiry->facts->fact[FACT_CAMPAIGN_SEEN] = value_unknown();
            return;
        }
        *of = (struct state_reported){.counts = about->counts && from == 0,
                                      .recipients = about->recipients + from,
                                      .count = left < AT_ONCE ? left : AT_ONCE};
        ask(inquiry, about, of);
    }
}

/* ---- told ---- */

void state_opine(struct state *state, const struct state_opinion *opinion)
{
    struct campaign_keys named;
    struct number_text text[6];
    struct state_account account = state_account(state->keys, opinion->account);
    name_digests(state, opinion->sketch, &named);
    size_t digests = named.count;
    name_count(state, opinion->account, &named);
    if (opinion->personal)
        name_opinion(state, opinion->author, opinion->account, &named);
    slice_keys(&named);
    const struct slice args[] = {
        state_number_argument(&text[0], opinion->spam ? clock_wall() : -clock_wall()),
        state_number_argument(&text[1],
                              state_whole_seconds(state->config->settings.learn_campaigns)),
        state_number_argument(&text[2], state_whole_seconds(state->config->settings.learn_age)),
        state_number_argument(&text[3], (int64_t)digests),
        state_number_argument(&text[4], ACCOUNTS_MOST),
        slice_of(account.text),
        state_number_argument(&text[5], A_DAY),
    };
    if (*account.text)
        state_tell(state,
                   &(struct state_question){&state->opine, named.keys, named.count, args, 7});
}
