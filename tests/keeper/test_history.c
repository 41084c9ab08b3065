/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "tests/harness/history.h"

#include <dirent.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the ids that are found, with a blank behind each ---- */

static char found[4096];
static int64_t before;

static bool note(void *ctx, int64_t number, struct slice octets)
{
    (void)ctx, (void)number;
    struct record r;
    assert_true(record_decode(octets, arena, &r));
    size_t at = strlen(found);
    snprintf(found + at, sizeof found - at, "%.*s ", SLICE_ARGS(r.id));
    return true;
}

static const char *find(struct history_query query)
{
    const char *reason = "";
    found[0] = '\0';
    if (!query.most)
        query.most = 100;
    if (!history_find(history, &query, note, NULL, &before, &reason))
        fail_msg("%s", reason);
    return found;
}

static void fill(void)
{
    struct record r = message(start, "aaaaaaaaa000.1", "a@one.example");
    add(history, &r);
    r = message(start + 1, "aaaaaaaaa000.2", "b@two.example");
    r.verdict = SLICE("reject");
    r.subject = SLICE("Something else");
    static const struct slice rules[] = {{"bad", 3}};
    r.rules = rules;
    r.rule_count = 1;
    add(history, &r);
    r = message(start + 2, "aaaaaaaaa0001.1", "c@two.example");
    r.client = (struct ip){.family = 6, .bytes = {0x20, 1, 0xd, 0xb8, [15] = 7}};
    r.message_id = SLICE("<43@mail.example>");
    add(history, &r);
}

TEST(test_a_message_is_found_by_its_reference_and_those_of_a_session_by_theirs)
{
    fill();
    assert_string_equal(find((struct history_query){.id = SLICE("aaaaaaaaa000.2")}),
                        "aaaaaaaaa000.2 ");
    assert_string_equal(find((struct history_query){.id = SLICE("aaaaaaaaa000")}),
                        "aaaaaaaaa000.2 aaaaaaaaa000.1 ");
    assert_string_equal(find((struct history_query){.id = SLICE("aaaaaaaaa00")}), "");
}

TEST(test_a_message_is_found_by_address_domain_subject_message_id_and_client)
{
    fill();
    assert_string_equal(find((struct history_query){.text = SLICE("b@two.example")}),
                        "aaaaaaaaa000.2 ");
    assert_string_equal(find((struct history_query){.text = SLICE("two.example")}),
                        "aaaaaaaaa0001.1 aaaaaaaaa000.2 ");
    assert_string_equal(find((struct history_query){.text = SLICE("USER@example.com"), .most = 2}),
                        "aaaaaaaaa0001.1 aaaaaaaaa000.2 ");
    assert_string_equal(find((struct history_query){.text = SLICE("something")}),
                        "aaaaaaaaa000.2 ");
    assert_string_equal(find((struct history_query){.text = SLICE("<43@mail.example>")}),
                        "aaaaaaaaa0001.1 ");
    assert_string_equal(find((struct history_query){.client = SLICE("2001:db8::7")}),
                        "aaaaaaaaa0001.1 ");
    assert_string_equal(find((struct history_query){.client = SLICE("192.0.2.1")}),
                        "aaaaaaaaa000.2 aaaaaaaaa000.1 ");
}

TEST(test_records_are_found_by_verdict_rule_and_time)
{
    fill();
    assert_string_equal(find((struct history_query){.verdict = SLICE("reject")}),
                        "aaaaaaaaa000.2 ");
    assert_string_equal(find((struct history_query){.rule = SLICE("bad")}), "aaaaaaaaa000.2 ");
    assert_string_equal(find((struct history_query){.since = start + 1}),
                        "aaaaaaaaa0001.1 aaaaaaaaa000.2 ");
    assert_string_equal(find((struct history_query){.until = start + 1}), "aaaaaaaaa000.1 ");
}

