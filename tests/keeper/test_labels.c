/* SPDX-License-Identifier: ISC */
#include "keeper/labels.h"

#include "base/sealed_map.h"
#include "keeper/database.h"
#include "keeper/label_file.h"
#include "keeper/unseal.h"
#include "tests/harness/disk.h"
#include "tests/harness/labels.h"

#include <sys/mman.h>

enum { DAY = 86400, KEPT = 100000 };

static struct labels *labels;
static struct labels_taken taken;
static struct buf packet;
static const int64_t now = 1700000000;
static const struct labels_bounds bounds = {.count = KEPT, .age = 180 * DAY};
static const struct slice jane = SLICE("jane@example.com"), joe = SLICE("joe@example.com");
static struct unseal_keys keys;

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
    assert_true(unseal_keys_read(fixed_key, &keys, &reason));
    unseal_keys_public(&keys, 0, &key);
    labels_seal_to(labels, &key);
}

static void begin(void)
{
    enter_folder();
    disk.keeps_nothing = true;
    packet = buf_init(64 << 20);
    open_them();
}

static void end(void)
{
    disk.allowed = -1;
    disk.for_ever = false;
    labels_close(&labels);
    buf_release(&packet);
    leave_folder();
}

EACH_TEST(begin, end);

static bool take(enum labels_from from, int64_t when)
{
    const char *reason;
    bool ok = labels_take(labels, buf_slice(&packet), from, when, &taken, &reason);
    buf_clear(&packet);
    return ok;
}

static void learn(unsigned number, enum label_class class)
{
    struct label label = label_of(class, number);
    label.message[LABEL_MESSAGE - 1] = 0; /* whatever is said of it */
    add_label(&packet, &label);
    assert_true(take(LABELS_OF_ADMIN, now));
}

static void say_at(struct slice account, unsigned number, enum label_class class, int64_t when)
{
    struct label label = label_of(class, number);
    label.how = LABEL_MOVED;
    label.account = account;
    label.reference = SLICE("0123456789ab");
    label.message[LABEL_MESSAGE - 1] = 0;
    add_label(&packet, &label);
    assert_true(take(LABELS_OF_PROXIES, when));
}

static size_t count(void)
{
    size_t found;
    const char *reason;
    free(labels_votes(labels, UINT64_MAX, &found, &reason));
    return found;
}

TEST(test_of_each_message_the_last_label_of_a_user_counts)
{
    say_at(jane, 1, LABEL_SPAM, now);
    say_at(joe, 1, LABEL_SPAM, now);
    say_at(SLICE("JANE@example.com"), 1, LABEL_GOOD, now + 1);
    assert_int_equal(taken.taken, 1);
    assert_int_equal(taken.changed, 1);
    size_t found;
    const char *reason;
    struct label_vote *votes = labels_votes(labels, UINT64_MAX, &found, &reason);
    assert_int_equal(found, 2);
    assert_int_equal(votes[0].class, LABEL_SPAM);
    assert_int_equal(votes[1].class, LABEL_GOOD);
    assert_true(votes[0].account && votes[1].account && votes[0].account != votes[1].account);
    assert_true(votes[0].reference && votes[0].reference == votes[1].reference);
    free(votes);
}

TEST(test_what_is_known_already_is_told_and_changes_nothing)
{
    learn(1, LABEL_SPAM);
    uint64_t last = labels_last(labels), changes = labels_state(labels)->changes;
    learn(1, LABEL_SPAM);
    assert_int_equal(taken.known, 1);
    assert_int_equal(taken.taken, 0);
    assert_int_equal(labels_last(labels), last);
    assert_int_equal(labels_state(labels)->changes, changes);
}

TEST(test_nobody_reads_vectors_without_the_private_key)
{
    learn(1, LABEL_SPAM);
    const char *reason;
    struct slice vector = vector_like(LABEL_SPAM, 1);
    char plain[SPAM_VECTOR_MAX];
    memcpy(plain, vector.ptr, vector.len);
    assert_true(labels_settle(labels, &reason));
    FILE *file = fopen("labels.db", "r");
    static char octets[1 << 20];
    size_t len = fread(octets, 1, sizeof octets, file);
    fclose(file);
    assert_true(len > 0);
    assert_null(memmem(octets, len, plain, vector.len));
    assert_null(memmem(octets, len, plain + 4, 12));
}

static struct slice opened;
static bool keep_opened(void *ctx, struct slice octets)
{
    static char room[SPAM_VECTOR_MAX];
    (void)ctx;
    memcpy(room, octets.ptr, octets.len);
    opened = (struct slice){room, octets.len};
    return true;
}

static struct label_file *file_of_all(void)
{
    uint32_t left_out;
    const char *reason;
    struct label_file *file = label_file_new(labels, UINT64_MAX, &left_out, &reason);
    assert_non_null(file);
    return file;
}

