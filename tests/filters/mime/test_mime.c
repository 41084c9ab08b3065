/* SPDX-License-Identifier: ISC */
#include "filters/cpu_budget.h"
#include "filters/mime/headers.h"
#include "filters/mime/mime.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ARENA_TESTS(64 * 1024 * 1024);
static struct mime_message m;

static void parse_slice(struct slice raw)
{
    assert_true(mime_parse(arena, raw, &mime_limits_default, &m));
}

static void parse(const char *text)
{
    parse_slice(slice_of(text));
}

static bool odd(enum malformation what)
{
    return malformations_has(&m.malformations, what);
}

static bool hiding(void)
{
    return malformations_worst(&m.malformations) == GRADE_HIDING;
}

static bool has_name(const struct mime_part *part, const char *name)
{
    for (size_t i = 0; i < part->n_names; i++)
        if (slice_eq(part->names[i].text, slice_of(name)))
            return true;
    return false;
}

static void assert_slice(struct slice s, const char *expected)
{
    if (!slice_eq(s, slice_of(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARGS(s), expected);
}

static struct slice content_of(const struct mime_part *part, struct malformations *found)
{
    struct slice content;
    bool cut;
    assert_true(mime_decode(part, arena, SIZE_MAX, &content, &cut, found));
    return content;
}

static struct slice repeat(const char *unit, size_t times)
{
    size_t len = strlen(unit);
    char *p = arena_alloc(arena, len * times);
    assert_non_null(p);
    for (size_t i = 0; i < times; i++)
        memcpy(p + i * len, unit, len);
    return (struct slice){p, len * times};
}

TEST(test_a_plain_message_is_one_text)
{
    parse("From: a@b.example\r\nSubject: x\r\n\r\nHello\r\n");
    assert_int_equal(m.n, 1);
    assert_true(m.parts[0].text);
    assert_false(m.parts[0].attachment);
    assert_slice(m.parts[0].type, "text/plain");
    assert_slice(m.parts[0].content, "Hello\r\n");
    assert_int_equal(malformations_worst(&m.malformations), GRADE_HARMLESS);
}

static const char MIXED[] =
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=\"b 1\"\r\n\r\n"
    "preamble\r\n--b 1\r\n\r\nText\r\n"
    "--b 1  \r\nContent-Type: Application/PDF; name=a.pdf\r\n"
    "Content-Disposition: ATTACHMENT; filename=\"a.pdf\"\r\n"
    "Content-Transfer-Encoding: Base64\r\n\r\nSGVsbG8=\r\n--b 1--\r\nepilogue\r\n";

TEST(test_parts_have_ranges_in_the_message)
{
    parse(MIXED);
    assert_int_equal(m.n, 3);
    assert_int_equal(m.parts[0].kind, MIME_MULTIPART);
    for (size_t i = 0; i < m.n; i++) {
        const struct mime_part *p = &m.parts[i];
        assert_true(p->in_message);
        assert_true(slice_eq(p->content, slice_sub(m.raw, p->body.from, p->body.to)));
        assert_true(slice_eq(p->headers, slice_sub(m.raw, p->header.from, p->header.to)));
    }
    assert_slice(m.parts[1].content, "Text");
    assert_slice(m.parts[2].content, "SGVsbG8=");
    assert_int_equal(m.parts[2].parent, 0);
    assert_slice(m.parts[2].type, "application/pdf");
    assert_slice(m.parts[2].disposition, "attachment");
    assert_true(m.parts[2].attachment);
    assert_int_equal(m.parts[2].n_names, 1);
    assert_false(hiding());
}

TEST(test_base64_is_decoded_and_identity_is_not_copied)
{
    struct malformations found = {{0}};
    parse(MIXED);
    assert_slice(content_of(&m.parts[2], &found), "Hello");
    struct slice text = content_of(&m.parts[1], &found);
    assert_ptr_equal(text.ptr, m.raw.ptr + m.parts[1].body.from);
    assert_int_equal(malformations_worst(&found), GRADE_HARMLESS);
}

TEST(test_decoding_stops_at_the_cap)
{
    struct malformations found = {{0}};
    struct slice content;
    bool cut;
    parse(MIXED);
    assert_true(mime_decode(&m.parts[2], arena, 3, &content, &cut, &found));
    assert_slice(content, "Hel");
    assert_true(cut);
}

TEST(test_lf_alone_gives_the_same_parts)
{
    char lf[sizeof MIXED];
    size_t n = 0;
    for (const char *p = MIXED; *p; p++)
        if (*p != '\r')
            lf[n++] = *p;
    lf[n] = '\0';
    parse(lf);
    assert_int_equal(m.n, 3);
    assert_slice(m.parts[1].content, "Text");
    assert_true(odd(MALFORMATION_BARE_LF));
    assert_false(hiding());
}

TEST(test_nested_messages_are_entered)
{
    parse("Content-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: text/plain; "
          "name=x.txt\r\n\r\nbody\r\n");
    assert_int_equal(m.n, 2);
    assert_int_equal(m.parts[0].kind, MIME_MESSAGE);
    assert_int_equal(m.parts[1].parent, 0);
    assert_true(has_name(&m.parts[1], "x.txt"));
    assert_slice(m.parts[1].content, "body\r\n");
}

TEST(test_an_encoded_message_is_decoded_and_entered)
{
    /* Content-Type: a/b; name=run.exe, empty line, MZ */
    parse("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
          "Q29udGVudC1UeXBlOiBhL2I7IG5hbWU9cnVuLmV4ZQ0KDQpNWg==\r\n");
    assert_int_equal(m.n, 2);
    assert_true(has_name(&m.parts[1], "run.exe"));
    assert_false(m.parts[1].in_message);
    assert_slice(m.parts[1].content, "MZ");
    assert_true(odd(MALFORMATION_ENCODED_MESSAGE));
    assert_slice(m.parts[0].content, "Q29udGVudC1UeXBlOiBhL2I7IG5hbWU9cnVuLmV4ZQ0KDQpNWg==\r\n");
}

TEST(test_an_encoded_multipart_is_decoded_and_hiding)
{
    /* --b, empty line, in, --b-- */
    parse("Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n"
          "LS1iDQoNCmluDQotLWItLQ0K\r\n");
    assert_int_equal(m.n, 2);
    assert_slice(m.parts[1].content, "in");
    assert_true(odd(MALFORMATION_ENCODED_MULTIPART));
    assert_true(hiding());
}

TEST(test_a_label_on_a_plain_multipart_matters_when_decoding_shows_other_parts)
{
    parse("Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: "
          "quoted-printable\r\n\r\n"
          "--b\r\n\r\nx\r\n--b--\r\n");
    assert_true(odd(MALFORMATION_LABELLED_MULTIPART));
    assert_false(hiding());
    parse("Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: "
          "quoted-printable\r\n\r\n"
          "--b\r\n\r\nx\r\n=2D-b\r\nContent-Type: a/b; name=x.exe\r\n\r\ny\r\n--b--\r\n");
    assert_true(odd(MALFORMATION_ENCODED_MULTIPART));
}

TEST(test_a_digest_holds_messages)
{
    parse("Content-Type: multipart/digest; boundary=d\r\n\r\n--d\r\n\r\nSubject: "
          "one\r\n\r\n1\r\n--d--\r\n");
    assert_int_equal(m.n, 3);
    assert_int_equal(m.parts[1].kind, MIME_MESSAGE);
    assert_false(hiding());
}

TEST(test_signed_and_encrypted_parts_are_sealed)
{
    parse("Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\nContent-Type: multipart/mixed; "
          "boundary=t\r\n\r\n"
          "--t\r\n\r\nx\r\n--t--\r\n--s--\r\n");
    assert_int_equal(m.n, 3);
    assert_false(m.parts[0].sealed);
    assert_true(m.parts[1].sealed);
    assert_true(m.parts[2].sealed);
    parse("Content-Type: application/pkcs7-mime; name=smime.p7m\r\n\r\nx");
    assert_true(m.parts[0].sealed);
}

TEST(test_uuencode_in_a_text_becomes_a_part)
{
    struct malformations found = {{0}};
    parse("Subject: x\r\n\r\nSee:\r\nbegin 644 run.exe\r\n#0V%T\r\n`\r\nend\r\nBye\r\n");
    assert_int_equal(m.n, 2);
    assert_true(has_name(&m.parts[1], "run.exe"));
    assert_slice(content_of(&m.parts[1], &found), "Cat");
    assert_true(m.parts[1].in_message);
    assert_slice(slice_sub(m.raw, m.parts[1].body.from, m.parts[1].body.from + 9), "begin 644");
    assert_true(odd(MALFORMATION_UUENCODE_INLINE));
}

TEST(test_base64_uuencode_in_a_text_becomes_a_part)
{
    struct malformations found = {{0}};
    parse("Subject: x\r\n\r\nSee:\r\nbegin-base64 644 run.exe\r\nQ2F0\r\n====\r\nBye\r\n");
    assert_int_equal(m.n, 2);
    assert_true(has_name(&m.parts[1], "run.exe"));
    assert_slice(content_of(&m.parts[1], &found), "Cat");
    assert_slice(slice_sub(m.raw, m.parts[1].body.from, m.parts[1].body.to), "Q2F0\r\n");
}

TEST(test_the_word_begin_is_no_uuencode)
{
    parse("Subject: x\r\n\r\nbegin  the talks\r\nbegin 644 things\r\nWe shall.\r\n");
    assert_int_equal(m.n, 1);
    assert_false(odd(MALFORMATION_UUENCODE_INLINE));
}

TEST(test_two_content_types_are_hiding_and_the_multipart_is_taken)
{
    parse("Content-Type: text/plain\r\nContent-Type: multipart/mixed; "
          "boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n");
    assert_int_equal(m.n, 2);
    assert_true(odd(MALFORMATION_CONFLICTING_CONTENT_TYPE));
}

TEST(test_two_types_that_are_leaves_are_only_odd)
{
    parse("Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\nx");
    assert_true(odd(MALFORMATION_DUPLICATE_CONTENT_TYPE));
    assert_false(hiding());
}

TEST(test_long_recipient_lists_are_fine)
{
    struct slice many = repeat("a@example.org,\r\n ", 10000);
    parse_slice(arena_printf(arena, "To: %.*sz@example.org\r\n\r\nx", SLICE_ARGS(many)));
    assert_int_equal(malformations_worst(&m.malformations), GRADE_HARMLESS);
}

TEST(test_base64_lines_cut_by_a_relay_are_only_odd)
{
    struct slice line = repeat("QUJD", 249);
    struct malformations found = {{0}};
    parse_slice(arena_printf(
        arena,
        "Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n%.*sQU\r\n JD%.*s\r\n",
        SLICE_ARGS(line), SLICE_ARGS(line)));
    assert_int_equal(content_of(&m.parts[0], &found).len, 499 * 3);
    assert_true(malformations_has(&found, MALFORMATION_BASE64_LONG_RAGGED));
    assert_int_equal(malformations_worst(&found), GRADE_ODD);
}

TEST(test_both_of_two_boundaries_are_followed)
{
    parse("Content-Type: multipart/mixed; boundary=a; "
          "boundary=b\r\n\r\n--a\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--\r\n");
    assert_int_equal(m.n, 3);
    assert_true(odd(MALFORMATION_BOUNDARY_CONFLICT));
}

TEST(test_a_boundary_of_another_level_is_hiding)
{
    parse("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; "
          "boundary=a\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n");
    assert_true(odd(MALFORMATION_BOUNDARY_REUSED));
}

TEST(test_a_missing_end_is_harmless)
{
    parse("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n");
    assert_int_equal(m.n, 2);
    assert_true(odd(MALFORMATION_END_MISSING));
    assert_false(hiding());
}

TEST(test_parts_after_the_end_are_found_and_hiding)
{
    parse("Content-Type: multipart/mixed; "
          "boundary=a\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n--a\r\nContent-Type: a/b; "
          "name=x.exe\r\n\r\ny\r\n");
    assert_int_equal(m.n, 3);
    assert_true(has_name(&m.parts[2], "x.exe"));
    assert_true(odd(MALFORMATION_PARTS_AFTER_END));
}

TEST(test_a_wrong_boundary_is_guessed)
{
    parse("Content-Type: multipart/mixed; boundary=A\r\n\r\n--a\r\nContent-Type: a/b; "
          "name=x.exe\r\n\r\ny\r\n--a--\r\n");
    assert_int_equal(m.n, 2);
    assert_true(has_name(&m.parts[1], "x.exe"));
    assert_true(odd(MALFORMATION_PARTS_IN_PREAMBLE));
}

TEST(test_a_multipart_without_parts_is_content)
{
    struct malformations found = {{0}};
    parse("Content-Type: multipart/mixed; boundary=foo\r\nContent-Transfer-Encoding: "
          "base64\r\n\r\nSGVsbG8=\r\n");
    assert_int_equal(m.n, 1);
    assert_int_equal(m.parts[0].kind, MIME_LEAF);
    assert_slice(content_of(&m.parts[0], &found), "Hello");
}

TEST(test_message_partial_is_hiding)
{
    parse("Content-Type: message/partial; id=x; number=1; total=2\r\n\r\nSubject: y\r\n\r\nz\r\n");
    assert_true(odd(MALFORMATION_PARTIAL));
    assert_true(hiding());
}

static void assert_base64(const char *body, enum malformation what, const char *expected)
{
    struct malformations found = {{0}};
    struct slice raw = arena_printf(
        arena, "Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n%s",
        body);
    parse_slice(raw);
    assert_slice(content_of(&m.parts[0], &found), expected);
    if (!malformations_has(&found, what))
        fail_msg("%s is not reported for %s", malformation_name(what), body);
}

TEST(test_tricks_in_base64_are_seen_and_decoded)
{
    assert_base64("SGVs#bG8=\r\n", MALFORMATION_BASE64_JUNK, "Hello");
    assert_base64("SGU=\r\nbGxv\r\n", MALFORMATION_BASE64_AFTER_PADDING, "Hello");
    assert_base64("SGV\r\nsbG8=\r\n", MALFORMATION_BASE64_RAGGED, "Hello");
    assert_base64("SGVsbG8\r\n", MALFORMATION_BASE64_UNPADDED, "Hello");
    assert_base64("SGVsbG8==\r\n", MALFORMATION_BASE64_PADDING, "Hello");
}

TEST(test_a_misspelt_encoding_of_a_file_is_hiding_of_a_text_not)
{
    struct malformations found = {{0}};
    parse("Content-Type: a/b\r\nContent-Transfer-Encoding: (x) \"base64\"\r\n\r\nSGVsbG8=\r\n");
    assert_true(odd(MALFORMATION_ENCODING_SYNTAX));
    assert_slice(content_of(&m.parts[0], &found), "Hello");
    parse("Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted printable\r\n\r\n=41\r\n");
    assert_false(hiding());
    assert_true(odd(MALFORMATION_TEXT_ENCODING_UNCLEAR));
}

static void assert_names(const char *fields, const char *const *names)
{
    struct slice raw = arena_printf(arena, "%s\r\n\r\nx\r\n", fields);
    parse_slice(raw);
    for (; *names; names++)
        if (!has_name(&m.parts[0], *names))
            fail_msg("%s is not found in %s", *names, fields);
}

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

TEST(test_every_name_is_kept)
{
    assert_names("Content-Type: a/b; name=a.txt\r\nContent-Disposition: attachment; filename=b.exe",
                 NAMES("a.txt", "b.exe"));
    assert_true(odd(MALFORMATION_NAME_CONFLICT));
    assert_names("Content-Disposition: attachment; filename=a.txt\r\nContent-Disposition: "
                 "attachment; filename=b.exe",
                 NAMES("a.txt", "b.exe"));
    assert_true(odd(MALFORMATION_CONFLICTING_DISPOSITION));
    assert_names("Content-Location: http://x.example/dir/run.exe?q=1", NAMES("run.exe"));
    assert_names("Content-Type: a/b; name=\"=?utf-8?Q?run=2E?= =?utf-8?B?ZXhl?=\"",
                 NAMES("run.exe"));
    assert_names("Content-Type: a/b; name*0*=utf-8''r%75; name*1=n.exe", NAMES("run.exe"));
    assert_names("Content-Type: a/b; name*1=.exe; name*0=run", NAMES("run.exe"));
    assert_names("Content-Type: a/b; name=my run.exe", NAMES("my run.exe", "my"));
    assert_names("Content-Type: a/b; name=\"C:\\\\tmp\\\\run.exe\"",
                 NAMES("C:\\tmp\\run.exe", "run.exe"));
    assert_names("Content-Type: a/b; name=\"run.exe", NAMES("run.exe"));
    assert_names("Content-Type: a/b name=run.exe", NAMES("run.exe"));
}

TEST(test_nul_in_a_name_shows_both_names)
{
    assert_names("Content-Type: a/b; name*=utf-8''run.exe%00.txt",
                 NAMES("run.exe\xe2\x90\x80.txt", "run.exe"));
    assert_true(odd(MALFORMATION_NAME_NUL));
}

TEST(test_invisible_characters_are_seen_through)
{
    assert_names("Content-Type: a/b; name*=utf-8''run.e%E2%80%8Bxe",
                 NAMES("run.e\xe2\x80\x8bxe", "run.exe"));
    assert_true(odd(MALFORMATION_NAME_INVISIBLE));
    assert_names("Content-Type: a/b; name*=utf-8''gpj%E2%80%AEexe.doc", NAMES("gpjexe.doc"));
    assert_true(odd(MALFORMATION_NAME_BIDI));
}

TEST(test_a_nul_in_a_header_is_hiding)
{
    static const char raw[] = "Content-Type: a/b; name=\"x.exe\0.txt\"\r\n\r\nx";
    parse_slice((struct slice){raw, sizeof raw - 1});
    assert_true(odd(MALFORMATION_NUL_IN_HEADER));
    assert_true(has_name(&m.parts[0], "x.exe"));
}

TEST(test_bare_cr_in_a_header_is_hiding)
{
    parse("X-A: b\rContent-Type: a/b\r\n\r\nx");
    assert_true(odd(MALFORMATION_BARE_CR_IN_HEADER));
}

/* "charset-missing", "eight-bit-undeclared" */
static void assert_undeclared(const char *header, const char *body, bool charset, bool octets)
{
    char message[1024];
    snprintf(message, sizeof message, "MIME-Version: 1.0\r\n%s\r\n%s\r\n", header, body);
    parse(message);
    if (odd(MALFORMATION_CHARSET_MISSING) != charset ||
        odd(MALFORMATION_EIGHT_BIT_UNDECLARED) != octets)
        fail_msg("for: %s%s", header, body);
    assert_false(hiding());
}

TEST(test_octets_that_nobody_declared_are_told)
{
    assert_undeclared("", "abc", false, false);
    assert_undeclared("", "caf\xe9", true, true);
    assert_undeclared("Content-Transfer-Encoding: 7bit\r\n", "caf\xc3\xa9", true, true);
    assert_undeclared("Content-Transfer-Encoding: 8bit\r\n", "caf\xe9", true, false);
    assert_undeclared("Content-Transfer-Encoding: BINARY\r\n", "caf\xe9", true, false);
    assert_undeclared("Content-Type: text/html\r\nContent-Transfer-Encoding: 8bit\r\n",
                      "<meta charset=utf-8>caf\xc3\xa9", true, false);
    assert_undeclared("Content-Type: text/plain; charset=utf-8\r\n", "caf\xc3\xa9", false, true);
    assert_undeclared("Content-Type: text/plain; charset=us-ascii\r\n"
                      "Content-Transfer-Encoding: 8bit\r\n",
                      "caf\xc3\xa9", false, false);
    assert_undeclared("Content-Transfer-Encoding: quoted-printable\r\n", "caf=E9", true, false);
    assert_undeclared("Content-Transfer-Encoding: quoted-printable\r\n", "cafe=20", false, false);
    assert_undeclared("Content-Transfer-Encoding: base64\r\n", "Y2Fm6Q==", true, false);
    assert_undeclared("Content-Transfer-Encoding: base64\r\n", "Y2FmZQ==", false, false);
    assert_undeclared("Content-Type: text/plain; charset=utf-8\r\n"
                      "Content-Transfer-Encoding: base64\r\n",
                      "Y2Fm6Q==", false, false);
    assert_undeclared("Content-Type: image/png\r\n", "\x89PNG", false, true);
    assert_undeclared("Content-Type: text/csv; name=a.csv\r\nContent-Transfer-Encoding: 8bit\r\n",
                      "caf\xe9", false, false);
}

TEST(test_of_many_parts_one_that_is_undeclared_is_told)
{
    parse(
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n--b\r\n\r\nabc\r\n--b\r\n\r\ncaf\xe9\r\n--b--\r\n");
    assert_true(odd(MALFORMATION_CHARSET_MISSING));
    assert_true(odd(MALFORMATION_EIGHT_BIT_UNDECLARED));
    assert_false(malformations_has(&m.parts[1].malformations, MALFORMATION_CHARSET_MISSING));
    assert_true(malformations_has(&m.parts[2].malformations, MALFORMATION_CHARSET_MISSING));
}

TEST(test_types_are_made_harmless)
{
    parse("Content-Type: te\x01xt/h\xfftml\r\n\r\nx");
    for (size_t i = 0; i < m.parts[0].type.len; i++)
        assert_in_range((unsigned char)m.parts[0].type.ptr[i], 0x21, 0x7e);
}

TEST(test_depth_is_capped_and_told)
{
    parse_slice(repeat("Content-Type: message/rfc822\r\n\r\n", 20000));
    assert_true(odd(MALFORMATION_TOO_DEEP));
    assert_int_equal(m.n, mime_limits_default.depth + 1);
}

TEST(test_parts_are_capped_and_told)
{
    struct slice many = repeat("--b\r\n\r\nx\r\n", 5000);
    parse_slice(arena_printf(arena, "Content-Type: multipart/mixed; boundary=b\r\n\r\n%.*s",
                             SLICE_ARGS(many)));
    assert_true(odd(MALFORMATION_TOO_MANY_PARTS));
    assert_int_equal(m.n, mime_limits_default.parts);
}

TEST(test_parameters_are_capped_and_told)
{
    struct slice many = repeat("name=x;", 9000);
    parse_slice(arena_printf(arena, "Content-Type: a/b;%.*s\r\n\r\n", SLICE_ARGS(many)));
    assert_true(odd(MALFORMATION_TOO_MANY_PARAMETERS));
}

TEST(test_a_full_arena_is_told_not_fatal)
{
    for (size_t size = 0; size < 60000; size += 500) {
        struct arena *small = arena_new(size);
        struct mime_message small_message;
        if (mime_parse(small, slice_of(MIXED), &mime_limits_default, &small_message))
            assert_true(
                (small_message.n == 3 && small_message.parts[2].n_names == 1) ||
                malformations_has(&small_message.malformations, MALFORMATION_TOO_MUCH_WORK));
        arena_free(&small);
    }
}

TEST(test_every_prefix_of_a_message_parses)
{
    for (size_t n = 0; n < sizeof MIXED; n++) {
        char *copy = malloc(n ? n : 1);
        memcpy(copy, MIXED, n);
        struct arena *own = arena_new(1024 * 1024);
        assert_true(mime_parse(own, (struct slice){copy, n}, &mime_limits_default, &m));
        arena_free(&own);
        free(copy);
    }
}

/* As Postfix, Sendmail and Python's email have it: such a line begins with a blank (RFC 5322 4.2, obs-FWS). */
TEST(test_lines_of_blanks_in_a_header_are_folds_however_many)
{
    static const char *const folds[] = {" \r\n", "\t\r\n", " \r\n \r\n", " \r\n\t \r\n  \r\n",
                                        " \n \n \n \n"};
    for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
        char text[400];
        snprintf(text, sizeof text,
                 "From: a@b.example\r\nSubject: one\r\n%s two\r\nX-A: b\r\n%s"
                 "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                 "--b\r\nContent-Type: text/plain\r\n%sContent-Disposition: attachment; "
                 "filename=a.exe\r\n\r\nMZ\r\n--b--\r\n",
                 folds[i], folds[i], folds[i]);
        parse(text);
        assert_int_equal(m.n, 2);
        assert_true(has_name(&m.parts[1], "a.exe"));
        assert_slice(m.parts[1].content, "MZ");
        assert_int_equal(headers_count(m.parts[0].headers, SLICE("Content-Type")), 1);
        assert_true(odd(MALFORMATION_HEADER_BLANK_FOLD));
        assert_true(odd(MALFORMATION_HEADER_BLANK_LINE)); /* of the part: hiding from some */
    }
}

TEST(test_lines_of_blanks_before_the_empty_line_belong_to_the_header)
{
    parse("From: a@b.example\r\nSubject: x\r\n \r\n\t\r\n\r\nFrom here on it is text\r\n");
    assert_slice(m.parts[0].content, "From here on it is text\r\n");
    assert_true(odd(MALFORMATION_HEADER_BLANK_FOLD));
}

TEST(test_lines_of_blanks_before_what_is_no_field_end_the_header)
{
    parse("From: a@b.example\r\nSubject: x\r\n \r\n \r\nHello\r\nContent-Type: text/html\r\n\r\n");
    assert_int_equal(m.n, 1);
    assert_slice(m.parts[0].type, "text/plain");
    assert_slice(slice_trim(m.parts[0].content), "Hello\r\nContent-Type: text/html");
    assert_int_equal(headers_count(m.parts[0].headers, SLICE("Content-Type")), 0);
}

TEST(test_no_end_of_lines_of_blanks_is_looked_at_once)
{
    struct slice blanks = repeat(" \r\n", 1000000);
    char *text = arena_alloc(arena, blanks.len + 200);
    int head = snprintf(text, 100, "From: a@b.example\r\nX-A: b\r\n");
    memcpy(text + head, blanks.ptr, blanks.len);
    int tail = snprintf(text + head + blanks.len, 100, "Subject: behind\r\n\r\ntext\r\n");
    parse_slice((struct slice){text, (size_t)head + blanks.len + (size_t)tail});
    struct header subject;
    assert_true(headers_find(m.parts[0].headers, SLICE("Subject"), 0, &subject));
    assert_slice(m.parts[0].content, "text\r\n");
}

/* What it takes to parse so many lines of blanks, each before a field; microseconds. */
static uint64_t work_for_blanks(const char *head)
{
    struct slice fields = repeat(" \r\nX: y\r\n", 50000);
    char *text = arena_alloc(arena, fields.len + 200);
    size_t n = (size_t)snprintf(text, 200, "%s", head);
    memcpy(text + n, fields.ptr, fields.len);
    memcpy(text + n + fields.len, "\r\ntext\r\n", 8);
    uint64_t before = cpu_used();
    parse_slice((struct slice){text, n + fields.len + 8});
    return cpu_used() - before;
}

TEST(test_what_follows_lines_of_blanks_is_looked_at_once)
{
    uint64_t alone = work_for_blanks("From: a@b.example\r\n");
    uint64_t in_part = work_for_blanks(
        "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        "Content-Type: text/plain\r\n");
    assert_true(odd(MALFORMATION_HEADER_BLANK_FOLD));
    assert_true(in_part < 10 * alone);
}

TEST(test_what_begins_with_no_field_is_all_body)
{
    static const char type[] =
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n";
    static const struct {
        const char *first;
        enum malformation what;
    } lines[] = {{" folded\r\n", MALFORMATION_HEADER_WITHOUT_COLON},
                 {"\tFrom: a@b.example\r\n", MALFORMATION_HEADER_BAD_NAME},
                 {"text\r\n", MALFORMATION_HEADER_WITHOUT_COLON},
                 {"a name: x\r\n", MALFORMATION_HEADER_BAD_NAME},
                 {": x\r\n", MALFORMATION_HEADER_BAD_NAME}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[300];
        snprintf(text, sizeof text, "%s%s", lines[i].first, type);
        parse(text);
        assert_int_equal(m.n, 1);
        assert_int_equal(m.parts[0].headers.len, 0);
        assert_int_equal(m.parts[0].body.from, 0);
        assert_true(slice_eq(m.parts[0].content, slice_of(text)));
        assert_true(odd(lines[i].what));
    }
    parse("\r\nFrom: a@b.example\r\n");
    assert_int_equal(m.parts[0].headers.len, 0);
    assert_int_equal(m.parts[0].body.from, 2);
    assert_false(odd(MALFORMATION_HEADER_BAD_NAME) || odd(MALFORMATION_HEADER_WITHOUT_COLON));
    parse("From a@b.example Thu Jan  1 00:00:00 2026\r\nContent-Type: text/html\r\n\r\nx\r\n");
    assert_true(slice_eq(m.parts[0].type, SLICE("text/html")));
    assert_int_equal(m.parts[0].header.from, 43);
    assert_false(odd(MALFORMATION_HEADER_BAD_NAME) || odd(MALFORMATION_HEADER_WITHOUT_COLON));
}
