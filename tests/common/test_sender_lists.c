/* SPDX-License-Identifier: ISC */
#include "common/lists.h"

#include "tests/harness/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int by_octets(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int file_of(const char *text, bool sealed)
{
    int file = memfd_create("lists", MFD_ALLOW_SEALING);
    assert_true(write(file, text, strlen(text)) == (ssize_t)strlen(text));
    if (sealed)
        assert_int_equal(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
    return file;
}

/* "blocked|for whom|sender" each. */
static struct lists *lists_of(const char *const *entries, size_t count)
{
    char *lines[64], text[4096] = "";
    for (size_t i = 0; i < count; i++) {
        struct slice kind, rest, scope, sender;
        struct buf line = buf_init(1024);
        slice_cut(slice_of(entries[i]), '|', &kind, &rest);
        slice_cut(rest, '|', &scope, &sender);
        list_line(&line, slice_eq(kind, SLICE("blocked")) ? LIST_BLOCKED : LIST_ALLOWED, scope,
                  sender);
        buf_char(&line, '\0');
        lines[i] = strdup(buf_slice(&line).ptr);
        buf_release(&line);
    }
    qsort(lines, count, sizeof *lines, by_octets);
    for (size_t i = 0; i < count; i++) {
        strcat(strcat(text, lines[i]), "\n");
        free(lines[i]);
    }
    int file = file_of(text, true);
    struct lists *lists = lists_map(file);
    close(file);
    assert_non_null(lists);
    return lists;
}

#define LISTS(...)                                                                                 \
    lists_of((const char *const[]){__VA_ARGS__},                                                   \
             sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void holds(const struct lists *lists, enum list_kind kind, const char *sender,
                  const char *recipient, bool expected)
{
    if (lists_hold(lists, kind, slice_of(sender), slice_of(recipient)) != expected)
        fail_msg("%s for %s", sender, recipient);
}

TEST(test_a_sender_is_listed_by_address_domain_and_what_lies_above)
{
    struct lists *lists = LISTS("blocked||bad@mixed.example", "blocked||all.example",
                                "blocked||*.below.example", "allowed||good@mixed.example");
    holds(lists, LIST_BLOCKED, "bad@mixed.example", "u@ours.example", true);
    holds(lists, LIST_BLOCKED, "BAD@Mixed.example", "u@ours.example", true);
    holds(lists, LIST_BLOCKED, "good@mixed.example", "u@ours.example", false);
    holds(lists, LIST_ALLOWED, "good@mixed.example", "u@ours.example", true);
    holds(lists, LIST_BLOCKED, "a@all.example", "u@ours.example", true);
    holds(lists, LIST_BLOCKED, "a@sub.all.example", "u@ours.example", false);
    holds(lists, LIST_BLOCKED, "a@deep.sub.below.example", "u@ours.example", true);
    holds(lists, LIST_BLOCKED, "a@below.example", "u@ours.example", false);
    holds(lists, LIST_BLOCKED, "", "u@ours.example", false);
    holds(NULL, LIST_BLOCKED, "a@all.example", "u@ours.example", false);
    lists_free(&lists);
}

TEST(test_a_list_is_for_everybody_a_domain_or_one_recipient)
{
    struct lists *lists =
        LISTS("blocked|u@ours.example|news.example", "blocked|other.example|x.example");
    holds(lists, LIST_BLOCKED, "a@news.example", "u@ours.example", true);
    holds(lists, LIST_BLOCKED, "a@news.example", "v@ours.example", false);
    holds(lists, LIST_BLOCKED, "a@x.example", "anybody@other.example", true);
    holds(lists, LIST_BLOCKED, "a@x.example", "u@ours.example", false);
    lists_free(&lists);
}

TEST(test_each_of_many_is_found_and_no_other)
{
    static char names[40][64];
    const char *entries[40];
    for (int i = 0; i < 40; i++) {
        snprintf(names[i], sizeof names[i], "blocked||s%d@d%d.example", i, i % 7);
        entries[i] = names[i];
    }
    struct lists *lists = lists_of(entries, 40);
    for (int i = 0; i < 40; i++) {
        holds(lists, LIST_BLOCKED, names[i] + strlen("blocked||"), "u@ours.example", true);
        names[i][strlen(names[i]) - 1] = 'x';
        holds(lists, LIST_BLOCKED, names[i] + strlen("blocked||"), "u@ours.example", false);
    }
    lists_free(&lists);
}

/* Who may list for one recipient must not list for all: others than gatepostctl ask, too. */
TEST(test_an_entry_that_would_be_several_lines_does_not_fit)
{
    static const struct {
        const char *sender, *scope;
        bool fits;
    } cases[] = {{"a@shop.example", "u@ours.example", true},
                 {"\"a b\"@shop.example", "", true},
                 {"m\xc3\xbcller@shop.example", "ours.example", true},
                 {"", "u@ours.example", false},
                 {"x\nb\t\tbank.example", "u@ours.example", false},
                 {"x", "u\nb\t\tbank.example", false},
                 {"x", "\t", false},
                 {"x\x7f", "", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct list_entry entry = {.sender = slice_of(cases[i].sender),
                                   .scope = slice_of(cases[i].scope)};
        if (list_entry_fits(&entry) != cases[i].fits)
            fail_msg("%s for %s", cases[i].sender, cases[i].scope);
    }
}

/* The keeper that makes it may have been taken over. */
TEST(test_a_table_of_any_octets_is_looked_into_and_harms_nobody)
{
    static const char *const texts[] = {"",    "\n",         "\n\n\n",        "b",
                                        "b\t", "zzz\naaa\n", "b\t\tx.example"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int file = file_of(texts[i], true);
        struct lists *lists = lists_map(file);
        assert_non_null(lists);
        holds(lists, LIST_BLOCKED, "a@nowhere.example", "u@ours.example", false);
        lists_free(&lists);
        close(file);
    }
    int file = file_of("b\t\tx.example\n", false);
    assert_null(lists_map(file)); /* who can still change it */
    close(file);
    assert_null(lists_map(-1));
}
