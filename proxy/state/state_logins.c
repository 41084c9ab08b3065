/* SPDX-License-Identifier: ISC
 * The login guard's counters, the same for all protocols. */
#include "proxy/state/state_internal.h"

enum {
    LIFETIME_S = 3600,
    UNDER_WAY_S = 300, /* longer than any login takes */
    MARKS_S = 600,
    MARKS_MOST = 64,
    FAILURES_MOST = 1000, /* that are remembered of one counter */
};

/* So many logins at once are nothing strange where none has failed: a mail program opens several
 * connections, and behind one address there may be an office. */
static const int at_once[LOGIN_COUNTERS] = {
    [LOGINS_HERE] = 12, [LOGINS_OF_NETWORK] = 40, [LOGINS_OF_USER] = 24};

static const enum fact facts[LOGIN_COUNTERS] = {
    [LOGINS_HERE] = FACT_LOGIN_FAILURES,
    [LOGINS_OF_NETWORK] = FACT_LOGIN_NETWORK_FAILURES,
    [LOGINS_OF_USER] = FACT_LOGIN_USER_FAILURES,
};

enum { KEYS = 2 * LOGIN_COUNTERS + 1 };

struct login_keys {
    struct state_key made[KEYS];
    struct slice keys[KEYS];
};

static void make_keys(struct state *state, const struct state_login *who, struct login_keys *out)
{
    static const char *const kinds[] = {"logins-failed", "logins-under-way"};
    for (int i = 0; i < KEYS - 1; i++)
        out->made[i] = state_key_logins(state->keys, (enum login_counter)(i / 2), &who->client,
                                        who->user, kinds[i % 2]);
    out->made[KEYS - 1] =
        state_key_logins(state->keys, LOGINS_HERE, &who->client, who->user, "logins-tried");
    for (int i = 0; i < KEYS; i++)
        out->keys[i] = state_key_slice(&out->made[i]);
}

/* Of a user who was not named (`nobody`), only his network is known. */
static void write_failures(struct state_inquiry *inquiry, void *nobody, const redisReply *reply)
{
    for (int i = 0; i < LOGIN_COUNTERS; i++)
        inquiry->facts->fact[facts[i]] = nobody && i != LOGINS_OF_NETWORK ? value_absent()
                                         : reply ? value_number((double)reply->element[i]->integer)
                                                 : value_unknown();
}

void state_login(struct state_inquiry *inquiry, const struct state_login *who)
{
    struct login_keys keys;
    enum { ARGUMENTS = 2 + LOGIN_COUNTERS };
    struct number_text text[ARGUMENTS];
    struct slice args[ARGUMENTS] = {state_number_argument(&text[0], UNDER_WAY_S),
                                    state_number_argument(&text[1], LIFETIME_S)};
    for (int i = 0; i < LOGIN_COUNTERS; i++)
        args[2 + i] = state_number_argument(&text[2 + i], at_once[i]);
    make_keys(inquiry->state, who, &keys);
    state_ask(
        inquiry,
        &(struct state_question){&inquiry->state->login, keys.keys, KEYS - 1, args, ARGUMENTS},
        &(struct state_answer){.write = write_failures,
                               .data = who->user.len ? NULL : inquiry,
                               .expected = LOGIN_COUNTERS});
}

void state_login_over(struct state *state, const struct state_login *who, enum login_end end,
                      struct slice mark)
{
    static const char *const words[] = {
        [LOGIN_FAILED] = "failed", [LOGIN_SUCCEEDED] = "succeeded", [LOGIN_NEITHER] = "neither"};
    struct login_keys keys;
    struct number_text text[4];
    const struct slice args[] = {slice_of(words[end]),
                                 mark,
                                 state_number_argument(&text[0], LIFETIME_S),
                                 state_number_argument(&text[1], MARKS_S),
                                 state_number_argument(&text[2], MARKS_MOST),
                                 state_number_argument(&text[3], FAILURES_MOST)};
    make_keys(state, who, &keys);
    state_tell(state, &(struct state_question){&state->login_over, keys.keys, KEYS, args, 6});
}
