/* SPDX-License-Identifier: ISC
 * Labels of two gateways, and the stream that both read, as Redis would have it. */
#include "keeper/labels_shared.h"

#include "common/left.h"
#include "keeper/sharing_model.h"
#include "tests/harness/labels.h"

#include <sys/stat.h>

enum { DAY = 86400, GATEWAYS = 2, ENTRIES_MOST = 64, ROOM = 128 * 1024 };

struct gateway {
    struct labels *labels;
    size_t read; /* entries of the stream */
};

static struct gateway gateways[GATEWAYS], *one = &gateways[0], *two = &gateways[1];
static struct sharing_keys keys;
static struct seal_key seal;
static const struct labels_bounds bounds = {10000, 180 * DAY, DAY, DAY};
static const int64_t now = 1700000000;
static const struct slice jane = SLICE("jane@example.com");
static const char *reason = "";
static struct labels_heard heard;

/* The stream: an entry that was taken out is empty. */
static struct buf entries[ENTRIES_MOST];
static size_t count;

static void open_gateway(struct gateway *gateway, const char *folder)
{
    mkdir(folder, 0700);
    assert_int_equal(chdir(folder), 0);
    if (!(gateway->labels = labels_open(&bounds, &reason)))
        fail_msg("%s", reason);
    assert_int_equal(chdir(".."), 0);
    labels_seal_to(gateway->labels, &seal);
}

static void share(struct gateway *gateway)
{
    assert_true(labels_share_by(gateway->labels, &keys, SLICE("gatepost:"), &reason));
}

static void begin(void)
{
    unsigned char secret[LEARN_SHARED] = {7}, public[SEAL_KEY] = {9};
    enter_folder();
    assert_true(seal_key_of(public, &seal));
    assert_true(sharing_keys_of(secret, &keys));
    open_gateway(one, "one");
    open_gateway(two, "two");
    share(one);
    share(two);
    count = one->read = two->read = 0;
}

static void end(void)
{
    for (size_t i = 0; i < count; i++)
        buf_release(&entries[i]);
    labels_close(&one->labels);
    labels_close(&two->labels);
    leave_folder();
}

EACH_TEST(begin, end);

/* ---- the stream ---- */

static void put(struct slice entry)
{
    assert_true(count < ENTRIES_MOST);
    entries[count] = buf_init(ROOM);
    assert_true(buf_append(&entries[count], entry));
    count++;
}

static void take_out(struct slice place)
{
    uint64_t number;
    size_t dash = place.len - 2;
    assert_true(slice_to_u64(slice_sub(place, 0, dash), count, &number));
    buf_clear(&entries[number - 1]);
}

static size_t left(void)
{
    size_t there = 0;
    for (size_t i = 0; i < count; i++)
        there += buf_len(&entries[i]) > 0;
    return there;
}

static void read_all(struct gateway *gateway)
{
    static struct sharing_words words;
    static char places[ENTRIES_MOST][LABELS_PLACE];
    words.count = 0;
    for (; gateway->read < count; gateway->read++) {
        if (buf_len(&entries[gateway->read]) == 0)
            continue;
        snprintf(places[gateway->read], LABELS_PLACE, "%zu-0", gateway->read + 1);
        sharing_say(&words, slice_of(places[gateway->read]));
        sharing_say(&words, buf_slice(&entries[gateway->read]));
    }
    if (!labels_hear(gateway->labels, &words, 0, now, &heard, &reason))
        fail_msg("%s", reason);
}

/* Reads, tells all that there is, and reads that. */
static void tell(struct gateway *gateway)
{
    struct labels_telling telling;
    read_all(gateway);
    assert_true(labels_to_tell(gateway->labels, &telling, &reason));
    for (size_t i = 0; i < telling.gone.count; i++)
        take_out(telling.gone.each[i]);
    for (size_t i = 0; i < telling.entries.count; i++)
        put(telling.entries.each[i]);
    labels_told(gateway->labels, &telling);
    labels_telling_free(&telling);
    read_all(gateway);
}

/* ---- labels ---- */

