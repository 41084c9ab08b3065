/* SPDX-License-Identifier: ISC
 * What users read and leave where it is becomes a label; and how far proxies are believed. */
#include "common/left.h"
#include "keeper/labels.h"
#include "keeper/unseal.h"
#include "tests/harness/labels.h"

enum { HOUR = 3600, DAY = 86400, WEEK = 7 * DAY, KEPT = 1000 };

static struct labels *labels;
static struct labels_taken taken;
static struct buf packet;
static struct unseal_keys keys;
static const int64_t now = 1700000000;
static struct labels_bounds bounds;
static const struct slice jane = SLICE("jane@example.com"), joe = SLICE("joe@example.com"),
                          inbox = SLICE("INBOX");

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
    bounds = (struct labels_bounds){.count = KEPT, .age = 180 * DAY, .left = WEEK};
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

static struct label label_by(struct slice account, enum label_how how, unsigned number)
{
    struct label label = label_of(LABEL_GOOD, number);
    label.how = how;
    label.account = account;
    label.reference = SLICE("0123456789ab");
    return label;
}

static bool take(enum labels_from from, struct label label, int64_t when)
{
    const char *reason;
    add_label(&packet, &label);
    bool ok = labels_take(labels, buf_slice(&packet), from, when, &taken, &reason);
    buf_clear(&packet);
    return ok;
}

static void uses_junk(struct slice account, int64_t when)
{
    struct label label = label_by(account, LABEL_MOVED, 9999);
    label.class = LABEL_SPAM;
    assert_true(take(LABELS_OF_PROXIES, label, when));
}

static bool read_in(struct slice mailbox, struct slice account, unsigned number, uint32_t uid,
                    int64_t when)
{
    const char *reason;
    struct left_read read = {
        .label = label_by(account, LABEL_LEFT, number), .mailbox = mailbox, .uid = uid};
    left_read_pack(&packet, &read);
    bool ok = labels_read(labels, buf_slice(&packet), when, &reason);
    buf_clear(&packet);
    return ok;
}

static void reads(struct slice account, unsigned number, int64_t when)
{
    assert_true(read_in(inbox, account, number, number, when));
}

static void loses(struct slice mailbox, struct slice account, uint32_t from, uint32_t to)
{
    const char *reason;
    struct left_gone gone = {
        .account = account, .mailbox = mailbox, .ranges = {{1000, 1001}, {from, to}}, .count = 2};
    left_gone_pack(&packet, &gone);
    assert_true(labels_gone(labels, buf_slice(&packet), &reason));
    buf_clear(&packet);
}

static struct labels_counts counts(void)
{
    struct labels_counts found;
    const char *reason;
    assert_true(labels_counts(labels, &found, &reason));
    return found;
}

static uint64_t left(void)
{
    return counts().of[LABEL_LEFT][LABEL_GOOD];
}

static uint64_t pending(void)
{
    return counts().pending;
}

/* ---- left ---- */

TEST(test_what_was_left_for_a_week_by_who_uses_junk_is_good_mail_of_then)
{
    uses_junk(jane, now);
    reads(jane, 1, now);
    uint64_t changes = labels_state(labels)->changes;
    assert_int_equal(labels_ripen(labels, now + WEEK - 1), 0);
    assert_int_equal(pending(), 1);
    open_again();
    assert_int_equal(labels_ripen(labels, now + WEEK), 1);
    assert_int_equal(pending(), 0);
    assert_int_equal(labels_state(labels)->changes, changes + 1);
    size_t found;
    const char *reason;
    struct label_vote *votes = labels_votes(labels, UINT64_MAX, &found, &reason);
    assert_int_equal(found, 2);
    assert_true(votes[1].how == LABEL_LEFT && votes[1].class == LABEL_GOOD && votes[1].reference);
    assert_int_equal(votes[1].account, votes[0].account);
    assert_true(labels_vector(labels, votes[1].number).len > 0);
    free(votes);
    labels_prune(labels, now + WEEK + 180 * DAY);
    assert_int_equal(left(), 1);
}

TEST(test_who_does_not_use_junk_says_nothing_by_leaving)
{
    struct label reported = label_by(jane, LABEL_REPORTED, 5);
    assert_true(take(LABELS_OF_PROXIES, reported, now));
    uses_junk(joe, now);
    reads(jane, 1, now);
    assert_int_equal(labels_ripen(labels, now + WEEK), 0);
    assert_int_equal(pending(), 0);
    assert_int_equal(left(), 0);
}

