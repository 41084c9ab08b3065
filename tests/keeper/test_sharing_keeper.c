/* SPDX-License-Identifier: ISC
 * A keeper that shares, and a proxy that answers as it likes: as one that was taken over, or before a Redis
 * that somebody else writes in. */
#include "keeper/sharing.h"

#include "base/clock.h"
#include "tests/harness/disk.h"
#include "tests/harness/labels.h"
#include "tests/harness/sharing_proxy.h"

#include <openssl/evp.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { DAY = 86400, ROOM = 128 * 1024 };

static const int64_t MINUTE_MS = 60000;

static struct sharing *sharing;
static struct labels *labels;
static struct models *models;
static struct sharing_keys keys;
static struct seal_key seal;
static const struct labels_bounds bounds = {10000, 180LL * DAY, 0, 0};
static const char *reason = "";
static struct buf shown; /* the head that looks find */

static struct {
    unsigned leases;
    enum sharing_lease lease;
    bool busy;
    unsigned deaf, models; /* were to be taken */
    enum sharing_taking taking;
} owner;

static bool is_busy(void *ctx)
{
    (void)ctx;
    return owner.busy;
}

static void note_lease(void *ctx, enum sharing_lease lease)
{
    (void)ctx;
    owner.leases++;
    owner.lease = lease;
}

static enum sharing_taking take_model(void *ctx, const struct sharing_head *head,
                                      struct slice sealed, const char **why)
{
    (void)ctx, (void)head, (void)sealed;
    owner.models++;
    *why = "no space left on device";
    return owner.taking;
}

static void note_deaf(void *ctx)
{
    (void)ctx;
    owner.deaf++;
    event_base_loopbreak(base);
}

static const struct sharing_owner callbacks = {is_busy, note_lease, take_model, note_deaf};

static void share(void)
{
    assert_true(labels_share_by(labels, &keys, SLICE("gatepost:"), &reason));
    sharing_begin(sharing);
}

static void begin(void)
{
    unsigned char secret[LEARN_SHARED] = {7}, public[SEAL_KEY] = {9};
    enter_folder();
    disk.keeps_nothing = true;
    memset(&owner, 0, sizeof owner);
    shown = buf_init(SHARING_HEAD_MOST);
    assert_true(seal_key_of(public, &seal) && sharing_keys_of(secret, &keys));
    assert_non_null(labels = labels_open(&bounds, &reason));
    assert_non_null(models = models_open("learn", &reason));
    labels_seal_to(labels, &seal);
    assert_non_null(base = event_base_new());
    assert_int_equal(ipc_pair(pair), 0);
    sharing = sharing_new(base, pair[0], SLICE("gatepost:"), SLICE("mx.example.com"), labels,
                          models, &callbacks, NULL);
    assert_non_null(sharing);
}

static void end(void)
{
    sharing_free(&sharing);
    buf_release(&shown);
    models_close(&models);
    labels_close(&labels);
    event_base_free(base);
    close(pair[0]);
    close(pair[1]);
    leave_folder();
}

EACH_TEST(begin, end);

/* Another gateway has told a model of these octets. */
static void show(uint64_t generation, struct slice octets)
{
    struct sharing_head head = {.generation = generation,
                                .model = {99},
                                .octets = octets.len,
                                .made = 1700000000,
                                .by = "mx2.example.com"};
    assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, octets.ptr, octets.len, head.sum, NULL), 1);
    buf_clear(&shown);
    assert_true(sharing_head_seal(&keys, SLICE("gatepost:"), &head, &shown));
}

/* Looks see that nobody has told anything but that. */
static bool asks_beside_looks(enum sharing_script script)
{
    while (next())
        if (asked.script == script)
            return true;
        else if (asked.script == SHARING_LOOK)
            answer_look(SLICE(""), buf_slice(&shown));
        else
            fail_msg("another question: %d", (int)asked.script);
    return false;
}

static void pass(int64_t ms)
{
    clock_advance(ms);
    sharing_tell(sharing); /* the clock of libevent does not stand further */
}

/* How often the question is asked in a time when each is answered so. */
static unsigned asked_within(enum sharing_script script, const char *word, int64_t ms)
{
    unsigned times = 0;
    for (int64_t passed = 0; passed < ms; passed += 500) {
        for (; asks_beside_looks(script); times++) {
            assert_true(times < 1000);
            answer(word);
        }
        pass(500);
    }
    return times;
}

/* ---- what it has to tell ---- */

