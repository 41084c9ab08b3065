/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_told.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Whole, and byte by byte: nothing is told before the end has come, and then the same. */
static struct imap_answer told_by(const char *line, enum server_profile profile)
{
    struct imap_answer whole, part;
    struct slice all = slice_of(line);
    size_t used = imap_told(all, SLICE("gp2"), profile, &whole);
    if (used == 0)
        fail_msg("more must come: %s", line);
    for (size_t n = 0; n < used; n++)
        if (imap_told(slice_sub(all, 0, n), SLICE("gp2"), profile, &part) != 0)
            fail_msg("told too early, behind %zu octets: %s", n, line);
    assert_int_equal(imap_told(slice_sub(all, 0, used), SLICE("gp2"), profile, &part), used);
    assert_true(part.told == whole.told && slice_eq(part.text, whole.text));
    return whole;
}

static void assert_told(const char *line, enum imap_told expected, const char *text)
{
    struct imap_answer found = told_by(line, PROFILE_GENERIC);
    if (found.told != expected || !slice_eq(found.text, slice_of(text)))
        fail_msg("%d with \"%.*s\": %s", found.told, SLICE_ARGS(found.text), line);
}

/* ---- what it offers ---- */

static struct imap_login_offer offer_of(const char *list)
{
    struct imap_login_offer offer;
    imap_login_offer(slice_of(list), &offer);
    return offer;
}

TEST(test_mechanisms_are_those_of_auth_and_the_command_login)
{
    struct imap_login_offer offer = offer_of(
        "IMAP4rev1 auth=plain AUTH=SCRAM-SHA-256 AUTH=SCRAM-SHA-1-PLUS AUTH=X-OURS sasl-ir");
    assert_int_equal(offer.mechanisms,
                     1U << MECHANISM_USER | 1U << MECHANISM_PLAIN | 1U << MECHANISM_SCRAM_SHA_256);
    assert_int_equal(offer.plus, 1U << MECHANISM_SCRAM_SHA_1);
    assert_true(offer.initial);
}

TEST(test_a_server_that_has_login_disabled_takes_none_by_that_command)
{
    struct imap_login_offer offer = offer_of("IMAP4rev1 LOGINDISABLED AUTH=LOGIN");
    assert_int_equal(offer.mechanisms, 1U << MECHANISM_LOGIN);
    assert_false(offer.initial);
    assert_int_equal(offer_of("IMAP4rev1 logindisabled STARTTLS").mechanisms, 0);
    assert_int_equal(offer_of("IMAP4rev1 AUTH=USER").mechanisms, 1U << MECHANISM_USER);
    assert_int_equal(offer_of("").mechanisms, 1U << MECHANISM_USER);
}

/* ---- what it says ---- */

TEST(test_a_yes_is_the_tagged_ok_of_this_command)
{
    assert_told("gp2 OK [CAPABILITY IMAP4rev1] in\r\n", IMAP_TOLD_YES,
                "OK [CAPABILITY IMAP4rev1] in");
    assert_told("gp2 ok\n", IMAP_TOLD_YES, "ok");
    assert_told("gp1 OK in\r\n", IMAP_TOLD_NONSENSE, "");
    assert_told("GP2 OK in\r\n", IMAP_TOLD_NONSENSE, "");
    assert_told("gp2 OKAY\r\n", IMAP_TOLD_NONSENSE, "");
    assert_told("gp2 PREAUTH in\r\n", IMAP_TOLD_NONSENSE, "");
    assert_told("gp2\r\n", IMAP_TOLD_NONSENSE, "");
    assert_told("* OK in\r\n", IMAP_TOLD_NOTHING, "");
    assert_told("235 2.7.0 in\r\n", IMAP_TOLD_NONSENSE, "");
    assert_told("\r\n", IMAP_TOLD_NONSENSE, "");
    assert_told("*\r\n", IMAP_TOLD_NOTHING, "");
    assert_told("(gp2 OK in)\r\n", IMAP_TOLD_NONSENSE, "");
}

TEST(test_a_no_is_about_the_password_unless_it_says_otherwise)
{
    assert_told("gp2 NO wrong\r\n", IMAP_TOLD_NO, "NO wrong");
    assert_told("gp2 NO [AUTHENTICATIONFAILED] wrong\r\n", IMAP_TOLD_NO,
                "NO [AUTHENTICATIONFAILED] wrong");
    assert_told("gp2 NO [ALERT] wrong, says [UNAVAILABLE\r\n", IMAP_TOLD_NO,
                "NO [ALERT] wrong, says [UNAVAILABLE");
    assert_told("gp2 NO [AUTHENTICATIONFAILED] [UNAVAILABLE]\r\n", IMAP_TOLD_NO,
                "NO [AUTHENTICATIONFAILED] [UNAVAILABLE]");
}

