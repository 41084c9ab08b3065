/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_junk.h"
#include "tests/harness/unit.h"

#include <string.h>

ARENA_TESTS(1 << 16);

#define SAID(text) said_by(SLICE(text), &said)

static struct imap_said said;

static enum imap_saying said_by(struct slice text, struct imap_said *out)
{
    struct imap_command command;
    imap_command(text, &command);
    return imap_says(arena, &command, out);
}

static void assert_slice(struct slice got, const char *expected)
{
    if (!slice_eq(got, slice_of(expected)))
        fail_msg("\"%.*s\" instead of \"%s\"", SLICE_ARGS(got), expected);
}

static void is(enum imap_mailbox what, const char *const *names)
{
    for (; *names; names++)
        if (imap_mailbox_by_name(slice_of(*names)) != what)
            fail_msg("%s", *names);
}

TEST(test_junk_is_known_by_its_name_in_many_languages)
{
    static const char *const junk[] = {"Junk",
                                       "SPAM",
                                       "INBOX.Junk",
                                       "inbox/Spam",
                                       "[Gmail]/Spam",
                                       "Junk E-Mail",
                                       "Junk-E-Mail",
                                       "Courrier ind\xc3\xa9sirable",
                                       "Courrier ind&AOk-sirable",
                                       "INBOX.&j,dg0TDhMPww6w-",
                                       NULL};
    static const char *const other[] = {"INBOX",        "",      "Junkyard",     "Archive/Junk",
                                        "INBOX.a.Spam", "Junk ", "INBOXJunk",    "[Gmail]",
                                        "INBOX.",       "xJunk", "Spam reports", NULL};
    static const char *const trash[] = {"Trash", "INBOX.Trash", "Gel&APY-schte Elemente", NULL};
    is(IMAP_MAILBOX_JUNK, junk);
    is(IMAP_MAILBOX_TRASH, trash);
    is(IMAP_MAILBOX_OTHER, other);
}

static void listed(struct slice rest, enum imap_mailbox what, const char *name)
{
    enum imap_mailbox is;
    struct slice named;
    assert_true(imap_mailbox_listed(arena, rest, &is, &named));
    assert_int_equal(is, what);
    assert_slice(named, name);
}

TEST(test_servers_say_which_mailbox_is_junk)
{
    listed(SLICE("(\\HasNoChildren \\Junk) \"/\" Werbung"), IMAP_MAILBOX_JUNK, "Werbung");
    listed(SLICE("(\\junk) \".\" \"a \\\"b\\\"\""), IMAP_MAILBOX_JUNK, "a \"b\"");
    listed(SLICE("(\\Trash) NIL bin"), IMAP_MAILBOX_TRASH, "bin");
    listed(SLICE("() \"/\" x"), IMAP_MAILBOX_OTHER, "x");
}

TEST(test_what_cannot_be_read_says_nothing)
{
    static const char *const texts[] = {"",
                                        "(",
                                        "(\\Junk",
                                        "(\\Junk)",
                                        "(\\Junk) \"/\"",
                                        "x y z",
                                        "(\\Junk) ( a",
                                        "(\"\\Junk\" \"/\" a",
                                        NULL};
    enum imap_mailbox is;
    struct slice name;
    for (const char *const *text = texts; *text; text++)
        if (imap_mailbox_listed(arena, slice_of(*text), &is, &name))
            fail_msg("%s", *text);
}

TEST(test_a_command_names_messages_and_where_they_go)
{
    assert_int_equal(SAID("a UID MOVE 3:5,7 \"Junk Mail\"\r\n"), IMAP_SAYS_BY_MAILBOX);
    assert_int_equal(said.how, OPINION_MOVED);
    assert_slice(said.set, "3:5,7");
    assert_slice(said.mailbox, "Junk Mail");
    assert_int_equal(SAID("a COPY $ {4}\r\nJunk\r\n"), IMAP_SAYS_BY_MAILBOX);
    assert_int_equal(said.how, OPINION_COPIED);
    assert_slice(said.mailbox, "Junk");
    assert_int_equal(SAID("a APPEND Junk (\\Seen) {3}\r\n\r\n"), IMAP_SAYS_BY_MAILBOX);
    assert_int_equal(said.how, OPINION_APPENDED);
    assert_slice(said.mailbox, "Junk");
    assert_int_equal(SAID("a APPEND inbox {3}\r\n\r\n"), IMAP_SAYS_NOTHING);
}

TEST(test_keywords_call_messages_junk_or_good)
{
    assert_int_equal(SAID("a STORE 1 +FLAGS ($Junk)\r\n"), IMAP_SAYS_JUNK);
    assert_slice(said.set, "1");
    assert_int_equal(SAID("a UID STORE 1 (UNCHANGEDSINCE 5) +FLAGS.SILENT (a Junk)\r\n"),
                     IMAP_SAYS_JUNK);
    assert_int_equal(SAID("a STORE 1 +flags $notjunk \\Seen\r\n"), IMAP_SAYS_GOOD);
    assert_int_equal(SAID("a STORE 1 +FLAGS (NonJunk)\r\n"), IMAP_SAYS_GOOD);
    assert_int_equal(SAID("a STORE 1 -FLAGS ($Junk)\r\n"), IMAP_SAYS_NOTHING);
    assert_int_equal(SAID("a STORE 1 FLAGS ($Junk)\r\n"), IMAP_SAYS_NOTHING);
    assert_int_equal(SAID("a STORE 1 +FLAGS ($Junk $NotJunk)\r\n"), IMAP_SAYS_NOTHING);
    assert_int_equal(SAID("a STORE 1 +FLAGS (\"$Junk\")\r\n"), IMAP_SAYS_NOTHING);
    assert_int_equal(SAID("a STORE 1 +X-GM-LABELS ($Junk)\r\n"), IMAP_SAYS_NOTHING);
    assert_int_equal(SAID("a FETCH 1 ($Junk)\r\n"), IMAP_SAYS_NOTHING);
}

TEST(test_deleting_junk_says_nothing)
{
    static const enum imap_mailbox other = IMAP_MAILBOX_OTHER, junk = IMAP_MAILBOX_JUNK,
                                   trash = IMAP_MAILBOX_TRASH;
    assert_int_equal(imap_mailbox_says(other, junk), IMAP_SAYS_JUNK);
    assert_int_equal(imap_mailbox_says(trash, junk), IMAP_SAYS_JUNK);
    assert_int_equal(imap_mailbox_says(junk, other), IMAP_SAYS_GOOD);
    assert_int_equal(imap_mailbox_says(junk, trash), IMAP_SAYS_NOTHING);
    assert_int_equal(imap_mailbox_says(junk, junk), IMAP_SAYS_NOTHING);
    assert_int_equal(imap_mailbox_says(other, trash), IMAP_SAYS_NOTHING);
    assert_int_equal(imap_mailbox_says(other, other), IMAP_SAYS_NOTHING);
}
