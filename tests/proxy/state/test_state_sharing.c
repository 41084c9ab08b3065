/* SPDX-License-Identifier: ISC
 * The Redis of this test answers at once what the test wants. */
#include "proxy/state/state_sharing.h"

#include "base/clock.h"
#include "common/sharing.h"
#include "tests/harness/unit.h"

#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TOO_LONG = 2 * IPC_PAYLOAD_MAX };

static struct event_base *base;
static struct state_sharing *sharing; /* a proxy has it until it ends */
static struct redis_call *under_way;
static int pair[2]; /* the keeper's end; the proxies', which `sharing` closes */
static const struct settings settings = {.redis_prefix = {"gatepost:", 9}};
static const char gateway[] = "0123456789abcdef0123456789abcdef";
static char inbox[IPC_PAYLOAD_MAX + 2], octets[TOO_LONG];

void redis_script_init(struct redis_script *script, const char *text)
{
    (void)script, (void)text;
}

bool redis_eval(struct redis *redis, struct redis_call *call, const struct redis_script *script,
                const struct slice *keys, size_t key_count, const struct slice *args,
                size_t arg_count)
{
    (void)redis, (void)script, (void)keys, (void)key_count, (void)args, (void)arg_count;
    under_way = call;
    return true;
}

static void begin(void)
{
    memset(octets, 'x', sizeof octets);
    assert_non_null(base = event_base_new());
    assert_int_equal(ipc_pair(pair), 0);
    assert_non_null(sharing = state_sharing_new(base, NULL, &settings, pair[1]));
}

static void end(void)
{
    state_sharing_drain(sharing);
    close(pair[0]);
}

ALL_TESTS(begin, end);

static void ask(uint64_t number)
{
    static struct sharing_question question;
    struct buf out = buf_init(IPC_PAYLOAD_MAX);
    question = (struct sharing_question){
        .number = number, .deadline = clock_ms() + 60000, .gateway = slice_of(gateway)};
    sharing_question_pack(&out, &question);
    assert_int_equal(ipc_send(pair[0], SHARING_QUESTION, buf_slice(&out), NULL, 0, false), 1);
    buf_release(&out);
    under_way = NULL;
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_non_null(under_way);
}

/* Redis answers with one text. */
static const struct sharing_answer *answered(size_t len)
{
    static struct sharing_answer answer;
    struct ipc_message message;
    redisReply text = {.type = REDIS_REPLY_STRING, .str = octets, .len = len}, *element = &text;
    redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = 1, .element = &element};
    if (under_way)
        under_way->done(under_way->ctx, &reply);
    assert_int_equal(ipc_recv(pair[0], &message, inbox, sizeof inbox, false), 1);
    assert_true(sharing_answer_unpack(message.payload, &answer));
    return &answer;
}

TEST(test_who_asks_hears_at_once_that_an_answer_is_too_long)
{
    ask(7);
    assert_true(answered(10)->ok);
    ask(8);
    const struct sharing_answer *answer = answered(TOO_LONG);
    assert_true(answer->number == 8 && !answer->ok);
}

static int events(void)
{
    return event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED);
}

TEST(test_of_a_pair_that_somebody_has_closed_no_more_is_heard)
{
    int another[2];
    assert_int_equal(events(), 1);
    shutdown(pair[1], SHUT_RDWR); /* as any proxy can */
    event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(events(), 0);
    assert_int_equal(ipc_pair(another), 0);
    state_sharing_move(sharing, another[1]);
    close(pair[0]);
    pair[0] = another[0];
    ask(9);
    assert_true(answered(10)->number == 9);
}