/* What FTS5 would take for operators, quotes and columns is only words. */
TEST(test_a_search_is_words_and_never_a_language)
{
    fill();
    static const char *const hostile[] = {"\"",
                                          "'; DROP TABLE record; --",
                                          "invoice OR something",
                                          "subject:invoice",
                                          "*",
                                          "NEAR(a b)",
                                          "",
                                          "a\"b",
                                          "^invoice",
                                          "\xff\xfe",
                                          "-invoice"};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
        find((struct history_query){.text = slice_of(hostile[i])});
    assert_string_equal(find((struct history_query){.text = SLICE("invoice OR something")}), "");
    assert_string_equal(find((struct history_query){.text = {"inv\0oice", 8}}), "");
    assert_string_equal(find((struct history_query){.text = SLICE("a@one.example")}),
                        "aaaaaaaaa000.1 ");
}

TEST(test_records_that_come_at_one_moment_are_all_kept_in_order)
{
    for (int i = 0; i < 20; i++) {
        char id[32];
        snprintf(id, sizeof id, "bbbbbbbbb000.%d", i);
        struct record r = message(start, id, "a@one.example");
        add(history, &r);
    }
    find((struct history_query){.id = SLICE("bbbbbbbbb000"), .most = 3});
    assert_string_equal(found, "bbbbbbbbb000.19 bbbbbbbbb000.18 bbbbbbbbb000.17 ");
}

TEST(test_what_was_added_is_there_after_a_restart)
{
    fill();
    history_close(&history);
    history = open_with(30 * DAY, 1024 * MEGABYTE);
    assert_string_equal(find((struct history_query){.id = SLICE("aaaaaaaaa000")}),
                        "aaaaaaaaa000.2 aaaaaaaaa000.1 ");
    struct record r = message(start - 5000, "ccccccccc000.1", "a@one.example"); /* the clock fell */
    add(history, &r);
    assert_string_equal(find((struct history_query){.id = SLICE("ccccccccc000.1")}),
                        "ccccccccc000.1 ");
}

TEST(test_what_is_too_old_is_taken_out_of_the_index_as_well)
{
    fill();
    assert_false(history_prune(history, start / 1000 + 30 * DAY));
    assert_string_equal(find((struct history_query){.text = SLICE("example.com")}),
                        "aaaaaaaaa0001.1 aaaaaaaaa000.2 aaaaaaaaa000.1 ");
    assert_false(history_prune(history, start / 1000 + 31 * DAY));
    assert_string_equal(find((struct history_query){.text = SLICE("example.com")}), "");
    assert_int_equal(history_counts(history).records, 0);
}

TEST(test_past_its_size_the_oldest_go)
{
    history_close(&history);
    history = open_with(3650 * DAY, 2 * MEGABYTE);
    char *subject = arena_alloc(arena, 2001);
    memset(subject, 'x', 2000);
    for (int i = 0; i < 4000; i++) {
        char id[32];
        snprintf(id, sizeof id, "ddddddddd000.%d", i);
        struct record r = message(start + i, id, "a@one.example");
        r.subject = (struct slice){subject, 2000};
        add(history, &r);
    }
    history_commit(history);
    assert_true(history_counts(history).octets > 4 * MEGABYTE);
    for (int i = 0; i < 20 && history_prune(history, start / 1000); i++)
        ;
    struct history_counts counts = history_counts(history);
    assert_true(counts.octets <= 2 * MEGABYTE);
    assert_in_range(counts.records, 100, 3000);
    assert_string_equal(find((struct history_query){.id = SLICE("ddddddddd000.3999")}),
                        "ddddddddd000.3999 ");
    assert_string_equal(find((struct history_query){.id = SLICE("ddddddddd000.0")}), "");
}

static unsigned set_aside(void)
{
    unsigned count = 0;
    DIR *entries = opendir(folder);
    for (struct dirent *e; (e = readdir(entries));)
        count += strstr(e->d_name, "history.db.damaged-") != NULL;
    closedir(entries);
    return count;
}

static void scribble(off_t from, size_t len)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(pwrite(fd, "\xa5", 1, from + (off_t)i), 1);
    close(fd);
}

TEST(test_a_file_that_is_no_database_is_set_aside)
{
    fill();
    history_close(&history);
    scribble(0, 100);
    history = open_with(30 * DAY, 1024 * MEGABYTE);
    assert_int_equal(set_aside(), 1);
    fill();
    assert_string_equal(find((struct history_query){.id = SLICE("aaaaaaaaa000.1")}),
                        "aaaaaaaaa000.1 ");
}

