/* SPDX-License-Identifier: ISC */
#include "policy/table.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static struct sources sources;

static struct table *table_of(const char *text)
{
    sources = (struct sources){.arena = arena_new(64 << 20)};
    struct table *table = table_new(&sources, 0);
    assert_non_null(table);
    assert_true(table_read(&sources, table, slice_of(text)));
    return table;
}

static void drop(void)
{
    arena_free(&sources.arena);
}

static bool holds(const struct table *table, const char *text)
{
    return table_holds_text(table, slice_of(text));
}

TEST(test_letters_fold_and_comments_go)
{
    struct table *table = table_of("# head\r\nExe\r\n  Scr # screen savers\n\n\n#\nlast");
    assert_int_equal(table_count(table), 3);
    assert_true(holds(table, "exe") && holds(table, "EXE") && holds(table, "scr") &&
                holds(table, "last"));
    assert_false(holds(table, "") || holds(table, "exe ") || holds(table, "xe") ||
                 holds(table, "head"));
    drop();
}

TEST(test_endings_stand_for_what_ends_so)
{
    struct table *table = table_of("*.Example.com\n@example.org\nuser@example.net\n");
    assert_true(holds(table, "a.example.com") && holds(table, "b.a.EXAMPLE.com"));
    assert_false(holds(table, "example.com") || holds(table, ".example.com") ||
                 holds(table, "badexample.com"));
    assert_true(holds(table, "anyone@example.org") && holds(table, "USER@example.net"));
    assert_false(holds(table, "other@example.net") || holds(table, "a@sub.example.org"));
    drop();
}

TEST(test_many_entries)
{
    char entry[32];
    struct table *table = table_of("");
    for (unsigned i = 0; i < 50000; i++) {
        snprintf(entry, sizeof entry, "user%u@example.com", i);
        assert_true(table_add(&sources, table, slice_of(entry)));
    }
    assert_int_equal(table_count(table), 50000);
    assert_true(holds(table, "user0@example.com") && holds(table, "user49999@EXAMPLE.com"));
    assert_false(holds(table, "user50000@example.com"));
    drop();
}

static bool holds_ip(const struct table *table, const char *text)
{
    struct ip ip;
    assert_true(ip_parse(slice_of(text), &ip));
    return table_holds_ip(table, &ip);
}

TEST(test_networks_of_all_lengths)
{
    struct slice bad;
    struct table *table = table_of("10.1.2.3/8\n192.0.2.1\n2001:db8::/32\n198.51.100.128/25\n");
    assert_true(table_as_networks(&sources, table, &bad));
    assert_true(holds_ip(table, "10.200.0.1") && holds_ip(table, "192.0.2.1") &&
                holds_ip(table, "2001:db8::1"));
    assert_true(holds_ip(table, "198.51.100.200"));
    assert_false(holds_ip(table, "198.51.100.1") || holds_ip(table, "11.0.0.1") ||
                 holds_ip(table, "192.0.2.2") || holds_ip(table, "2001:db9::1"));
    drop();
    table = table_of("10.0.0.0/8\nexample.com\n");
    assert_false(table_as_networks(&sources, table, &bad));
    assert_true(slice_eq(bad, SLICE("example.com")));
    drop();
}
