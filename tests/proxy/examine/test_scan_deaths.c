/* SPDX-License-Identifier: ISC
 * Messages that scanners have died of are known in all proxies, as long as the same scanners serve. */
#include "proxy/examine/scan_deaths.h"

#include "tests/harness/unit.h"

#include <unistd.h>

static struct proxy one, other;
static const unsigned char message[SCAN_DIGEST] = {1, 2, 3}, another[SCAN_DIGEST] = {1, 2, 4};

static void start(void)
{
    int fd = -1;
    one = (struct proxy){.shared = shared_new(&fd)};
    assert_non_null(one.shared);
    int reader = shared_reader(fd), row = shared_row_claim(one.shared);
    other = (struct proxy){.shared = shared_map(reader, fd, (unsigned)row)};
    assert_non_null(other.shared);
    close(reader);
    close(fd);
}

static void stop(void)
{
    shared_free(&one.shared);
    shared_free(&other.shared);
}

EACH_TEST(start, stop);

TEST(test_deaths_are_counted_for_each_message_and_family_over_all_proxies)
{
    assert_false(scan_deaths_any(&one, SCANNER_SCAN));
    scan_deaths_note(&one, SCANNER_SCAN, message);
    assert_int_equal(scan_deaths(&other, SCANNER_SCAN, message), 1);
    assert_true(scan_deaths_any(&other, SCANNER_SCAN));
    scan_deaths_note(&other, SCANNER_SCAN, message);
    scan_deaths_note(&other, SCANNER_SCAN, message);
    assert_int_equal(scan_deaths(&one, SCANNER_SCAN, message), SCAN_DEATHS_MOST);
    assert_int_equal(scan_deaths(&one, SCANNER_SCAN, another), 0);
    assert_int_equal(scan_deaths(&one, SCANNER_AV, message), 0);
    assert_false(scan_deaths_any(&one, SCANNER_AV));
}

TEST(test_other_scanners_know_of_none)
{
    scan_deaths_note(&one, SCANNER_SCAN, message);
    scan_deaths_note(&one, SCANNER_AV, message);
    shared_family_changed(one.shared, SCANNER_AV);
    assert_int_equal(scan_deaths(&one, SCANNER_AV, message), 0);
    assert_false(scan_deaths_any(&one, SCANNER_AV));
    assert_int_equal(scan_deaths(&one, SCANNER_SCAN, message), 1);
}
