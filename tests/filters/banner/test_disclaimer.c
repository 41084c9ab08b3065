/* SPDX-License-Identifier: ISC
 * Words at the bottom of what is shown. */
#include "tests/filters/banner/banner_kit.h"
#include "tests/harness/unit.h"

#include <stdio.h>

ARENA_TESTS(64 << 20);

static struct bannered bannered;

#define TEXT "Example Ltd, registered in England"

static struct edit disclaimer_of(const char *text)
{
    return (struct edit){.kind = ACTION_DISCLAIMER, .value = slice_of(text)};
}

static const char *with_edits(const char *message, const struct edit *edits, size_t count)
{
    assert_true(kit_apply(arena, slice_of(message), edits, count, &bannered));
    return arena_cstr(arena, bannered.message);
}

/* The message with a disclaimer; what it was must be in it. */
static const char *with(const char *message, const char *text)
{
    struct edit edit = disclaimer_of(text);
    with_edits(message, &edit, 1);
    const char *difference = kit_difference(arena, &bannered);
    if (difference)
        fail_msg("%s:\n%.*s", difference, SLICE_ARGS(bannered.message));
    return arena_cstr(arena, bannered.message);
}

static const char *fate(void)
{
    static const struct edit any = {.kind = ACTION_DISCLAIMER};
    return banner_fate(&bannered.result, &any, false);
}

/* What the part shows. */
static const char *shown(size_t part)
{
    return arena_cstr(arena, kit_content(arena, &bannered.after.parts[part]));
}

static bool ends(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static void expect_left_out(const char *message, const char *why)
{
    char words[80];
    snprintf(words, sizeof words, "left out: %s", why);
    assert_string_equal(with(message, TEXT), message);
    assert_string_equal(fate(), words);
}

#define HEADER "Subject: s\r\nMIME-Version: 1.0\r\n"
#define QP "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
#define BASE64 "Content-Transfer-Encoding: base64\r\n\r\n"
#define PLAIN_PAGE HEADER "Content-Type: text/plain\r\n"
#define HTML_PAGE_OF HEADER "Content-Type: text/html\r\n"
#define ALTERNATIVE(plain, html)                                                                   \
    HEADER "Content-Type: multipart/alternative; boundary=B\r\n\r\n--B\r\n" plain                  \
           "\r\n--B\r\n" html "\r\n--B--\r\n"
#define AS_PLAIN "Content-Type: text/plain\r\n\r\nplain words"
#define AS_HTML "Content-Type: text/html\r\n\r\n<body>html words</body>"

/* ---- where ---- */

TEST(test_a_text_has_it_at_its_end)
{
    assert_string_equal(with("Subject: s\r\n\r\nhello\r\n", TEXT),
                        "Subject: s\r\n\r\nhello\r\n\r\n" TEXT "\r\n");
    assert_string_equal(fate(), "in text");
    assert_string_equal(with("Subject: s\r\n\r\n", TEXT), "Subject: s\r\n\r\n\r\n" TEXT "\r\n");
}

TEST(test_each_alternative_has_it)
{
    with(ALTERNATIVE(AS_PLAIN, AS_HTML), TEXT);
    assert_string_equal(fate(), "in text and HTML");
    assert_string_equal(shown(1), "plain words\r\n\r\n" TEXT);
    assert_true(ends(shown(2), TEXT "</div></body>"));
}

TEST(test_behind_the_boundary_nothing_is_written)
{
    static const char *const tails[] = {"words", "words\r\n", "words\r\n\r\n", "", "\r\n"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        char message[512];
        snprintf(message, sizeof message,
                 HEADER "Content-Type: multipart/mixed; boundary=B\r\n\r\npreamble\r\n--B\r\n"
                        "Content-Type: text/plain\r\n\r\n%s\r\n--B--\r\nepilogue\r\n",
                 tails[i]);
        const char *out = with(message, TEXT);
        assert_non_null(strstr(out, "\r\n\r\n" TEXT "\r\n"));
        assert_true(ends(out, "\r\n--B--\r\nepilogue\r\n"));
        assert_string_equal(fate(), "in text");
    }
}

TEST(test_html_has_it_where_its_body_ends)
{
    static const struct {
        const char *before, *behind;
    } pages[] = {
        {"<html><body><p>Hi</p>", "</body></html>\r\n"},
        {"<p>Hi</p>", ""},
        {"Hi", "</html>"},
        {"<body>Hi</body>and more", "</BODY ></html> <!-- end -->"},
        {"<body>Hi</body><p>", ""},
        {"<body><blockquote><html><body>quoted</body></html></blockquote>", "</body>"},
        {"<body><!-- </body> -->Hi", "</body>"},
        {"<body><script>'</body></html>'</script>", ""},
        {"<body>Hi<textarea></body></textarea>", "</html>"},
        {"<body>Hi</body><!--[if mso]>shown in Outlook<![endif]-->", ""},
        {"<body a='</body>'>", ""},
    };
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        char page[512];
        snprintf(page, sizeof page, HTML_PAGE_OF "\r\n%s%s", pages[i].before, pages[i].behind);
        with(page, TEXT);
        const char *out = shown(0);
        size_t before = strlen(pages[i].before);
        assert_memory_equal(out, pages[i].before, before);
        assert_int_equal(strncmp(out + before, "\r\n<div", 6), 0);
        const char *behind = strstr(out, TEXT "</div>");
        assert_non_null(behind);
        assert_string_equal(behind + strlen(TEXT "</div>"), pages[i].behind);
    }
}

