/* SPDX-License-Identifier: ISC */
#include "console/probe_mechanisms.h"
#include "tests/harness/unit.h"

ARENA_TESTS(1 << 20);

enum {
    BY_PASSWORD = 1 << MECHANISM_USER | 1 << MECHANISM_PLAIN | 1 << MECHANISM_LOGIN,
};

static struct mechanisms read_from(const char *capabilities, const char *expected)
{
    struct slice words;
    struct mechanisms found = mechanisms_read(arena, slice_of(capabilities), &words);
    assert_true(slice_eq(words, slice_of(expected)));
    return found;
}

TEST(test_mechanisms_are_read_whatever_the_case_and_the_others_shown)
{
    struct mechanisms m =
        read_from("TOP\nUSER\nsasl  plain NTLM CRAM-MD5\nUIDL\n", "USER  plain NTLM CRAM-MD5");
    assert_int_equal(m.has, 1 << MECHANISM_USER | 1 << MECHANISM_PLAIN | 1 << MECHANISM_NTLM);
    assert_int_equal(m.usable, BY_PASSWORD | 1 << MECHANISM_NTLM);
    assert_int_equal(m.with_plus, 0);
}

TEST(test_a_password_goes_by_user_or_plain_and_not_by_login_alone)
{
    assert_int_equal(read_from("USER\n", "USER").usable, BY_PASSWORD);
    assert_int_equal(read_from("SASL PLAIN\n", "PLAIN").usable, BY_PASSWORD);
    assert_int_equal(read_from("SASL LOGIN\n", "LOGIN").usable, 0);
    assert_int_equal(read_from("", "").usable, 0);
    assert_int_equal(read_from("SASL\nUSERS\nSASLX PLAIN\n", "").usable, 0);
}

TEST(test_what_can_be_bound_to_tls_cannot_be_offered_before_it)
{
    struct mechanisms m = read_from("SASL SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-256-PLUS -PLUS",
                                    "SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-256-PLUS -PLUS");
    assert_int_equal(m.with_plus, 1 << MECHANISM_SCRAM_SHA_256);
    assert_int_equal(m.usable, 1 << MECHANISM_SCRAM_SHA_1);
}
