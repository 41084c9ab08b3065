/* SPDX-License-Identifier: ISC
 * What accounts send, so that one that was taken over shows: how many recipients in an hour beside its
 * own busiest hour, whom it has never written to, whom the server behind refuses, where it logs in from.
 *
 * An account takes a hash of some hundred octets, and 4 octets for each that it writes to while these are
 * at most 512 in half a year, some 50 beyond (numbers stand for them, and Redis has a set of few numbers
 * without a table). So one who writes to 200 people takes 2 KB, and the most that anybody takes is
 * 400 KB. All of it lives for 90 days after its last message but the sets, which live for two halves. */
#include "proxy/state/state_internal.h"

#include "base/clock.h"

enum {
    DAY = 86400,
    LIFETIME = 90 * DAY,
    HALF = 180 * DAY,
    MET_LIFETIME = 2 * HALF,
    TEXT_LIFETIME = 3600,
    NEW_FOR = 7 * DAY, /* networks and countries */
    MET_MOST = 4000,
    SHARE_LEAST = 10,
    USUAL_LEAST = 20,  /* a burst is not measured by an hour of fewer recipients */
    LOOKED_FOR = 1000, /* of the recipients of a message; the others fare as these do */
    NUMBER_TEXT = 12,
    ANSWERS = 9,
};

struct sending_place {
    struct state_key made[4];
    struct slice keys[4];
    size_t count;
};

static void add_key(struct sending_place *place, struct state_key key)
{
    place->made[place->count] = key;
    place->keys[place->count] = state_key_slice(&place->made[place->count]);
    place->count++;
}

static void add_text(struct state *state, const struct state_sending *who,
                     struct sending_place *place)
{
    if (who->text)
        add_key(place, state_key_sending_text(state->keys, who->name, who->text));
}

/* Numbers with blanks between, for a script. */
static void tell_recipients(struct state *state, struct slice account, const struct slice *all,
                            size_t count, struct buf *out)
{
    uint32_t number;
    for (size_t i = 0; i < count && i < LOOKED_FOR; i++)
        if (state_number_of_recipient(state->keys, account, all[i], &number))
            buf_printf(out, "%u ", (unsigned)number);
}

static struct buf recipients_text(void)
{
    return buf_init((size_t)LOOKED_FOR * NUMBER_TEXT);
}

/* ---- asked ---- */

static struct value of_number(const redisReply *reply, size_t place)
{
    return value_number((double)reply->element[place]->integer);
}

static struct value of_place(const redisReply *reply, size_t place)
{
    int64_t is_new = reply->element[place]->integer;
    return is_new < 0 ? value_absent() : value_bool(is_new > 0);
}

static void write_facts(struct value *fact, const redisReply *reply)
{
    double recipients = (double)reply->element[1]->integer,
           usual = (double)reply->element[2]->integer;
    int64_t first = reply->element[0]->integer, same = reply->element[7]->integer;
    int64_t known_for = (clock_wall() - first) * 1000;
    fact[FACT_ACCOUNT_KNOWN_FOR] =
        first < 0 ? value_absent() : value_integer(known_for > 0 ? known_for : 0);
    fact[FACT_ACCOUNT_RECIPIENTS_HOUR] = value_number(recipients);
    fact[FACT_ACCOUNT_USUAL_HOUR] = value_number(usual);
    fact[FACT_ACCOUNT_BURST] =
        value_number(recipients / (usual > USUAL_LEAST ? usual : USUAL_LEAST));
    fact[FACT_ACCOUNT_NEW_RECIPIENTS] = of_number(reply, 3);
    fact[FACT_ACCOUNT_REFUSED_RECIPIENTS] = of_number(reply, 4);
    fact[FACT_ACCOUNT_NEW_NETWORK] = of_place(reply, 5);
    fact[FACT_ACCOUNT_NEW_COUNTRY] = of_place(reply, 6);
    fact[FACT_ACCOUNT_SAME_TEXT] = same < 0 ? value_absent() : value_number((double)same);
}

static void write_sending(struct state_inquiry *inquiry, void *data, const redisReply *reply)
{
    struct state_sending_count *count = data;
    if (!reply) {
        facts_fail(inquiry->facts, PRODUCER_ACCOUNT, inquiry->state->config->policy);
        return;
    }
    write_facts(inquiry->facts->fact, reply);
    count->counted = true;
    count->fresh = (unsigned)reply->element[8]->integer;
}