TEST(test_a_page_whose_end_is_unclear_has_none)
{
    static const char *const pages[] = {"<body>x<!-- ",      "<body>x<script>",
                                        "<body>x<p class='", "<body>x<style></body>",
                                        "<body>x</body",     "<plaintext>x"};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        char message[256];
        snprintf(message, sizeof message, HTML_PAGE_OF "\r\n%s", pages[i]);
        if (strcmp(with(message, TEXT), message) != 0)
            fail_msg("%s", pages[i]);
        assert_string_equal(fate(), "left out: malformed");
    }
}

TEST(test_what_is_signed_or_encrypted_is_left_alone)
{
    expect_left_out(HEADER "Content-Type: multipart/signed; boundary=B\r\n\r\n--B\r\n" AS_PLAIN
                           "\r\n--B\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--B--"
                           "\r\n",
                    "signed or encrypted");
    expect_left_out(HEADER "Content-Type: application/pkcs7-mime\r\n" BASE64 "MIIB\r\n",
                    "signed or encrypted");
    expect_left_out("Subject: s\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\nx\r\n",
                    "signed or encrypted");
}

TEST(test_a_calendar_has_none_and_the_text_beside_it_has)
{
    with(ALTERNATIVE(AS_PLAIN, "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR"), TEXT);
    assert_string_equal(fate(), "in text");
    assert_string_equal(shown(2), "BEGIN:VCALENDAR");
    expect_left_out(HEADER "Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n", "no text");
}

TEST(test_flowed_text_does_not_flow_into_it)
{
    with(HEADER "Content-Type: text/plain; format=flowed\r\n\r\nends with a blank \r\n", TEXT);
    assert_string_equal(shown(0), "ends with a blank \r\n\r\n" TEXT "\r\n");
}

/* ---- encodings ---- */

TEST(test_quoted_printable_goes_on)
{
    assert_string_equal(with(PLAIN_PAGE QP "caf=C3=A9\r\n", "a = b"),
                        PLAIN_PAGE QP "caf=C3=A9\r\n\r\na =3D b\r\n");
    with(ALTERNATIVE("Content-Type: text/plain\r\n" QP "x",
                     "Content-Type: text/html\r\n" QP "<p>caf=C3=A9</p></body>"),
         TEXT);
    assert_string_equal(shown(1), "x\r\n\r\n" TEXT);
    assert_non_null(strstr(shown(2), TEXT "</div></body>"));
    expect_left_out(PLAIN_PAGE QP "a soft break=\r\n", "its encoding");
}

