/* SPDX-License-Identifier: ISC */
#include "common/signing.h"

#include "base/ipc_file.h"
#include "filters/sender/dkim_key.h"
#include "keeper/signing_keys.h"
#include "tests/harness/unit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int queue[2], sock;
static struct signing_keys *keys;
static char inbox[IPC_PAYLOAD_MAX + 2];

static void open_queue(void)
{
    assert_int_equal(ipc_pair(queue), 0);
    sock = -1;
}

static void close_queue(void)
{
    signing_keys_free(&keys);
    for (int i = 0; i < 2; i++)
        if (queue[i] >= 0)
            close(queue[i]);
    if (sock >= 0)
        close(sock);
}

EACH_TEST(open_queue, close_queue);

static struct signing_question question(size_t count)
{
    struct signing_question q = {.deadline = 12345, .count = count};
    for (size_t i = 0; i < count; i++) {
        q.wishes[i] =
            (struct signing_wish){SLICE("example.com"), SLICE("e"), DKIM_ED25519_SHA256, {0}};
        memset(q.wishes[i].digest, (int)i + 1, SIGNING_DIGEST);
    }
    return q;
}

static void receive(struct ipc_message *message)
{
    assert_int_equal(ipc_recv(queue[1], message, inbox, sizeof inbox, false), 1);
}

TEST(test_a_question_and_its_answer_arrive_as_they_were_sent)
{
    struct signing_question asked = question(SIGNING_KEYS_MAX), got;
    static struct signing_answer answer = {.count = SIGNING_KEYS_MAX}, heard;
    struct ipc_message message;
    assert_true((sock = signing_ask(queue[0], &asked)) >= 0);
    receive(&message);
    assert_true(signing_read(&message, &got));
    assert_int_equal(got.count, SIGNING_KEYS_MAX);
    assert_int_equal(got.deadline, 12345);
    for (size_t i = 0; i < got.count; i++) {
        assert_true(slice_eq(got.wishes[i].domain, SLICE("example.com")));
        assert_memory_equal(got.wishes[i].digest, asked.wishes[i].digest, SIGNING_DIGEST);
        answer.len[i] = SIGNING_SIGNATURE;
        memset(answer.signatures[i], (int)i, SIGNING_SIGNATURE);
    }
    assert_int_equal(signing_collect(sock, SIGNING_KEYS_MAX, &heard), 0);
    signing_tell(message.fds[0], &answer);
    assert_int_equal(signing_collect(sock, SIGNING_KEYS_MAX, &heard), 1);
    assert_null(heard.reason);
    for (size_t i = 0; i < SIGNING_KEYS_MAX; i++)
        assert_memory_equal(heard.signatures[i], answer.signatures[i], SIGNING_SIGNATURE);
    ipc_close_fds(&message);
}

TEST(test_an_answer_to_another_number_of_wishes_is_none)
{
    struct signing_question asked = question(2);
    static struct signing_answer one = {.count = 1, .len = {64}}, heard;
    struct ipc_message message;
    assert_true((sock = signing_ask(queue[0], &asked)) >= 0);
    receive(&message);
    signing_tell(message.fds[0], &one);
    assert_int_equal(signing_collect(sock, 2, &heard), -1);
    ipc_close_fds(&message);
}

TEST(test_a_signer_that_dies_shows_as_the_end_of_the_answer)
{
    struct signing_question asked = question(1);
    static struct signing_answer heard;
    struct ipc_message message;
    assert_true((sock = signing_ask(queue[0], &asked)) >= 0);
    receive(&message);
    ipc_close_fds(&message);
    assert_int_equal(signing_collect(sock, 1, &heard), -1);
}

TEST(test_a_queue_that_is_full_is_told_as_such)
{
    struct signing_question asked = question(SIGNING_KEYS_MAX);
    int asking = 0;
    while (asking >= 0) {
        asking = signing_ask(queue[0], &asked);
        if (asking >= 0)
            close(asking);
    }
    assert_true(errno == EAGAIN || errno == ETOOMANYREFS);
}