static struct slice network_of(struct state *state, const struct state_sending *who,
                               struct number_text *text)
{
    uint32_t number;
    if (!who->logged_in ||
        !state_number_of_network(state->keys, who->name, who->asn, &who->client, &number))
        return SLICE("");
    return state_number_argument(text, number);
}

static void ask(struct state_inquiry *inquiry, const struct state_sending *who,
                const struct sending_place *place, struct slice recipients,
                struct state_sending_count *count)
{
    struct number_text text[8];
    const struct slice args[] = {
        state_number_argument(&text[0], count->at),
        state_number_argument(&text[1], LIFETIME),
        state_number_argument(&text[2], TEXT_LIFETIME),
        state_number_argument(&text[3], (int64_t)who->count),
        recipients,
        state_number_argument(&text[4], MET_MOST),
        state_number_argument(&text[5], SHARE_LEAST),
        network_of(inquiry->state, who, &text[6]),
        who->logged_in ? who->country : SLICE(""),
        state_number_argument(&text[7], NEW_FOR),
    };
    state_ask(inquiry,
              &(struct state_question){&inquiry->state->account, place->keys, place->count, args,
                                       sizeof args / sizeof *args},
              &(struct state_answer){.write = write_sending, .data = count, .expected = ANSWERS});
}

void state_sending(struct state_inquiry *inquiry, const struct state_sending *who,
                   struct state_sending_count *count)
{
    struct state *state = inquiry->state;
    struct sending_place place = {.count = 0};
    struct buf recipients = recipients_text();
    *count = (struct state_sending_count){.at = clock_wall()};
    tell_recipients(state, who->name, who->recipients, who->count, &recipients);
    add_key(&place, state_key_sending(state->keys, "account", who->name));
    add_key(&place, state_key_sending_to(state->keys, who->name, count->at / HALF));
    add_key(&place, state_key_sending_to(state->keys, who->name, count->at / HALF - 1));
    add_text(state, who, &place);
    ask(inquiry, who, &place, buf_slice(&recipients), count);
    buf_release(&recipients);
}

/* ---- told ---- */

/* How much more there is of each. */
struct sending_change {
    int64_t at, recipients, delivered, fresh, refused;
    struct slice whom;
};

static void tell(struct state *state, const struct sending_place *place,
                 const struct sending_change *change)
{
    struct number_text text[9];
    const struct slice args[] = {
        state_number_argument(&text[0], change->at),
        state_number_argument(&text[1], LIFETIME),
        state_number_argument(&text[2], MET_LIFETIME),
        state_number_argument(&text[3], MET_MOST),
        state_number_argument(&text[4], change->recipients),
        state_number_argument(&text[5], change->delivered),
        state_number_argument(&text[6], change->fresh),
        state_number_argument(&text[7], change->refused),
        state_number_argument(&text[8], change->recipients), /* that its text was sent to */
        change->whom,
    };
    state_tell(state, &(struct state_question){&state->account_over, place->keys, place->count,
                                               args, sizeof args / sizeof *args});
}

static void name_place(struct state *state, struct slice account, int64_t at,
                       struct sending_place *place)
{
    add_key(place, state_key_sending(state->keys, "account", account));
    add_key(place, state_key_sending_to(state->keys, account, at / HALF));
}

void state_sending_over(struct state *state, const struct state_sending *who,
                        const struct state_sending_end *end)
{
    struct sending_place place = {.count = 0};
    struct buf whom = recipients_text();
    bool back = end->put_off;
    tell_recipients(state, who->name, end->delivered, end->delivered_count, &whom);
    name_place(state, who->name, end->count.at, &place);
    add_text(state, who, &place);
    tell(state, &place,
         &(struct sending_change){.at = end->count.at,
                                  .recipients = back ? -(int64_t)who->count : 0,
                                  .delivered = (int64_t)end->delivered_count,
                                  .fresh = back ? -(int64_t)end->count.fresh : 0,
                                  .refused = (int64_t)end->refused,
                                  .whom = buf_slice(&whom)});
    buf_release(&whom);
}

void state_sending_refused(struct state *state, struct slice name)
{
    struct sending_place place = {.count = 0};
    int64_t now = clock_wall();
    name_place(state, name, now, &place);
    tell(state, &place,
         &(struct sending_change){.at = now, .recipients = 1, .refused = 1, .whom = SLICE("")});
}