TEST(test_damage_that_shows_later_sets_the_file_aside_and_goes_on)
{
    for (int i = 0; i < 2000; i++) {
        struct record r = message(start + i, "eeeeeeeee000.1", "a@one.example");
        add(history, &r);
    }
    history_close(&history);
    scribble(20 * 4096, 100 * 4096);
    history = open_with(30 * DAY, 1024 * MEGABYTE);
    for (int i = 0; i < 50 && set_aside() == 0; i++)
        fill(), history_commit(history), history_prune(history, start / 1000 + 60 * DAY);
    assert_int_equal(set_aside(), 1);
    clock_advance(60000);
    fill();
    assert_string_equal(find((struct history_query){.id = SLICE("aaaaaaaaa000.1"), .most = 1}),
                        "aaaaaaaaa000.1 ");
}

TEST(test_a_form_of_a_later_version_is_left_alone)
{
    sqlite3 *db;
    history_close(&history);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    struct history_bounds bounds = {.age = DAY, .size = MEGABYTE};
    const char *reason = "";
    history = history_open(path, &bounds, &reason);
    assert_null(history);
    assert_non_null(strstr(reason, "form is 99"));
    assert_int_equal(set_aside(), 0);
}

/* As an earlier version would have written it: a fact that is another's type now, an enumeration
 * that has got a word since, a field that is gone. */
/* ---- what records are found by is written later ---- */

static struct record numbered(int64_t time, int n)
{
    static char id[32], from[64];
    snprintf(id, sizeof id, "ddddddddd%03d.1", n);
    snprintf(from, sizeof from, "sender%d@later.example", n);
    return message(time, id, from);
}

static void add_numbered(int from, int to)
{
    for (int i = from; i < to; i++) {
        struct record r = numbered(start + i, i);
        add(history, &r);
    }
    history_commit(history);
}

TEST(test_a_search_finds_what_came_just_before)
{
    add_numbered(0, 5000);
    assert_int_equal(history_backlog(history), 5000);
    assert_string_equal(find((struct history_query){.text = SLICE("sender4999@later.example")}),
                        "ddddddddd4999.1 ");
    assert_int_equal(history_backlog(history), 0);
    add_numbered(5000, 5001);
    assert_string_equal(find((struct history_query){.text = SLICE("sender5000")}),
                        "ddddddddd5000.1 ");
}

TEST(test_what_was_put_off_is_done_piece_by_piece_and_by_who_opens_it_next)
{
    add_numbered(0, 5000);
    assert_true(history_index(history));
    assert_true(history_backlog(history) < 5000);
    history_close(&history);
    history = open_with(30 * DAY, 1024 * MEGABYTE);
    assert_in_range(history_backlog(history), 1, 4999);
    while (history_index(history))
        ;
    assert_int_equal(history_backlog(history), 0);
    assert_string_equal(find((struct history_query){.text = SLICE("sender0@later.example")}),
                        "ddddddddd000.1 ");
    assert_string_equal(find((struct history_query){.text = SLICE("sender4999@later.example")}),
                        "ddddddddd4999.1 ");
}

TEST(test_a_record_of_a_clock_that_was_put_back_is_found)
{
    add_numbered(0, 1);
    assert_false(history_index(history));
    struct record early = numbered(start - 3600000, 1);
    add(history, &early);
    assert_int_equal(history_backlog(history), 0);
    assert_string_equal(find((struct history_query){.text = SLICE("sender1@later.example")}),
                        "ddddddddd001.1 ");
}

TEST(test_what_is_pruned_before_its_words_are_written_is_gone_and_no_other)
{
    add_numbered(0, 100);
    while (history_index(history))
        ;
    add_numbered(200, 300);
    struct record late = numbered(start + 31 * (int64_t)DAY * 1000, 100);
    add(history, &late);
    while (history_prune(history, start / 1000 + 31 * DAY))
        ;
    assert_int_equal(history_counts(history).records, 1);
    assert_string_equal(find((struct history_query){.text = SLICE("later.example")}),
                        "ddddddddd100.1 ");
    assert_string_equal(find((struct history_query){.text = SLICE("sender100@later.example")}),
                        "ddddddddd100.1 ");
    assert_string_equal(find((struct history_query){.text = SLICE("sender5@later.example")}), "");
    assert_string_equal(find((struct history_query){.text = SLICE("sender250@later.example")}), "");
}