static void add_a_label(unsigned n)
{
    struct labels_taken taken;
    struct buf packet = buf_init(ROOM);
    struct label label = label_of(LABEL_SPAM, n);
    add_label(&packet, &label);
    assert_true(
        labels_take(labels, buf_slice(&packet), LABELS_OF_ADMIN, clock_wall(), &taken, &reason));
    buf_release(&packet);
}

static void add_a_model(uint64_t number)
{
    struct model_entry entry = {.number = number,
                                .made = 1700000000,
                                .digest = {(unsigned char)number},
                                .weights = true,
                                .good = 60,
                                .spam = 70};
    assert_true(models_add(models, &entry, SLICE("model"), SLICE(""), &reason));
}

/* ---- answers that bring nothing ---- */

TEST(test_labels_that_cannot_be_told_are_tried_less_and_less_often)
{
    add_a_label(1);
    share();
    assert_in_range(asked_within(SHARING_TELL, "other", 5 * MINUTE_MS), 7, 12);
    assert_in_range(asked_within(SHARING_TELL, "behind", 5 * MINUTE_MS), 3, 6);
}

TEST(test_after_what_could_be_told_rests_are_short_again)
{
    add_a_label(1);
    share();
    asked_within(SHARING_TELL, "other", 5 * MINUTE_MS);
    pass(MINUTE_MS);
    assert_true(asks_beside_looks(SHARING_TELL));
    answer("told");
    assert_false(asks_beside_looks(SHARING_TELL));
    add_a_label(2);
    pass(0);
    assert_true(asks_beside_looks(SHARING_TELL));
    answer("behind");
    assert_false(asks_beside_looks(SHARING_TELL));
    pass(1000);
    assert_true(asks_beside_looks(SHARING_TELL));
}

static unsigned put_within(const char *published, int64_t ms)
{
    unsigned times = 0;
    for (int64_t passed = 0; passed < ms; passed += 500) {
        while (asks_beside_looks(SHARING_PUT)) {
            assert_true(++times < 1000);
            answer("put");
            assert_true(asks(SHARING_PUBLISH));
            answer(published);
        }
        pass(500);
    }
    return times;
}

TEST(test_a_model_that_cannot_be_told_is_put_less_and_less_often)
{
    add_a_model(1);
    share();
    assert_in_range(put_within("model", 5 * MINUTE_MS), 7, 12);
    assert_in_range(put_within("cut", 5 * MINUTE_MS), 3, 6);
}

TEST(test_a_model_that_was_told_and_is_not_there_is_put_less_and_less_often)
{
    add_a_model(1);
    share();
    assert_in_range(put_within("told", 5 * MINUTE_MS), 7, 12);
}

TEST(test_who_wants_the_lease_does_not_wait_for_ever_for_what_never_comes)
{
    share();
    sharing_ask_lease(sharing);
    assert_in_range(asked_within(SHARING_LEASE_IT, "behind", 5 * MINUTE_MS), 2, 6);
    assert_true(owner.leases == 1 && owner.lease == SHARING_AWAY);
}

TEST(test_a_look_that_no_gateway_can_have_caused_is_not_believed)
{
    static const char long_one[SHARING_HEAD_MOST + 1];
    struct sharing_status status;
    add_a_label(1);
    share();
    assert_true(asks(SHARING_LOOK));
    answer_look((struct slice){long_one, LABELS_EPOCH}, SLICE(""));
    assert_false(next());
    pass(SHARING_LOOK_MS);
    assert_true(asks(SHARING_LOOK));
    answer_look(SLICE(""), (struct slice){long_one, sizeof long_one});
    assert_false(next());
    sharing_status(sharing, &status);
    assert_true(status.away && !status.read);
}

/* ---- models of others ---- */

/* Ours is of generation 3, Redis has one of 5, and answers with these octets. */
static void fetch(struct slice octets)
{
    static const unsigned char ours[LEARN_DIGEST] = {1};
    const struct slice words[] = {SLICE("octets"), octets};
    add_a_model(1);
    show(5, SLICE("octets"));
    share();
    assert_true(labels_share_model(labels, 3, ours));
    assert_true(asks_beside_looks(SHARING_FETCH));
    answer_words(words, 2);
    assert_false(asks_beside_looks(SHARING_FETCH));
}

static uint64_t refused(void)
{
    struct sharing_status status;
    sharing_status(sharing, &status);
    return status.refused;
}

