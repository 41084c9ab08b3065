/* SPDX-License-Identifier: ISC
 * What a history keeps of people. */
#include "tests/harness/history.h"

static struct history *open_less(enum personal_how how, int64_t age)
{
    struct history_bounds bounds = {.age = 30 * DAY,
                                    .size = 1024 * MEGABYTE,
                                    .personal = {.how = how, .key = {1, 2}},
                                    .personal_age = age};
    const char *reason = "";
    history_close(&history);
    struct history *opened = history_open(path, &bounds, &reason);
    if (!opened)
        fail_msg("%s", reason);
    return opened;
}

static void add_people(int64_t time, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct record r = message(time + (int64_t)i, "abcdef012345.1", "zwetschge@client.example");
        r.subject = SLICE("zwetschgenkuchen");
        add(history, &r);
    }
    history_commit(history);
}

static struct slice first_from;
static size_t people_found;

static bool take_people(void *ctx, int64_t number, struct slice octets)
{
    struct record r;
    (void)ctx, (void)number;
    assert_true(record_decode(octets, arena, &r));
    first_from = arena_copy(arena, r.from);
    people_found++;
    return true;
}

static size_t find_people(const char *text, bool whole)
{
    struct history_query query = {.text = slice_of(text), .whole = whole, .most = 10000};
    const char *reason;
    int64_t left;
    people_found = 0;
    assert_true(history_find(history, &query, take_people, NULL, &left, &reason));
    return people_found;
}

/* As far as one look goes. */
static int64_t forget(struct slice address, const char **reason)
{
    int64_t before = 0;
    return history_forget(history, address, &before, reason);
}

static bool files_have(const char *word)
{
    bool has = false;
    char name[400];
    DIR *entries = opendir(folder);
    for (struct dirent *e; (e = readdir(entries));) {
        snprintf(name, sizeof name, "%s/%s", folder, e->d_name);
        FILE *file = fopen(name, "r");
        char *octets = file ? calloc(1, 16 * MEGABYTE) : NULL;
        size_t len = octets ? fread(octets, 1, 16 * MEGABYTE - 1, file) : 0;
        has = has || (len && memmem(octets, len, word, strlen(word)));
        free(octets);
        if (file)
            fclose(file);
    }
    closedir(entries);
    return has;
}

static void tidy_up(void)
{
    while (history_tidy(history, true))
        ;
}

TEST(test_records_of_some_age_tell_less_of_people_and_younger_ones_all)
{
    history = open_less(PERSONAL_SHORTEN, 7 * DAY);
    add_people(start, 1000);
    add_people(start + 8 * (int64_t)DAY * 1000, 3);
    assert_int_equal(find_people("zwetschge@client.example", true), 1003);
    while (history_veil(history, start / 1000 + 8 * DAY))
        ;
    assert_int_equal(find_people("zwetschge@client.example", true), 3);
    assert_int_equal(find_people("client.example", false), 1003);
    assert_true(slice_eq(first_from, SLICE("z*@client.example")));
    assert_int_equal(find_people("zwetschgenkuchen", false), 3);
    assert_int_equal(history_counts(history).records, 1003);
}

TEST(test_who_knows_an_address_finds_its_hashed_records_and_has_them_forgotten)
{
    history = open_less(PERSONAL_HASH, 7 * DAY);
    add_people(start, 3);
    add_people(start + 8 * (int64_t)DAY * 1000, 2);
    assert_false(history_veil(history, start / 1000 + 8 * DAY));
    assert_int_equal(find_people("Zwetschge@client.example", true), 5);
    assert_int_equal(first_from.ptr[0], '~');
    assert_int_equal(find_people("zwetschge", false), 2);
    assert_int_equal(find_people("weschge@client.example", true), 0);
    const char *reason;
    assert_int_equal(forget(SLICE("zwetschge@client.example"), &reason), 5);
    assert_int_equal(history_counts(history).records, 0);
}

