/* SPDX-License-Identifier: ISC */
#include "console/program_output.h"
#include "tests/harness/unit.h"

#include <stdlib.h>

static enum program_end run(const char *script, struct buf *out)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    return program_output(argv, out);
}

TEST(test_what_a_program_says_is_taken_and_its_complaints_are_not)
{
    struct buf out = buf_init(1000);
    assert_int_equal(run("echo one; echo two >&2; printf three", &out), PROGRAM_FINE);
    assert_true(slice_eq(buf_slice(&out), SLICE("one\nthree")));
    buf_release(&out);
}

TEST(test_a_program_that_fails_or_is_not_there_is_told)
{
    static const char *const missing[] = {"gatepost-no-such-program", NULL};
    struct buf out = buf_init(1000);
    assert_int_equal(run("exit 3", &out), PROGRAM_FAILED);
    assert_int_equal(run("kill -9 $$", &out), PROGRAM_FAILED);
    assert_int_equal(program_output(missing, &out), PROGRAM_MISSING);
    buf_release(&out);
}

TEST(test_a_program_that_never_stops_talking_is_ended)
{
    struct buf out = buf_init(100000);
    assert_int_equal(run("while :; do echo more; done", &out), PROGRAM_SAYS_TOO_MUCH);
    assert_int_equal(buf_len(&out), 100000);
    buf_release(&out);
}

TEST(test_a_program_gets_no_environment_and_no_input)
{
    struct buf out = buf_init(1000);
    assert_int_equal(setenv("GATEPOST_SECRET", "x", 1), 0);
    assert_int_equal(run("env | grep -c GATEPOST_SECRET; cat", &out), PROGRAM_FINE);
    assert_true(slice_eq(buf_slice(&out), SLICE("0\n")));
    assert_int_equal(unsetenv("GATEPOST_SECRET"), 0);
    buf_release(&out);
}
