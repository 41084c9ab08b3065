/* SPDX-License-Identifier: ISC */
#include "filters/mime/charset_encode.h"
#include "tests/filters/banner/banner_kit.h"
#include "tests/harness/unit.h"

#include <stdio.h>

ARENA_TESTS(64 << 20);

static struct bannered bannered;

#define TEXT "This comes from outside"
#define PLAIN TEXT "\r\n\r\n"

static struct edit banner_of(const char *text)
{
    return (struct edit){.kind = ACTION_BANNER, .value = slice_of(text)};
}

/* The message with a banner; what it was must be in it. */
static const char *with(const char *message, const char *text)
{
    struct edit edit = banner_of(text);
    assert_true(kit_apply(arena, slice_of(message), &edit, 1, &bannered));
    const char *difference = kit_difference(arena, &bannered);
    if (difference)
        fail_msg("%s:\n%.*s", difference, SLICE_ARGS(bannered.message));
    return arena_cstr(arena, bannered.message);
}

static const char *fate(void)
{
    static const struct edit any = {.kind = ACTION_BANNER};
    return banner_fate(&bannered.result, &any, false);
}

/* What the part shows. */
static const char *shown(size_t part)
{
    return arena_cstr(arena, kit_content(arena, &bannered.after.parts[part]));
}

static void expect_left_out(const char *message, const char *why)
{
    char words[80];
    snprintf(words, sizeof words, "left out: %s", why);
    assert_string_equal(with(message, TEXT), message);
    assert_string_equal(fate(), words);
}

#define HEADER "Subject: s\r\nMIME-Version: 1.0\r\n"
#define PLAIN_8                                                                                    \
    HEADER "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"

/* ---- where ---- */

TEST(test_a_text_has_it_at_its_beginning)
{
    assert_string_equal(with("Subject: s\r\n\r\nhello\r\n", TEXT),
                        "Subject: s\r\n\r\n" PLAIN "hello\r\n");
    assert_string_equal(fate(), "in text");
}

TEST(test_an_empty_text_has_it_too)
{
    assert_string_equal(with("Subject: s\r\n\r\n", TEXT), "Subject: s\r\n\r\n" PLAIN);
}

TEST(test_html_has_it_behind_its_body_tag)
{
    const char *out = with(
        HEADER "Content-Type: text/html\r\n\r\n<html><body bgcolor=\"a>b\">Hi</body></html>\r\n",
        TEXT);
    const char *tag = strstr(out, "<body bgcolor=\"a>b\">\r\n<div style=\"");
    assert_non_null(tag);
    assert_non_null(strstr(tag, ">" TEXT "</div>Hi</body>"));
    assert_string_equal(fate(), "in HTML");
}

TEST(test_html_without_a_body_tag_has_it_where_a_body_begins)
{
    static const struct {
        const char *before, *behind;
    } pages[] = {
        {"", "Hello"},
        {"", "<p>Hello"},
        {"<!DOCTYPE html><html><head><title><body></title></head>", "<p>Hello"},
        {"<!-- <body> --><style>p { } <body></style>", "Hello<body>"},
        {"<html><head><script>'<body>'</script>\r\n", "<table><body>"},
        {"<html><head>", "<noscript><p>x</noscript></head><body>y"},
        {"<html><head>", "<template><body></template>x"},
        {"<!DOCTYPE html>", "<html><head><style>never ends <body>"},
        {"<!DOCTYPE html>", "<html"},
        {"<html><head></head>", "</html>"},
        {"\xef\xbb\xbf<html><body>", "x"},
        {"<html><!--[if mso]><xml><o:A>1</o:A></xml><style>a</style><![endif]--><body>", "x"},
        {"<html>", "<!--[if mso]>in Outlook<![endif]--><body>x"},
        {"<html>", "<!--[if mso]><div style='display:none'><![endif]--><body>x"},
        {"<html>", "<!--[if mso]><!-- --><div><![endif]--><body>x"},
        {"<html>", "<!--[if !mso]><!--><body><!--<![endif]-->x"},
        {"<html>", "<![if !mso]><body><![endif]>x"},
        {"<html><!--[if !mso]><!--><style></style><!--<![endif]--><body>", "x"},
        {"<html><![if !mso]><style></style><![endif]><body>", "x"},
        {"<?xml version='1.0'?><html>", "<BODY"},
    };
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        char page[512];
        snprintf(page, sizeof page, HEADER "Content-Type: text/html\r\n\r\n%s%s", pages[i].before,
                 pages[i].behind);
        with(page, TEXT);
        const char *out = shown(0);
        size_t before = strlen(pages[i].before);
        assert_memory_equal(out, pages[i].before, before);
        const char *div = strstr(out, "<div");
        assert_non_null(div);
        assert_true(div - out == (long)before || memcmp(out + before, "\r\n<div", 6) == 0);
        assert_true(strlen(out) > strlen(pages[i].behind));
        assert_string_equal(out + strlen(out) - strlen(pages[i].behind), pages[i].behind);
    }
}