TEST(test_who_has_used_junk_long_ago_does_not_any_more)
{
    uses_junk(jane, now);
    reads(jane, 1, now + 175 * DAY);
    assert_int_equal(labels_ripen(labels, now + 175 * DAY + WEEK), 0);
}

TEST(test_what_he_says_of_it_himself_counts_alone)
{
    uses_junk(jane, now);
    reads(jane, 1, now);
    reads(joe, 1, now);
    struct label spam = label_by(jane, LABEL_MOVED, 1);
    spam.class = LABEL_SPAM;
    assert_true(take(LABELS_OF_PROXIES, spam, now + DAY));
    assert_int_equal(pending(), 1);
    reads(jane, 1, now + DAY);
    assert_int_equal(pending(), 1);
    assert_int_equal(labels_ripen(labels, now + 2 * WEEK), 0);
    assert_int_equal(counts().of[LABEL_MOVED][LABEL_SPAM], 2);
}

TEST(test_a_label_of_leaving_gives_way_to_what_he_says)
{
    uses_junk(jane, now);
    reads(jane, 1, now);
    assert_int_equal(labels_ripen(labels, now + WEEK), 1);
    struct label spam = label_by(jane, LABEL_MOVED, 1);
    spam.class = LABEL_SPAM;
    assert_true(take(LABELS_OF_PROXIES, spam, now + WEEK + 1));
    assert_int_equal(left(), 0);
    assert_int_equal(counts().of[LABEL_MOVED][LABEL_SPAM], 2);
}

TEST(test_what_is_deleted_or_called_junk_is_not_left)
{
    reads(jane, 1, now);
    reads(jane, 2, now);
    reads(jane, 3, now);
    reads(joe, 2, now);
    assert_true(read_in(SLICE("Lists"), jane, 4, 2, now));
    loses(SLICE("inbox"), jane, 2, 3);
    assert_int_equal(pending(), 3);
    loses(SLICE("Lists"), jane, 1, UINT32_MAX);
    assert_int_equal(pending(), 2);
    loses(inbox, jane, 1, 1);
    assert_int_equal(pending(), 1);
}

TEST(test_one_whose_place_is_unknown_goes_with_any)
{
    assert_true(read_in(inbox, jane, 1, 0, now));
    loses(inbox, jane, 7, 7);
    assert_int_equal(pending(), 0);
}

TEST(test_what_is_read_again_elsewhere_lies_there_and_was_read_before)
{
    uses_junk(jane, now);
    reads(jane, 1, now);
    assert_true(read_in(SLICE("Lists"), jane, 1, 77, now + DAY));
    assert_int_equal(pending(), 1);
    loses(inbox, jane, 1, 1);
    assert_int_equal(pending(), 1);
    assert_int_equal(labels_ripen(labels, now + WEEK), 1);
    reads(jane, 1, now + WEEK);
    assert_int_equal(pending(), 0);
}

TEST(test_of_a_user_five_a_day_wait_and_a_hundred_count)
{
    bounds.left = HOUR;
    open_again();
    uses_junk(jane, now);
    for (unsigned n = 1; n <= 20; n++)
        reads(jane, n, now);
    reads(joe, 1, now);
    assert_int_equal(pending(), 6);
    assert_int_equal(labels_ripen(labels, now + HOUR), 5);
    reads(jane, 21, now + 2 * HOUR);
    assert_int_equal(pending(), 0);
    for (unsigned day = 2; day < 30; day++)
        for (unsigned n = 0; n < 5; n++) {
            reads(jane, 100 * day + n, now + (int64_t)day * DAY);
            labels_ripen(labels, now + (int64_t)day * DAY + HOUR);
        }
    assert_int_equal(left(), 100);
    assert_int_equal(counts().of[LABEL_MOVED][LABEL_SPAM], 1);
}

TEST(test_of_all_users_no_more_wait_than_a_tenth_of_the_labels)
{
    char name[32];
    for (unsigned n = 1; n <= KEPT / 10 + 50; n++) {
        snprintf(name, sizeof name, "user%u@example.com", n);
        reads(slice_of(name), n, now);
    }
    assert_int_equal(pending(), KEPT / 10);
}

TEST(test_where_leaving_says_nothing_nothing_waits)
{
    reads(jane, 1, now);
    bounds.left = 0;
    open_again();
    assert_int_equal(labels_ripen(labels, now), 0);
    assert_int_equal(pending(), 0);
    reads(jane, 1, now);
    assert_int_equal(pending(), 0);
}

TEST(test_a_clock_that_was_wrong_makes_no_label)
{
    uses_junk(jane, now);
    reads(jane, 1, now + 400 * DAY);
    assert_int_equal(labels_ripen(labels, now), 0);
    assert_int_equal(pending(), 0);
}