static void change_words(void)
{
    static const char *const changes[][2] = {
        {"fact helo domain", "fact helo text"},
        {"fact direction enum(inbound,outbound,fetch,upload)", "fact direction enum(inbound)"},
        {"text helo\n", "text greeting\n"},
        {"fact message.size size", "fact message.octets size"}};
    sqlite3 *db;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "UPDATE vocabulary SET words = replace(words, '%s', '%s') "
                 "WHERE instr(words, '%s')",
                 changes[i][0], changes[i][1], changes[i][0]);
        assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_changes(db), 1);
    }
    sqlite3_close(db);
}

static struct record last;

static bool keep(void *ctx, int64_t number, struct slice octets)
{
    (void)number;
    char *copy = arena_alloc(arena, octets.len);
    memcpy(copy, octets.ptr, octets.len);
    assert_true(record_decode((struct slice){copy, octets.len}, arena, ctx));
    return false;
}

TEST(test_records_of_an_earlier_version_are_read_but_for_what_is_no_more)
{
    struct facts facts = {.unexamined = false};
    struct record r = message(start, "aaaaaaaaa000.1", "a@one.example");
    r.helo = SLICE("h.example");
    r.facts = &facts;
    facts.fact[FACT_HELO] = value_text(SLICE("h.example"));
    facts.fact[FACT_DIRECTION] = value_integer(DIRECTION_INBOUND);
    facts.fact[FACT_MESSAGE_SIZE] = value_integer(7);
    facts.fact[FACT_DNSBL_SCORE] = value_number(2.5);
    add(history, &r);
    history_close(&history);
    change_words();
    history = open_with(30 * DAY, 1024 * MEGABYTE);
    const char *reason = "";
    struct history_query query = {.id = r.id, .most = 1};
    assert_true(history_find(history, &query, keep, &last, &before, &reason));
    assert_true(slice_eq(last.from, r.from));
    assert_int_equal(last.helo.len, 0);
    assert_int_equal(last.facts->fact[FACT_HELO].state, VALUE_PENDING);
    assert_int_equal(last.facts->fact[FACT_MESSAGE_SIZE].state, VALUE_PENDING);
    assert_int_equal(last.facts->fact[FACT_DIRECTION].state, VALUE_KNOWN);
    assert_true(last.facts->fact[FACT_DNSBL_SCORE].number == 2.5);
    assert_false(history_prune(history, start / 1000 + 60 * DAY));
    assert_string_equal(find((struct history_query){.text = SLICE("example.com")}), "");
    fill();
    assert_string_equal(find((struct history_query){.id = SLICE("aaaaaaaaa000.1")}),
                        "aaaaaaaaa000.1 ");
}

TEST(test_a_record_of_a_day_to_come_does_no_harm_and_goes_with_the_next_look)
{
    static const int64_t times[] = {
        INT64_MAX, INT64_MAX / 1000, INT64_MIN, -1, 0, 1795860000000 + (int64_t)400 * DAY * 1000};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        struct record r = message(times[i], "fffffffff000.1", "a@one.example");
        add(history, &r);
    }
    fill();
    history_close(&history);
    history = open_with(30 * DAY, 1024 * MEGABYTE);
    fill();
    assert_string_equal(find((struct history_query){.id = SLICE("aaaaaaaaa000.1")}),
                        "aaaaaaaaa000.1 aaaaaaaaa000.1 ");
    assert_false(history_prune(history, start / 1000));
    assert_string_equal(find((struct history_query){.id = SLICE("fffffffff000")}), "");
    assert_int_equal(history_counts(history).records, 6);
    assert_int_equal(history_counts(history).lost, 0);
}