static unsigned write_down(struct label_file *file)
{
    enum label_file_step step;
    const char *reason;
    unsigned pieces = 1;
    while ((step = label_file_go_on(file, &reason)) == LABEL_FILE_MORE)
        pieces++;
    assert_int_equal(step, LABEL_FILE_DONE);
    return pieces;
}

TEST(test_labels_of_a_build_are_written_in_pieces_without_those_that_are_forgotten_meanwhile)
{
    const char *reason;
    uint32_t count;
    struct learn_item item;
    for (unsigned n = 1; n <= 5000; n++) {
        struct label label = label_of(LABEL_SPAM, n);
        add_label(&packet, &label);
        if (n % 500 == 0)
            assert_true(take(LABELS_OF_ADMIN, now));
    }
    struct label_file *file = file_of_all();
    assert_int_equal(label_file_go_on(file, &reason), LABEL_FILE_MORE);
    assert_int_equal(labels_forget(labels, LEARN_FORGET_ALL, SLICE(""), &reason), 5000);
    write_down(file);
    int written = label_file_take(file, &count);
    label_file_free(&file);
    struct slice octets = sealed_map(written, 1 << 30);
    struct unpack in = {.left = octets};
    unsigned items = 0;
    while (learn_item_next(&in, &item))
        items++;
    assert_in_range(items, 1, 4999);
    sealed_unmap(octets);
    close(written);
}

TEST(test_a_build_is_given_each_vector_as_it_was)
{
    learn(1, LABEL_GOOD);
    learn(2, LABEL_SPAM);
    say_at(jane, 3, LABEL_SPAM, now);
    uint32_t chosen;
    const char *reason;
    struct label_file *all = file_of_all();
    write_down(all);
    int file = label_file_take(all, &chosen);
    label_file_free(&all);
    assert_true(file >= 0);
    assert_int_equal(chosen, 3); /* hers where she has company */
    struct slice octets = sealed_map(file, 1 << 20);
    struct unpack in = {.left = octets};
    struct learn_item item;
    for (unsigned number = 1; number <= 2; number++) {
        assert_true(learn_item_next(&in, &item));
        assert_int_equal(item.number, number);
        assert_int_equal(item.class, number == 1 ? LABEL_GOOD : LABEL_SPAM);
        int sealed = memfd_create("sealed", MFD_CLOEXEC);
        assert_int_equal(write(sealed, item.sealed.ptr, item.sealed.len), item.sealed.len);
        assert_true(unseal_read(sealed, &keys, LEARN_ABOUT, 1 << 20, keep_opened, NULL, &reason));
        assert_true(slice_eq(opened, vector_like(item.class, number)));
        close(sealed);
    }
    assert_true(learn_item_next(&in, &item) && item.account != 0);
    assert_false(learn_item_next(&in, &item));
    sealed_unmap(octets);
    close(file);
}

TEST(test_a_user_has_a_hundred_a_day_and_an_admin_any_number)
{
    for (unsigned n = 0; n < 110; n++)
        say_at(jane, n, LABEL_SPAM, now);
    say_at(joe, 1, LABEL_SPAM, now);
    assert_int_equal(count(), 101);
    say_at(jane, 1, LABEL_GOOD, now);
    assert_int_equal(taken.changed, 1);
    say_at(jane, 500, LABEL_GOOD, now + DAY + 1);
    assert_int_equal(count(), 102);
    for (unsigned n = 0; n < 150; n++)
        learn(n, LABEL_SPAM);
    assert_int_equal(count(), 252);
}

TEST(test_who_has_many_pushes_out_his_own)
{
    say_at(joe, 1, LABEL_SPAM, now);
    for (unsigned n = 0; n < 1010; n++)
        say_at(jane, n, LABEL_SPAM, now + (int64_t)n * 1000);
    assert_int_equal(count(), 1001);
}

TEST(test_a_proxy_imports_nothing_and_tells_no_time)
{
    struct label label = label_of(LABEL_SPAM, 1);
    add_label(&packet, &label);
    assert_false(take(LABELS_OF_PROXIES, now));
    label.how = LABEL_TRAP;
    label.account = SLICE("@trap.example");
    label.time = now - 200 * DAY;
    add_label(&packet, &label);
    assert_true(take(LABELS_OF_PROXIES, now));
    labels_prune(labels, now);
    assert_int_equal(count(), 1);
}

TEST(test_what_is_old_goes_and_the_oldest_of_too_many)
{
    struct labels_bounds few = {.count = 5, .age = 180 * DAY};
    learn(1, LABEL_SPAM);
    labels_prune(labels, now + 181 * DAY);
    assert_int_equal(count(), 0);
    labels_close(&labels);
    const char *reason;
    struct seal_key key;
    unseal_keys_public(&keys, 0, &key);
    labels = labels_open(&few, &reason);
    labels_seal_to(labels, &key);
    for (unsigned n = 0; n < 8; n++)
        learn(n, LABEL_SPAM);
    labels_prune(labels, now);
    assert_int_equal(count(), 5);
    assert_int_equal(labels_vector(labels, labels_last(labels) - 5).len, 0);
    assert_true(labels_vector(labels, labels_last(labels) - 4).len > 0);
}