static void expect_told(uint64_t generation)
{
    struct sharing_head head;
    assert_true(asks_beside_looks(SHARING_PUT));
    answer("put");
    assert_true(asks(SHARING_PUBLISH));
    assert_true(sharing_head_open(&keys, SLICE("gatepost:"), asked.words.each[1], &head));
    assert_int_equal(head.generation, generation);
}

TEST(test_who_cannot_keep_a_model_leaves_it_to_others_and_tries_again_later)
{
    owner.taking = SHARING_FAILED;
    fetch(SLICE("octets"));
    for (int i = 0; i < 8; i++) {
        pass(MINUTE_MS / 2);
        assert_false(asks_beside_looks(SHARING_FETCH)); /* nor puts his own */
    }
    assert_true(owner.models == 1 && refused() == 0);
    pass(MINUTE_MS);
    assert_true(asks_beside_looks(SHARING_FETCH));
}

TEST(test_a_later_head_is_fetched_at_once)
{
    owner.taking = SHARING_FAILED;
    fetch(SLICE("octets"));
    show(6, SLICE("others"));
    pass(SHARING_LOOK_MS);
    assert_true(asks_beside_looks(SHARING_FETCH));
}

TEST(test_what_is_built_where_another_cannot_be_kept_is_later_than_that)
{
    owner.taking = SHARING_FAILED;
    fetch(SLICE("octets"));
    add_a_model(2);
    pass(0);
    expect_told(6);
}

TEST(test_instead_of_a_forged_model_no_earlier_one_is_told)
{
    fetch(SLICE("forged"));
    assert_true(owner.models == 0 && refused() == 1);
    pass(10 * MINUTE_MS);
    assert_false(asks_beside_looks(SHARING_FETCH));
    buf_clear(&shown);
    pass(SHARING_LOOK_MS);
    assert_false(asks_beside_looks(SHARING_PUT));
    add_a_model(2);
    pass(0);
    expect_told(6);
}

/* ---- what becomes of labels that were told ---- */

/* What the question told, as Redis keeps it. */
static struct {
    char epoch[LABELS_EPOCH], octets[ROOM];
    struct slice entry;
} kept;

static void keep_told(void)
{
    static const size_t epoch = 2, going = 7, first = 8;
    assert_true(slice_eq(asked.words.each[going], SLICE("0")));
    assert_int_equal(asked.words.count, first + 1);
    assert_true(slice_to_text(asked.words.each[epoch], kept.epoch, sizeof kept.epoch));
    kept.entry = (struct slice){kept.octets, asked.words.each[first].len};
    memcpy(kept.octets, asked.words.each[first].ptr, kept.entry.len);
}

/* A look behind it finds nothing. */
static void answer_with_kept(void)
{
    bool knows = !slice_eq(asked.words.each[0], SLICE("0-0")) && asked.words.each[0].len;
    const struct slice words[] = {SLICE("read"), slice_of(kept.epoch), SLICE("1-0"), SLICE(""),
                                  SLICE(""),     SLICE("1-0"),         kept.entry};
    answer_words(words, knows ? 5 : 7);
}

TEST(test_labels_that_come_while_others_are_told_are_told_behind_these)
{
    add_a_label(1);
    share();
    assert_true(asks_beside_looks(SHARING_TELL));
    keep_told();
    answer("told");
    assert_true(asks(SHARING_LOOK));
    add_a_label(2);
    sharing_tell(sharing);
    do
        answer_with_kept();
    while (asks(SHARING_LOOK));
    assert_int_equal(labels_untold(labels), 1);
    assert_int_equal(asked.script, SHARING_TELL);
}

TEST(test_what_was_told_and_is_not_read_is_not_told_again_at_once)
{
    share();
    assert_int_equal(labels_forget(labels, LEARN_FORGET_ALL, SLICE(""), &reason), 0);
    for (int i = 0; i < 3; i++) {
        pass(SHARING_LOOK_MS);
        assert_true(asks_beside_looks(SHARING_TELL));
        answer("told");
        assert_false(asks_beside_looks(SHARING_TELL));
    }
}

/* ---- streams that come and go ---- */

/* Which stream a look finds. False: none is looked for now. */
static bool look(const char *epoch)
{
    if (!asks(SHARING_LOOK))
        return false;
    answer_look(slice_of(epoch), SLICE(""));
    run();
    return true;
}

