/* SPDX-License-Identifier: ISC */
#include "filters/text/message_text.h"

#include "filters/text/paragraphs.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ARENA_TESTS(64 << 20);

static struct value text, differ;

static void read_message(struct slice message)
{
    struct mime_message parsed;
    assert_true(mime_parse(arena, message, &mime_limits_default, &parsed));
    assert_true(message_text(arena, &parsed, &text, &differ));
    assert_int_equal(text.state, VALUE_KNOWN);
}

/* All paragraphs with '|' between them. */
static const char *joined(void)
{
    struct buf out = buf_init(1 << 20);
    for (size_t i = 0; i < text.list.count; i++) {
        buf_cstr(&out, i ? "|" : "");
        buf_append(&out, text.list.items[i].text);
    }
    buf_cstr(&out, text.list.cut ? "..." : "");
    const char *copy = arena_cstr(arena, buf_slice(&out));
    buf_release(&out);
    return copy;
}

static void says(const char *message, const char *expected)
{
    read_message(slice_of(message));
    if (strcmp(joined(), expected) != 0)
        fprintf(stderr, "for: %s\n", message);
    assert_string_equal(joined(), expected);
}

static void body_says(const char *header, const char *body, const char *expected)
{
    char message[8192];
    snprintf(message, sizeof message, "MIME-Version: 1.0\r\n%s\r\n%s", header, body);
    says(message, expected);
}

static void plain(const char *body, const char *expected)
{
    body_says("Content-Type: text/plain; charset=utf-8\r\n", body, expected);
}

static void html(const char *body, const char *expected)
{
    body_says("Content-Type: text/html; charset=utf-8\r\n", body, expected);
}

TEST(test_an_empty_line_ends_a_paragraph_of_plain_text)
{
    plain("a b\r\nc\r\n\r\n  \r\nd\te  f\r\n", "a b c|d e f");
    plain("a\nb\n\nc", "a b|c");
    plain("", "");
    plain("\r\n\r\n", "");
}

TEST(test_quoted_lines_are_paragraphs_of_their_own)
{
    plain("> a\r\n> b\r\nc\r\n>> d\r\n>> e\r\n> > f\r\n> g\r\n", "a b|c|d e f|g");
}

TEST(test_flowed_text)
{
    body_says("Content-Type: text/plain; format=flowed\r\n", "a \r\nb\r\n c\r\n\r\n> d \r\n> e\r\n",
              "a b c|d e");
    body_says("Content-Type: text/plain; format=flowed; delsp=yes\r\n",
              "ver \r\nify \r\n  this\r\n", "verify this");
    body_says("Content-Type: text/plain; format=\"Flowed\"; delsp=\"Yes\"\r\n",
              "a \r\nb\r\n-- \r\nc", "ab -- c");
}

TEST(test_encodings_and_charsets_are_decoded)
{
    body_says("Content-Type: text/plain; charset=iso-8859-1\r\n"
              "Content-Transfer-Encoding: quoted-printable\r\n",
              "M=FCller ver=\r\nify=20\r\nx", "M\xc3\xbcller verify x");
    body_says("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n",
              "YSBiDQoNCmM=\r\n", "a b|c");
    body_says("Content-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n",
              "YQAgAGIA\r\n", "a b");
    body_says("Content-Type: text/plain; charset=iso-2022-jp\r\n", "\x1b$B$\"\x1b(B",
              "\xe3\x81\x82");
    body_says("Content-Type: text/html\r\n", "<meta charset=\"windows-1251\">\xcf\xf0",
              "\xd0\x9f\xd1\x80");
    body_says("Content-Type: text/html\r\n",
              "<meta http-equiv=x content='text/html; charset=koi8-r'>\xf0\xd2",
              "\xd0\x9f\xd1\x80");
    body_says("", "caf\xe9 caf\xc3\xa9", "caf\xc3\xa9 caf\xc3\xa9");
}