static void label(struct gateway *gateway, enum label_class class, unsigned n, struct slice account)
{
    struct labels_taken taken;
    struct buf packet = buf_init(ROOM);
    struct label label = label_of(class, n);
    label.account = account;
    label.message[LABEL_MESSAGE - 1] = 0; /* of whatever class, it is the same */
    add_label(&packet, &label);
    if (!labels_take(gateway->labels, buf_slice(&packet), LABELS_OF_ADMIN, now, &taken, &reason))
        fail_msg("%s", reason);
    buf_release(&packet);
}

static uint64_t known(const struct gateway *gateway, enum label_class class)
{
    struct labels_counts counts;
    uint64_t sum = 0;
    assert_true(labels_counts(gateway->labels, &counts, &reason));
    for (int how = 0; how < LABEL_HOWS; how++)
        sum += counts.of[how][class];
    return sum;
}

static void forget(struct gateway *gateway, enum learn_forget what, struct slice which)
{
    assert_true(labels_forget(gateway->labels, what, which, &reason) >= 0);
}

TEST(test_what_one_tells_all_know_and_nothing_is_told_twice)
{
    label(one, LABEL_SPAM, 1, SLICE(""));
    label(one, LABEL_GOOD, 2, jane);
    tell(one);
    assert_int_equal(labels_untold(one->labels), 0);
    read_all(two);
    assert_int_equal(heard.taken, 2);
    assert_int_equal(known(two, LABEL_SPAM), 1);
    assert_int_equal(known(two, LABEL_GOOD), 1);
    tell(two);
    tell(one);
    assert_int_equal(count, 2);
}

TEST(test_an_account_is_the_same_at_all_and_one_may_take_back_at_another_what_it_said)
{
    label(one, LABEL_SPAM, 1, jane);
    tell(one);
    tell(two);
    label(two, LABEL_GOOD, 1, SLICE("Jane@Example.com"));
    tell(two);
    read_all(one);
    assert_int_equal(known(one, LABEL_SPAM), 0);
    assert_int_equal(known(one, LABEL_GOOD), 1);
    tell(one);
    assert_int_equal(left(), 1);
}

TEST(test_what_two_say_at_once_of_the_same_is_in_the_end_the_same_at_both)
{
    label(one, LABEL_SPAM, 1, SLICE(""));
    label(two, LABEL_GOOD, 1, SLICE(""));
    tell(one);
    tell(two);
    tell(one);
    tell(two);
    assert_int_equal(known(one, LABEL_GOOD), 1);
    assert_int_equal(known(two, LABEL_GOOD), 1);
    assert_int_equal(known(one, LABEL_SPAM) + known(two, LABEL_SPAM), 0);
    assert_int_equal(left(), 1);
}

TEST(test_what_one_forgets_all_forget_and_it_is_taken_out_of_the_stream)
{
    static const struct {
        enum learn_forget what;
        struct slice which;
    } ways[] = {{LEARN_FORGET_ACCOUNT, SLICE("jane@example.com")},
                {LEARN_FORGET_HOW, SLICE("imported")},
                {LEARN_FORGET_ALL, SLICE("")}};
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        label(one, LABEL_SPAM, 1, jane);
        tell(one);
        tell(two);
        size_t before = left();
        forget(two, ways[i].what, ways[i].which);
        tell(two);
        tell(two);
        read_all(one);
        assert_int_equal(known(one, LABEL_SPAM), 0);
        assert_int_equal(heard.forgotten, 1);
        assert_int_equal(left(), before); /* the label has gone, that it was forgotten has come */
        assert_true(labels_state(one->labels)->forgotten);
        assert_false(labels_forget_untold(two->labels));
        assert_int_equal(labels_share(one->labels)->forgot[0],
                         labels_share(two->labels)->forgot[0]);
        tell(one);
    }
}

TEST(test_what_is_said_again_after_it_was_forgotten_stays)
{
    label(one, LABEL_SPAM, 1, SLICE(""));
    tell(one);
    forget(one, LEARN_FORGET_ALL, SLICE(""));
    label(one, LABEL_GOOD, 1, SLICE(""));
    tell(one);
    tell(one);
    read_all(two);
    assert_int_equal(known(one, LABEL_GOOD), 1);
    assert_int_equal(known(two, LABEL_GOOD), 1);
    assert_int_equal(known(two, LABEL_SPAM), 0);
}