TEST(test_a_stream_is_left_for_another_once_a_minute)
{
    share();
    assert_true(look("one"));
    assert_string_equal(labels_share(labels)->epoch, "one");
    assert_true(look("one"));
    pass(SHARING_LOOK_MS);
    assert_true(look("two")); /* it is left, */
    assert_string_equal(labels_share(labels)->epoch, "two");
    assert_true(look("three")); /* and looked at again at once */
    assert_string_equal(labels_share(labels)->epoch, "two");
    assert_false(asks(SHARING_LOOK));
    pass(SHARING_LOOK_MS);
    assert_true(look("three"));
    assert_string_equal(labels_share(labels)->epoch, "two");
    pass(MINUTE_MS);
    assert_true(look("three"));
    assert_string_equal(labels_share(labels)->epoch, "three");
}

TEST(test_after_a_loss_the_new_stream_is_taken_at_once)
{
    share();
    assert_true(look("one") && look("one"));
    pass(SHARING_LOOK_MS);
    assert_true(look("")); /* Redis was emptied */
    pass(SHARING_LOOK_MS);
    assert_true(look("two"));
    assert_string_equal(labels_share(labels)->epoch, "two");
}

/* ---- the lease ---- */

static bool asks_for_lease(const char *what)
{
    return asks_beside_looks(SHARING_LEASE_IT) && slice_eq(asked.words.each[0], slice_of(what));
}

static void take_lease(void)
{
    sharing_ask_lease(sharing);
    assert_true(asks_for_lease("take"));
    answer("taken");
    run();
    assert_true(owner.lease == SHARING_OURS && sharing_has_lease(sharing));
}

TEST(test_a_lease_that_comes_when_nobody_wants_it_any_more_is_given_back)
{
    share();
    sharing_ask_lease(sharing);
    assert_true(asks_for_lease("take"));
    sharing_built(sharing);
    answer("taken");
    assert_true(asks_for_lease("end"));
    answer("taken");
    run();
    assert_true(!sharing_has_lease(sharing) && owner.leases == 0);
    take_lease();
}

TEST(test_the_lease_is_kept_before_anything_is_looked_for_or_told)
{
    share();
    take_lease();
    for (unsigned n = 1; n <= 6; n++) {
        add_a_label(n);
        pass(SHARING_LEASE_MS / 3);
        assert_true(asks(SHARING_LEASE_IT) && slice_eq(asked.words.each[0], SLICE("keep")));
        answer("taken");
        if (asks_beside_looks(SHARING_TELL)) /* in the end it rests longer */
            answer("behind");
        assert_true(sharing_has_lease(sharing));
    }
}

TEST(test_where_nothing_can_be_shared_nobody_waits_for_the_lease)
{
    sharing_ask_lease(sharing);
    run();
    assert_true(owner.leases == 1 && owner.lease == SHARING_AWAY);
}

TEST(test_only_the_answer_to_the_end_ends_it)
{
    share();
    take_lease();
    pass(SHARING_LEASE_MS / 3);
    assert_true(asks_for_lease("keep"));
    sharing_built(sharing);
    answer("taken"); /* it is kept */
    assert_true(asks_for_lease("end"));
    answer("taken");
    run();
    assert_false(sharing_has_lease(sharing));
}

TEST(test_who_wants_it_again_keeps_what_is_being_given_back)
{
    share();
    take_lease();
    sharing_built(sharing);
    assert_true(asks_for_lease("end"));
    sharing_ask_lease(sharing);
    answer("taken");
    assert_true(asks_for_lease("take"));
    answer("taken");
    run();
    assert_true(sharing_has_lease(sharing) && owner.leases == 2);
    assert_false(asks_for_lease("end"));
}

/* ---- a pair that is closed ---- */

TEST(test_a_pair_that_a_proxy_closes_is_said_to_be_closed)
{
    share();
    assert_true(asks(SHARING_LOOK));
    shutdown(pair[1], SHUT_RDWR);
    event_base_loop(base, 0);
    assert_int_equal(owner.deaf, 1);
}

TEST(test_a_pair_that_takes_no_more_questions_is_closed_too)
{
    shutdown(pair[1], SHUT_RD);
    share();
    event_base_loop(base, 0);
    assert_int_equal(owner.deaf, 1);
}

TEST(test_some_packets_without_octets_close_nothing)
{
    share();
    assert_true(asks(SHARING_LOOK));
    for (int i = 0; i < 50; i++)
        send(pair[1], "", 0, MSG_NOSIGNAL);
    answer_look(SLICE(""), SLICE(""));
    run();
    assert_int_equal(owner.deaf, 0);
}