TEST(test_what_cannot_be_seen_parts_no_word)
{
    plain(
        "ver\xe2\x80\x8bify \xc2\xad soft\xc2\xadhyphen \xe2\x80\xaetxt\xe2\x80\xac z\xef\xbb\xbfz",
        "verify softhyphen txt zz");
    plain("a\x01"
          "b\x7f"
          "c a\xcd\x8fz",
          "abc az");
    html("ver&#8203;ify ver&shy;ify ver&ZeroWidthSpace;ify ver&zwnj;ify ver&#xfeff;ify",
         "verify verify verify verify verify");
    plain("a\xc2\xa0\xe2\x80\x89\xe3\x80\x80z", "a z");
}

TEST(test_html_is_read_as_it_is_shown)
{
    html("<p>a\r\nb &amp; c&nbsp;d</p><p>M&uuml;ller &euro;5 &#150; &ldquo;x&rdquo;</p>",
         "a b & c d|M\xc3\xbcller \xe2\x82\xac"
         "5 \xe2\x80\x93 \xe2\x80\x9cx\xe2\x80\x9d");
    html("a<br>b<br><br>c<br>&nbsp;<br>d", "a b|c|d");
    html("<table><tr><td>Total</td><td>5.00</td></tr><tr><td>x</td></tr></table>", "Total 5.00|x");
    html("<title>t</title><style>s</style>ver<span style=\"display:none\">x</span>ify<!-- c -->",
         "verify");
    html("<div style='display:none'>preheader</div><p>a</p>", "a");
    body_says("Content-Type: text/x-amp-html\r\n", "<b>a</b>", "a");
    body_says("Content-Type: text/enriched\r\n", "<bold>a</bold> b", "a b");
}

TEST(test_a_paragraph_stands_once)
{
    plain("a b\r\n\r\nc\r\n\r\na\r\nb\r\n\r\nA b\r\n", "a b|c|A b");
}

#define MIXED "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n"
#define ALTERNATIVE "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=m\r\n\r\n"

TEST(test_bodies_are_read_and_files_are_not)
{
    says(MIXED "--m\r\n\r\na\r\n--m\r\nContent-Type: text/plain; name=x.txt\r\n\r\nb\r\n"
               "--m\r\nContent-Disposition: attachment\r\n\r\nc\r\n"
               "--m\r\nContent-Type: text/html\r\nContent-Disposition: inline; "
               "filename=x.html\r\n\r\nd\r\n"
               "--m\r\nContent-Type: application/pdf\r\n\r\ne\r\n"
               "--m\r\nContent-Type: text/markdown\r\n\r\nf\r\n"
               "--m\r\nContent-Type: text/vcard\r\n\r\ng\r\n--m--\r\n",
         "a|d|f");
    body_says("Content-Type: text/html; name=\"mail.html\"\r\n", "a", "a");
    body_says("Content-Type: text/html\r\nContent-Location: http://x.example/y.html\r\n", "a", "a");
    plain("a\r\nbegin 644 x.exe\r\n#86)C\r\n`\r\nend\r\nb\r\n", "a|b");
}

TEST(test_messages_in_the_message_are_read_unless_they_are_attached)
{
    says(MIXED "--m\r\n\r\na\r\n--m\r\nContent-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\nb\r\n"
               "--m\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n"
               "Subject: s\r\n\r\nc\r\n--m--\r\n",
         "a|b");
}

TEST(test_of_a_choice_plain_text_comes_first)
{
    says(ALTERNATIVE "--m\r\nContent-Type: text/html\r\n\r\n<p>a</p>same\r\n"
                     "--m\r\nContent-Type: text/plain\r\n\r\nb\r\n\r\nsame\r\n--m--\r\n",
         "b|same|a");
    says(MIXED "--m\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n"
               "--i\r\nContent-Type: multipart/related; boundary=r\r\n\r\n"
               "--r\r\nContent-Type: text/html\r\n\r\na\r\n--r--\r\n"
               "--i\r\nContent-Type: text/plain\r\n\r\nb\r\n--i--\r\n--m\r\n\r\nc\r\n--m--\r\n",
         "b|a|c");
}

