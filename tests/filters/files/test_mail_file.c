/* SPDX-License-Identifier: ISC
 * Which files are mail, where each message of a mailbox begins,
 * and what an inspection finds in them. */
#include "filters/files/inspect.h"
#include "filters/files/mail_file.h"
#include "tests/harness/makers.h"
#include "tests/harness/unit.h"

#include <stdio.h>

#define ATTACHED(name, content)                                                                    \
    "From: a@b.example\r\nTo: c@d.example\r\nMIME-Version: 1.0\r\n"                                \
    "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhello\r\n--x\r\n"                 \
    "Content-Type: application/octet-stream; name=\"" name "\"\r\n\r\n" content "\r\n--x--\r\n"

ARENA_TESTS(16 << 20);
static struct malformations odd;

static bool is_mail(const char *type, const char *extension, const char *content)
{
    struct mail_file mail;
    struct slice e = slice_of(extension);
    return mail_file_open(slice_of(type), &e, 1, slice_of(content), &mail);
}

TEST(test_mail_is_known_by_its_content)
{
    assert_true(is_mail("message/rfc822", "bin", "Received: x\n\n"));
    assert_true(is_mail("text/plain", "", "X-Any: 1\n folded\nSubject: x\nTo: y\n\nhello"));
    assert_true(is_mail("text/plain", "txt", "\xef\xbb\xbf\r\nDate: x\r\nFrom: y\r\n\r\n"));
    assert_true(is_mail("text/plain", "", "Content-Type: multipart/mixed; boundary=x\n\n"));
    assert_true(is_mail("text/plain", "",
                        "X: 1\nContent-Type: text/plain; name=a.js\n"
                        "Content-Transfer-Encoding: base64\n\nYWxlcnQoKQ==\n"));
    assert_true(is_mail("text/plain", "", "From a@b Sat Jan  3 01:05:34 1996\nTo: x\nDate: y\n\n"));
    assert_true(is_mail("text/plain", "", "87\nFrom: x\nTo: y\n\n"));
}

TEST(test_notes_are_no_mail)
{
    assert_false(is_mail("text/plain", "txt", "Subject: only one field\n\nnotes\n"));
    assert_false(is_mail("text/plain", "txt", "Dear all,\nFrom: x\nTo: y\n\n"));
    assert_false(is_mail("text/plain", "txt", "From here on\nall is text\n"));
    assert_false(is_mail("text/plain", "yml", "name: x\nvalue: y\nto: z\n\nfrom: w\n"));
    assert_false(is_mail("application/pdf", "pdf", "%PDF-1.7\n"));
}