#define OF_QP                                                                                      \
    ALTERNATIVE("Content-Type: text/plain\r\n" QP "x", "Content-Type: text/html\r\n" QP "<body>x")

#define ALTERNATIVE(plain, html)                                                                   \
    HEADER "Content-Type: multipart/alternative; boundary=B\r\n\r\n--B\r\n" plain                  \
           "\r\n--B\r\n" html "\r\n--B--\r\n"
#define AS_PLAIN "Content-Type: text/plain\r\n\r\nplain words"
#define AS_HTML "Content-Type: text/html\r\n\r\n<body>html words</body>"

TEST(test_each_alternative_has_it)
{
    with(ALTERNATIVE(AS_PLAIN, AS_HTML), TEXT);
    assert_string_equal(fate(), "in text and HTML");
    assert_string_equal(shown(1), PLAIN "plain words");
    assert_non_null(strstr(shown(2), TEXT "</div>html words"));
}

TEST(test_an_alternative_that_cannot_take_it_stays_as_it_is)
{
    with(ALTERNATIVE("Content-Type: text/plain; charset=utf-16\r\n\r\nx", AS_HTML), TEXT);
    assert_string_equal(fate(), "in HTML");
    with(ALTERNATIVE(AS_PLAIN, "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR"), TEXT);
    assert_string_equal(fate(), "in text");
    with(ALTERNATIVE(AS_PLAIN, "Content-Type: text/x-amp-html\r\n\r\n<body>x"), TEXT);
    assert_string_equal(fate(), "in text");
}

TEST(test_html_within_related_within_alternative_has_it)
{
    with(ALTERNATIVE(
             AS_PLAIN,
             "Content-Type: multipart/related; boundary=R\r\n\r\n--R\r\n" AS_HTML
             "\r\n--R\r\nContent-Type: text/html\r\nContent-ID: <a>\r\n\r\n<body>frame\r\n--R--"),
         TEXT);
    assert_string_equal(fate(), "in text and HTML");
    assert_non_null(strstr(shown(3), TEXT));
    assert_null(strstr(shown(4), TEXT));
}

#define MIXED(first, second)                                                                       \
    HEADER "Content-Type: multipart/mixed; boundary=M\r\n\r\n--M\r\n" first "\r\n--M\r\n" second   \
           "\r\n--M--\r\n"

TEST(test_of_several_texts_the_first_that_is_shown_has_it)
{
    with(MIXED(AS_PLAIN, AS_HTML), TEXT);
    assert_string_equal(shown(1), PLAIN "plain words");
    assert_null(strstr(shown(2), TEXT));
    with(MIXED("Content-Type: image/png\r\n\r\nx", AS_HTML), TEXT);
    assert_string_equal(fate(), "in HTML");
    with(MIXED("Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nx", AS_HTML),
         TEXT);
    assert_string_equal(fate(), "in HTML");
    with(MIXED("Content-Type: text/plain; name=a.txt\r\n\r\nx", AS_HTML), TEXT);
    assert_string_equal(fate(), "in HTML");
    with(MIXED("Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ninner", AS_PLAIN), TEXT);
    assert_string_equal(shown(3), PLAIN "plain words");
}