TEST(test_what_is_no_question_is_not_read)
{
    struct signing_question q = question(1), got;
    struct ipc_message message;
    assert_true((sock = signing_ask(queue[0], &q)) >= 0);
    receive(&message);
    struct slice whole = message.payload;
    for (size_t len = 0; len < whole.len; len++) {
        message.payload = slice_sub(whole, 0, len);
        assert_false(signing_read(&message, &got));
    }
    message.payload = whole;
    message.type = SIGNING_ANSWER;
    assert_false(signing_read(&message, &got));
    message.type = SIGNING_ASK;
    assert_true(signing_read(&message, &got));
    ((char *)(uintptr_t)whole.ptr)[sizeof(uint64_t)] = SIGNING_KEYS_MAX + 1; /* how many */
    assert_false(signing_read(&message, &got));
    ipc_close_fds(&message);
    message.fd_count = 0;
    assert_false(signing_read(&message, &got));
}

/* ---- keys ---- */

static const char *add(const char *const *selectors, const char *pem)
{
    struct buf set = buf_init(1 << 20);
    for (; *selectors; selectors++)
        signing_pack_key(&set, &(struct signing_secret){SLICE("example.com"), slice_of(*selectors),
                                                        slice_of(pem)});
    int file = ipc_file_of(buf_slice(&set));
    const char *fault = signing_keys_add(&keys, file);
    close(file);
    buf_release(&set);
    return fault;
}

static const char *sign_as(const char *selector, enum dkim_algorithm algorithm)
{
    static struct signing_answer answer;
    struct signing_question q = question(1);
    q.wishes[0].selector = slice_of(selector);
    q.wishes[0].algorithm = (uint8_t)algorithm;
    signing_keys_answer(keys, &q, &answer);
    assert_int_equal(answer.count, answer.reason ? 0 : 1);
    return answer.reason;
}

static const char brisbane[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                               "-----END PRIVATE KEY-----\n";

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

TEST(test_keys_sign_for_their_own_domain_selector_and_algorithm_alone)
{
    assert_non_null(sign_as("e", DKIM_ED25519_SHA256));
    assert_null(add(NAMES("e"), brisbane));
    assert_null(sign_as("e", DKIM_ED25519_SHA256));
    assert_string_equal(sign_as("x", DKIM_ED25519_SHA256), "there is no such key");
    assert_string_equal(sign_as("e", DKIM_RSA_SHA256), "there is no such key");
    assert_string_equal(sign_as("e", (enum dkim_algorithm)77), "there is no such key");
}

TEST(test_former_keys_stay_until_they_are_to_be_forgotten)
{
    assert_null(add(NAMES("old"), brisbane));
    assert_null(add(NAMES("new"), brisbane));
    assert_null(sign_as("old", DKIM_ED25519_SHA256));
    signing_keys_forget(keys);
    assert_non_null(sign_as("old", DKIM_ED25519_SHA256));
    assert_null(sign_as("new", DKIM_ED25519_SHA256));
}

TEST(test_sets_do_not_pile_up)
{
    assert_null(add(NAMES("first"), brisbane));
    for (int i = 0; i < 4; i++)
        assert_null(add(NAMES("next"), brisbane));
    assert_non_null(sign_as("first", DKIM_ED25519_SHA256));
}

TEST(test_keys_beside_one_that_cannot_be_read_sign)
{
    assert_null(add(NAMES("good"), brisbane));
    assert_non_null(add(NAMES("bad"), "no key"));
    assert_null(sign_as("good", DKIM_ED25519_SHA256));
    assert_non_null(signing_keys_add(&keys, -1));
    assert_null(sign_as("good", DKIM_ED25519_SHA256));
}

TEST(test_all_is_warm_before_the_jail)
{
    assert_true(signing_keys_warm_up());
}