TEST(test_an_entry_that_somebody_tells_again_brings_nothing_back)
{
    label(one, LABEL_SPAM, 1, SLICE(""));
    tell(one);
    read_all(two);
    struct buf copy = buf_init(ROOM);
    buf_append(&copy, buf_slice(&entries[0]));
    forget(one, LEARN_FORGET_ALL, SLICE(""));
    tell(one);
    read_all(two);
    assert_int_equal(known(two, LABEL_SPAM), 0);
    put(buf_slice(&copy));
    read_all(two);
    read_all(one);
    assert_int_equal(known(two, LABEL_SPAM) + known(one, LABEL_SPAM), 0);
    buf_release(&copy);
}

TEST(test_what_nobody_with_the_key_has_made_or_somebody_has_changed_is_refused)
{
    label(one, LABEL_SPAM, 1, SLICE(""));
    tell(one);
    struct buf *entry = &entries[0];
    for (size_t i = 0; i < buf_len(entry); i += i < 64 ? 1 : 97) {
        put(buf_slice(entry));
        entries[count - 1].data[entries[count - 1].head + i] ^= 1;
        two->read = count - 1;
        read_all(two);
        assert_int_equal(heard.refused, 1);
        buf_release(&entries[--count]);
        two->read = count;
        labels_share_anew(two->labels, SLICE("e"));
    }
    assert_int_equal(known(two, LABEL_SPAM), 0);
}

TEST(test_what_comes_out_of_order_is_not_read)
{
    struct sharing_words words = {.count = 0};
    label(one, LABEL_SPAM, 1, SLICE(""));
    tell(one);
    sharing_say(&words, SLICE("5-0"));
    sharing_say(&words, SLICE("x"));
    sharing_say(&words, SLICE("1-0"));
    sharing_say(&words, buf_slice(&entries[0]));
    assert_true(labels_hear(two->labels, &words, 0, now, &heard, &reason));
    assert_int_equal(heard.refused, 1);
    assert_int_equal(heard.taken, 0);
    assert_string_equal(labels_share(two->labels)->cursor, "5-0");
}

static void copy_file(const char *from, const char *to)
{
    static char octets[4 << 20];
    FILE *file = fopen(from, "r");
    assert_non_null(file);
    size_t len = fread(octets, 1, sizeof octets, file);
    fclose(file);
    assert_non_null(file = fopen(to, "w"));
    assert_int_equal(fwrite(octets, 1, len, file), len);
    fclose(file);
}

static void close_gateway(struct gateway *gateway)
{
    assert_true(labels_settle(gateway->labels, &reason));
    labels_close(&gateway->labels);
}

TEST(test_a_database_that_is_restored_from_before_takes_back_what_it_has_told_since)
{
    label(one, LABEL_SPAM, 1, SLICE(""));
    tell(one);
    close_gateway(one);
    copy_file("one/labels.db", "kept");
    open_gateway(one, "one");
    share(one);
    label(one, LABEL_SPAM, 2, SLICE(""));
    label(one, LABEL_SPAM, 3, SLICE(""));
    tell(one);
    read_all(two);
    close_gateway(one);
    copy_file("kept", "one/labels.db");
    open_gateway(one, "one");
    share(one);
    label(one, LABEL_GOOD, 4, SLICE("")); /* it has the number that 2 had */
    one->read = 1;
    tell(one);
    tell(one);
    read_all(two);
    assert_int_equal(known(one, LABEL_SPAM), 3);
    assert_int_equal(known(two, LABEL_SPAM), 3);
    assert_int_equal(known(one, LABEL_GOOD), 1);
    assert_int_equal(known(two, LABEL_GOOD), 1);
    assert_int_equal(left(), 4);
}

