/* SPDX-License-Identifier: ISC
 * Builds and the lease: a proxy and gatepost-learn answer as the test likes. */
#include "keeper/learning.h"

#include "base/clock.h"
#include "tests/harness/disk.h"
#include "tests/harness/labels.h"
#include "tests/harness/sharing_proxy.h"

enum { DAY = 86400 };

static struct learning *learning;
static struct seal_key key, another;
static int learner[2];
static char head[SHARING_HEAD_MOST];
static size_t head_len;
static const struct labels_bounds bounds = {.count = 1000, .age = 180LL * DAY};
static const unsigned char secret[LEARN_SHARED] = {7};
static const char *reason = "";

static void note_model(void *ctx)
{
    (void)ctx;
}

static void note_progress(void *ctx, struct slice progress)
{
    (void)ctx, (void)progress;
}

static void note_end(void *ctx, struct slice outcome, const char *why)
{
    (void)ctx, (void)outcome, (void)why;
}

static const struct learning_owner owner = {note_model, note_progress, note_end, note_model};

static void add_a_model(void)
{
    struct models *models = models_open("learn", &reason);
    struct model_entry entry = {.number = 1, .made = 1700000000, .digest = {1}};
    memcpy(entry.key, key.id, SEAL_KEY_ID);
    assert_non_null(models);
    assert_true(models_add(models, &entry, SLICE("model"), SLICE(""), &reason));
    models_close(&models);
}

static void begin(void)
{
    unsigned char public[SEAL_KEY] = {9}, other[SEAL_KEY] = {10};
    enter_folder();
    disk.keeps_nothing = true;
    head_len = 0;
    assert_true(seal_key_of(public, &key) && seal_key_of(other, &another));
    add_a_model();
    assert_non_null(base = event_base_new());
    assert_int_equal(ipc_pair(pair), 0);
    assert_int_equal(ipc_pair(learner), 0);
    const struct learning_share share = {pair[0], SLICE("gatepost:"), SLICE("mx.example.com")};
    learning = learning_new(base, &bounds, learner[0], &share, &owner, NULL, &reason);
    if (!learning)
        fail_msg("%s", reason);
}

static void end(void)
{
    learning_free(&learning);
    event_base_free(base);
    for (int i = 0; i < 2; i++) {
        close(pair[i]);
        close(learner[i]);
    }
    leave_folder();
}

EACH_TEST(begin, end);

static void build(void)
{
    assert_true(learning_build(learning, &reason));
    run();
}

static void keep_head(struct slice sealed)
{
    assert_true(sealed.len <= sizeof head);
    memcpy(head, sealed.ptr, sealed.len);
    head_len = sealed.len;
}

/* Redis keeps the head of the model that is told before. */
static bool asks_for_lease(void)
{
    while (next()) {
        if (asked.script == SHARING_LEASE_IT)
            return true;
        if (asked.script == SHARING_PUBLISH)
            keep_head(asked.words.each[1]);
        if (asked.script == SHARING_LOOK)
            answer_look(SLICE(""), (struct slice){head, head_len});
        else
            answer(asked.script == SHARING_PUT ? "put" : "told");
    }
    return false;
}

/* gatepost-learn is given a build, and cannot make it. */
static void fail_build(void)
{
    struct ipc_message message;
    struct buf out = buf_init(1024);
    assert_int_equal(ipc_recv(learner[1], &message, inbox, sizeof inbox, false), 1);
    assert_int_equal(message.type, LEARN_BUILD);
    ipc_close_fds(&message);
    buf_append(&out, message.payload);
    pack_slice(&out, SLICE("no memory"));
    assert_int_equal(ipc_send(learner[1], LEARN_FAILED, buf_slice(&out), NULL, 0, false), 1);
    buf_release(&out);
    run();
}

TEST(test_a_build_that_ended_while_a_lease_was_asked_for_keeps_no_other_from_asking)
{
    learning_seal_to(learning, &key, secret);
    build();
    assert_true(asks_for_lease());
    learning_seal_to(learning, &another,
                     secret); /* there is no model of this key: it is built at once */
    build();
    fail_build();
    learning_seal_to(learning, &key, secret);
    answer("taken"); /* too late */
    build();
    assert_true(asks_for_lease());
    assert_true(slice_eq(asked.words.each[0], SLICE("take")));
}
