/* SPDX-License-Identifier: ISC
 * What may be answered, and answers, on their way: whole, cut anywhere, and beyond bounds. */
#include "common/answerable.h"
#include "tests/harness/unit.h"

static struct buf out;

static void begin(void)
{
    out = buf_init(4 * LABEL_VECTOR_MOST);
}

static void end(void)
{
    buf_release(&out);
}

EACH_TEST(begin, end);

static const struct slice jane = SLICE("jane@example.com"), bob = SLICE("bob@client.example"),
                          id = SLICE("<1@client.example>");

static struct answerable whole(void)
{
    return (struct answerable){.label = {.class = LABEL_GOOD,
                                         .how = LABEL_ANSWERED,
                                         .account = jane,
                                         .reference = SLICE("0123456789ab.1"),
                                         .vector = SLICE("vector")},
                               .id = id,
                               .sender = bob};
}

TEST(test_what_may_be_answered_comes_as_it_went_and_no_piece_of_it_does)
{
    struct answerable made = whole(), again;
    answerable_pack(&out, &made);
    assert_true(answerable_unpack(buf_slice(&out), &again));
    assert_true(slice_eq(again.id, id) && slice_eq(again.sender, bob));
    assert_true(slice_eq(again.label.account, jane) &&
                slice_eq(again.label.vector, SLICE("vector")));
    for (size_t len = 0; len < buf_len(&out); len++)
        assert_false(answerable_unpack(slice_sub(buf_slice(&out), 0, len), &again));
    pack_u8(&out, 0);
    assert_false(answerable_unpack(buf_slice(&out), &again));
}

TEST(test_an_answer_comes_as_it_went_and_no_piece_of_it_does)
{
    struct answer_sent made = {.account = jane, .id = id, .recipients = {bob, jane}, .count = 2};
    struct answer_sent again;
    answer_sent_pack(&out, &made);
    assert_true(answer_sent_unpack(buf_slice(&out), &again));
    assert_true(again.count == 2 && slice_eq(again.recipients[0], bob) &&
                slice_eq(again.recipients[1], jane));
    assert_true(slice_eq(again.account, jane) && slice_eq(again.id, id));
    for (size_t len = 0; len < buf_len(&out); len++)
        assert_false(answer_sent_unpack(slice_sub(buf_slice(&out), 0, len), &again));
    pack_u8(&out, 0);
    assert_false(answer_sent_unpack(buf_slice(&out), &again));
}

static bool passes(struct answer_sent answer)
{
    struct answer_sent again;
    buf_clear(&out);
    answer_sent_pack(&out, &answer);
    return answer_sent_unpack(buf_slice(&out), &again);
}

TEST(test_an_answer_beyond_bounds_is_none)
{
    static char room[ANSWERABLE_ID_MOST + 1];
    struct answer_sent answer = {.account = jane, .id = id};
    for (size_t i = 0; i < ANSWER_RECIPIENTS_MOST; i++)
        answer.recipients[i] = bob;
    answer.count = ANSWER_RECIPIENTS_MOST;
    assert_true(passes(answer));
    answer.recipients[3] = SLICE("");
    assert_false(passes(answer));
    answer.recipients[3] = (struct slice){room, LABEL_TEXT_MOST + 1};
    assert_false(passes(answer));
    answer.count = 3;
    assert_true(passes(answer));
    answer.id = (struct slice){room, ANSWERABLE_ID_MOST};
    assert_true(passes(answer));
    answer.id.len++;
    assert_false(passes(answer));
    answer.id = id;
    answer.account = SLICE("");
    assert_false(passes(answer));
}

TEST(test_more_recipients_than_there_is_room_for_are_not_read)
{
    struct answer_sent again;
    pack_slice(&out, jane);
    pack_slice(&out, id);
    pack_u32(&out, ANSWER_RECIPIENTS_MOST + 1);
    for (size_t i = 0; i <= ANSWER_RECIPIENTS_MOST; i++)
        pack_slice(&out, bob);
    assert_false(answer_sent_unpack(buf_slice(&out), &again));
}