/* Of texts of any length, as the last group may hold one, two or three octets. */
TEST(test_base64_goes_on)
{
    static const char *const texts[] = {
        "eA==", "eHg=", "eHh4", "eHh4eA==", "eHh4\r\neA==", "eA0K", "eHgNCg==", "DQo=", ""};
    static const char *const plain[] = {"x",     "xx",     "xxx",  "xxxx", "xxxx",
                                        "x\r\n", "xx\r\n", "\r\n", ""};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int whole = 0; whole < 2; whole++) {
            char message[512], expected[256];
            snprintf(message, sizeof message,
                     whole ? PLAIN_PAGE BASE64 "%s\r\n"
                           : ALTERNATIVE("Content-Type: text/plain\r\n" BASE64 "%s", AS_HTML),
                     texts[i]);
            bool line = plain[i][0] == '\0' || ends(plain[i], "\n");
            snprintf(expected, sizeof expected, "%s%s\r\n%s\r\n", plain[i], line ? "" : "\r\n",
                     TEXT);
            with(message, TEXT);
            assert_string_equal(shown(whole ? 0 : 1), expected);
        }
}

TEST(test_base64_that_ends_oddly_is_left_alone)
{
    static const char *const texts[] = {"eA", "eA=", "eHh4eA=\r\n=", "eHh4=", "eA==eA=="};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char message[256];
        snprintf(message, sizeof message, PLAIN_PAGE BASE64 "%s\r\n", texts[i]);
        assert_string_equal(with(message, TEXT), message);
        assert_non_null(strstr(fate(), "left out: "));
    }
}

TEST(test_html_in_base64_has_it_before_its_body_ends)
{
    static const char *const pages[] = {"PGJvZHk+eDwvYm9keT4=", "PGJvZHk+eHg8L2JvZHk+",
                                        "PGJvZHk+eHh4PC9ib2R5Pg==", "PHA+eA==", "PHA+eHg="};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        char message[256];
        snprintf(message, sizeof message, HTML_PAGE_OF BASE64 "%s\r\n", pages[i]);
        with(message, TEXT);
        assert_string_equal(fate(), "in HTML");
        assert_non_null(strstr(shown(0), ">" TEXT "</div>"));
        if (i < 3)
            assert_true(ends(shown(0), "</body>"));
    }
}

TEST(test_text_that_does_not_end_in_ascii_is_left_alone)
{
    expect_left_out(HEADER "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B30\r\n",
                    "its encoding");
    with(HEADER "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B30\x1b(B\r\n", TEXT);
    assert_string_equal(fate(), "in text");
}

TEST(test_a_large_text_has_it_and_one_that_would_have_to_be_decoded_has_not)
{
    enum { LARGE = 5 << 20, LINE = 64 };
    char *message = arena_alloc(arena, LARGE + 256);
    static const char *const headers[] = {PLAIN_PAGE "\r\n", PLAIN_PAGE BASE64};
    for (size_t i = 0; i < 2; i++) {
        strcpy(message, headers[i]);
        size_t n = strlen(message);
        for (; n < LARGE; n += LINE + 2) {
            memset(message + n, 'x', LINE);
            memcpy(message + n + LINE, "\r\n", 3);
        }
        with(message, TEXT);
        assert_string_equal(fate(), i ? "left out: too large" : "in text");
    }
}

/* ---- texts ---- */

TEST(test_several_stand_in_their_order_and_below_a_banner)
{
    struct edit edits[] = {disclaimer_of("first"),
                           {.kind = ACTION_BANNER, .value = SLICE("outside")},
                           disclaimer_of("second")};
    assert_string_equal(with_edits("Subject: s\r\n\r\nx\r\n", edits, 3),
                        "Subject: s\r\n\r\noutside\r\n\r\nx\r\n\r\nfirst\r\nsecond\r\n");
    assert_string_equal(with_edits("Subject: s\r\n\r\n", edits, 3),
                        "Subject: s\r\n\r\noutside\r\n\r\n\r\nfirst\r\nsecond\r\n");
    with_edits(ALTERNATIVE(AS_PLAIN, AS_HTML), edits, 3);
    assert_string_equal(shown(1), "outside\r\n\r\nplain words\r\n\r\nfirst\r\nsecond");
    const char *page = shown(2);
    assert_true(strstr(page, ">outside</div>html words") < strstr(page, ">first</div>"));
    assert_true(ends(page, ">second</div></body>"));
}