TEST(test_what_users_say_pushes_out_nothing_that_an_admin_has_taught_of_his_half)
{
    struct labels_bounds few = {.count = 8, .age = 180 * DAY};
    struct seal_key key;
    const char *reason;
    labels_close(&labels);
    unseal_keys_public(&keys, 0, &key);
    labels = labels_open(&few, &reason);
    labels_seal_to(labels, &key);
    for (unsigned n = 0; n < 3; n++)
        learn(n, LABEL_GOOD);
    for (unsigned n = 100; n < 120; n++)
        say_at(n % 2 ? jane : joe, n, LABEL_SPAM, now);
    labels_prune(labels, now);
    assert_int_equal(count(), 8);
    for (uint64_t number = 1; number <= 3; number++)
        assert_true(labels_vector(labels, number).len > 0);
    for (unsigned n = 3; n < 10; n++)
        learn(n, LABEL_GOOD);
    labels_prune(labels, now);
    assert_int_equal(count(), 8);
}

static int64_t forget(enum learn_forget what, struct slice which)
{
    const char *reason;
    return labels_forget(labels, what, which, &reason);
}

TEST(test_labels_are_forgotten_in_each_of_five_ways)
{
    char message[LABEL_MESSAGE] = {4}, hex[2 * LABEL_MESSAGE + 1];
    learn(1, LABEL_SPAM);
    say_at(jane, 2, LABEL_SPAM, now);
    say_at(joe, 3, LABEL_SPAM, now);
    learn(4, LABEL_SPAM);
    learn(5, LABEL_SPAM);
    assert_int_equal(forget(LEARN_FORGET_ACCOUNT, SLICE("Jane@example.com")), 1);
    assert_int_equal(forget(LEARN_FORGET_ACCOUNT, jane), 0);
    assert_int_equal(forget(LEARN_FORGET_REFERENCE, SLICE("0123456789ab")), 1);
    assert_int_equal(forget(LEARN_FORGET_MESSAGE, (struct slice){message, sizeof message}), 1);
    message[0] = 5;
    hex_text((struct slice){message, sizeof message}, hex);
    assert_int_equal(forget(LEARN_FORGET_MESSAGE, slice_of(hex)), 1);
    assert_int_equal(count(), 1);
    learn(6, LABEL_SPAM);
    say_at(jane, 2, LABEL_SPAM, now);
    assert_int_equal(forget(LEARN_FORGET_HOW, SLICE("imported")), 2);
    assert_int_equal(forget(LEARN_FORGET_ALL, SLICE("")), 1);
    assert_int_equal(count(), 0);
}

TEST(test_what_names_no_labels_forgets_none)
{
    learn(1, LABEL_SPAM);
    assert_int_equal(forget(LEARN_FORGET_ALL, SLICE("x")), -1);
    assert_int_equal(forget(LEARN_FORGET_REFERENCE, SLICE("")), -1);
    assert_int_equal(forget(LEARN_FORGET_MESSAGE, SLICE("1234")), -1);
    assert_int_equal(forget(LEARN_FORGET_HOW, SLICE("dreamt")), -1);
    assert_int_equal(count(), 1);
    assert_false(labels_state(labels)->forgotten);
}

TEST(test_what_is_forgotten_is_in_no_file_any_more)
{
    static char octets[4 << 20];
    static const struct slice mark = SLICE("reference-of-a-forgotten-one");
    struct label label = label_of(LABEL_SPAM, 1);
    label.reference = mark;
    add_label(&packet, &label);
    assert_true(take(LABELS_OF_ADMIN, now));
    assert_int_equal(forget(LEARN_FORGET_REFERENCE, mark), 1);
    static const char *const names[] = {"labels.db", "labels.db-wal"};
    for (size_t i = 0; i < 2; i++) {
        FILE *file = fopen(names[i], "r");
        size_t len = fread(octets, 1, sizeof octets, file);
        fclose(file);
        assert_null(memmem(octets, len, mark.ptr, mark.len));
    }
}

TEST(test_a_packet_that_cannot_be_read_leaves_nothing)
{
    struct label label = label_of(LABEL_SPAM, 1);
    add_label(&packet, &label);
    pack_slice(&packet, SLICE("nonsense"));
    assert_false(take(LABELS_OF_ADMIN, now));
    buf_append(&packet, SLICE("\xff\xff\xff\xff"));
    assert_false(take(LABELS_OF_ADMIN, now));
    assert_int_equal(count(), 0);
    assert_int_equal(taken.taken, 0);
    assert_int_equal(labels_state(labels)->changes, 0);
}