TEST(test_a_part_without_a_header_has_it)
{
    with(HEADER "Content-Type: multipart/mixed; boundary=M\r\n\r\n--M\r\n\r\n--M--\r\n", TEXT);
    assert_string_equal(shown(1), TEXT "\r\n");
}

/* ---- where not ---- */

TEST(test_what_is_signed_or_encrypted_is_left_alone)
{
    expect_left_out(
        HEADER
        "Content-Type: multipart/signed; boundary=B; protocol=\"application/pgp-signature\"\r\n\r\n"
        "--B\r\n" AS_PLAIN
        "\r\n--B\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--B--\r\n",
        "signed or encrypted");
    expect_left_out(HEADER "Content-Type: multipart/encrypted; boundary=B\r\n\r\n--B\r\n"
                           "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--B--\r\n",
                    "signed or encrypted");
    expect_left_out(HEADER "Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n"
                           "Content-Transfer-Encoding: base64\r\n\r\nMIIB\r\n",
                    "signed or encrypted");
    expect_left_out("Subject: s\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\nx\r\n",
                    "signed or encrypted");
    expect_left_out(
        ALTERNATIVE("Content-Type: text/plain\r\n\r\n-----BEGIN PGP MESSAGE-----", AS_HTML),
        "signed or encrypted");
    expect_left_out(MIXED("Content-Type: multipart/signed; boundary=S\r\n\r\n--S\r\n" AS_PLAIN
                          "\r\n--S\r\nContent-Type: application/pkcs7-signature\r\n\r\nx\r\n--S--",
                          AS_PLAIN),
                    "signed or encrypted");
}

TEST(test_where_nothing_is_shown_as_text_it_is_left_out)
{
    expect_left_out(HEADER "Content-Type: application/pdf\r\n\r\n%PDF\r\n", "no text");
    expect_left_out(HEADER
                    "Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nx\r\n",
                    "no text");
    expect_left_out(HEADER "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n", "no text");
    expect_left_out(HEADER "Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n",
                    "no text");
    expect_left_out(HEADER "Content-Type: multipart/report; boundary=B\r\n\r\n--B\r\n" AS_PLAIN
                           "\r\n--B--\r\n",
                    "no text");
}

TEST(test_what_others_may_read_otherwise_is_left_alone)
{
    expect_left_out("no header at all\r\n", "malformed");
    expect_left_out(HEADER
                    "Content-Type: multipart/mixed; boundary=M; boundary=N\r\n\r\n--M\r\n" AS_PLAIN
                    "\r\n--N\r\n" AS_HTML "\r\n--M--\r\n",
                    "malformed");
    expect_left_out("Subject: s\r\n", "malformed");
    expect_left_out(HEADER "Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nx\r\n",
                    "malformed");
    expect_left_out(HEADER "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n"
                           "Content-Transfer-Encoding: 7bit\r\n\r\nx\r\n",
                    "malformed");
    expect_left_out(
        HEADER
        "Content-Type: multipart/mixed; boundary=M\r\n\r\n--M\r\nContent-Type: text/plain\r\n"
        "--M--\r\n",
        "malformed");
    expect_left_out(MIXED("Content-Type: text/plain\r\n \t \r\n\r\nx", AS_HTML), "malformed");
}