TEST(test_a_banner_and_a_disclaimer_in_one_group_of_letters_are_one_too_many)
{
    struct edit edits[] = {{.kind = ACTION_BANNER, .value = SLICE("outside")}, disclaimer_of(TEXT)};
    with_edits(HTML_PAGE_OF BASE64 "eA==\r\n", edits, 2);
    assert_non_null(strstr(shown(0), "outside"));
    assert_non_null(strstr(shown(0), "x"));
}

TEST(test_the_very_same_is_not_written_twice)
{
    static const char *const messages[] = {
        "Subject: s\r\n\r\nx\r\n",
        ALTERNATIVE(AS_PLAIN, AS_HTML),
        ALTERNATIVE("Content-Type: text/plain\r\n" QP "x",
                    "Content-Type: text/html\r\n" QP "<body>x</body>"),
        ALTERNATIVE("Content-Type: text/html\r\n\r\nx", "Content-Type: text/html\r\n" QP "<p>x"),
    };
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        const char *once = with(messages[i], TEXT);
        assert_string_not_equal(once, messages[i]);
        assert_string_equal(with(once, TEXT), once);
        assert_int_equal(bannered.result.fates[BANNER_BOTTOM].state, BANNER_PLACED);
    }
}

TEST(test_quoted_it_does_not_count)
{
    assert_string_equal(with("Subject: s\r\n\r\nRe:\r\n> " TEXT "\r\n", TEXT),
                        "Subject: s\r\n\r\nRe:\r\n> " TEXT "\r\n\r\n" TEXT "\r\n");
}

TEST(test_no_line_of_it_is_a_boundary)
{
    static const char *const texts[] = {"--B", "--B--", "begin 644 x.exe", "</body><script>"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        with(ALTERNATIVE(AS_PLAIN, AS_HTML), texts[i]);
        with(ALTERNATIVE("Content-Type: text/plain\r\n" QP "x",
                         "Content-Type: text/html\r\n" QP "<body>x"),
             texts[i]);
        assert_null(strstr(shown(2), "<script>"));
    }
}

/* ---- what the proxy believes ---- */

static struct banner_result at_place(struct slice message, struct banner_place place)
{
    struct edit edit = disclaimer_of(TEXT);
    struct banner_sites sites = {{{.state = BANNER_NO_TEXT}, {.state = BANNER_PLACED, .count = 1}}};
    sites.of[BANNER_BOTTOM].items[0] = place;
    struct banner_input input = {
        .message = message, .sites = &sites, .edits = &edit, .edit_count = 1};
    struct banner_result result;
    assert_true(banner_edits(arena, &input, &result));
    return result;
}

TEST(test_an_end_that_is_none_is_not_written_to)
{
    static const char message[] =
        "Subject: s\r\n\r\nhello --B there\r\n\r\n--B\r\nlast\r\n--B\r\neA==\r\n";
    size_t text = strlen("Subject: s\r\n\r\n"), placed = 0;
    for (size_t at = 0; at < sizeof message + 3; at++)
        for (int encoding = MIME_IDENTITY; encoding <= MIME_BASE64; encoding++)
            for (unsigned kept = 0; kept < 3; kept++) {
                bool base64 = encoding == MIME_BASE64;
                struct banner_place place = {.at = at,
                                             .encoding = (enum mime_encoding)encoding,
                                             .kept = base64 ? kept : 0,
                                             .last = true};
                struct banner_result result = at_place(slice_of(message), place);
                if (result.fates[BANNER_BOTTOM].state != BANNER_PLACED)
                    continue;
                const char *rest = message + result.changes[0].to;
                assert_true(at >= text && result.changes[0].to < sizeof message);
                if (base64)
                    rest += strspn(rest, "\r\n\t ");
                assert_true(rest[-1] == '\n' || rest[0] == '\0' || !base64);
                assert_true(*rest == '\0' || strncmp(rest, "--", 2) == 0 ||
                            strncmp(rest, "\r\n--", 4) == 0);
                placed++;
            }
    assert_true(placed > 0);
}

TEST(test_a_plain_text_has_none_but_at_its_end)
{
    struct slice message = SLICE("Subject: s\r\n\r\na\r\nb\r\n");
    assert_int_equal(at_place(message, (struct banner_place){.at = 17}).count, 0);
    assert_int_equal(at_place(message, (struct banner_place){.at = 20, .last = true}).count, 1);
}
