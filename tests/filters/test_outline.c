/* SPDX-License-Identifier: ISC
 * What people are told of a message: its fields, parts and text, as the scanner tells them. */
#include "filters/examine.h"
#include "tests/harness/unit.h"

#include <string.h>

enum { ARENA_MAX = 64 << 20 };

ARENA_TESTS(ARENA_MAX);
static const struct outline *outline;

static void look_at_octets(struct slice message)
{
    struct scan_job job = {.outline = true, .limits = {8, 1000, 10000, 64 << 20, 0, 0, 0}};
    struct scan_answer answer;
    assert_true(examine(arena, message, &job, &answer));
    outline = answer.outline;
    assert_non_null(outline);
    assert_int_equal(answer.facts.fact[FACT_MESSAGE_SUBJECT].state, VALUE_PENDING);
    assert_int_equal(answer.facts.fact[FACT_ATTACHMENTS].state, VALUE_PENDING);
}

static void look_at(const char *message)
{
    look_at_octets(slice_of(message));
}

static void assert_text(struct slice text, const char *expected)
{
    if (!slice_eq(text, slice_of(expected)))
        fail_msg("\"%.*s\" instead of \"%s\"", SLICE_ARGS(text), expected);
}

static void assert_field(size_t i, const char *name, const char *value)
{
    assert_true(i < outline->field_count);
    assert_text(outline->fields[i].name, name);
    assert_text(outline->fields[i].value, value);
}

static void assert_part(size_t i, uint32_t depth, const char *type, const char *name, uint64_t size)
{
    assert_true(i < outline->part_count);
    assert_int_equal(outline->parts[i].depth, depth);
    assert_text(outline->parts[i].type, type);
    assert_text(outline->parts[i].name, name);
    if (size)
        assert_int_equal(outline->parts[i].size, size);
}

static void assert_html(const char *html, const char *expected)
{
    look_at(arena_printf(arena, "Content-Type: text/html; charset=utf-8\r\n\r\n%s", html).ptr);
    assert_text(outline->text, expected);
}

TEST(test_nothing_is_told_unless_it_is_asked_for)
{
    struct scan_job job = {.message = true, .limits = {8, 1000, 10000, 64 << 20, 0, 0, 0}};
    struct scan_answer answer;
    assert_true(examine(arena, SLICE("Subject: x\r\n\r\nhello\r\n"), &job, &answer));
    assert_null(answer.outline);
}

TEST(test_fields_are_decoded_and_in_one_order)
{
    look_at(
        "Received: x\r\nsubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n folded\r\nDATE: today\r\n"
        "From: =?iso-8859-1?q?J=F6rg?= <a@example.com>\r\nTo: b@example.com\r\n"
        "Reply-To: c@example.com\r\nCc: d@example.com\r\nMessage-ID: <1@x>\r\nFrom: e@x\r\n\r\n");
    assert_int_equal(outline->field_count, 8);
    assert_field(0, "From", "J\xc3\xb6rg <a@example.com>");
    assert_field(1, "From", "e@x");
    assert_field(2, "To", "b@example.com");
    assert_field(3, "Cc", "d@example.com");
    assert_field(4, "Date", "today");
    assert_field(5, "Subject",
                 "gr\xc3\xbc\xc3\x9f"
                 "e folded");
    assert_field(6, "Reply-To", "c@example.com");
    assert_field(7, "Message-ID", "<1@x>");
    assert_false(outline->fields_cut);
}

TEST(test_a_field_that_is_there_too_often_or_is_too_long_is_cut)
{
    struct buf mail = buf_init(1 << 20);
    for (size_t i = 0; i < 100; i++)
        buf_cstr(&mail, "From: a@example.com\r\n");
    buf_cstr(&mail, "Subject: ");
    for (size_t i = 0; i < 10000; i++)
        buf_cstr(&mail, "\xc3\xbc");
    buf_cstr(&mail, "\r\n\r\n");
    look_at_octets(arena_copy(arena, buf_slice(&mail)));
    buf_release(&mail);
    assert_int_equal(outline->field_count, 5);
    assert_true(outline->fields_cut);
    assert_true(outline->fields[4].cut && !outline->fields[0].cut);
    assert_int_equal(outline->fields[4].value.len, OUTLINE_VALUE_MAX);
}