TEST(test_an_encoding_or_charset_that_takes_none_is_left_alone)
{
    static const char *const fields[] = {
        "Content-Type: text/plain; charset=utf-16le\r\n",
        "Content-Type: text/plain; charset=utf-7\r\n",
        "Content-Type: text/plain; charset=hz-gb-2312\r\n",
        "Content-Type: text/plain; charset=iso-2022-kr\r\n",
        "Content-Type: text/plain; charset=nobody-knows\r\n",
        "Content-Type: text/plain\r\nContent-Transfer-Encoding: uuencode\r\n",
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        char message[512];
        snprintf(message, sizeof message, HEADER "%s\r\n\x1b$B<body>x\r\n", fields[i]);
        expect_left_out(message, "its encoding");
    }
    expect_left_out(
        HEADER "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\naG!VsbG8=\r\n",
        "its encoding");
    expect_left_out(
        HEADER
        "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsb\r\nG8g\r\n",
        "its encoding");
    expect_left_out(HEADER "Content-Type: text/html; charset=iso-2022-jp\r\n\r\n"
                           "<title>\x1b$B</title><body>x\r\n",
                    "its encoding");
}

/* ---- how ---- */

#define BASE64_HTML                                                                                \
    "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"

/* The page in base64, lines of `width` letters. */
static const char *page_in_base64(const char *page, size_t width)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static char out[4096];
    size_t n = (size_t)sprintf(out, "%s", HEADER BASE64_HTML), column = 0, len = strlen(page);
    for (size_t i = 0; i < len; i += 3) {
        unsigned char a = (unsigned char)page[i], b = i + 1 < len ? (unsigned char)page[i + 1] : 0,
                      c = i + 2 < len ? (unsigned char)page[i + 2] : 0;
        out[n++] = letters[a >> 2];
        out[n++] = letters[(a & 3) << 4 | b >> 4];
        out[n++] = i + 1 < len ? letters[(b & 15) << 2 | c >> 6] : '=';
        out[n++] = i + 2 < len ? letters[c & 63] : '=';
        column += 4;
        if (column >= width)
            n += (size_t)sprintf(out + n, "\r\n"), column = 0;
    }
    sprintf(out + n, "\r\n");
    return out;
}

static void expect_short_lines(size_t most)
{
    struct slice rest =
        slice_from(bannered.message, slice_search(bannered.message, SLICE("\r\n\r\n")) + 4);
    while (rest.len) {
        size_t line = slice_search(rest, SLICE("\r\n"));
        assert_true(line <= most);
        rest = slice_from(rest, line + 2);
    }
}

TEST(test_base64_is_taken_apart_at_any_octet)
{
    static const char *const before[] = {"", "a", "ab", "abc", "abcd", "abcde"};
    for (size_t i = 0; i < 6; i++)
        for (size_t width = 4; width <= 76; width += 8) {
            char page[400];
            snprintf(page, sizeof page,
                     "<html title='%s'><body>and so it goes on and on and on and on and on</body>",
                     before[i]);
            with(page_in_base64(page, width), TEXT);
            assert_string_equal(fate(), "in HTML");
            assert_non_null(strstr(shown(0), "<body><div"));
            assert_non_null(strstr(shown(0), TEXT "</div>"));
            assert_non_null(
                strstr(shown(0), "and so it goes on and on and on and on and on</body>"));
            expect_short_lines(76);
            assert_false(malformations_has(&bannered.after.parts[0].malformations,
                                           MALFORMATION_TEXT_BASE64_BROKEN));
        }
}

TEST(test_base64_ends_in_its_last_group)
{
    static const char *const behind[] = {"", "a", "ab", "abc", "abcd"};
    for (size_t i = 0; i < 5; i++)
        for (size_t lead = 0; lead < 3; lead++) {
            char page[100];
            snprintf(page, sizeof page, "<html %.*s><body>%s", (int)lead, "xy", behind[i]);
            with(page_in_base64(page, 76), TEXT);
        }
}

TEST(test_a_text_in_base64_has_it_as_lines_of_its_own)
{
    static const char *const texts[] = {"a", "ab", "abc", "abcd"};
    for (size_t i = 0; i < 4; i++) {
        with(HEADER "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
                    "base64\r\n\r\naGVsbG8gd29y\r\nbGQ=\r\n",
             texts[i]);
        const char *out = shown(0);
        assert_memory_equal(out, texts[i], strlen(texts[i]));
        assert_memory_equal(out + strlen(texts[i]), "\r\n\r\n", 4);
        assert_non_null(strstr(out, "\r\nhello world"));
    }
}

