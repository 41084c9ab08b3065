/* SPDX-License-Identifier: ISC
 * What users have answered becomes a label, for whom it came and of whom it came alone. */
#include "base/sealed_map.h"
#include "common/answerable.h"
#include "common/left.h"
#include "keeper/label_file.h"
#include "keeper/labels.h"
#include "keeper/labels_internal.h"
#include "keeper/unseal.h"
#include "tests/harness/labels.h"

enum { DAY = 86400, FORTNIGHT = 14 * DAY, KEPT = 1000 };

static struct labels *labels;
static struct buf packet;
static struct unseal_keys keys;
static const int64_t now = 1700000000;
static struct labels_bounds bounds;
static const struct slice jane = SLICE("jane@example.com"), joe = SLICE("joe@example.com"),
                          bob = SLICE("bob@client.example"), eve = SLICE("eve@client.example");

static const struct slice fixed_key =
    SLICE("-----BEGIN PRIVATE KEY-----\n"
          "MC4CAQAwBQYDK2VuBCIEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g\n"
          "-----END PRIVATE KEY-----\n");

static void open_them(void)
{
    const char *reason = "";
    struct seal_key key;
    if (!(labels = labels_open(&bounds, &reason)))
        fail_msg("%s", reason);
    unseal_keys_public(&keys, 0, &key);
    labels_seal_to(labels, &key);
}

static void open_again(void)
{
    labels_close(&labels);
    open_them();
}

static void begin(void)
{
    const char *reason;
    enter_folder();
    packet = buf_init(64 << 20);
    bounds = (struct labels_bounds){.count = KEPT, .age = 180 * DAY, .answered = FORTNIGHT};
    assert_true(unseal_keys_read(fixed_key, &keys, &reason));
    open_them();
}

static void end(void)
{
    labels_close(&labels);
    buf_release(&packet);
    leave_folder();
}

EACH_TEST(begin, end);

/* ---- what is told ---- */

static struct slice id_of(unsigned number)
{
    static char id[32];
    snprintf(id, sizeof id, "<%u@client.example>", number);
    return slice_of(id);
}

static struct slice reference_of(unsigned number)
{
    static char reference[32];
    snprintf(reference, sizeof reference, "%012x.1", number);
    return slice_of(reference);
}

static struct answerable answerable_of(struct slice account, struct slice sender, unsigned number)
{
    struct answerable made = {
        .label = label_of(LABEL_GOOD, number), .id = id_of(number), .sender = sender};
    made.label.how = LABEL_ANSWERED;
    made.label.account = account;
    made.label.reference = reference_of(number);
    return made;
}

static bool tell(const struct answerable *answerable, int64_t when)
{
    const char *reason;
    answerable_pack(&packet, answerable);
    bool ok = labels_answerable(labels, buf_slice(&packet), when, &reason);
    buf_clear(&packet);
    return ok;
}

static void comes(struct slice account, struct slice sender, unsigned number, int64_t when)
{
    struct answerable made = answerable_of(account, sender, number);
    assert_true(tell(&made, when));
}

static uint64_t answers(struct slice account, struct slice to, unsigned number, int64_t when)
{
    const char *reason;
    uint64_t count;
    struct answer_sent answer = {
        .account = account, .id = id_of(number), .recipients = {eve, to}, .count = 2};
    answer_sent_pack(&packet, &answer);
    assert_true(labels_answered(labels, buf_slice(&packet), when, &count, &reason));
    buf_clear(&packet);
    return count;
}

static void says(struct slice account, enum label_class class, unsigned number,
                 struct slice reference)
{
    struct labels_taken taken;
    const char *reason;
    struct label label = label_of(class, 50000 + number); /* over IMAP it has other octets */
    label.how = LABEL_MOVED;
    label.account = account;
    label.reference = reference;
    add_label(&packet, &label);
    assert_true(labels_take(labels, buf_slice(&packet), LABELS_OF_PROXIES, now, &taken, &reason));
    assert_int_equal(taken.taken, 1);
    buf_clear(&packet);
}

static struct labels_counts counts(void)
{
    struct labels_counts found;
    const char *reason;
    assert_true(labels_counts(labels, &found, &reason));
    return found;
}

static uint64_t answered(void)
{
    return counts().of[LABEL_ANSWERED][LABEL_GOOD];
}

static uint64_t answerable(void)
{
    return counts().answerable;
}