TEST(test_nothing_of_people_is_left_in_any_file_once_it_is_tidied_up)
{
    history = open_less(PERSONAL_DROP, DAY);
    add_people(start, 700);
    find_people("zwetschge", false);
    assert_true(files_have("zwetschge"));
    while (history_veil(history, start / 1000 + 2 * DAY))
        ;
    assert_int_equal(history_backlog(history), 0);
    tidy_up();
    assert_false(files_have("zwetschge"));
}

TEST(test_of_who_is_forgotten_no_word_is_left_in_any_file_once_it_is_tidied_up)
{
    const char *reason;
    add_people(start, 400);
    find_people("zwetschge", false);
    assert_int_equal(forget(SLICE("zwetschge@client.example"), &reason), 400);
    history_close(&history); /* a keeper that comes after it goes on with it */
    history = open_with(30 * DAY, 1024 * MEGABYTE);
    tidy_up();
    assert_false(files_have("zwetschge"));
}

TEST(test_what_is_kept_less_of_at_once_is_not_looked_at_again)
{
    history = open_less(PERSONAL_SHORTEN, 0);
    add_people(start, 10); /* whoever adds them does it; here nobody did */
    assert_false(history_veil(history, start / 1000 + DAY));
    assert_int_equal(find_people("zwetschge@client.example", true), 10);
}

TEST(test_records_of_before_tell_less_when_that_is_wanted_later)
{
    add_people(start, 10);
    history = open_less(PERSONAL_SHORTEN, 0);
    assert_false(history_veil(history, start / 1000 + DAY));
    assert_int_equal(find_people("zwetschge@client.example", true), 0);
    history = open_less(PERSONAL_KEEP, 0);
    assert_false(history_veil(history, start / 1000 + DAY));
    assert_int_equal(find_people("client.example", false), 10);
}

/* How many looks until it is tidy, with a record coming before each of them. */
static unsigned tidy_up_in_use(int64_t time)
{
    unsigned looks = 0;
    do {
        struct record r = message(time + looks, "abcdef012346.1", "somebody@client.example");
        add(history, &r);
        history_index(history);
    } while (history_tidy(history, true) && ++looks < 3000);
    return looks;
}

TEST(test_an_index_is_tidied_up_while_records_come)
{
    const char *reason;
    add_people(start, 100);
    for (size_t i = 0; i < 20000; i++) {
        char from[40], id[40];
        snprintf(from, sizeof from, "user%zu@client.example", i);
        snprintf(id, sizeof id, "<%zx@mail.example>", i * 2654435761u);
        struct record r = message(start + 1000 + (int64_t)i, "abcdef012345.1", from);
        r.message_id = slice_of(id);
        add(history, &r);
    }
    find_people("zwetschge", false);
    assert_int_equal(forget(SLICE("zwetschge@client.example"), &reason), 100);
    assert_in_range(tidy_up_in_use(start + 100000), 2, 100);
    assert_int_equal(history_counts(history).lost, 0);
    history_close(&history);
    assert_false(files_have("zwetschge"));
}

TEST(test_what_is_forgotten_while_an_index_is_tidied_up_goes_the_next_time)
{
    const char *reason;
    add_people(start, 3000);
    struct record r = message(start + 5000, "abcdef012346.1", "mirabelle@client.example");
    add(history, &r);
    find_people("zwetschge", false);
    assert_int_equal(forget(SLICE("zwetschge@client.example"), &reason), 500);
    assert_true(history_tidy(history, true));
    assert_int_equal(forget(SLICE("mirabelle@client.example"), &reason), 1);
    tidy_up();
    history_close(&history); /* what is left to do stands in the database */
    history = open_with(30 * DAY, 1024 * MEGABYTE);
    tidy_up();
    assert_false(files_have("mirabelle"));
}

TEST(test_a_history_that_is_full_goes_on_for_ever)
{
    history_close(&history);
    history = open_with(3000 * DAY, 2 * MEGABYTE);
    for (size_t round = 0; round < 1500; round++) {
        for (size_t i = 0; i < 20; i++) {
            char from[40];
            snprintf(from, sizeof from, "user%zu@client%zu.example", round, i);
            struct record r = message(start + (int64_t)(round * 100 + i), "abcdef012345.1", from);
            add(history, &r);
        }
        history_index(history);
        history_prune(history, start / 1000 + 1000);
    }
    struct history_counts counts = history_counts(history);
    assert_int_equal(counts.lost, 0);
    assert_in_range(counts.records, 1000, 29000);
    assert_in_range(counts.octets, MEGABYTE, 3 * MEGABYTE);
    assert_int_equal(find_people("user1499", false), 20);
}

