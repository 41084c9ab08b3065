/* SPDX-License-Identifier: ISC */
#include "proxy/split_memory.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static struct ip ip_of(const char *text)
{
    struct ip ip = {0};
    assert_true(ip_parse(slice_of(text), &ip));
    return ip;
}

static struct shared *open_table(void)
{
    int fd;
    struct shared *shared = shared_new(&fd);
    assert_non_null(shared);
    close(fd);
    return shared;
}

static void test_groups_are_told_at_the_retry(void **state)
{
    (void)state;
    struct shared *memory = open_table();
    struct ip client = ip_of("192.0.2.7"), neighbour = ip_of("192.0.2.200"),
              stranger = ip_of("192.0.3.7");
    split_remember(memory, &client, SLICE("s@x"), SLICE("a@b"), 1);
    split_remember(memory, &client, SLICE("s@x"), SLICE("c@b"), 2);
    assert_int_equal(split_group(memory, &client, SLICE("S@X"), SLICE("A@b")), 1);
    assert_int_equal(split_group(memory, &neighbour, SLICE("s@x"), SLICE("c@b")), 2);
    assert_int_equal(split_group(memory, &stranger, SLICE("s@x"), SLICE("c@b")), 0);
    assert_int_equal(split_group(memory, &client, SLICE("t@x"), SLICE("c@b")), 0);
    assert_int_equal(split_group(memory, &client, SLICE("s@xc"), SLICE("@b")), 0);
    split_remember(memory, &client, SLICE("s@x"), SLICE("a@b"), 3);
    assert_int_equal(split_group(memory, &client, SLICE("s@x"), SLICE("a@b")), 3);
    clock_advance(24 * 3600 * 1000 + 1);
    assert_int_equal(split_group(memory, &client, SLICE("s@x"), SLICE("a@b")), 0);
    shared_free(&memory);
}

static void test_ipv6_counts_by_its_64(void **state)
{
    (void)state;
    struct shared *memory = open_table();
    struct ip client = ip_of("2001:db8:1:2::1"), same = ip_of("2001:db8:1:2:ffff::9"),
              other = ip_of("2001:db8:1:3::1");
    split_remember(memory, &client, SLICE(""), SLICE("a@b"), 5);
    assert_int_equal(split_group(memory, &same, SLICE(""), SLICE("a@b")), 5);
    assert_int_equal(split_group(memory, &other, SLICE(""), SLICE("a@b")), 0);
    shared_free(&memory);
}

static void test_a_flood_stays_within_its_table(void **state)
{
    (void)state;
    struct shared *memory = open_table();
    struct ip client = ip_of("192.0.2.7");
    char address[64];
    unsigned kept = 0;
    for (unsigned i = 0; i < 50000; i++) {
        int n = snprintf(address, sizeof address, "u%u@x", i);
        split_remember(memory, &client, SLICE("s@x"), (struct slice){address, (size_t)n},
                       i % 7 + 1);
    }
    for (unsigned i = 0; i < 50000; i++) {
        int n = snprintf(address, sizeof address, "u%u@x", i);
        unsigned group =
            split_group(memory, &client, SLICE("s@x"), (struct slice){address, (size_t)n});
        assert_true(group == 0 || group == i % 7 + 1);
        kept += group != 0;
    }
    assert_true(kept > 8000 && kept <= 16384);
    shared_free(&memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_are_told_at_the_retry),
        cmocka_unit_test(test_ipv6_counts_by_its_64),
        cmocka_unit_test(test_a_flood_stays_within_its_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
