/* SPDX-License-Identifier: ISC */
#include "policy/server_profile.h"
#include "tests/harness/unit.h"

TEST(test_servers_are_known_by_their_greetings)
{
    static const struct {
        const char *greeting;
        enum server_profile profile;
    } known[] = {
        {"+OK The Microsoft Exchange POP3 service is ready. [TQBYADEA]", PROFILE_EXCHANGE},
        {"+OK Microsoft Exchange Server 2003 POP3 server version 6.5 ready.", PROFILE_EXCHANGE},
        {"+OK Lotus Notes POP3 server version X2.0 ready on mail/ACME.", PROFILE_DOMINO},
        {"+OK [XCLIENT] Dovecot (Debian) ready.", PROFILE_DOVECOT},
        {"+OK Hello there.", PROFILE_COURIER},
        {"+OK mail Cyrus POP3 3.6.1-Debian-3.6.1-4+deb12u3 server ready <1@mail>", PROFILE_CYRUS},
        {"+OK POP3 ready", PROFILE_GENERIC},
        {"", PROFILE_GENERIC},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_int_equal(profile_by_greeting(slice_of(known[i].greeting)), known[i].profile);
}

TEST(test_who_is_put_off_has_given_no_wrong_password)
{
    assert_true(profile_puts_off(PROFILE_GENERIC, SLICE("-ERR [IN-USE] mailbox is locked")));
    assert_true(profile_puts_off(PROFILE_GENERIC, SLICE("-ERR [sys/temp] later")));
    assert_true(
        profile_puts_off(PROFILE_EXCHANGE, SLICE("-ERR User is authenticated but not connected.")));
    assert_true(
        profile_puts_off(PROFILE_GENERIC, SLICE("-ERR User is authenticated but not connected.")));
    assert_true(profile_puts_off(
        PROFILE_DOVECOT, SLICE("-ERR Maximum number of connections from user+IP exceeded")));
    for (int i = 0; i < PROFILES; i++) {
        assert_false(profile_puts_off((enum server_profile)i, SLICE("-ERR [AUTH] wrong password")));
        assert_false(profile_puts_off((enum server_profile)i, SLICE("-ERR Logon failure")));
        assert_false(profile_puts_off((enum server_profile)i, SLICE("")));
    }
}

TEST(test_of_a_server_that_is_told_the_clients_nothing_is_to_be_seen_to)
{
    assert_non_null(profile_advice(PROFILE_DOVECOT, false));
    assert_null(profile_advice(PROFILE_DOVECOT, true));
    assert_non_null(profile_advice(PROFILE_COURIER, true));
    assert_null(profile_advice(PROFILE_GENERIC, false));
}

static void limited(enum server_profile profile, enum protocol protocol, const char *words)
{
    char room[160];
    struct buf out = buf_over(room, sizeof room);
    profile_limits(profile, protocol, &out);
    assert_true(slice_eq(buf_slice(&out), slice_of(words)));
}

TEST(test_how_many_connections_a_server_takes_is_told_with_the_setting)
{
    limited(PROFILE_COURIER, PROTOCOL_POP3, "4 of one address (MAXPERIP), 40 in all (MAXDAEMONS)");
    limited(PROFILE_COURIER, PROTOCOL_IMAP, "20 of one address (MAXPERIP), 40 in all (MAXDAEMONS)");
    limited(PROFILE_CYRUS, PROTOCOL_POP3,
            "any number of one user (maxlogins_per_user), any number of one address "
            "(maxlogins_per_host)");
    limited(PROFILE_GENERIC, PROTOCOL_POP3, "");
}

TEST(test_sessions_of_many_users_come_from_one_address)
{
    assert_false(profile_takes(PROFILE_COURIER, PROTOCOL_POP3, 5));
    assert_true(profile_takes(PROFILE_COURIER, PROTOCOL_POP3, 4));
    assert_true(profile_takes(PROFILE_COURIER, PROTOCOL_IMAP, 20));
    assert_true(profile_takes(PROFILE_DOVECOT, PROTOCOL_POP3, 2000));
    assert_true(profile_takes(PROFILE_CYRUS, PROTOCOL_IMAP, 2000));
    assert_true(profile_takes(PROFILE_GENERIC, PROTOCOL_POP3, 2000));
}

TEST(test_what_makes_messages_anew_has_no_exact_sizes_and_no_other)
{
    assert_int_equal(profile_messages_stay(PROFILE_GENERIC), EXPECTED_UNKNOWN);
    assert_int_equal(profile_messages_stay(PROFILE_EXCHANGE), EXPECTED_NO);
    assert_int_equal(profile_messages_stay(PROFILE_DOVECOT), EXPECTED_YES);
    for (int i = 0; i < PROFILES; i++)
        assert_int_equal(profile_messages_stay((enum server_profile)i),
                         profile_sizes_exact((enum server_profile)i));
}
