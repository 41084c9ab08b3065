/* SPDX-License-Identifier: ISC
 * Whom our users have written to, and which messages of theirs may be answered. */
#include "proxy/state/state_internal.h"

enum { AT_ONCE = 32 };

_Static_assert((int)STATE_LETTERS_MOST <= (int)AT_ONCE, "one question has room for them");

/* ---- asked ---- */

struct question {
    struct state_key made[AT_ONCE];
    struct slice keys[AT_ONCE];
    size_t count;
};

static void add(struct question *question, struct state_key key)
{
    question->made[question->count] = key;
    question->keys[question->count] = state_key_slice(&question->made[question->count]);
    question->count++;
}

static void ask(struct state_inquiry *inquiry, const struct question *question,
                struct state_answer answer)
{
    answer.expected = question->count;
    state_ask(inquiry,
              &(struct state_question){&inquiry->state->contact, question->keys, question->count,
                                       NULL, 0},
              &answer);
}

static struct value is_there(const redisReply *reply, size_t number)
{
    return reply ? value_bool(reply->element[number]->integer == 1) : value_unknown();
}

static void write_sender(struct state_inquiry *inquiry, void *data, const redisReply *reply)
{
    (void)data;
    inquiry->facts->fact[FACT_SENDER_ANSWERED] = is_there(reply, 0);
}

void state_answered(struct state_inquiry *inquiry, struct slice sender, struct slice recipient)
{
    struct question question = {.count = 0};
    if (sender.len == 0) {
        inquiry->facts->fact[FACT_SENDER_ANSWERED] = value_absent();
        return;
    }
    add(&question, state_key_answered(inquiry->state->keys, recipient, sender));
    ask(inquiry, &question, (struct state_answer){.write = write_sender});
}

/* Of whom a question asks. */
struct asked {
    struct state_recipient *recipients;
    size_t count;
};

static void write_author(struct state_inquiry *inquiry, void *data, const redisReply *reply)
{
    const struct asked *of = data;
    (void)inquiry;
    for (size_t i = 0; i < of->count; i++)
        of->recipients[i].answered = is_there(reply, i);
}

static void ask_of_some(struct state_inquiry *inquiry, struct slice author, struct asked some)
{
    struct question question = {.count = 0};
    struct asked *of = arena_alloc(inquiry->arena, sizeof *of);
    if (!of)
        return;
    *of = some;
    for (size_t i = 0; i < some.count; i++)
        add(&question,
            state_key_answered(inquiry->state->keys, some.recipients[i].address, author));
    ask(inquiry, &question, (struct state_answer){.write = write_author, .data = of});
}

void state_answered_author(struct state_inquiry *inquiry, struct slice author,
                           struct state_recipient *recipients, size_t count)
{
    for (size_t i = 0; i < count; i++)
        recipients[i].answered = author.len ? value_unknown() : value_absent();
    for (size_t from = 0; author.len && from < count; from += AT_ONCE)
        ask_of_some(
            inquiry, author,
            (struct asked){recipients + from, count - from < AT_ONCE ? count - from : AT_ONCE});
}

static void write_reply(struct state_inquiry *inquiry, void *data, const redisReply *reply)
{
    const size_t *count = data;
    struct value known = reply ? value_bool(false) : value_unknown();
    for (size_t i = 0; reply && i < *count; i++)
        if (reply->element[i]->integer == 1)
            known = value_bool(true);
    inquiry->facts->fact[FACT_MESSAGE_REPLY_KNOWN] = known;
}

void state_in_reply(struct state_inquiry *inquiry, const struct slice *ids, size_t count)
{
    struct question question = {.count = 0};
    size_t *asked = arena_alloc(inquiry->arena, sizeof *asked);
    for (size_t i = 0; i < count && i < STATE_LETTERS_MOST; i++)
        add(&question, state_key_letter(inquiry->state->keys, ids[i]));
    if (!asked || question.count == 0) {
        inquiry->facts->fact[FACT_MESSAGE_REPLY_KNOWN] =
            asked ? value_bool(false) : value_unknown();
        return;
    }
    *asked = question.count;
    ask(inquiry, &question, (struct state_answer){.write = write_reply, .data = asked});
}

/* ---- told ---- */

static void tell(struct state *state, const struct question *question)
{
    struct number_text text;
    struct slice lifetime = state_number_argument(
        &text, state_whole_seconds(state->config->settings.contacts_answered));
    state_tell(state, &(struct state_question){&state->contacts, question->keys, question->count,
                                               &lifetime, 1});
}

void state_wrote(struct state *state, const struct state_letter *letter)
{
    struct question question = {.count = 0};
    if (letter->id.len)
        add(&question, state_key_letter(state->keys, letter->id));
    for (size_t i = 0; i < letter->count; i++) {
        if (question.count == AT_ONCE) {
            tell(state, &question);
            question.count = 0;
        }
        add(&question, state_key_answered(state->keys, letter->sender, letter->recipients[i]));
    }
    if (question.count)
        tell(state, &question);
}