#define QP "Content-Transfer-Encoding: quoted-printable\r\n\r\n"

TEST(test_quoted_printable_is_written_as_such)
{
    const char *out = with(HEADER "Content-Type: text/plain; charset=utf-8\r\n" QP "caf=C3=A9\r\n",
                           "Von au\xc3\x9f"
                           "en = drau\xc3\x9f"
                           "en");
    assert_non_null(strstr(out, "\r\n\r\nVon au=C3=9Fen =3D drau=C3=9Fen\r\n\r\ncaf=C3=A9\r\n"));
    out = with(HEADER "Content-Type: text/html; charset=utf-8\r\n" QP
                      "<html><body s=\r\ntyle=3D'x'>caf=C3=A9=20</body>\r\n",
               TEXT);
    assert_non_null(strstr(out, "style=3D'x'>=\r\n=0D")
                        ? NULL
                        : strstr(out, "tyle=3D'x'>=\r\n<div style=3D\""));
    assert_non_null(strstr(out, "</div>=\r\ncaf=C3=A9=20</body>\r\n"));
    expect_short_lines(76);
}

TEST(test_quoted_printable_cuts_no_character)
{
    for (size_t lead = 0; lead < 80; lead++) {
        char text[400] = "";
        memset(text, 'x', lead);
        for (size_t i = 0; i < 24; i++)
            strcpy(text + lead + 3 * i, "\xe4\xb8\xad");
        with(HEADER "Content-Type: text/plain; charset=utf-8\r\n" QP "x\r\n", text);
        assert_null(strstr(arena_cstr(arena, bannered.message), "=E4=\r\n"));
        assert_null(strstr(arena_cstr(arena, bannered.message), "=B8=\r\n"));
        expect_short_lines(76);
    }
}

TEST(test_charsets_say_what_they_can)
{
    static const struct {
        const char *charset, *text, *expected;
    } rows[] = {
        {"utf-8",
         "Stra\xc3\x9f"
         "e",
         "Stra\xc3\x9f"
         "e"},
        {"iso-8859-1",
         "Stra\xc3\x9f"
         "e \xe2\x82\xac",
         "Stra\xdf"
         "e EUR"},
        {"windows-1252", "\xe2\x82\xac", "\x80"},
        {"iso-8859-15", "\xe2\x82\xac", "\xa4"},
        {"iso-8859-2", "\xc4\x8d", "\xe8"},
        {"windows-1251", "\xd0\x98\xd0\xb7", "\xc8\xe7"},
        {"koi8-r", "\xd0\x98\xd0\xb7", "\xe9\xda"},
        {"gb2312", "\xe5\xa4\x96\xe9\x83\xa8", "\xcd\xe2\xb2\xbf"},
        {"shift_jis", "\xe5\xa4\x96", "\x8a\x4f"},
        {"big5", "\xe5\xa4\x96", "\xa5\x7e"},
        {"euc-kr", "\xec\x99\xb8", "\xbf\xdc"},
        {"us-ascii",
         "Stra\xc3\x9f"
         "e \xe2\x80\x9equoted\xe2\x80\x9c",
         "Strasse \"quoted\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char message[512], expected[128];
        snprintf(message, sizeof message,
                 HEADER "Content-Type: text/plain; charset=%s\r\nContent-Transfer-Encoding: "
                        "8bit\r\n\r\n\xe4\r\n",
                 rows[i].charset);
        snprintf(expected, sizeof expected, "%s\r\n\r\n\xe4\r\n", rows[i].expected);
        with(message, rows[i].text);
        assert_string_equal(shown(0), expected);
    }
}

TEST(test_japanese_stays_in_seven_bits)
{
    with(HEADER "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B30\x1b(B\r\n",
         "\xe5\xa4\x96 outside");
    assert_true(slice_is_ascii(bannered.message));
    assert_string_equal(shown(0), "\x1b$B30\x1b(B outside\r\n\r\n\x1b$B30\x1b(B\r\n");
}

TEST(test_seven_bits_stay_seven_bits)
{
    static const char *const messages[] = {
        HEADER "Content-Type: text/plain; charset=utf-8\r\n\r\nx\r\n",
        HEADER "Content-Type: text/html; charset=utf-8\r\n\r\n<p>x\r\n",
        HEADER "Content-Type: text/plain; charset=iso-8859-1\r\n" QP "x\r\n",
        HEADER "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
               "base64\r\n\r\neA==\r\n",
        PLAIN_8 "x\r\n",
    };
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        with(messages[i], "au\xc3\x9f"
                          "en \xe2\x9a\xa0");
        assert_string_not_equal(arena_cstr(arena, bannered.message), messages[i]);
        assert_true(slice_is_ascii(bannered.message));
    }
}