TEST(test_parts_within_each_other_are_a_tree)
{
    look_at("Content-Type: multipart/mixed; boundary=o\r\n\r\n"
            "--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
            "--i\r\nContent-Type: text/plain; charset=iso-8859-1\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\ngr=FC=DFe=1B[1m\r\nnext\r\n"
            "--i\r\nContent-Type: text/html\r\n\r\n<b>other</b>\r\n--i--\r\n"
            "--o\r\nContent-Type: application/zip; name=\"=?utf-8?q?=C3=BC.zip?=\"\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\nUEsDBAoAAAAAAAAAIQA=\r\n--o--\r\n");
    assert_int_equal(outline->part_count, 5);
    assert_part(0, 0, "multipart/mixed", "", 0);
    assert_part(1, 1, "multipart/alternative", "", 0);
    assert_part(2, 2, "text/plain", "", 0);
    assert_part(3, 2, "text/html", "", 0);
    assert_part(4, 1, "application/zip", "\xc3\xbc.zip", 14);
    assert_text(outline->parts[2].charset, "iso-8859-1");
    assert_int_equal(outline->parts[2].encoding, MIME_QP);
    assert_int_equal(outline->parts[4].encoding, MIME_BASE64);
    assert_text(outline->text, "gr\xc3\xbc\xc3\x9f"
                               "e\xe2\x90\x9b[1m\nnext");
    assert_false(outline->text_was_html || outline->text_cut);
}

TEST(test_an_attached_message_is_below_what_holds_it)
{
    look_at("Content-Type: multipart/mixed; boundary=o\r\n\r\n"
            "--o\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n"
            "Content-Type: text/html\r\n\r\n<p>within</p>\r\n--o--\r\n");
    assert_int_equal(outline->part_count, 3);
    assert_part(1, 1, "message/rfc822", "", 0);
    assert_int_equal(outline->parts[1].kind, MIME_MESSAGE);
    assert_part(2, 2, "text/html", "", 0);
    assert_int_equal(outline->field_count, 0);
    assert_text(outline->text, "within");
    assert_true(outline->text_was_html);
}

TEST(test_html_in_base64_is_read_when_there_is_no_text)
{
    look_at(
        "Content-Type: multipart/alternative; boundary=o\r\n\r\n"
        "--o\r\nContent-Type: text/plain\r\n\r\n  \r\n"
        "--o\r\nContent-Type: text/html; charset=windows-1252\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\nPHA+Z3L832U8L3A+PHA+MiCAPC9wPg==\r\n--o--\r\n");
    assert_text(outline->text, "gr\xc3\xbc\xc3\x9f"
                               "e\n2 \xe2\x82\xac");
    assert_true(outline->text_was_html);
}

TEST(test_charsets_of_two_octets_are_read)
{
    static const char mail[] = "Content-Type: text/plain; charset=utf-16le\r\n\r\n"
                               "a\0\r\0\n\0\xfc\0\n\0z";
    look_at_octets((struct slice){mail, sizeof mail});
    assert_text(outline->text, "a\n\xc3\xbc\nz");
}

TEST(test_text_that_is_attached_is_the_last_choice)
{
    look_at("Content-Type: multipart/mixed; boundary=o\r\n\r\n"
            "--o\r\nContent-Type: text/plain; name=\"a.txt\"\r\n"
            "Content-Disposition: attachment\r\n\r\nattached\r\n"
            "--o\r\nContent-Type: text/html\r\n\r\nshown\r\n--o--\r\n");
    assert_text(outline->text, "shown");
    look_at("Content-Type: text/plain; name=\"a.txt\"\r\nContent-Disposition: attachment\r\n\r\n"
            "attached");
    assert_text(outline->text, "attached");
}