TEST(test_what_is_heard_replaces_what_we_said_under_a_key_that_is_no_more)
{
    unsigned char public[SEAL_KEY] = {5};
    label(one, LABEL_SPAM, 1, SLICE(""));
    assert_true(seal_key_of(public, &seal));
    labels_seal_to(one->labels, &seal);
    labels_seal_to(two->labels, &seal);
    label(two, LABEL_GOOD, 1, SLICE(""));
    tell(two);
    read_all(one);
    assert_int_equal(known(one, LABEL_GOOD), 1);
    assert_int_equal(known(one, LABEL_SPAM), 0);
}

TEST(test_when_the_stream_is_lost_each_tells_its_own_again)
{
    label(one, LABEL_SPAM, 1, SLICE(""));
    label(two, LABEL_GOOD, 2, SLICE(""));
    tell(one);
    tell(two);
    read_all(one);
    for (size_t i = 0; i < count; i++)
        buf_release(&entries[i]);
    count = one->read = two->read = 0;
    assert_true(labels_share_anew(one->labels, SLICE("")));
    assert_true(labels_share_anew(two->labels, SLICE("")));
    tell(one);
    tell(two);
    read_all(one);
    assert_int_equal(count, 2);
    assert_int_equal(known(one, LABEL_SPAM) + known(one, LABEL_GOOD), 2);
    assert_int_equal(known(two, LABEL_SPAM) + known(two, LABEL_GOOD), 2);
}

TEST(test_what_was_read_is_known_after_a_start)
{
    char cursor[LABELS_PLACE];
    label(one, LABEL_SPAM, 1, SLICE(""));
    tell(one);
    read_all(two);
    memcpy(cursor, labels_share(two->labels)->cursor, sizeof cursor);
    assert_string_equal(cursor, "1-0");
    labels_close(&two->labels);
    open_gateway(two, "two");
    assert_null(labels_share(two->labels));
    share(two);
    assert_string_equal(labels_share(two->labels)->cursor, cursor);
}

static size_t votes(const struct gateway *gateway)
{
    size_t n = 0;
    free(labels_votes(gateway->labels, UINT64_MAX, &n, &reason));
    return n;
}

TEST(test_what_users_said_before_labels_were_shared_counts_no_more_and_is_not_told)
{
    labels_close(&one->labels);
    open_gateway(one, "one");
    label(one, LABEL_SPAM, 1, jane);
    label(one, LABEL_SPAM, 2, SLICE(""));
    assert_int_equal(votes(one), 2);
    share(one);
    assert_int_equal(votes(one), 1);
    tell(one);
    assert_int_equal(count, 1);
    forget(one, LEARN_FORGET_ACCOUNT, jane);
    assert_int_equal(known(one, LABEL_SPAM), 1);
}

TEST(test_an_account_is_forgotten_by_both_its_names_once_they_are_known)
{
    label(one, LABEL_SPAM, 1, jane);
    labels_close(&one->labels);
    open_gateway(one, "one"); /* it does not share any more */
    label(one, LABEL_GOOD, 2, jane);
    assert_int_equal(labels_forget(one->labels, LEARN_FORGET_ACCOUNT, jane, &reason), -1);
    assert_string_equal(reason, LABELS_NO_NAMES);
    labels_share_no_more(one->labels, &keys);
    assert_null(labels_share(one->labels));
    assert_int_equal(labels_forget(one->labels, LEARN_FORGET_ACCOUNT, jane, &reason), 2);
    label(one, LABEL_GOOD, 3, jane);
    share(one);
    label(one, LABEL_GOOD, 4, jane);
    assert_int_equal(labels_forget(one->labels, LEARN_FORGET_ACCOUNT, jane, &reason), 2);
}

static void read_one(struct gateway *gateway, unsigned n, int64_t when)
{
    struct buf packet = buf_init(ROOM);
    struct left_read read = {.label = label_of(LABEL_GOOD, n), .mailbox = SLICE("INBOX"), .uid = n};
    read.label.how = LABEL_LEFT;
    read.label.account = jane;
    left_read_pack(&packet, &read);
    if (!labels_read(gateway->labels, buf_slice(&packet), when, &reason))
        fail_msg("%s", reason);
    buf_release(&packet);
}