TEST(test_mail_is_known_by_its_name)
{
    const char *names[] = {"eml", "emlx", "mht", "mhtml", "nws", "mbox"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(is_mail("application/octet-stream", names[i], "junk\nX: y\n\n"));
}

static unsigned messages_in(const char *content, bool *doubtful)
{
    struct mail_file mail;
    struct slice message, last = {0};
    unsigned n = 0;
    mail_file_open(SLICE("text/plain"), NULL, 0, slice_of(content), &mail);
    for (; mail_file_next(&mail, &message); n++) {
        assert_true(message.len > 0);
        last = message;
    }
    assert_true(n == 0 || last.ptr + last.len == content + strlen(content));
    *doubtful = mail.doubtful;
    return n;
}

TEST(test_each_message_of_a_mailbox_is_found)
{
    bool doubtful;
    assert_int_equal(messages_in("From a Sat Jan  3 01:05:34 1996\nTo: x\n\nhello\n\n"
                                 "From b Sat Jan  3 01:05:35 1996\nTo: x\n\n>From me\nFrom you\n\n"
                                 "From -\nTo: x\n\n",
                                 &doubtful),
                     3);
    assert_false(doubtful);
    assert_int_equal(messages_in("From a Sat Jan  3 01:05:34 1996\nTo: x\n\nhello\n"
                                 "From Russia\nYear: 1963\n\n",
                                 &doubtful),
                     2);
    assert_true(doubtful);
    assert_int_equal(messages_in("From: x\nTo: y\n\nFrom a 01:05:34\nTo: z\n\n", &doubtful), 1);
    assert_int_equal(messages_in("", &doubtful), 0);
}

TEST(test_the_property_list_of_an_emlx_is_not_the_message)
{
    struct mail_file mail;
    struct slice message, name = SLICE("emlx");
    assert_true(mail_file_open(SLICE("text/plain"), &name, 1,
                               SLICE("12\nA: b\n\nhello\n<?xml version='1.0'?><plist/>"), &mail));
    assert_true(mail_file_next(&mail, &message));
    assert_true(slice_eq(message, SLICE("A: b\n\nhello\n")));
    assert_true(mail_file_open(SLICE("text/plain"), &name, 1, SLICE("3\nA: b\n\nhello\n"), &mail));
    assert_true(mail_file_next(&mail, &message));
    assert_true(slice_eq(message, SLICE("A: b\n\nhello\n")));
}

/* ---- within an inspection */

static struct inspection inspect(const char *name, struct slice content,
                                 struct archive_limits limits)
{
    struct inspection in = inspection_of(arena, limits);
    struct slice names = slice_of(name);
    odd = (struct malformations){{0}};
    in.odd = &odd;
    assert_true(inspect_file(&in, &names, name[0] != '\0', content));
    return in;
}

static const struct inspected_file *find(const struct inspection *in, const char *path)
{
    for (const struct inspected_file *f = in->first; f; f = f->next)
        if (slice_eq(f->path, slice_of(path)))
            return f;
    return NULL;
}

TEST(test_the_files_in_a_message_are_its_members)
{
    struct slice mail = SLICE(ATTACHED("run.exe", "MZ\x90\3\4\5"));
    struct inspection in = inspect("invoice.bin", mail, archive_default_limits());
    const struct inspected_file *f = find(&in, "invoice.bin/run.exe");
    assert_int_equal(in.count, 2);
    assert_true(in.first->message && in.first->archive && !in.first->unscannable);
    assert_non_null(f);
    assert_int_equal(f->depth, 1);
    assert_true(slice_eq(f->type, SLICE("application/x-dosexec")));
    assert_int_equal(malformations_worst(&odd), GRADE_HARMLESS);
}

TEST(test_a_message_in_an_archive_is_opened)
{
    struct made_member m = {.local_name = SLICE("a"),
                            .central_name = SLICE("a"),
                            .data = SLICE(ATTACHED("a.txt.js", "alert()"))};
    struct buf zip = make_zip(SLICE(""), &m, 1);
    struct inspection in = inspect("a.zip", buf_slice(&zip), archive_default_limits());
    assert_non_null(find(&in, "a.zip/a/a.txt.js"));
    assert_int_equal(find(&in, "a.zip/a/a.txt.js")->depth, 2);
    buf_release(&zip);
}

TEST(test_all_messages_of_a_mailbox_are_opened)
{
    struct slice box = SLICE("From a Sat Jan  3 01:05:34 1996\n" ATTACHED(
        "1.txt", "x") "\nFrom a Sat Jan  3 01:05:34 1996\n" ATTACHED("2.txt", "y"));
    struct inspection in = inspect("old.mbox", box, archive_default_limits());
    assert_non_null(find(&in, "old.mbox/1.txt"));
    assert_non_null(find(&in, "old.mbox/2.txt"));
    assert_false(in.first->unscannable);
}

TEST(test_a_mailbox_that_can_be_read_in_two_ways_is_unscannable)
{
    struct slice box = SLICE("From a Sat Jan  3 01:05:34 1996\nTo: a\nTo: b\n\nhello\n"
                             "From me\n" ATTACHED("2.txt", "y"));
    struct inspection in = inspect("old", box, archive_default_limits());
    assert_non_null(find(&in, "old/2.txt"));
    assert_true(in.first->unscannable);
}

TEST(test_what_hides_in_it_is_told_of_the_whole)
{
    inspect("a.eml",
            SLICE("From: a\nTo: b\nContent-Type: multipart/mixed; boundary=x; boundary=y\n\n"
                  "--x\n\nhello\n--x--\n"),
            archive_default_limits());
    assert_true(malformations_has(&odd, MALFORMATION_BOUNDARY_CONFLICT));
    assert_false(malformations_has(&odd, MALFORMATION_BARE_LF));
    assert_false(malformations_has(&odd, MALFORMATION_NO_MIME_VERSION));
}

/* Each message holds the one before as a file. */
static struct buf nested(unsigned levels)
{
    struct buf b = buf_init(1 << 20);
    buf_cstr(&b, ATTACHED("run.exe", "MZ\x90\3\4\5"));
    for (unsigned i = 0; i < levels; i++) {
        struct buf outer = buf_init(1 << 20);
        char head[200];
        snprintf(head, sizeof head,
                 "From: a\r\nTo: b\r\nContent-Type: multipart/mixed; boundary=y%u\r\n\r\n--y%u\r\n"
                 "Content-Type: application/octet-stream; name=\"in\"\r\n\r\n",
                 i, i);
        buf_cstr(&outer, head);
        buf_append(&outer, buf_slice(&b));
        snprintf(head, sizeof head, "\r\n--y%u--\r\n", i);
        buf_cstr(&outer, head);
        buf_release(&b);
        b = outer;
    }
    return b;
}

TEST(test_messages_in_messages_end_at_the_depth)
{
    struct archive_limits limits = archive_default_limits();
    struct buf b = nested(3);
    struct inspection in = inspect("a", buf_slice(&b), limits);
    assert_non_null(find(&in, "a/in/in/in/run.exe"));
    buf_release(&b);
    b = nested(40);
    limits.depth = 5;
    in = inspect("a", buf_slice(&b), limits);
    assert_int_equal(in.count, 6);
    assert_true(find(&in, "a/in/in/in/in/in")->limit);
    buf_release(&b);
}

TEST(test_messages_share_the_budget)
{
    struct archive_limits limits = archive_default_limits();
    struct slice box = SLICE("From a Sat Jan  3 01:05:34 1996\n" ATTACHED(
        "1.txt", "12345678") "\nFrom a Sat Jan  3 01:05:34 1996\n" ATTACHED("2.txt", "12345678"));
    limits.entries = 4;
    struct inspection in = inspect("old.mbox", box, limits);
    assert_true(in.first->limit && in.first->unscannable);
    assert_non_null(find(&in, "old.mbox/1.txt"));
    assert_null(find(&in, "old.mbox/2.txt"));
    limits = archive_default_limits();
    limits.total = 20;
    in = inspect("old.mbox", box, limits);
    assert_true(in.first->limit && in.first->unscannable);
    assert_true(in.budget.unpacked <= 20);
}

TEST(test_more_parts_than_are_looked_at_are_a_limit)
{
    struct inspection in = inspection_of(arena, archive_default_limits());
    in.parts = 2;
    assert_true(inspect_file(&in, &SLICE("a.eml"), 1, SLICE(ATTACHED("1.txt", "x"))));
    assert_true(in.first->limit && in.first->unscannable);
}

TEST(test_a_nameless_file_in_a_message_is_listed)
{
    struct slice mail = SLICE("From: a\nTo: b\nContent-Type: application/pdf\n\nMZ\x90\3\4\5");
    struct inspection in = inspect("a.eml", mail, archive_default_limits());
    assert_int_equal(in.count, 2);
    assert_true(slice_eq(in.first->next->type, SLICE("application/x-dosexec")));
}

static void warm_up(void)
{
    assert_true(inspect_warm_up());
}

ALL_TESTS(warm_up, NULL);
