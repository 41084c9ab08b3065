/* SPDX-License-Identifier: ISC
 * Samples that a keeper asks for, from a proxy that answers when it likes. */
#include "parent/parent_sample.h"

#include "base/ipc.h"
#include "common/keeping.h"
#include "common/messages.h"
#include "parent/parent.h"
#include "tests/harness/unit.h"

#include <string.h>
#include <unistd.h>

enum { ASKED = 50, PROXY = 11, KEEPER = 22 };

static struct parent parent;
static struct generation generation;
static struct slot slot;
static int proxy[2], keeper[2]; /* the first is the parent's */
static char buffer[IPC_PAYLOAD_MAX + 2];
static struct ipc_message message;

static void set_up(void)
{
    assert_int_equal(ipc_pair(proxy), 0);
    assert_int_equal(ipc_pair(keeper), 0);
    slot = (struct slot){
        .generation = &generation, .pid = PROXY, .control = proxy[0], .state = PROXY_SERVING};
    generation = (struct generation){.slots = &slot, .slot_count = 1};
    memset(&parent, 0, sizeof parent);
    parent.current = &generation;
    parent.keeper.process.control = keeper[0];
    parent.keeper.process.pid = KEEPER;
}

static void tear_down(void)
{
    for (int i = 0; i < 2; i++) {
        close(proxy[i]);
        close(keeper[i]);
    }
}

EACH_TEST(set_up, tear_down);

static void wish(void)
{
    parent.keeper.asks_sample = true;
    memcpy(parent.keeper.sample_of, "a.example", 9);
    parent.keeper.sample_of_len = 9;
    sample_begin(&parent, 1000);
    assert_false(parent.keeper.asks_sample);
}

static bool comes(int fd, uint16_t type)
{
    bool one = ipc_recv(fd, &message, buffer, sizeof buffer, false) > 0;
    if (one)
        assert_int_equal(message.type, type);
    return one;
}

/* Whether the keeper hears of a message, or of why there is none; it hears once. */
static bool keeper_gets_message(void)
{
    assert_true(comes(keeper[1], KEEPER_SAMPLED));
    struct unpack in = {.left = message.payload};
    struct slice reason = unpack_slice(&in), octets = unpack_slice(&in);
    assert_true(unpack_done(&in));
    assert_true(reason.len == 0 || octets.len == 0);
    bool got = octets.len > 0;
    assert_false(comes(keeper[1], KEEPER_SAMPLED));
    return got;
}

static bool proxy_says(uint32_t number)
{
    struct buf out = buf_init(100);
    pack_u32(&out, number);
    pack_slice(&out, SLICE(""));
    pack_slice(&out, SLICE("From: <postmaster@a.example>"));
    bool heard = sample_heard(&parent, PROXY, buf_slice(&out));
    buf_release(&out);
    return heard;
}

TEST(test_who_asked_gets_it)
{
    wish();
    assert_true(comes(proxy[1], MESSAGE_SAMPLE));
    assert_true(proxy_says(parent.sample.number));
    assert_true(keeper_gets_message());
    assert_false(proxy_says(parent.sample.number));
}

TEST(test_a_keeper_that_asks_and_asks_has_one_made_at_a_time)
{
    wish();
    for (int i = 0; i < ASKED; i++) {
        wish();
        assert_false(keeper_gets_message());
    }
    assert_true(comes(proxy[1], MESSAGE_SAMPLE));
    assert_false(comes(proxy[1], MESSAGE_SAMPLE));
    assert_true(proxy_says(parent.sample.number));
    assert_true(keeper_gets_message());
    wish();
    assert_true(comes(proxy[1], MESSAGE_SAMPLE));
}

TEST(test_what_another_keeper_asked_for_is_not_this_ones)
{
    wish();
    parent.keeper.process.pid = KEEPER + 1;
    assert_true(proxy_says(parent.sample.number));
    assert_false(comes(keeper[1], KEEPER_SAMPLED));
}

TEST(test_another_keeper_need_not_wait_for_the_one_before)
{
    wish();
    parent.keeper.process.pid = KEEPER + 1;
    wish();
    assert_false(proxy_says(parent.sample.number - 1));
    assert_true(proxy_says(parent.sample.number));
    assert_true(keeper_gets_message());
}

TEST(test_what_takes_too_long_makes_room_for_the_next)
{
    wish();
    int64_t until = sample_settle(&parent, 1000);
    assert_true(until > 1000 + SAMPLE_MS);
    assert_int_equal(sample_settle(&parent, until), 0);
    assert_false(keeper_gets_message());
    wish();
    assert_true(comes(proxy[1], MESSAGE_SAMPLE));
    assert_true(comes(proxy[1], MESSAGE_SAMPLE));
}