TEST(test_a_calendar_that_stands_for_the_text_says_what_it_is_about)
{
    static const char calendar[] =
        "Content-Type: text/calendar; charset=utf-8\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"
        "SUMMARY;LANGUAGE=en:Meet\\, all\r\nDESCRIPTION:one\\ntwo\r\n  three\r\nLOCATION:here\r\n"
        "UID:4711\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    char message[2048];
    snprintf(message, sizeof message, ALTERNATIVE "--m\r\n\r\na\r\n--m\r\n%s--m--\r\n", calendar);
    says(message, "a|Meet, all|one two three|here");
    snprintf(message, sizeof message, MIXED "--m\r\n\r\na\r\n--m\r\n%s--m--\r\n", calendar);
    says(message, "a");
}

/* ---- bounds ---- */

/* So many numbers of some digits at least, with what stands before and behind each. */
static struct slice long_message(const char *type, const char *before, int digits,
                                 const char *behind, size_t count)
{
    struct buf out = buf_init(16 << 20);
    buf_printf(&out, "Content-Type: %s; charset=utf-8\r\n\r\n", type);
    for (size_t i = 0; i < count; i++)
        buf_printf(&out, "%s%0*zu%s", before, digits, i, behind);
    struct slice copy = arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    assert_non_null(copy.ptr);
    return copy;
}

TEST(test_a_long_paragraph_goes_out_in_pieces_that_overlap)
{
    read_message(long_message("text/plain", "w", 1, "\r\n", 5000));
    assert_false(text.list.cut);
    assert_in_range(text.list.count, 4, 5);
    for (size_t i = 1; i < text.list.count; i++) {
        struct slice before = text.list.items[i - 1].text, piece = text.list.items[i].text;
        size_t overlap = slice_search(before, slice_sub(piece, 0, 150));
        assert_in_range(before.len, PARAGRAPH_MAX / 2, PARAGRAPH_MAX);
        assert_in_range(before.len - overlap, PARAGRAPH_OVERLAP, 2 * PARAGRAPH_OVERLAP);
        assert_true(slice_starts(piece, slice_from(before, overlap)));
        assert_int_equal(before.ptr[overlap - 1], ' ');
    }
}

TEST(test_a_word_without_end_is_parted_at_a_character)
{
    read_message(long_message("text/plain", "\xe2\x82\xac", 1, "\xe2\x82\xac", 1500));
    assert_in_range(text.list.count, 2, 3);
    for (size_t i = 0; i < text.list.count; i++)
        assert_true(slice_starts(text.list.items[i].text, SLICE("\xe2\x82\xac")) &&
                    slice_iends(text.list.items[i].text, SLICE("\xe2\x82\xac")));
}

TEST(test_what_does_not_fit_is_left_out_and_the_list_is_cut)
{
    read_message(long_message("text/plain", "", 1, "\r\n\r\n", TEXT_PARAGRAPHS_MAX));
    assert_int_equal(text.list.count, TEXT_PARAGRAPHS_MAX);
    assert_false(text.list.cut);
    read_message(long_message("text/plain", "", 1, "\r\n\r\n", TEXT_PARAGRAPHS_MAX + 1));
    assert_int_equal(text.list.count, TEXT_PARAGRAPHS_MAX);
    assert_true(text.list.cut);
    read_message(long_message("text/html", "<p>", 900, "</p>", 100));
    assert_true(text.list.cut);
    assert_int_equal(text.list.count, TEXT_OCTETS_MAX / 900);
    assert_int_equal(text.list.items[0].text.len, 900);
}