TEST(test_octets_above_127_in_another_part_change_nothing_in_this)
{
    with(MIXED("Content-Type: text/plain; charset=utf-8\r\n\r\nplain words",
               "Content-Type: text/plain; charset=utf-8\r\n\r\n\xc3\xa4"),
         "au\xc3\x9f");
    assert_string_equal(shown(1), "auss\r\n\r\nplain words");
}

TEST(test_a_text_that_seven_bits_cannot_say_is_left_out)
{
    static const char cyrillic[] = "\xd0\x98\xd0\xb7 \xd0\xb2\xd0\xbd\xd0\xb5";
    static const char message[] = HEADER "Content-Type: text/plain\r\n\r\nx\r\n";
    assert_string_equal(with(message, cyrillic), message);
    assert_string_equal(fate(), "left out: its charset");
    with(HEADER "Content-Type: text/html\r\n\r\n<p>x\r\n", cyrillic);
    assert_non_null(strstr(shown(0), "&#1048;&#1079; &#1074;&#1085;&#1077;</div>"));
}

TEST(test_lines_are_wrapped)
{
    with(PLAIN_8 "\xc3\xa4\r\n", "one two three four five six seven eight nine ten eleven twelve "
                                 "thirteen fourteen fifteen sixteen");
    assert_string_equal(
        shown(0), "one two three four five six seven eight nine ten eleven twelve thirteen\r\n"
                  "fourteen fifteen sixteen\r\n\r\n\xc3\xa4\r\n");
    char word[500] = "";
    memset(word, 'w', 400);
    with(PLAIN_8 "\xc3\xa4\r\n", word);
    expect_short_lines(76);
    with(HEADER "Content-Type: text/html\r\n\r\n<p>x\r\n", word);
    expect_short_lines(300);
}