/* ---- its life ---- */

TEST(test_what_its_recipient_answers_to_its_sender_is_good_mail)
{
    comes(jane, bob, 1, now);
    assert_int_equal(answerable(), 1);
    assert_int_equal(counts().pending, 0);
    uint64_t changes = labels_state(labels)->changes;
    assert_int_equal(answers(SLICE("Jane@Example.com"), SLICE("BOB@client.example"), 1, now + DAY),
                     1);
    assert_int_equal(labels_state(labels)->changes, changes + 1);
    assert_int_equal(answerable(), 0);
    size_t found;
    const char *reason;
    struct label_vote *votes = labels_votes(labels, UINT64_MAX, &found, &reason);
    assert_int_equal(found, 1);
    assert_true(votes[0].how == LABEL_ANSWERED && votes[0].class == LABEL_GOOD);
    assert_true(votes[0].account && votes[0].reference);
    assert_true(labels_vector(labels, votes[0].number).len > 0);
    free(votes);
}

TEST(test_a_keeper_that_is_killed_in_between_knows_what_waits_and_what_was_answered)
{
    comes(jane, bob, 1, now);
    open_again();
    assert_int_equal(answers(jane, bob, 1, now), 1);
    open_again();
    assert_int_equal(answered(), 1);
    assert_int_equal(answerable(), 0);
}

TEST(test_who_answers_twice_has_one_vote)
{
    comes(jane, bob, 1, now);
    assert_int_equal(answers(jane, bob, 1, now), 1);
    assert_int_equal(answers(jane, bob, 1, now), 0);
    comes(jane, bob, 1, now + 1);
    assert_int_equal(answers(jane, bob, 1, now + 2), 0);
    assert_int_equal(answered(), 1);
}

TEST(test_another_users_answer_an_answer_to_another_and_of_another_message_say_nothing)
{
    comes(jane, bob, 1, now);
    assert_int_equal(answers(joe, bob, 1, now), 0);
    assert_int_equal(answers(jane, SLICE("bobby@client.example"), 1, now), 0);
    assert_int_equal(answers(jane, bob, 2, now), 0);
    assert_int_equal(answered(), 0);
    assert_int_equal(answers(jane, bob, 1, now), 1);
}

TEST(test_each_recipient_answers_for_himself)
{
    comes(jane, bob, 1, now);
    comes(joe, bob, 1, now);
    assert_int_equal(answers(joe, bob, 1, now), 1);
    assert_int_equal(answerable(), 1);
    assert_int_equal(answers(jane, bob, 1, now), 1);
    assert_int_equal(answered(), 2);
}

TEST(test_of_two_messages_of_one_name_neither_is_answered)
{
    struct answerable copy = answerable_of(jane, bob, 1);
    comes(jane, bob, 1, now);
    copy.label.message[7] ^= 1;
    assert_true(tell(&copy, now));
    assert_int_equal(answerable(), 2);
    copy.label.message[7] ^= 2;
    assert_true(tell(&copy, now));
    assert_int_equal(answerable(), 2);
    assert_int_equal(answers(jane, bob, 1, now), 0);
    assert_int_equal(answerable(), 0);
    assert_int_equal(answered(), 0);
}

TEST(test_a_second_one_of_its_name_is_noticed_when_there_is_no_room_for_more)
{
    for (unsigned n = 1; n <= 9; n++)
        comes(jane, bob, n, now);
    assert_int_equal(answerable(), 5);
    struct answerable copy = answerable_of(jane, bob, 5);
    copy.label.message[7] ^= 1;
    assert_true(tell(&copy, now));
    assert_int_equal(answers(jane, bob, 5, now), 0);
    assert_int_equal(answers(jane, bob, 4, now), 1);
}

TEST(test_a_message_of_the_same_id_by_another_sender_is_another)
{
    comes(jane, bob, 1, now);
    struct answerable copy = answerable_of(jane, SLICE("mallory@elsewhere.example"), 1);
    copy.label.message[7] ^= 1;
    assert_true(tell(&copy, now));
    assert_int_equal(answers(jane, bob, 1, now), 1);
    assert_int_equal(answerable(), 1);
}

/* ---- how long, and how many ---- */

