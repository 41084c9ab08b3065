/* SPDX-License-Identifier: ISC
 * Who has written to whom before. */
#include "proxy/state/state_internal.h"

enum { AT_ONCE = 32 };

static void write_contact(struct state_inquiry *inquiry, void *data, const redisReply *reply)
{
    (void)data;
    inquiry->facts->fact[FACT_SENDER_FIRST_CONTACT] =
        reply ? value_bool(reply->element[0]->integer == 0) : value_unknown();
}

void state_contact(struct state_inquiry *inquiry, struct slice sender, struct slice recipient)
{
    struct state *state = inquiry->state;
    if (sender.len == 0) {
        inquiry->facts->fact[FACT_SENDER_FIRST_CONTACT] = value_absent();
        return;
    }
    struct state_key made = state_key_contact(state->keys, sender, recipient);
    struct slice key = state_key_slice(&made);
    state_ask(inquiry, &(struct state_question){&state->contact, &key, 1, NULL, 0},
              &(struct state_answer){.write = write_contact, .expected = 1});
}

static void tell_some(struct state *state, struct slice sender, const struct slice *recipients,
                      size_t count)
{
    struct state_key made[AT_ONCE];
    struct slice keys[AT_ONCE];
    struct number_text text;
    struct slice lifetime = state_number_argument(
        &text, state_whole_seconds(state->config->settings.contacts_lifetime));
    for (size_t i = 0; i < count; i++) {
        made[i] = state_key_contact(state->keys, sender, recipients[i]);
        keys[i] = state_key_slice(&made[i]);
    }
    state_tell(state, &(struct state_question){&state->contacts, keys, count, &lifetime, 1});
}

void state_met(struct state *state, struct slice sender, const struct slice *recipients,
               size_t count)
{
    for (size_t from = 0; sender.len && from < count; from += AT_ONCE)
        tell_some(state, sender, recipients + from,
                  count - from < AT_ONCE ? count - from : AT_ONCE);
}
