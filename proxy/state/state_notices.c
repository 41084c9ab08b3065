/* SPDX-License-Identifier: ISC
 * Who was told of what within the day, by whichever gateway. */
#include "proxy/state/state_internal.h"

enum { DAY = 86400 };

struct state_key state_notice_key(struct state *state, const struct state_notice *notice)
{
    return state_key_notice(state->keys, notice->rule, notice->account, notice->address);
}

static void write_once(struct state_inquiry *inquiry, void *data, const redisReply *reply)
{
    enum state_once *answer = data;
    (void)inquiry;
    *answer = !reply ? ONCE_UNKNOWN : reply->element[0]->integer == 1 ? ONCE_FIRST : ONCE_AGAIN;
}

void state_notice(struct state_inquiry *inquiry, const struct state_key *key,
                  enum state_once *answer)
{
    struct slice name = state_key_slice(key);
    struct number_text text;
    struct slice lifetime = state_number_argument(&text, DAY);
    *answer = ONCE_UNKNOWN;
    state_ask(inquiry, &(struct state_question){&inquiry->state->once, &name, 1, &lifetime, 1},
              &(struct state_answer){.write = write_once, .data = answer, .expected = 1});
}

void state_notice_undo(struct state *state, const struct state_key *key)
{
    struct slice name = state_key_slice(key), none = SLICE("0");
    state_tell(state, &(struct state_question){&state->once, &name, 1, &none, 1});
}