TEST(test_what_is_answered_too_late_was_not_answered)
{
    comes(jane, bob, 1, now);
    comes(jane, bob, 2, now);
    assert_int_equal(answers(jane, bob, 1, now + FORTNIGHT - 1), 1);
    assert_int_equal(answers(jane, bob, 2, now + FORTNIGHT), 0);
    labels_prune(labels, now + FORTNIGHT - 1);
    assert_int_equal(answerable(), 1);
    labels_prune(labels, now + FORTNIGHT);
    assert_int_equal(answerable(), 0);
    assert_int_equal(answered(), 1);
}

TEST(test_a_clock_that_was_wrong_makes_no_label)
{
    comes(jane, bob, 1, now + 400 * DAY);
    assert_int_equal(answers(jane, bob, 1, now), 0);
    labels_prune(labels, now);
    assert_int_equal(answerable(), 0);
}

TEST(test_of_a_user_five_wait_a_day_and_five_answers_count)
{
    for (unsigned n = 1; n <= 20; n++)
        comes(jane, bob, n, now);
    comes(joe, bob, 21, now);
    assert_int_equal(answerable(), 6);
    for (unsigned n = 22; n <= 30; n++)
        comes(jane, bob, n, now + DAY);
    assert_int_equal(answerable(), 11);
    for (unsigned n = 1; n <= 30; n++)
        answers(jane, bob, n, now + DAY);
    assert_int_equal(answered(), 5);
    assert_int_equal(answerable(), 1);
    assert_int_equal(answers(joe, bob, 21, now + DAY), 1);
}

TEST(test_of_a_user_twenty_labels_stay_and_what_he_says_is_not_among_them)
{
    says(jane, LABEL_SPAM, 1, reference_of(9999));
    for (unsigned day = 0; day < 10; day++)
        for (unsigned n = 1; n <= 5; n++) {
            comes(jane, bob, 100 * day + n, now + (int64_t)day * DAY);
            assert_int_equal(answers(jane, bob, 100 * day + n, now + (int64_t)day * DAY), 1);
        }
    assert_int_equal(answered(), 20);
    assert_int_equal(counts().of[LABEL_MOVED][LABEL_SPAM], 1);
}

TEST(test_of_all_users_a_tenth_of_the_labels_wait_and_as_many_count)
{
    char name[40];
    for (unsigned n = 1; n <= KEPT / 10 + 30; n++) {
        snprintf(name, sizeof name, "user%u@example.com", n);
        comes(slice_of(name), bob, n, now);
        assert_int_equal(answerable(), n < KEPT / 10 ? n : KEPT / 10);
    }
    for (unsigned n = 1; n <= KEPT / 10 + 30; n++) {
        snprintf(name, sizeof name, "user%u@example.com", n);
        assert_int_equal(answers(slice_of(name), bob, n, now), n > 30);
    }
    for (unsigned n = 1; n <= 30; n++) {
        snprintf(name, sizeof name, "user%u@example.com", n);
        comes(slice_of(name), bob, 1000 + n, now);
        assert_int_equal(answers(slice_of(name), bob, 1000 + n, now), 1);
    }
    assert_int_equal(answered(), KEPT / 10);
}

/* "SCAN pending" without an index reads each vector that waits, as what is looked at stands behind it. */
static bool reads_every_row(sqlite3_stmt *statement)
{
    char text[1024];
    sqlite3_stmt *plan;
    bool reads = false;
    snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", sqlite3_sql(statement));
    assert_int_equal(sqlite3_prepare_v2(labels->db, text, -1, &plan, NULL), SQLITE_OK);
    while (sqlite3_step(plan) == SQLITE_ROW) {
        struct slice step = database_text(plan, 3);
        reads |= slice_eq(step, SLICE("SCAN pending")) || slice_eq(step, SLICE("SCAN p"));
    }
    sqlite3_finalize(plan);
    return reads;
}

TEST(test_however_many_wait_one_more_costs_no_look_at_all_of_them)
{
    static const enum labels_statement often[] = {
        LABELS_LEFT_AGAIN,       LABELS_LEFT_MANY,      LABELS_LEFT_CONTRARY,
        LABELS_LEFT_GONE,        LABELS_LEFT_RIPE,      LABELS_LEFT_LABEL,
        LABELS_LEFT_COUNT,       LABELS_ANSWERABLE_ADD, LABELS_ANSWERABLE_MANY,
        LABELS_ANSWERABLE_OLD,   LABELS_ANSWERED_FIND,  LABELS_ANSWERED_LABEL,
        LABELS_ANSWERABLE_COUNT, LABELS_ANSWERED_OVER,  LABELS_ANSWERABLE_FIND};
    for (size_t i = 0; i < sizeof often / sizeof *often; i++)
        if (reads_every_row(labels->statements[often[i]]))
            fail_msg("%s", sqlite3_sql(labels->statements[often[i]]));
}