static void uses_junk(struct gateway *gateway, unsigned n)
{
    struct labels_taken taken;
    struct buf packet = buf_init(ROOM);
    struct label label = label_of(LABEL_SPAM, n);
    label.how = LABEL_MOVED;
    label.account = jane;
    add_label(&packet, &label);
    assert_true(
        labels_take(gateway->labels, buf_slice(&packet), LABELS_OF_PROXIES, now, &taken, &reason));
    buf_release(&packet);
}

static uint64_t pending(const struct gateway *gateway)
{
    struct labels_counts counts;
    assert_true(labels_counts(gateway->labels, &counts, &reason));
    return counts.pending;
}

TEST(test_what_waits_by_other_names_is_no_label_and_what_waits_by_those_of_now_is_told)
{
    labels_close(&one->labels);
    open_gateway(one, "one");
    uses_junk(one, 1);
    read_one(one, 2, now);
    assert_int_equal(pending(one), 1);
    share(one);
    uses_junk(one, 3);
    read_one(one, 4, now);
    assert_int_equal(labels_ripen(one->labels, now + DAY), 1);
    assert_int_equal(pending(one), 0);
    tell(one);
    read_all(two);
    assert_int_equal(known(two, LABEL_GOOD), 1);
    read_one(one, 5, now);
    labels_close(&one->labels);
    open_gateway(one, "one"); /* it does not share any more */
    assert_int_equal(labels_ripen(one->labels, now + DAY), 0);
    assert_int_equal(pending(one), 0);
}

TEST(test_a_label_has_the_same_name_at_all)
{
    size_t here, there;
    label(two, LABEL_GOOD, 9, SLICE(""));
    label(one, LABEL_SPAM, 1, jane);
    tell(one);
    read_all(two);
    struct label_name *ours = labels_names(one->labels, &here),
                      *theirs = labels_names(two->labels, &there);
    assert_int_equal(here, 1);
    assert_int_equal(there, 2);
    assert_int_equal(ours[0].name, theirs[1].name);
    assert_int_not_equal(ours[0].name, theirs[0].name);
    free(ours);
    free(theirs);
}

static void add_model(struct gateway *gateway, struct models *models, struct buf *sealed)
{
    struct model_entry entry = {.number = 1, .until = 77, .weights = true};
    struct buf predictions = buf_init(ROOM);
    size_t n;
    struct label_name *names = labels_names(gateway->labels, &n);
    for (size_t i = 0; i < n; i++)
        learn_prediction_pack(&predictions, &(struct learn_prediction){.number = names[i].number});
    assert_true(models_add(models, &entry, SLICE("model"), buf_slice(&predictions), &reason));
    assert_true(sharing_model_seal(gateway->labels, SLICE("gatepost:"), models,
                                   models_in_use(models), sealed, &reason));
    free(names);
    buf_release(&predictions);
}

TEST(test_a_model_of_another_has_learnt_no_label_behind_the_last_that_it_tells_of)
{
    struct models *theirs = models_open("theirs", &reason), *ours = models_open("ours", &reason);
    struct buf sealed = buf_init(1 << 20);
    label(two, LABEL_GOOD, 1, SLICE(""));
    label(one, LABEL_SPAM, 2, jane);
    label(one, LABEL_SPAM, 3, SLICE(""));
    tell(one);
    read_all(two);
    label(two, LABEL_GOOD, 4, SLICE(""));
    label(two, LABEL_GOOD, 5, SLICE(""));
    add_model(one, theirs, &sealed);
    sharing_model_take(two->labels, SLICE("gatepost:"), ours, 9, buf_slice(&sealed), &reason);
    assert_non_null(models_in_use(ours));
    assert_int_equal(models_in_use(ours)->until, 3);
    assert_int_equal(labels_after(two->labels, models_in_use(ours)->until), 2);
    models_close(&theirs);
    models_close(&ours);
    buf_release(&sealed);
}

TEST(test_places_are_in_the_order_of_their_numbers)
{
    assert_true(labels_place_after("10-0", "9-5"));
    assert_true(labels_place_after("10-2", "10-1"));
    assert_false(labels_place_after("10-1", "10-1"));
    assert_false(labels_place_after("9-9", "10-0"));
    assert_false(labels_place_after("x", "1-0"));
    assert_true(labels_place_after("1-0", ""));
}