static int64_t forget(enum learn_forget what, struct slice which)
{
    const char *reason;
    return labels_forget(labels, what, which, &reason);
}

TEST(test_what_waits_is_forgotten_as_labels_are_and_is_in_no_model)
{
    struct label first = label_by(jane, LABEL_LEFT, 1);
    reads(jane, 1, now);
    reads(joe, 2, now);
    assert_int_equal(forget(LEARN_FORGET_ACCOUNT, SLICE("CORP\\Jane@example.com")), 1);
    assert_int_equal(pending(), 1);
    assert_int_equal(forget(LEARN_FORGET_REFERENCE, SLICE("0123456789ab")), 1);
    reads(jane, 1, now);
    assert_int_equal(
        forget(LEARN_FORGET_MESSAGE, (struct slice){(char *)first.message, LABEL_MESSAGE}), 1);
    reads(jane, 1, now);
    assert_int_equal(forget(LEARN_FORGET_HOW, SLICE("moved")), 0);
    assert_int_equal(forget(LEARN_FORGET_HOW, SLICE("left")), 1);
    reads(jane, 1, now);
    assert_int_equal(forget(LEARN_FORGET_ALL, SLICE("")), 1);
    assert_int_equal(pending(), 0);
    assert_false(labels_state(labels)->forgotten);
    assert_int_equal(labels_state(labels)->changes, 0);
}

static bool holds(const char *name, struct slice mark)
{
    static char octets[4 << 20];
    FILE *file = fopen(name, "r");
    size_t len = fread(octets, 1, sizeof octets, file);
    fclose(file);
    return memmem(octets, len, mark.ptr, mark.len);
}

TEST(test_what_waits_names_nobody_and_is_overwritten)
{
    static const struct slice mark = SLICE("0123456789ab"), mailbox = SLICE("Secret/Divorce");
    const char *reason;
    assert_true(read_in(mailbox, jane, 1, 1, now));
    assert_true(labels_settle(labels, &reason));
    assert_true(holds("labels.db", mark));
    assert_false(holds("labels.db", mailbox));
    assert_false(holds("labels.db", SLICE("jane")));
    assert_int_equal(forget(LEARN_FORGET_ACCOUNT, jane), 1);
    assert_false(holds("labels.db", mark));
    assert_false(holds("labels.db-wal", mark));
}

TEST(test_what_nobody_may_wait_for_is_not_taken)
{
    struct label label = label_by(jane, LABEL_LEFT, 1);
    const char *reason;
    assert_false(labels_read(labels, SLICE("nonsense"), now, &reason));
    assert_false(labels_gone(labels, SLICE("nonsense"), &reason));
    assert_false(read_in(inbox, SLICE(""), 1, 1, now));
    assert_false(read_in(SLICE(""), jane, 1, 1, now));
    assert_false(take(LABELS_OF_PROXIES, label, now));
    struct left_read read = {.label = label_by(jane, LABEL_LEFT, 1), .mailbox = inbox, .uid = 1};
    read.label.class = LABEL_SPAM;
    left_read_pack(&packet, &read);
    assert_false(labels_read(labels, buf_slice(&packet), now, &reason));
    buf_clear(&packet);
    assert_int_equal(pending(), 0);
}

/* ---- how far proxies are believed ---- */

TEST(test_one_user_is_one_however_he_spells_his_login)
{
    static const struct slice spellings[] = {
        SLICE("jane@example.com"), SLICE("JANE@Example.COM"), SLICE("CORP\\jane@example.com"),
        SLICE(" corp\\Jane@example.com"), SLICE("jane@example.com.")};
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        assert_true(take(LABELS_OF_PROXIES, label_by(spellings[i], LABEL_MOVED, 1), now));
    assert_int_equal(counts().of[LABEL_MOVED][LABEL_GOOD], 1);
    assert_true(take(LABELS_OF_PROXIES, label_by(joe, LABEL_MOVED, 1), now));
    assert_int_equal(counts().of[LABEL_MOVED][LABEL_GOOD], 2);
}

static void turn(unsigned number, enum label_class class, int64_t when)
{
    struct label label = label_by(jane, LABEL_MOVED, number);
    label.class = class;
    assert_true(take(LABELS_OF_PROXIES, label, when));
}