TEST(test_a_right_password_that_may_not_enter_is_no_guess)
{
    assert_told("gp2 NO [authorizationfailed] not as him\r\n", IMAP_TOLD_NOT_SO,
                "NO [authorizationfailed] not as him");
    assert_told("gp2 NO [EXPIRED] change it\r\n", IMAP_TOLD_NOT_SO, "NO [EXPIRED] change it");
}

TEST(test_what_is_no_matter_of_the_password_is_for_later)
{
    static const char *const lines[] = {
        "gp2 NO [UNAVAILABLE] its database is away\r\n",
        "gp2 NO [SERVERBUG] oh\r\n",
        "gp2 NO [LIMIT] too many\r\n",
        "gp2 NO [INUSE] locked\r\n",
        "gp2 NO [CONTACTADMIN] ask\r\n",
        "gp2 NO [PRIVACYREQUIRED] not without TLS\r\n",
        "gp2 BAD what?\r\n",
        "gp2 BAD User is authenticated but not connected.\r\n",
    };
    for (size_t i = 0; i < COUNT(lines); i++)
        if (told_by(lines[i], PROFILE_GENERIC).told != IMAP_TOLD_LATER)
            fail_msg("not for later: %s", lines[i]);
}

TEST(test_a_program_s_own_words_count_where_it_is_known)
{
    const char *line = "gp2 NO Maximum number of connections from user+IP exceeded\r\n";
    assert_int_equal(told_by(line, PROFILE_DOVECOT).told, IMAP_TOLD_LATER);
    assert_int_equal(told_by(line, PROFILE_GENERIC).told, IMAP_TOLD_NO);
}

TEST(test_a_code_is_its_whole_word)
{
    assert_told("gp2 NO [EXPIREDX] a\r\n", IMAP_TOLD_NO, "NO [EXPIREDX] a");
    assert_told("gp2 NO [INUSE\r\n", IMAP_TOLD_NO, "NO [INUSE");
    assert_told("gp2 NO []\r\n", IMAP_TOLD_NO, "NO []");
    assert_told("gp2 NO [INUSE 3] a\r\n", IMAP_TOLD_LATER, "NO [INUSE 3] a");
}

TEST(test_challenges_are_asked_with_or_without_a_text)
{
    assert_told("+ VXNlcm5hbWU6\r\n", IMAP_TOLD_ASKS, "VXNlcm5hbWU6");
    assert_told("+ \r\n", IMAP_TOLD_ASKS, "");
    assert_told("+\r\n", IMAP_TOLD_ASKS, "");
    assert_told("+ go ahead {3}\r\n", IMAP_TOLD_ASKS, "go ahead {3}");
}

TEST(test_capabilities_and_a_goodbye_are_heard)
{
    assert_told("* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n", IMAP_TOLD_CAPABILITIES,
                "IMAP4rev1 AUTH=PLAIN");
    assert_told("* 3 CAPABILITY x\r\n", IMAP_TOLD_NOTHING, "");
    assert_told("* BYE [UNAVAILABLE] closing\r\n", IMAP_TOLD_GOODBYE, "");
    assert_told("* FLAGS ()\r\n", IMAP_TOLD_NOTHING, "");
}

TEST(test_what_cannot_be_placed_is_nonsense)
{
    assert_told("* ID (\"name\" {5}\r\n", IMAP_TOLD_NONSENSE, "");
    assert_told("* CAPABILITY {5}\r\n", IMAP_TOLD_NONSENSE, "");
}

TEST(test_a_line_without_end_is_nonsense_once_it_is_longer_than_any_may_be)
{
    struct imap_answer answer;
    char *octets = malloc(IMAP_TOLD_MAX + 2);
    assert_non_null(octets);
    memset(octets, 'A', IMAP_TOLD_MAX + 2);
    memcpy(octets, "+ ", 2);
    assert_int_equal(imap_told((struct slice){octets, IMAP_TOLD_MAX - 1}, SLICE("gp2"), 0, &answer),
                     0);
    assert_true(imap_told((struct slice){octets, IMAP_TOLD_MAX}, SLICE("gp2"), 0, &answer) > 0);
    assert_int_equal(answer.told, IMAP_TOLD_NONSENSE);
    octets[IMAP_TOLD_MAX - 1] = '\n';
    assert_int_equal(imap_told((struct slice){octets, IMAP_TOLD_MAX}, SLICE("gp2"), 0, &answer),
                     IMAP_TOLD_MAX);
    assert_int_equal(answer.told, IMAP_TOLD_ASKS);
    octets[IMAP_TOLD_MAX - 1] = 'A';
    octets[IMAP_TOLD_MAX] = '\n';
    imap_told((struct slice){octets, IMAP_TOLD_MAX + 1}, SLICE("gp2"), 0, &answer);
    assert_int_equal(answer.told, IMAP_TOLD_NONSENSE);
    free(octets);
}