TEST(test_where_answers_say_nothing_nothing_waits_and_what_waited_goes)
{
    comes(jane, bob, 1, now);
    bounds.answered = 0;
    open_again();
    assert_int_equal(answers(jane, bob, 1, now), 0);
    labels_prune(labels, now);
    assert_int_equal(answerable(), 0);
    comes(jane, bob, 2, now);
    assert_int_equal(answerable(), 0);
}

/* ---- what people say ---- */

TEST(test_what_he_has_called_spam_is_not_good_for_being_answered)
{
    comes(jane, bob, 1, now);
    comes(joe, bob, 1, now);
    says(jane, LABEL_SPAM, 1, reference_of(1));
    assert_int_equal(answerable(), 1);
    assert_int_equal(answers(jane, bob, 1, now), 0);
    comes(jane, bob, 1, now);
    assert_int_equal(answers(jane, bob, 1, now), 0);
    assert_int_equal(answered(), 0);
}

TEST(test_what_he_says_of_another_message_ends_no_waiting)
{
    comes(jane, bob, 1, now);
    says(jane, LABEL_SPAM, 2, reference_of(2));
    says(jane, LABEL_SPAM, 3, SLICE(""));
    assert_int_equal(answers(jane, bob, 1, now), 1);
}

TEST(test_what_is_called_spam_after_it_was_answered_is_spam_whoever_says_so)
{
    comes(jane, bob, 1, now);
    assert_int_equal(answers(jane, bob, 1, now), 1);
    says(jane, LABEL_SPAM, 1, reference_of(1));
    says(joe, LABEL_SPAM, 2, reference_of(1));
    size_t found;
    const char *reason;
    struct label_vote *votes = labels_votes(labels, UINT64_MAX, &found, &reason);
    assert_int_equal(found, 3);
    label_choose(votes, found);
    for (size_t i = 0; i < found; i++)
        assert_int_equal(votes[i].weight > 0, votes[i].class == LABEL_SPAM);
    free(votes);
}

TEST(test_a_build_is_told_that_nobody_has_said_so_and_that_it_counts_an_eighth)
{
    uint32_t count;
    const char *reason;
    comes(jane, bob, 1, now);
    assert_int_equal(answers(jane, bob, 1, now), 1);
    struct label_file *all = label_file_new(labels, UINT64_MAX, &count, &reason);
    assert_non_null(all);
    assert_int_equal(label_file_go_on(all, &reason), LABEL_FILE_DONE);
    int file = label_file_take(all, &count);
    label_file_free(&all);
    struct slice octets = sealed_map(file, 1 << 20);
    struct unpack in = {.left = octets};
    struct learn_item item;
    assert_true(learn_item_next(&in, &item));
    assert_true(item.quiet && item.account != 0 && item.class == LABEL_GOOD);
    assert_int_equal(item.weight, LEARN_WEIGHT / 8);
    assert_false(learn_item_next(&in, &item));
    sealed_unmap(octets);
    close(file);
}

/* ---- beside what is read and left ---- */

TEST(test_what_is_left_and_what_may_be_answered_do_not_know_each_other)
{
    const char *reason;
    struct left_read read = {.label = label_of(LABEL_GOOD, 7), .mailbox = SLICE("INBOX"), .uid = 7};
    bounds.left = DAY;
    open_again();
    read.label.how = LABEL_LEFT;
    read.label.account = jane;
    left_read_pack(&packet, &read);
    assert_true(labels_read(labels, buf_slice(&packet), now, &reason));
    buf_clear(&packet);
    comes(jane, bob, 1, now);
    assert_int_equal(counts().pending, 1);
    assert_int_equal(answerable(), 1);
    says(jane, LABEL_SPAM, 1, reference_of(77));
    assert_int_equal(labels_ripen(labels, now + DAY), 1);
    assert_int_equal(answerable(), 1);
    struct left_gone gone = {
        .account = jane, .mailbox = SLICE("INBOX"), .ranges = {{1, UINT32_MAX}}, .count = 1};
    left_gone_pack(&packet, &gone);
    assert_true(labels_gone(labels, buf_slice(&packet), &reason));
    buf_clear(&packet);
    bounds.left = 0;
    open_again();
    assert_int_equal(labels_ripen(labels, now + DAY), 0);
    assert_int_equal(answers(jane, bob, 1, now + DAY), 1);
}

