/* SPDX-License-Identifier: ISC
 * When the loop of a proxy is taken to stand still. */
#include "parent/parent_pulse.h"

#include "tests/harness/unit.h"

#include <unistd.h>

static struct shared *shared;
static struct pulse pulse;
static unsigned row;
static int64_t now;

static void set_up(void)
{
    int fd;
    shared = shared_new(&fd);
    assert_non_null(shared);
    close(fd);
    row = (unsigned)shared_row_claim(shared);
    pulse = (struct pulse){0};
    now = 1000;
}

static void tear_down(void)
{
    shared_free(&shared);
}

EACH_TEST(set_up, tear_down);

static bool look(void)
{
    now += PULSE_LOOK_EVERY;
    return pulse_is_gone(&pulse, shared, row, getpid(), now);
}

/* How many looks it takes. */
static unsigned looks(void)
{
    for (unsigned n = 1; n <= 2 * PULSE_LOOKS; n++)
        if (look())
            return n;
    return 0;
}

TEST(test_one_that_turned_and_does_no_more_is_gone_after_a_minute)
{
    shared_pulse(shared, row);
    assert_false(look());
    assert_int_equal(looks(), PULSE_LOOKS);
    assert_int_equal(looks(), PULSE_LOOKS);
}

TEST(test_one_that_turns_stays)
{
    for (unsigned n = 0; n < 3 * PULSE_LOOKS; n++) {
        if (n % (PULSE_LOOKS - 1) == 0)
            shared_pulse(shared, row);
        assert_false(look());
    }
}

TEST(test_one_that_never_turned_is_another_matter)
{
    assert_int_equal(looks(), 0);
}

TEST(test_a_clock_that_jumps_is_one_look)
{
    shared_pulse(shared, row);
    look();
    for (unsigned n = 0; n < PULSE_LOOKS - 1; n++) {
        now += 3600000;
        assert_false(look());
        assert_false(pulse_is_gone(&pulse, shared, row, getpid(), now));
    }
    shared_pulse(shared, row);
    assert_false(look());
}