TEST(test_no_more_than_so_much_is_read)
{
    read_message(long_message("text/html", "<b class=a", 24, "></b>", 100000));
    assert_true(text.list.cut);
    assert_int_equal(text.list.count, 0);
}

/* ---- whether alternatives say the same ---- */

static const char *const words[] = {
    "invoice", "account", "payment", "delivery", "customer", "support", "window", "garden",
    "monday",  "engine",  "letter",  "minute",   "question", "summer",  "winter", "number",
    "station", "kitchen", "bottle",  "finger",   "village",  "country", "orange", "purple",
    "silver",  "copper",  "marble",  "timber",   "leather",  "cotton"};
enum { WORDS = sizeof words / sizeof *words };

/* Of the plain text `count` words are of these, and `same` of them in the HTML as well. */
static int compared(size_t count, size_t same)
{
    struct buf out = buf_init(1 << 16);
    buf_cstr(&out, ALTERNATIVE "--m\r\n\r\n");
    for (size_t i = 0; i < count; i++)
        buf_printf(&out, "%s ", words[i]);
    buf_cstr(&out, "\r\n--m\r\nContent-Type: text/html\r\n\r\n");
    for (size_t i = 0; i < count; i++)
        buf_printf(&out, i < same ? "<b>%s</b> " : "<b>other%s</b> ", words[i]);
    buf_cstr(&out, "\r\n--m--\r\n");
    read_message(buf_slice(&out));
    buf_release(&out);
    assert_int_equal(differ.state, VALUE_KNOWN);
    return differ.truth;
}

TEST(test_alternatives_without_common_words_differ)
{
    assert_int_equal(compared(WORDS, WORDS), 0);
    assert_int_equal(compared(WORDS, 0), 1);
    assert_int_equal(compared(WORDS, 4), 1);
    assert_int_equal(compared(WORDS, 5), 0);
    assert_int_equal(compared(TEXT_WORDS_LEAST - 1, 0), 0);
    assert_int_equal(compared(TEXT_WORDS_LEAST, 0), 1);
}

TEST(test_without_alternatives_nothing_differs)
{
    plain("a", "a");
    assert_true(differ.state == VALUE_KNOWN && !differ.truth);
    says(ALTERNATIVE "--m\r\n\r\nYour program cannot show this. See http://x.example/\r\n"
                     "--m\r\nContent-Type: text/html\r\n\r\n<p>all else</p>\r\n--m--\r\n",
         "Your program cannot show this. See http://x.example/|all else");
    assert_true(differ.state == VALUE_KNOWN && !differ.truth);
}

TEST(test_what_is_not_read_to_its_end_is_not_compared)
{
    struct buf out = buf_init(16 << 20);
    buf_cstr(&out, ALTERNATIVE "--m\r\n\r\na\r\n--m\r\nContent-Type: text/html\r\n\r\n");
    for (size_t i = 0; i < 200000; i++)
        buf_printf(&out, "<b class=a%zu></b>", i);
    buf_cstr(&out, "\r\n--m--\r\n");
    read_message(buf_slice(&out));
    buf_release(&out);
    assert_int_equal(differ.state, VALUE_UNKNOWN);
}

TEST(test_too_many_words_are_not_compared)
{
    struct buf out = buf_init(16 << 20);
    buf_cstr(&out, ALTERNATIVE "--m\r\n\r\na\r\n--m\r\nContent-Type: text/html\r\n\r\n");
    for (size_t i = 0; i < 10000; i++)
        buf_printf(&out, "word%c%c%c%c ", 'a' + (int)(i % 10), 'a' + (int)(i / 10 % 10),
                   'a' + (int)(i / 100 % 10), 'a' + (int)(i / 1000 % 10));
    buf_cstr(&out, "\r\n--m--\r\n");
    read_message(buf_slice(&out));
    buf_release(&out);
    assert_int_equal(differ.state, VALUE_UNKNOWN);
}