/* ---- forgotten ---- */

static int64_t forget(enum learn_forget what, struct slice which)
{
    const char *reason;
    return labels_forget(labels, what, which, &reason);
}

TEST(test_what_waits_and_what_was_answered_are_forgotten_by_five_names)
{
    struct label first = label_of(LABEL_GOOD, 1);
    struct slice message = {(const char *)first.message, LABEL_MESSAGE};
    for (int answer = 0; answer < 2; answer++) {
        const struct {
            enum learn_forget what;
            struct slice which;
        } ways[] = {{LEARN_FORGET_ALL, SLICE("")},
                    {LEARN_FORGET_REFERENCE, reference_of(1)},
                    {LEARN_FORGET_MESSAGE, message},
                    {LEARN_FORGET_HOW, SLICE("answered")},
                    {LEARN_FORGET_ACCOUNT, SLICE("CORP\\Jane@example.com")}};
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
            int64_t when = now + (int64_t)(i + 10 * (unsigned)answer) * DAY;
            comes(jane, bob, 1, when);
            assert_int_equal(answers(jane, bob, answer ? 1 : 2, when), answer);
            assert_int_equal(forget(LEARN_FORGET_HOW, SLICE("left")), 0);
            assert_int_equal(forget(ways[i].what, ways[i].which), 1);
            assert_int_equal(answered() + answerable(), 0);
        }
    }
    assert_true(labels_state(labels)->forgotten);
}

static bool holds(const char *name, struct slice mark)
{
    static char octets[4 << 20];
    FILE *file = fopen(name, "r");
    assert_non_null(file);
    size_t len = fread(octets, 1, sizeof octets, file);
    fclose(file);
    return memmem(octets, len, mark.ptr, mark.len);
}

TEST(test_what_waits_names_nobody_and_is_overwritten)
{
    const char *reason;
    comes(jane, bob, 1, now);
    assert_true(labels_settle(labels, &reason));
    assert_true(holds("labels.db", reference_of(1)));
    assert_false(holds("labels.db", SLICE("jane")) || holds("labels.db", SLICE("bob@")) ||
                 holds("labels.db", id_of(1)) || holds("labels.db", SLICE("client.example")));
    assert_int_equal(forget(LEARN_FORGET_ACCOUNT, jane), 1);
    assert_false(holds("labels.db", reference_of(1)));
    assert_false(holds("labels.db-wal", reference_of(1)));
}

/* ---- what is told wrongly ---- */

TEST(test_what_cannot_wait_is_not_taken)
{
    static char room[ANSWERABLE_ID_MOST + 1];
    const char *reason;
    uint64_t count;
    struct answerable made;
    assert_false(labels_answerable(labels, SLICE("nonsense"), now, &reason));
    assert_false(labels_answered(labels, SLICE("nonsense"), now, &count, &reason));
    made = answerable_of(SLICE(""), bob, 1);
    assert_false(tell(&made, now));
    made = answerable_of(jane, SLICE(""), 1);
    assert_false(tell(&made, now));
    made = answerable_of(jane, bob, 1);
    made.label.reference = SLICE("");
    assert_false(tell(&made, now));
    made = answerable_of(jane, bob, 1);
    made.label.class = LABEL_SPAM;
    assert_false(tell(&made, now));
    made = answerable_of(jane, bob, 1);
    made.label.how = LABEL_MOVED;
    assert_false(tell(&made, now));
    made = answerable_of(jane, bob, 1);
    made.id = (struct slice){room, sizeof room};
    assert_false(tell(&made, now));
    made.id = SLICE("");
    assert_false(tell(&made, now));
    assert_int_equal(answerable(), 0);
}

TEST(test_no_proxy_says_that_something_was_answered)
{
    struct labels_taken taken;
    const char *reason;
    struct label label = label_of(LABEL_GOOD, 1);
    label.how = LABEL_ANSWERED;
    label.account = jane;
    add_label(&packet, &label);
    assert_false(labels_take(labels, buf_slice(&packet), LABELS_OF_PROXIES, now, &taken, &reason));
}
