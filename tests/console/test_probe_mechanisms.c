/* SPDX-License-Identifier: ISC */
#include "console/probe/probe_protocol.h"
#include "tests/harness/unit.h"

ARENA_TESTS(1 << 20);

static struct mechanisms read_by(const struct probe_protocol *protocol, const char *capabilities,
                                 const char *expected)
{
    struct slice words;
    struct mechanisms found = protocol->mechanisms(arena, slice_of(capabilities), &words);
    assert_true(slice_eq(words, slice_of(expected)));
    return found;
}

static struct mechanisms read_from(const char *capabilities, const char *expected)
{
    return read_by(&probe_pop3, capabilities, expected);
}

TEST(test_mechanisms_are_read_whatever_the_case_and_the_others_shown)
{
    struct mechanisms m =
        read_from("TOP\nUSER\nsasl  plain NTLM CRAM-MD5\nUIDL\n", "USER  plain NTLM CRAM-MD5");
    assert_int_equal(m.has, 1 << MECHANISM_USER | 1 << MECHANISM_PLAIN | 1 << MECHANISM_NTLM);
    assert_int_equal(m.usable, MECHANISMS_BY_PASSWORD | 1 << MECHANISM_NTLM);
    assert_int_equal(m.with_plus, 0);
}

TEST(test_a_password_goes_by_user_or_plain_and_not_by_login_alone)
{
    assert_int_equal(read_from("USER\n", "USER").usable, MECHANISMS_BY_PASSWORD);
    assert_int_equal(read_from("SASL PLAIN\n", "PLAIN").usable, MECHANISMS_BY_PASSWORD);
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

static struct mechanisms read_imap(const char *capabilities, const char *expected)
{
    return read_by(&probe_imap, capabilities, expected);
}

TEST(test_imap_has_login_unless_it_says_otherwise)
{
    struct mechanisms m =
        read_imap("IMAP4rev1 auth=PLAIN AUTH=NTLM IDLE AUTH=CRAM-MD5", "USER PLAIN NTLM CRAM-MD5");
    assert_int_equal(m.usable, MECHANISMS_BY_PASSWORD | 1 << MECHANISM_NTLM);
    assert_int_equal(read_imap("IMAP4rev1", "USER").usable, MECHANISMS_BY_PASSWORD);
    assert_int_equal(read_imap("IMAP4rev1 LOGINDISABLED", "LOGINDISABLED").usable, 0);
}

TEST(test_where_login_is_disabled_the_gateway_can_say_passwords_by_plain_alone)
{
    struct mechanisms m =
        read_imap("LOGINDISABLED AUTH=PLAIN AUTH=LOGIN AUTH=SCRAM-SHA-1 AUTH=SCRAM-SHA-1-PLUS",
                  "LOGINDISABLED PLAIN LOGIN SCRAM-SHA-1 SCRAM-SHA-1-PLUS");
    assert_int_equal(m.usable, 1 << MECHANISM_PLAIN);
    assert_int_equal(m.with_plus, 1 << MECHANISM_SCRAM_SHA_1);
}