TEST(test_tags_scripts_and_comments_are_taken_out)
{
    assert_html("<html><head><style>p { a }</style><SCRIPT>if (1 < 2) x('</b>')</SCRIPT ></head>"
                "<body>a <b>b</b><!-- <p>hidden > --> c</body>",
                "a b c");
    assert_html("one<br>two<p>three</p>\r\n <div>four</div>", "one\ntwo\nthree\nfour");
    assert_html("<a title=\"1 > 0\" href='x>y' data-x=a\"b>in</a>out", "inout");
    assert_html("1 < 2 & 3 <> 4", "1 < 2 & 3 <> 4");
    assert_html("a&lt;b&gt;&amp;&#x43;&#27;[1m&nbsp;&unknown;", "a<b>&C\xe2\x90\x9b[1m &unknown;");
}

TEST(test_html_that_ends_too_early_is_read_as_far_as_it_goes)
{
    static const char *const endings[] = {
        "<",         "</", "<a",  "<a href=", "<a b='",     "<!--",
        "<!-- x --", "<!", "<?x", "<script",  "<script>ab", "<style></sty"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        look_at(arena_printf(arena, "Content-Type: text/html\r\n\r\nseen%s", endings[i]).ptr);
        assert_true(slice_starts(outline->text, SLICE("seen")));
    }
    assert_html("seen &#", "seen &#");
}

TEST(test_a_long_text_is_cut_at_a_character)
{
    struct buf mail = buf_init(1 << 20);
    buf_cstr(&mail, "Content-Type: text/plain; charset=utf-8\r\n\r\nx");
    for (size_t i = 0; i < 100000; i++)
        buf_cstr(&mail, "\xc3\xbc");
    look_at_octets(arena_copy(arena, buf_slice(&mail)));
    buf_release(&mail);
    assert_int_equal(outline->text.len, OUTLINE_TEXT_MAX - 1);
    assert_true(outline->text_cut);
}

TEST(test_a_text_of_controls_alone_fits)
{
    char *mail = arena_alloc(arena, 1 << 20);
    size_t head = (size_t)stpcpy(mail, "Content-Type: text/plain\r\n\r\n") - (size_t)mail;
    memset(mail + head, 1, (1 << 20) - head);
    look_at_octets((struct slice){mail, 1 << 20});
    assert_int_equal(outline->text.len, OUTLINE_TEXT_MAX - OUTLINE_TEXT_MAX % 3);
    assert_true(outline->text_cut);
}

TEST(test_more_parts_than_there_is_room_for_are_cut)
{
    struct buf mail = buf_init(1 << 20);
    buf_cstr(&mail, "Content-Type: multipart/mixed; boundary=o\r\n\r\n");
    for (size_t i = 0; i < OUTLINE_PARTS_MAX + 50; i++)
        buf_cstr(&mail, "--o\r\n\r\nx\r\n");
    buf_cstr(&mail, "--o--\r\n");
    look_at_octets(arena_copy(arena, buf_slice(&mail)));
    buf_release(&mail);
    assert_int_equal(outline->part_count, OUTLINE_PARTS_MAX);
    assert_true(outline->parts_cut);
}

TEST(test_what_is_hardly_a_message_has_an_outline)
{
    static const char *const mails[] = {
        "",
        "\r\n",
        "no field at all",
        "Content-Type: multipart/mixed\r\n\r\nno boundary",
        "Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\n--o\r\n",
        "Content-Type: text/html; charset=no-such\r\nContent-Transfer-Encoding: no\r\n\r\n\xff\xfe",
        "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
        "Subject:\r\nFrom: =?utf-8?q?\r\nTo: =?x?b?///?=\r\n"};
    for (size_t i = 0; i < sizeof mails / sizeof *mails; i++) {
        look_at(mails[i]);
        assert_true(outline->part_count >= 1);
        assert_int_equal(outline->parts[0].depth, 0);
    }
}
