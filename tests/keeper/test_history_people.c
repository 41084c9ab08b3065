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
    while (history_tidy(history))
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
    assert_int_equal(history_forget(history, SLICE("zwetschge@client.example"), &reason), 5);
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
    assert_int_equal(history_forget(history, SLICE("zwetschge@client.example"), &reason), 400);
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
