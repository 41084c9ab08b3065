/* SPDX-License-Identifier: ISC */
#include "console/learn/imap_name.h"
#include "console/learn/imap_url.h"
#include "tests/harness/unit.h"

#include <string.h>

static struct imap_url url;
static const char *reason;

static bool parses(const char *text)
{
    return imap_url_parse(slice_of(text), &url, &reason);
}

static void is(const char *text, bool tls, const char *user, const char *host, unsigned port,
               const char *mailbox)
{
    assert_true(parses(text));
    assert_int_equal(url.tls_at_once, tls);
    assert_string_equal(url.user, user);
    assert_string_equal(url.host, host);
    assert_int_equal(url.port, port);
    assert_string_equal(url.mailbox, mailbox);
}

TEST(test_whose_mailbox_it_is_and_where)
{
    is("imap://user@mail.example.com/Junk", false, "user", "mail.example.com", 143, "Junk");
    is("IMAPS://user@example.com@mail.example.com:1993/INBOX/Spam", true, "user@example.com",
       "mail.example.com", 1993, "INBOX/Spam");
    is("imaps://u@[2001:db8::1]:10/a%20b", true, "u", "2001:db8::1", 10, "a b");
    is("imaps://u%3Av@192.0.2.1", true, "u:v", "192.0.2.1", 993, "INBOX");
    is("imap://u@h/", false, "u", "h", 143, "INBOX");
}

TEST(test_what_is_no_such_address_is_refused)
{
    static const char *const texts[] = {"",
                                        "/var/mail/user",
                                        "http://u@h/x",
                                        "imap://",
                                        "imap://h/x",
                                        "imap://@h/x",
                                        "imap://u@/x",
                                        "imap://u@h:0/x",
                                        "imap://u@h:65536/x",
                                        "imap://u@h:1x/x",
                                        "imap://u@[::1]1/x",
                                        "imap://u@h h/x",
                                        "imap://u@h%41/x",
                                        "imap://u\r\n@h/x",
                                        "imap://u@h/x%0d%0aA",
                                        "imap://u@h/x%00",
                                        "imap://u@h/x%4",
                                        "imap://u@h/x%zz",
                                        "imap://u@h/\xff"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(parses(texts[i]));
}

TEST(test_what_is_too_long_is_refused)
{
    static char text[1024];
    memset(text, 'x', sizeof text - 1);
    memcpy(text, "imap://u@h/", 11);
    assert_false(parses(text));
    memcpy(text, "imap://u@hhh", 12);
    assert_false(parses(text));
    memcpy(text, "imap://uuu", 10);
    memcpy(text + sizeof text - 3, "@h", 2);
    assert_false(parses(text));
}

TEST(test_a_password_is_refused_with_a_reason_of_its_own)
{
    assert_false(parses("imap://user:secret@h/x"));
    assert_non_null(strstr(reason, "password"));
}

TEST(test_one_password_is_for_one_login)
{
    struct imap_url one, other;
    assert_true(imap_url_parse(SLICE("imap://u@h/a"), &one, &reason));
    assert_true(imap_url_parse(SLICE("imap://u@h:143/b"), &other, &reason));
    assert_true(imap_url_same_login(&one, &other));
    static const char *const others[] = {"imaps://u@h:143/a", "imap://v@h/a", "imap://u@i/a",
                                         "imap://u@h:144/a"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_true(imap_url_parse(slice_of(others[i]), &other, &reason));
        assert_false(imap_url_same_login(&one, &other));
    }
}

static void is_named(const char *utf8, const char *name)
{
    char out[64];
    assert_true(imap_name_encode(slice_of(utf8), out, sizeof out));
    assert_string_equal(out, name);
}

/* The second one is the example of RFC 3501 5.1.3. */
TEST(test_names_are_in_modified_utf_7)
{
    is_named("Entw\xc3\xbcrfe", "Entw&APw-rfe");
    is_named("~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
             "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
    is_named("a & b", "a &- b");
    is_named("\xc3\xa9&\xc3\xa9", "&AOk-&-&AOk-");
    is_named("\xf0\x9f\x97\x91", "&2D3d0Q-");
    char out[8];
    assert_false(imap_name_encode(SLICE("\xc3"), out, sizeof out));
    assert_false(imap_name_encode(SLICE("12345678"), out, sizeof out));
    assert_true(imap_name_encode(SLICE("1234567"), out, sizeof out));
}