/* As a proxy may send it that was taken over: the words are right, the facts are not. */
TEST(test_a_record_with_broken_facts_goes_with_its_words)
{
    struct facts facts = {.unexamined = false};
    facts.fact[FACT_HELO] = value_text(SLICE("h.example"));
    for (int i = 0; i < 500; i++) {
        struct record r = message(start + i, "aaaaaaaaa000.1", "a@one.example");
        struct buf out = buf_init(160 * 1024);
        r.facts = &facts;
        assert_true(record_encode(&out, &r));
        out.data[out.tail - 12] = (char)0xff;
        history_add(history, &r, buf_slice(&out));
        buf_release(&out);
    }
    fill();
    find((struct history_query){.text = SLICE("example.com")});
    while (history_prune(history, start / 1000 + 31 * DAY))
        ;
    assert_int_equal(history_counts(history).records, 0);
    assert_true(history_counts(history).octets < MEGABYTE);
    fill();
    assert_string_equal(find((struct history_query){.text = SLICE("one.example")}),
                        "aaaaaaaaa000.1 ");
}

TEST(test_a_database_without_its_tables_is_set_aside)
{
    sqlite3 *db;
    history_close(&history);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DROP TABLE record", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    history = open_with(30 * DAY, 1024 * MEGABYTE);
    assert_int_equal(set_aside(), 1);
    fill();
    assert_string_equal(find((struct history_query){.id = SLICE("aaaaaaaaa000.1")}),
                        "aaaaaaaaa000.1 ");
}

/* Words that no other record has: the index is most of what there is. */
TEST(test_a_history_that_is_mostly_index_still_keeps_what_is_new)
{
    history_close(&history);
    history = open_with(3650 * DAY, 2 * MEGABYTE);
    char *subject = arena_alloc(arena, 8001);
    for (int i = 0; i < 2000; i++) {
        char id[32];
        for (int w = 0; w < 800; w++)
            snprintf(subject + (size_t)w * 10, 11, " %09x", (unsigned)(i * 800 + w));
        snprintf(id, sizeof id, "ddddddddd000.%d", i);
        struct record r = message(start + i, id, "a@one.example");
        r.subject = (struct slice){subject, 8000};
        add(history, &r);
        if (i % 50 == 49)
            history_prune(history, start / 1000);
    }
    for (int i = 0; i < 50 && history_prune(history, start / 1000); i++)
        ;
    struct history_counts counts = history_counts(history);
    assert_true(counts.octets < 4 * MEGABYTE);
    assert_true(counts.records > 20);
    assert_string_equal(find((struct history_query){.id = SLICE("ddddddddd000.1999")}),
                        "ddddddddd000.1999 ");
}

TEST(test_one_question_looks_at_some_records_and_tells_where_to_go_on)
{
    for (int i = 0; i < 12000; i++) {
        struct record r = message(start + i, "eeeeeeeee000.1", "a@one.example");
        if (i == 0)
            r.verdict = SLICE("reject");
        add(history, &r);
    }
    struct history_query query = {.verdict = SLICE("reject")};
    int questions = 1;
    for (find(query); before; find(query), questions++) {
        assert_string_equal(found, "");
        query.before = before;
    }
    assert_string_equal(found, "eeeeeeeee000.1 ");
    assert_int_equal(questions, 3);
}

TEST(test_what_was_set_aside_is_kept_no_longer_than_records)
{
    char name[128];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s.damaged-%lld%s", path, (long long)(start / 1000 + i * DAY),
                 i == 1 ? "-wal" : "");
        close(open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    }
    history_prune(history, start / 1000 + 31 * DAY + DAY / 2);
    assert_int_equal(set_aside(), 1);
    assert_int_equal(access(name, F_OK), 0);
}

TEST(test_of_the_files_that_were_set_aside_only_some_are_kept)
{
    for (int i = 0; i < 20; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s.damaged-17000000%02d", path, i);
        close(open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    }
    history_close(&history);
    scribble(0, 100);
    history = open_with(30 * DAY, 1024 * MEGABYTE);
    assert_int_equal(set_aside(), 9);
    char newest[128], oldest[128];
    snprintf(newest, sizeof newest, "%s.damaged-1700000019", path);
    snprintf(oldest, sizeof oldest, "%s.damaged-1700000000", path);
    assert_int_equal(access(newest, F_OK), 0);
    assert_int_equal(access(oldest, F_OK), -1);
}