TEST(test_without_a_key_none_is_taken_and_those_of_another_key_are_not_learnt)
{
    const char *reason;
    struct seal_key other;
    learn(1, LABEL_SPAM);
    labels_close(&labels);
    labels = labels_open(&bounds, &reason);
    struct label label = label_of(LABEL_SPAM, 2);
    add_label(&packet, &label);
    assert_false(take(LABELS_OF_ADMIN, now));
    assert_true(seal_key_of((const unsigned char *)"another key, of thirty-two octet", &other));
    labels_seal_to(labels, &other);
    assert_int_equal(count(), 0);
    learn(1, LABEL_SPAM);
    assert_int_equal(taken.known, 0);
    assert_int_equal(count(), 1);
}

/* The form that it had with features of before. */
static void make_of_before(void)
{
    sqlite3 *db;
    learn(1, LABEL_SPAM);
    labels_close(&labels);
    assert_true(database_open("labels.db", DATABASE_SOON, &db));
    assert_true(database_run(db, "DROP INDEX pending_name; DROP INDEX pending_read;"
                                 "DROP INDEX pending_answerable;"
                                 "ALTER TABLE pending DROP COLUMN name;"
                                 "ALTER TABLE pending DROP COLUMN names;"
                                 "PRAGMA user_version = 3"));
    sqlite3_close(db);
}

TEST(test_what_was_taught_by_features_of_before_goes_and_can_be_taught_again)
{
    uint64_t changes;
    make_of_before();
    open_them();
    changes = labels_state(labels)->changes;
    assert_int_equal(changes, 2);
    assert_int_equal(count(), 0);
    learn(1, LABEL_SPAM);
    assert_int_equal(taken.taken, 1);
    labels_close(&labels);
    open_them();
    assert_int_equal(count(), 1);
}

TEST(test_what_is_known_of_builds_is_known_later)
{
    struct labels_state state = {
        .built = 3, .forgotten = true, .time = now, .outcome = "worse", .reason = "why"};
    learn(1, LABEL_SPAM);
    assert_true(labels_set_state(labels, &state));
    assert_int_equal(labels_state(labels)->changes, 1);
    labels_close(&labels);
    open_them();
    assert_int_equal(labels_state(labels)->changes, 1);
    assert_int_equal(labels_state(labels)->built, 3);
    assert_true(labels_state(labels)->forgotten);
    assert_int_equal(labels_state(labels)->time, now);
    assert_string_equal(labels_state(labels)->outcome, "worse");
    assert_string_equal(labels_state(labels)->reason, "why");
}

TEST(test_counts_are_by_how_and_class)
{
    struct labels_counts counts;
    const char *reason;
    learn(1, LABEL_SPAM);
    learn(2, LABEL_SPAM);
    learn(3, LABEL_GOOD);
    say_at(jane, 4, LABEL_GOOD, now);
    assert_true(labels_counts(labels, &counts, &reason));
    assert_int_equal(counts.of[LABEL_IMPORTED][LABEL_SPAM], 2);
    assert_int_equal(counts.of[LABEL_IMPORTED][LABEL_GOOD], 1);
    assert_int_equal(counts.of[LABEL_MOVED][LABEL_GOOD], 1);
    assert_int_equal(counts.of[LABEL_MOVED][LABEL_SPAM], 0);
}

static size_t synced;
static void note_syncs(const struct disk_call *call)
{
    synced += call->kind == DISK_SYNC;
}

TEST(test_what_is_acknowledged_is_on_the_disk_before)
{
    const char *reason;
    synced = 0;
    disk.note = note_syncs;
    learn(1, LABEL_SPAM);
    size_t before = synced;
    assert_true(labels_settle(labels, &reason));
    disk.note = NULL;
    assert_true(synced > before);
}

TEST(test_wherever_the_disk_is_full_all_that_was_acknowledged_is_there)
{
    unsigned acknowledged = 0, refused = 0;
    for (long allowed = 0; allowed < 120; allowed++) {
        const char *reason;
        for (unsigned i = 0; i < 3; i++) {
            struct label label = label_of(LABEL_SPAM, (unsigned)allowed * 3 + i);
            add_label(&packet, &label);
        }
        disk.allowed = allowed;
        disk.for_ever = true;
        bool ok = take(LABELS_OF_ADMIN, now) && labels_settle(labels, &reason);
        disk.allowed = -1;
        disk.for_ever = false;
        acknowledged += ok ? 3 : 0;
        refused += !ok;
        labels_close(&labels);
        open_them();
        assert_true(count() >= acknowledged);
        assert_int_equal(count() % 3, 0);
    }
    assert_true(refused > 10 && acknowledged > 30);
}