TEST(test_what_comes_after_the_clock_was_ahead_tells_less_as_well)
{
    history = open_less(PERSONAL_SHORTEN, DAY);
    add_people(start + 100 * (int64_t)DAY * 1000, 1);
    assert_false(history_veil(history, start / 1000 + 102 * DAY));
    assert_int_equal(find_people("zwetschge@client.example", true), 0);
    add_people(start, 5);
    history = open_less(PERSONAL_SHORTEN, DAY);
    assert_int_equal(find_people("zwetschge@client.example", true), 5);
    assert_false(history_veil(history, start / 1000 + 2 * DAY));
    assert_int_equal(find_people("zwetschge@client.example", true), 0);
}

TEST(test_records_that_tell_less_tell_still_less_when_that_is_wanted)
{
    history = open_less(PERSONAL_SHORTEN, DAY);
    add_people(start, 3);
    assert_false(history_veil(history, start / 1000 + 2 * DAY));
    find_people("client.example", false);
    assert_true(slice_eq(first_from, SLICE("z*@client.example")));
    history = open_less(PERSONAL_DROP, DAY);
    assert_false(history_veil(history, start / 1000 + 2 * DAY));
    find_people("client.example", false);
    assert_true(slice_eq(first_from, SLICE("*@client.example")));
}

TEST(test_all_recipients_of_a_record_are_found_and_forgotten)
{
    enum { MANY = 1000 };
    static struct record_recipient to[MANY];
    static char names[MANY][40];
    const char *reason;
    struct record r = message(start, "abcdef012345.1", "a@client.example");
    for (size_t i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "recipient.number.%zu@example.com", i);
        to[i].address = slice_of(names[i]);
    }
    r.recipients = to;
    r.recipient_count = MANY;
    add(history, &r);
    assert_int_equal(find_people(names[MANY - 1], true), 1);
    assert_int_equal(forget(slice_of(names[MANY - 1]), &reason), 1);
    assert_int_equal(history_counts(history).records, 0);
}

TEST(test_a_login_that_is_no_address_is_found_by_its_hash_as_well)
{
    const char *reason;
    history = open_less(PERSONAL_HASH, DAY);
    struct record r = message(start, "abcdef012345.1", "a@client.example");
    r.login = SLICE("hans");
    add(history, &r);
    assert_false(history_veil(history, start / 1000 + 2 * DAY));
    assert_int_equal(find_people("hans", true), 1);
    assert_int_equal(forget(SLICE("hans"), &reason), 1);
}

TEST(test_an_address_that_is_too_long_to_be_forgotten_costs_no_record)
{
    static char address[70000];
    const char *reason = "";
    add_people(start, 3);
    memset(address, 'a', sizeof address - 1);
    assert_int_equal(forget(slice_of(address), &reason), -1);
    assert_string_equal(reason, "the address is too long");
    add_people(start + 1000, 3);
    assert_int_equal(history_counts(history).records, 6);
    assert_int_equal(history_counts(history).lost, 0);
}

TEST(test_to_forget_somebody_no_more_than_some_records_are_looked_at_at_once)
{
    const char *reason;
    int64_t before = 0, removed = 0;
    unsigned looks = 0;
    for (size_t i = 0; i < 12000; i++) {
        struct record r = message(start + (int64_t)i, "abcdef012345.1",
                                  i % 1000 ? "info@sub.info@x.example" : "info@x.example");
        add(history, &r);
    }
    do {
        int64_t some = history_forget(history, SLICE("info@x.example"), &before, &reason);
        assert_in_range(some, 0, 500);
        removed += some;
        looks++;
    } while (before);
    assert_int_equal(removed, 12);
    assert_in_range(looks, 3, 4);
}
