/* SPDX-License-Identifier: ISC
 * What a scanner says of its time is its own word. */
#include "proxy/examine/scan_places.h"

#include "tests/harness/unit.h"

TEST(test_a_scanner_tells_what_a_job_took)
{
    struct scan_place place = {.ms = 2000};
    scan_place_took(&place, 40 * 1000, 1000, 1500);
    assert_true(place.ms > 39 && place.ms < 41);
    scan_place_took(&place, 0, 1000, 1500);
    assert_true(place.ms > 0 && place.ms < 1); /* it counts as a job all the same */
}

TEST(test_no_job_took_longer_than_it_was_away)
{
    struct scan_place place = {.ms = 2000};
    scan_place_took(&place, UINT32_MAX, 1000, 1500);
    assert_true(place.ms < 502);
    scan_place_took(&place, UINT32_MAX, 1000, 1000);
    assert_true(place.ms > 0 && place.ms < 2);
}