/* The text may be the sender's: a subject, a name. */
TEST(test_no_line_of_it_is_anything_but_a_line)
{
    static const char wrapped[] = "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a "
                                  "a a a a a --B begin 644 x.exe";
    static const char *const texts[] = {
        "--B",
        "--B--",
        "--B x",
        "From nobody",
        "> quoted",
        "begin 644 x.exe",
        "=ybegin line=1",
        "-----BEGIN PGP MESSAGE-----",
        "</div><script>x</script>",
        "&lt; \" '",
        "(This file must be converted with BinHex",
        wrapped,
    };
    static const char *const messages[] = {
        ALTERNATIVE(AS_PLAIN, AS_HTML),
        OF_QP,
        ALTERNATIVE(
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\neHh4",
            "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGJvZHk+eHh4"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t k = 0; k < sizeof messages / sizeof *messages; k++) {
            with(messages[k], texts[i]);
            assert_string_equal(fate(), "in text and HTML");
            assert_false(bannered.after.n != bannered.before.n);
            assert_null(strstr(shown(2), "<script>"));
            assert_true(shown(1)[0] != '-' && shown(1)[0] != '>' && shown(1)[0] != '=' &&
                        memcmp(shown(1), "From ", 5) != 0);
        }
}

TEST(test_no_line_of_octets_is_a_boundary)
{
    for (size_t lead = 0; lead < 60; lead++) {
        char text[256] = "";
        for (size_t i = 0; i < lead; i++)
            strcat(text, "\xc3\xa9");
        strcat(text, "--B");
        with(OF_QP, text);
        with(ALTERNATIVE(AS_PLAIN, AS_HTML), text);
    }
}

TEST(test_no_line_of_html_begins_as_mail_boxes_and_files_do)
{
    static const char *const words[] = {" From here", " begin 644 x"};
    for (size_t lead = 1; lead < 80; lead++)
        for (size_t i = 0; i < 2; i++) {
            char text[256] = "";
            memset(text, 'x', lead);
            strcat(text, words[i]);
            const char *out = with(HEADER "Content-Type: text/html\r\n\r\n<p>x\r\n", text);
            assert_null(strstr(out, "\r\nFrom "));
            assert_null(strstr(out, "\r\nbegin "));
        }
}

/* A file in a text stays one. */
TEST(test_what_began_a_line_begins_one_behind_it)
{
    static const char file[] = "begin 644 x.exe\r\n#0V%T\r\n`\r\nend\r\n";
    static const char *const encodings[] = {"\r\n", QP};
    for (size_t i = 0; i < 2; i++) {
        char message[512];
        snprintf(message, sizeof message, HEADER "Content-Type: text/html\r\n%s%s", encodings[i],
                 file);
        with(message, TEXT);
        assert_int_equal(bannered.after.n, 2);
    }
    with(page_in_base64(file, 76), TEXT);
    assert_int_equal(bannered.after.n, 2);
}

/* What stood in mid line behind a tag would be a boundary, or a file, at the beginning of one. */
TEST(test_no_line_of_the_sender_begins_anew)
{
    static const char *const tails[] = {"--B\r\nContent-Type: application/x-msdownload\r\n\r\nMZ",
                                        "--B--", "begin 644 x.exe\r\n#0V%T\r\n`\r\nend"};
    static const char *const encodings[] = {"\r\n", QP};
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 2; k++) {
            char message[512];
            snprintf(message, sizeof message,
                     HEADER
                     "Content-Type: multipart/alternative; boundary=B\r\n\r\n--B\r\nContent-Type: "
                     "text/html\r\n%s<body>%s\r\n--B--\r\n",
                     encodings[k], tails[i]);
            with(message, TEXT);
            assert_string_equal(fate(), "in HTML");
            assert_int_equal(bannered.after.n, 2);
        }
}

TEST(test_several_stand_in_their_order)
{
    struct edit edits[] = {banner_of("first"), {.kind = ACTION_LOG}, banner_of("second")};
    assert_true(kit_apply(arena, SLICE("Subject: s\r\n\r\nx\r\n"), edits, 3, &bannered));
    assert_string_equal(arena_cstr(arena, bannered.message),
                        "Subject: s\r\n\r\nfirst\r\nsecond\r\n\r\nx\r\n");
    assert_true(kit_apply(arena, SLICE(HEADER "Content-Type: text/html\r\n\r\n<p>x\r\n"), edits, 3,
                          &bannered));
    assert_non_null(strstr(shown(0), ">first</div>\r\n<div"));
    assert_non_null(strstr(shown(0), ">second</div>\r\n<p>"));
}

TEST(test_the_very_same_is_not_written_twice)
{
    static const char *const messages[] = {
        "Subject: s\r\n\r\nx\r\n",
        ALTERNATIVE(AS_PLAIN, AS_HTML),
        OF_QP,
        ALTERNATIVE(
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\neHh4",
            "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGJvZHk+eHh4"),
        ALTERNATIVE(
            "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\neA==",
            "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nIDxib2R5Pnh4eHh4"),
        ALTERNATIVE("Content-Type: text/html\r\n\r\nx", "Content-Type: text/html\r\n" QP "<p>x"),
    };
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        for (size_t more = 0; more < 3; more++) {
            char text[] = TEXT "  ";
            memset(text + sizeof TEXT - 1, 'x', 2);
            text[sizeof TEXT - 1 + more] = '\0';
            const char *once = with(messages[i], text);
            assert_string_not_equal(once, messages[i]);
            assert_string_equal(with(once, text), once);
            assert_int_equal(bannered.result.fates[BANNER_TOP].state, BANNER_PLACED);
        }
}

