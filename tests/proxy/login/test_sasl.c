/* SPDX-License-Identifier: ISC */
#include "proxy/login/sasl.h"
#include "tests/harness/unit.h"

#include <string.h>

/* base64 of "\0alice@example.com\0secret", "admin\0alice\0 pass word " */
#define ALICE "AGFsaWNlQGV4YW1wbGUuY29tAHNlY3JldA=="
#define ACTING "YWRtaW4AYWxpY2UAIHBhc3Mgd29yZCA="

TEST(test_plain_tells_who_and_on_whose_behalf)
{
    struct credentials who = {0};
    assert_true(sasl_plain(SLICE(ALICE), &who));
    assert_string_equal(who.user, "alice@example.com");
    assert_string_equal(who.password, "secret");
    assert_string_equal(who.acting_for, "");
    assert_true(sasl_plain(SLICE(ACTING), &who));
    assert_string_equal(who.acting_for, "admin");
    assert_string_equal(who.user, "alice");
    assert_string_equal(who.password, " pass word ");
}

TEST(test_plain_goes_on_as_it_came)
{
    struct credentials who = {0};
    char text[SASL_PLAIN_TEXT_MAX];
    assert_true(sasl_plain(SLICE(ACTING), &who));
    size_t len = sasl_plain_text(&who, text);
    assert_true(slice_eq((struct slice){text, len}, SLICE(ACTING)));
}

TEST(test_what_could_be_read_in_two_ways_is_refused)
{
    struct credentials who = {0};
    static const struct slice bad[] = {
        SLICE(""),
        SLICE("="),
        SLICE("AGFsaWNlAHNlY3JldA"),       /* no padding */
        SLICE("AGFsaWNlAHNlY3Jld A=="),    /* a blank */
        SLICE("AGFsaWNlAHNl=3JldA=="),     /* padding inside */
        SLICE("AGFsaWNl"),                 /* \0alice: no password */
        SLICE("AABwYXNz"),                 /* \0\0pass: no user */
        SLICE("AGFsaWNlAA=="),             /* \0alice\0: empty */
        SLICE("AGFsaWNlAHNlYwByZXQ="),     /* a NUL in the password */
        SLICE("AGFsaWNlAHNlYw0KcmV0"),     /* CR LF in it: it would be a command of its own */
        SLICE("AGFsaWNlDQpRVUlUAHNlYw=="), /* ... and in the user */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(sasl_plain(bad[i], &who));
}

TEST(test_names_and_passwords_have_bounds)
{
    struct credentials who = {0};
    static char longest[LOGIN_PASSWORD_MAX + 2];
    memset(longest, 'x', sizeof longest);
    assert_true(credentials_user(&who, (struct slice){longest, LOGIN_USER_MAX}));
    assert_false(credentials_user(&who, (struct slice){longest, LOGIN_USER_MAX + 1}));
    assert_true(credentials_password(&who, (struct slice){longest, LOGIN_PASSWORD_MAX}));
    assert_false(credentials_password(&who, (struct slice){longest, LOGIN_PASSWORD_MAX + 1}));
    char text[SASL_PLAIN_TEXT_MAX];
    memcpy(who.acting_for, who.user, sizeof who.user);
    assert_true(sasl_plain_text(&who, text) < sizeof text);
}

TEST(test_nothing_is_left_when_it_is_forgotten)
{
    static const struct credentials nobody;
    struct credentials who = {0};
    assert_true(sasl_plain(SLICE(ALICE), &who));
    assert_true(credentials_response(&who, SLICE("first")));
    assert_true(credentials_response(&who, SLICE("second")));
    assert_string_equal(who.response, "second");
    credentials_forget(&who);
    assert_memory_equal(&who, &nobody, sizeof who);
}