TEST(test_who_changes_his_mind_has_a_hundred_a_day)
{
    uint64_t before = labels_state(labels)->changes;
    for (unsigned n = 0; n < 300; n++)
        turn(1, n % 2 ? LABEL_SPAM : LABEL_GOOD, now + n);
    assert_int_equal(labels_state(labels)->changes - before, 1 + 100);
    turn(2, LABEL_GOOD, now + 400);
    assert_int_equal(taken.taken, 1);
    turn(1, LABEL_SPAM, now + 400);
    assert_int_equal(taken.taken, 0);
    open_again();
    turn(1, LABEL_SPAM, now + 500);
    assert_int_equal(taken.taken, 0);
    turn(1, LABEL_SPAM, now + DAY + 500);
    assert_int_equal(taken.taken, 1);
}

static bool released_there(void *ctx, struct slice reference)
{
    (void)ctx;
    return slice_eq(reference, SLICE("0123456789ab"));
}

static uint32_t taken_of_nobody(enum label_how how, unsigned number, struct slice reference)
{
    struct label label = label_by(SLICE(""), how, number);
    label.reference = reference;
    assert_true(take(LABELS_OF_PROXIES, label, now));
    return taken.taken;
}

TEST(test_a_release_is_one_that_the_keeper_knows_of_and_of_one_message)
{
    static const struct slice known = SLICE("0123456789ab"), other = SLICE("0123456789ac");
    assert_int_equal(taken_of_nobody(LABEL_RELEASED, 1, known), 0);
    labels_vouch(labels, released_there, NULL);
    assert_int_equal(taken_of_nobody(LABEL_RELEASED, 1, other), 0);
    assert_int_equal(taken_of_nobody(LABEL_RELEASED, 1, SLICE("")), 0);
    assert_int_equal(taken_of_nobody(LABEL_RELEASED, 1, known), 1);
    assert_int_equal(taken_of_nobody(LABEL_RELEASED, 2, known), 0);
    assert_int_equal(counts().of[LABEL_RELEASED][LABEL_GOOD], 1);
}

TEST(test_traps_of_a_day_are_bounded_and_what_an_admin_teaches_is_not)
{
    static const struct slice domains[] = {SLICE("@a.example"), SLICE("@b.example"),
                                           SLICE("@c.example")};
    for (size_t i = 0; i < 3; i++)
        for (unsigned n = 0; n < 110; n++)
            assert_true(take(LABELS_OF_PROXIES,
                             label_by(domains[i], LABEL_TRAP, (unsigned)i * 200 + n), now));
    assert_int_equal(counts().of[LABEL_TRAP][LABEL_GOOD], 190); /* 100 of the first, 90 */
    for (unsigned n = 1000; n < 1250; n++)
        assert_true(take(LABELS_OF_ADMIN, label_of(LABEL_SPAM, n), now));
    assert_int_equal(counts().of[LABEL_IMPORTED][LABEL_SPAM], 250);
    struct label trap = label_by(domains[0], LABEL_TRAP, 5000);
    assert_true(take(LABELS_OF_PROXIES, trap, now + DAY));
    assert_int_equal(taken.taken, 1);
}

TEST(test_what_a_user_cannot_say_is_refused)
{
    assert_false(take(LABELS_OF_PROXIES, label_by(jane, LABEL_TRAP, 1), now));
    assert_false(take(LABELS_OF_PROXIES, label_by(SLICE(""), LABEL_TRAP, 1), now));
    assert_false(take(LABELS_OF_PROXIES, label_by(SLICE("@a.example"), LABEL_MOVED, 1), now));
    assert_false(take(LABELS_OF_PROXIES, label_by(SLICE(" @a.example"), LABEL_MOVED, 1), now));
    assert_false(take(LABELS_OF_PROXIES, label_by(SLICE("X\\@a.example"), LABEL_MOVED, 1), now));
    assert_false(take(LABELS_OF_PROXIES, label_by(jane, LABEL_RELEASED, 1), now));
    assert_false(take(LABELS_OF_PROXIES, label_by(jane, LABEL_IMPORTED, 1), now));
    assert_false(take(LABELS_OF_PROXIES, label_by(SLICE(""), LABEL_MOVED, 1), now));
    assert_true(take(LABELS_OF_PROXIES, label_by(jane, LABEL_REPORTED, 1), now));
}

TEST(test_what_has_aged_out_is_a_change_and_nothing_that_was_forgotten)
{
    assert_true(take(LABELS_OF_ADMIN, label_of(LABEL_SPAM, 1), now));
    uint64_t changes = labels_state(labels)->changes;
    labels_prune(labels, now + 180 * DAY);
    assert_int_equal(labels_state(labels)->changes, changes);
    labels_prune(labels, now + 181 * DAY);
    assert_int_equal(labels_state(labels)->changes, changes + 1);
    assert_false(labels_state(labels)->forgotten);
    open_again();
    assert_int_equal(labels_state(labels)->changes, changes + 1);
}
