/* SPDX-License-Identifier: ISC
 * What a command tells of reading, and of what goes. */
#include "proxy/imap/imap_reading.h"

#include "tests/harness/unit.h"

static struct imap_command parsed(const char *text)
{
    struct imap_command command;
    imap_command(slice_of(text), &command);
    return command;
}

static bool reads(const char *text)
{
    struct imap_command command = parsed(text);
    return imap_reads_one(&command);
}

TEST(test_who_fetches_the_content_of_one_message_so_that_it_is_marked_reads_it)
{
    static const char *const yes[] = {"a FETCH 1 BODY[]\r\n",
                                      "a UID FETCH 7 (FLAGS BODY[TEXT])\r\n",
                                      "a uid fetch 7 (UID RFC822.SIZE body[])\r\n",
                                      "a FETCH 1 RFC822\r\n",
                                      "a FETCH 1 RFC822.TEXT\r\n",
                                      "a FETCH 1 (BODY.PEEK[HEADER] BODY[1])\r\n",
                                      "a FETCH 1:1 BODY[]<0.1000>\r\n"};
    static const char *const no[] = {"a FETCH 1 BODY.PEEK[]\r\n",
                                     "a FETCH 1 (FLAGS RFC822.PEEK)\r\n",
                                     "a FETCH 1 BODY.PEEK[1]\r\n",
                                     "a FETCH 1 (BODY[HEADER] ENVELOPE)\r\n",
                                     "a FETCH 1:2 BODY[]\r\n",
                                     "a FETCH 1,2 BODY[]\r\n",
                                     "a FETCH * BODY[]\r\n",
                                     "a FETCH 1:* BODY[]\r\n",
                                     "a STORE 1 +FLAGS (\\Seen)\r\n",
                                     "a FETCH\r\n",
                                     "a\r\n"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!reads(yes[i]))
            fail_msg("%s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (reads(no[i]))
            fail_msg("%s", no[i]);
}

static uint32_t seen(const char *text)
{
    struct imap_command command = parsed(text);
    uint32_t uid = 0;
    return imap_says_seen(&command, &uid) ? uid : 0;
}

TEST(test_who_marks_one_by_its_uid_as_seen_says_which)
{
    assert_int_equal(seen("a UID STORE 12 +FLAGS (\\Seen)\r\n"), 12);
    assert_int_equal(seen("a UID STORE 12 +FLAGS.SILENT \\seen\r\n"), 12);
    assert_int_equal(seen("a UID STORE 12 FLAGS (\\Answered \\Seen)\r\n"), 12);
    assert_int_equal(seen("a UID STORE 12 (UNCHANGEDSINCE 5) +FLAGS (\\Seen)\r\n"), 12);
    assert_int_equal(seen("a STORE 12 +FLAGS (\\Seen)\r\n"), 0);
    assert_int_equal(seen("a UID STORE 12 -FLAGS (\\Seen)\r\n"), 0);
    assert_int_equal(seen("a UID STORE 12:13 +FLAGS (\\Seen)\r\n"), 0);
    assert_int_equal(seen("a UID STORE * +FLAGS (\\Seen)\r\n"), 0);
    assert_int_equal(seen("a UID STORE 12 +FLAGS (\\Flagged)\r\n"), 0);
    assert_int_equal(seen("a UID FETCH 12 (\\Seen)\r\n"), 0);
}

static bool deletes(const char *text)
{
    struct imap_command command = parsed(text);
    return imap_says_deleted(&command);
}

TEST(test_who_marks_some_as_deleted_says_so_however)
{
    assert_true(deletes("a STORE 1:5 +FLAGS (\\Deleted)\r\n"));
    assert_true(deletes("a UID STORE 1:* +FLAGS.SILENT (\\Seen \\DELETED)\r\n"));
    assert_true(deletes("a STORE 1 FLAGS (\\Deleted)\r\n"));
    assert_false(deletes("a STORE 1 -FLAGS (\\Deleted)\r\n"));
    assert_false(deletes("a STORE 1 FLAGS ()\r\n"));
    assert_false(deletes("a EXPUNGE\r\n"));
}

static struct left_range ranges[LEFT_RANGES_MOST];

static size_t uids(const char *text)
{
    struct imap_command command = parsed(text);
    return imap_uids(&command, ranges);
}

static bool is_all(size_t count)
{
    return count == 1 && ranges[0].from == 1 && ranges[0].to == UINT32_MAX;
}

TEST(test_a_set_is_ranges_of_uids)
{
    assert_int_equal(uids("a UID MOVE 5,9:7,12:* Trash\r\n"), 3);
    assert_true(ranges[0].from == 5 && ranges[0].to == 5);
    assert_true(ranges[1].from == 7 && ranges[1].to == 9);
    assert_true(ranges[2].from == 12 && ranges[2].to == UINT32_MAX);
}

TEST(test_where_nobody_knows_which_go_it_may_be_any)
{
    char many[1024] = "a UID COPY 1";
    assert_true(is_all(uids("a MOVE 5 Trash\r\n")));
    assert_true(is_all(uids("a UID MOVE * Trash\r\n")));
    assert_true(is_all(uids("a UID MOVE nonsense Trash\r\n")));
    for (int i = 2; i <= LEFT_RANGES_MOST; i++)
        strcat(many, ",1");
    strcat(many, " Trash\r\n");
    assert_int_equal(uids(many), LEFT_RANGES_MOST);
    strcpy(strstr(many, " Trash"), ",1 Trash\r\n");
    assert_true(is_all(uids(many)));
}