TEST(test_quoted_below_it_does_not_count)
{
    assert_string_equal(with("Subject: s\r\n\r\nRe:\r\n> " TEXT "\r\n", TEXT),
                        "Subject: s\r\n\r\n" PLAIN "Re:\r\n> " TEXT "\r\n");
}

/* ---- what the proxy believes ---- */

TEST(test_a_place_that_is_none_is_not_written_to)
{
    static const char message[] = "Subject: s\r\n\r\nhello <body> there\r\n";
    struct edit edit = banner_of(TEXT);
    for (uint64_t at = 0; at < sizeof message + 3; at++)
        for (int encoding = MIME_IDENTITY; encoding <= MIME_BASE64; encoding++)
            for (unsigned kept = 0; kept < 3; kept++)
                for (int html = 0; html < 2; html++) {
                    struct banner_sites sites = {{{.state = BANNER_PLACED, .count = 1}}};
                    sites.of[BANNER_TOP].items[0] =
                        (struct banner_place){.at = at,
                                              .encoding = (enum mime_encoding)encoding,
                                              .kept = encoding == MIME_BASE64 ? kept : 0,
                                              .html = html};
                    struct banner_input input = {.message = slice_of(message),
                                                 .sites = &sites,
                                                 .edits = &edit,
                                                 .edit_count = 1};
                    struct banner_result result;
                    assert_true(banner_edits(arena, &input, &result));
                    if (result.fates[BANNER_TOP].state != BANNER_PLACED)
                        continue;
                    assert_true(at >= 14 && at < sizeof message);
                    assert_true(result.changes[0].to <= sizeof message - 1);
                }
}

TEST(test_a_part_that_is_stripped_has_none)
{
    struct edit edits[] = {banner_of(TEXT), {.kind = ACTION_STRIP, .part = 1}};
    struct slice message = SLICE(ALTERNATIVE(AS_PLAIN, AS_HTML));
    assert_true(kit_apply(arena, message, edits, 1, &bannered));
    struct part_range range = {.part = 1,
                               .header = bannered.before.parts[1].header.from,
                               .body = bannered.before.parts[1].body.from,
                               .end = bannered.before.parts[1].body.to};
    struct banner_input input = {.message = message,
                                 .sites = &bannered.sites,
                                 .edits = edits,
                                 .edit_count = 2,
                                 .parts = &range,
                                 .part_count = 1};
    struct banner_result result;
    assert_true(banner_edits(arena, &input, &result));
    assert_string_equal(banner_fate(&result, &edits[0], false), "in HTML");
    assert_int_equal(result.count, 1);
}

TEST(test_where_recipients_differ_only_what_tells_them_apart_is_written)
{
    struct edit edits[] = {banner_of("for some"), banner_of("split")};
    edits[1].split = true;
    struct slice message = SLICE("Subject: s\r\n\r\nx\r\n");
    assert_true(kit_apply(arena, message, edits, 2, &bannered));
    struct banner_input input = {.message = message,
                                 .sites = &bannered.sites,
                                 .edits = edits,
                                 .edit_count = 2,
                                 .differ = true};
    struct banner_result result;
    assert_true(banner_edits(arena, &input, &result));
    assert_string_equal(banner_fate(&result, &edits[0], true), "left out: recipients differ");
    assert_string_equal(banner_fate(&result, &edits[1], true), "in text");
    assert_memory_equal(result.changes[0].literal.ptr, "split\r\n\r\n", 9);
}
