/* SPDX-License-Identifier: ISC */
#include "filters/examine.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_MAX = 64 << 20 };
static const struct scan_limits limits = {
    .depth = 8, .parts = 1000, .members = 10000, .unpacked = 64 << 20};

ARENA_TESTS(ARENA_MAX);
static struct scan_answer answer;

static void look_at(const char *message, const char *sender)
{
    struct scan_job job = {
        .message = true, .attachments = true, .from.sender = slice_of(sender), .limits = limits};
    assert_true(examine(arena, slice_of(message), &job, &answer));
}

static const struct value *fact(enum fact id)
{
    return &answer.facts.fact[id];
}

static void assert_text(const struct value *value, const char *expected)
{
    assert_int_equal(value->state, VALUE_KNOWN);
    if (!slice_eq(value->text, slice_of(expected)))
        fail_msg("\"%.*s\" instead of \"%s\"", SLICE_ARGS(value->text), expected);
}

static void assert_attachment(size_t i, enum field_index field, const char *expected)
{
    assert_true(i < fact(FACT_ATTACHMENTS)->list.count);
    assert_text(&fact(FACT_ATTACHMENTS)->list.items[i].fields[field], expected);
}

TEST(test_header_facts_are_decoded)
{
    look_at(
        "Received: a\r\nReceived: b\r\nSubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n folded\r\n"
        "From: =?utf-8?q?A=2C_B?= <a.b@Mail.Example.com>, c@example.org\r\nFrom: d@example.net\r\n"
        "Reply-To: <e@example.com>\r\nMessage-ID: <1@example.com>\r\n\r\nhello\r\n",
        "");
    assert_text(fact(FACT_MESSAGE_SUBJECT), "gr\xc3\xbc\xc3\x9f"
                                            "e folded");
    assert_text(fact(FACT_MESSAGE_FROM), "a.b@mail.example.com");
    assert_text(fact(FACT_MESSAGE_FROM_NAME), "A, B");
    assert_int_equal(fact(FACT_MESSAGE_FROM_ALL)->list.count, 3);
    assert_text(&fact(FACT_MESSAGE_FROM_ALL)->list.items[2], "d@example.net");
    assert_text(fact(FACT_MESSAGE_REPLY_TO), "e@example.com");
    assert_text(fact(FACT_MESSAGE_ID), "<1@example.com>");
    assert_true(fact(FACT_MESSAGE_ID_FITS)->truth);
    assert_true(fact(FACT_MESSAGE_RECEIVED)->number == 2);
    assert_text(fact(FACT_MESSAGE_TYPE), "text/plain");
    assert_false(fact(FACT_MESSAGE_HIDES)->truth);
}

TEST(test_whom_it_is_to_is_told)
{
    look_at("To: A <a@example.com>, staff: b@example.com, c@Example.NET;\r\nto: d@example.org\r\n"
            "Cc: \r\n\r\nhello\r\n",
            "");
    assert_int_equal(fact(FACT_MESSAGE_TO)->list.count, 4);
    assert_text(&fact(FACT_MESSAGE_TO)->list.items[2], "c@example.net");
    assert_text(&fact(FACT_MESSAGE_TO)->list.items[3], "d@example.org");
    assert_int_equal(fact(FACT_MESSAGE_CC)->state, VALUE_KNOWN);
    assert_int_equal(fact(FACT_MESSAGE_CC)->list.count, 0);
}

static bool answers_differ(const char *from, const char *reply_to)
{
    char message[256];
    snprintf(message, sizeof message, "From: %s\r\nReply-To: %s\r\n\r\nhello\r\n", from, reply_to);
    look_at(message, "");
    assert_int_equal(fact(FACT_MESSAGE_REPLY_TO_DIFFERS)->state, VALUE_KNOWN);
    return fact(FACT_MESSAGE_REPLY_TO_DIFFERS)->truth;
}

TEST(test_answers_that_go_elsewhere_are_told)
{
    assert_false(answers_differ("a@example.com", "b@example.com"));
    assert_false(answers_differ("a@mail.example.com", "b@news.Example.com"));
    assert_true(answers_differ("a@example.com", "b@example.org"));
    assert_true(answers_differ("a@example.com", "b@example.com, c@example.org"));
    assert_true(answers_differ("a@example.com", "b@example.com\r\nReply-To: c@example.org"));
    assert_true(answers_differ("a@one.co.uk", "b@other.co.uk"));
    assert_false(answers_differ("a@example.com, b@example.org", "c@example.org"));
    look_at("From: a@example.com\r\n\r\nhello\r\n", "");
    assert_false(fact(FACT_MESSAGE_REPLY_TO_DIFFERS)->truth);
}

TEST(test_the_digest_is_that_of_all_octets_and_is_found_out_alone)
{
    /* printf 'Subject: x\r\n\r\nhello\r\n' | sha256sum; printf '' | sha256sum */
    struct scan_job job = {.digest = true, .limits = limits};
    assert_true(examine(arena, SLICE("Subject: x\r\n\r\nhello\r\n"), &job, &answer));
    assert_text(fact(FACT_MESSAGE_DIGEST),
                "090bcbd4edc487bcb38faf9e765f805b6a8efe1c7086c2c9bc8ba85d70da2905");
    assert_int_equal(fact(FACT_MESSAGE_SUBJECT)->state, VALUE_PENDING);
    assert_true(examine(arena, SLICE(""), &job, &answer));
    assert_text(fact(FACT_MESSAGE_DIGEST),
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    look_at("Subject: x\r\n\r\nhello\r\n", "");
    assert_int_equal(fact(FACT_MESSAGE_DIGEST)->state, VALUE_PENDING);
}

TEST(test_missing_fields_are_absent)
{
    look_at("X: y\r\n\r\nhello\r\n", "a@example.com");
    assert_int_equal(fact(FACT_MESSAGE_SUBJECT)->state, VALUE_ABSENT);
    assert_int_equal(fact(FACT_MESSAGE_FROM)->state, VALUE_ABSENT);
    assert_int_equal(fact(FACT_MESSAGE_REPLY_TO)->state, VALUE_ABSENT);
    assert_int_equal(fact(FACT_MESSAGE_ID)->state, VALUE_ABSENT);
    assert_int_equal(fact(FACT_MESSAGE_ID_FITS)->state, VALUE_ABSENT);
    assert_int_equal(fact(FACT_MESSAGE_FROM_ALL)->list.count, 0);
    assert_true(fact(FACT_MESSAGE_RECEIVED)->number == 0);
}

static bool id_fits(const char *id, const char *from, const char *sender)
{
    char message[256];
    snprintf(message, sizeof message, "Message-ID: %s\r\nFrom: %s\r\n\r\n.\r\n", id, from);
    look_at(message, sender);
    return fact(FACT_MESSAGE_ID_FITS)->truth;
}

TEST(test_message_id_fits_sender_or_author)
{
    assert_true(id_fits("<1@example.com>", "a@other.org", "b@example.com"));
    assert_true(id_fits("<1@mail.example.com>", "a@Example.com", ""));
    assert_true(id_fits("<1@example.com>", "a@news.example.com", ""));
    assert_false(id_fits("<1@example.com>", "a@badexample.com", "b@other.org"));
    assert_false(id_fits("<1@com>", "a@example.com", ""));
    assert_false(id_fits("<1>", "a@example.com", "b@example.com"));
}

TEST(test_wanted_headers_come_in_the_jobs_order)
{
    const struct slice headers[] = {SLICE("x-b"), SLICE("x-missing"), SLICE("x-a")};
    struct scan_job job = {
        .message = true, .headers = headers, .header_count = 3, .limits = limits};
    struct slice message = SLICE("X-A: 1\r\nx-b: =?utf-8?b?dHdv?=\r\nX-a: 3\r\n\r\nX-A: body\r\n");
    assert_true(examine(arena, message, &job, &answer));
    assert_int_equal(answer.facts.keyed[0].list.count, 1);
    assert_text(&answer.facts.keyed[0].list.items[0], "two");
    assert_int_equal(answer.facts.keyed[1].state, VALUE_KNOWN);
    assert_int_equal(answer.facts.keyed[1].list.count, 0);
    assert_int_equal(answer.facts.keyed[2].list.count, 2);
    assert_text(&answer.facts.keyed[2].list.items[1], "3");
}

TEST(test_only_what_is_asked_is_told)
{
    struct slice message =
        SLICE("Subject: x\r\nContent-Disposition: attachment; filename=a.exe\r\n\r\nx\r\n");
    struct scan_job job = {.message = true, .limits = limits};
    assert_true(examine(arena, message, &job, &answer));
    assert_int_equal(fact(FACT_ATTACHMENTS)->state, VALUE_PENDING);
    job = (struct scan_job){.attachments = true, .limits = limits};
    assert_true(examine(arena, message, &job, &answer));
    assert_int_equal(fact(FACT_MESSAGE_SUBJECT)->state, VALUE_PENDING);
    assert_int_equal(fact(FACT_MESSAGE_HIDES)->state, VALUE_PENDING);
    assert_attachment(0, attachment_extension, "exe");
}

static const char hiding_base64[] =
    "MIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=a\r\n"
    "Content-Transfer-Encoding: base64\r\n\r\nQUJD!!!=QUJD\r\nQUJD\r\n";

TEST(test_what_is_not_all_here_is_fragmented)
{
    look_at("MIME-Version: 1.0\r\nContent-Type: message/partial; id=a; number=1; total=2\r\n\r\n"
            "Subject: x\r\n\r\nhello\r\n",
            "");
    assert_attachment(0, attachment_type, "message/partial");
    const struct value *fields = fact(FACT_ATTACHMENTS)->list.items[0].fields;
    assert_true(fields[attachment_fragmented].truth);
}

TEST(test_attachments_are_hashed_when_that_is_asked)
{
    const char *message = "MIME-Version: 1.0\r\nContent-Type: application/x; name=a.bin\r\n"
                          "Content-Transfer-Encoding: base64\r\n\r\nYWJj\r\n";
    struct scan_job job = {.attachments = true, .sha256 = true, .limits = limits};
    look_at(message, "");
    assert_attachment(0, attachment_sha256, "");
    assert_true(examine(arena, slice_of(message), &job, &answer));
    assert_attachment(0, attachment_sha256,
                      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(test_what_encodings_hide_is_told_without_attachments_too)
{
    struct scan_job job = {.message = true, .limits = limits};
    assert_true(examine(arena, slice_of(hiding_base64), &job, &answer));
    assert_true(fact(FACT_MESSAGE_HIDES)->truth);
    job.attachments = true;
    assert_true(examine(arena, slice_of(hiding_base64), &job, &answer));
    assert_true(fact(FACT_MESSAGE_HIDES)->truth);
}

static const char two_parts[] =
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
    "boundary=b\r\n\r\n--b\r\n\r\nwords\r\n--b\r\n"
    "Content-Type: text/html; name=\"dir/page.html\"\r\n"
    "Content-Disposition: attachment; filename=run.exe\r\n\r\n<p>\r\n--b--\r\n";

TEST(test_each_distinct_name_has_a_record)
{
    look_at(two_parts, "");
    const struct list *list = &fact(FACT_ATTACHMENTS)->list;
    bool exe = false, html = false;
    for (size_t i = 0; i < list->count; i++) {
        const struct value *fields = list->items[i].fields;
        exe = exe || slice_eq(fields[attachment_extension].text, SLICE("exe"));
        html = html || slice_eq(fields[attachment_name].text, SLICE("page.html"));
        assert_text(&fields[attachment_declared_type], "text/html");
        assert_text(&fields[attachment_path], "");
        assert_true(fields[attachment_names].list.count >= 2);
        assert_true(fields[attachment_part].number == 2);
        assert_int_equal(fields[attachment_size].integer, 3);
    }
    assert_true(exe && html);
    assert_false(list->cut);
}

TEST(test_ranges_are_those_of_the_leaves)
{
    look_at(two_parts, "");
    assert_int_equal(answer.part_count, 2);
    const struct part_range *html = &answer.parts[1];
    assert_int_equal(html->part, 2);
    assert_false(html->sealed);
    assert_true(strncmp(two_parts + html->header, "Content-Type: text/html", 23) == 0);
    assert_true(strncmp(two_parts + html->body, "<p>", 3) == 0);
    assert_in_range(html->end, html->body + 3, html->body + 5);
}

TEST(test_signed_parts_are_sealed)
{
    look_at("MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b; "
            "protocol=\"application/pgp-signature\"\r\n\r\n"
            "--b\r\nContent-Type: text/plain; name=a.txt\r\n\r\nx\r\n--b\r\nContent-Type: "
            "application/pgp-signature\r\n\r\n"
            "x\r\n--b--\r\n",
            "");
    assert_int_equal(answer.part_count, 2);
    assert_true(answer.parts[0].sealed && answer.parts[1].sealed);
    assert_false(fact(FACT_MESSAGE_ENCRYPTED)->truth);
}

TEST(test_parts_in_decoded_content_are_sealed)
{
    /* an encoded message that holds a.exe */
    look_at("MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: "
            "base64\r\n\r\n"
            "Q29udGVudC1UeXBlOiBhcHBsaWNhdGlvbi94OyBuYW1lPWEuZXhlDQoNCnh4DQo=\r\n",
            "");
    const struct list *list = &fact(FACT_ATTACHMENTS)->list;
    bool exe = false;
    for (size_t i = 0; i < list->count; i++)
        exe = exe || slice_eq(list->items[i].fields[attachment_extension].text, SLICE("exe"));
    assert_true(exe);
    assert_true(answer.part_count >= 1);
    assert_true(answer.parts[answer.part_count - 1].sealed);
}

static bool encrypted(const char *content_type)
{
    char message[256];
    snprintf(message, sizeof message, "MIME-Version: 1.0\r\nContent-Type: %s\r\n\r\nx\r\n",
             content_type);
    look_at(message, "");
    return fact(FACT_MESSAGE_ENCRYPTED)->truth;
}

TEST(test_encrypted_is_told_from_signed)
{
    assert_true(encrypted("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"));
    assert_true(encrypted("application/x-pkcs7-mime; name=smime.p7m"));
    assert_true(
        encrypted("multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b"));
    assert_false(encrypted("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m"));
    assert_false(encrypted("text/plain"));
}

TEST(test_words_are_no_attachment_but_programs_in_their_place_are)
{
    look_at("Subject: x\r\n\r\nhello\r\n", "");
    assert_int_equal(fact(FACT_ATTACHMENTS)->list.count, 0);
    struct scan_job job = {.attachments = true, .limits = limits};
    char message[1024] = "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nMZ";
    size_t header = strlen(message) - 2;
    message[header + 0x3c] = (char)0x80;
    memcpy(message + header + 0x80, "PE\0\0", 4);
    assert_true(examine(arena, (struct slice){message, header + 0x200}, &job, &answer));
    assert_attachment(0, attachment_type, "application/x-dosexec");
    assert_attachment(0, attachment_name, "");
}

TEST(test_caps_show_as_a_cut_list)
{
    struct buf message = buf_init(1 << 20);
    buf_cstr(&message, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n");
    for (int i = 0; i < 50; i++)
        buf_cstr(&message, "--b\r\nContent-Type: application/x; name=a.bin\r\n\r\nx\r\n");
    buf_cstr(&message, "--b--\r\n");
    struct scan_job job = {.message = true, .attachments = true, .limits = limits};
    job.limits.parts = 10;
    assert_true(examine(arena, buf_slice(&message), &job, &answer));
    assert_true(fact(FACT_ATTACHMENTS)->list.cut);
    assert_true(fact(FACT_MESSAGE_HIDES)->truth);
    job.limits.parts = 100;
    assert_true(examine(arena, buf_slice(&message), &job, &answer));
    assert_false(fact(FACT_ATTACHMENTS)->list.cut);
    assert_int_equal(fact(FACT_ATTACHMENTS)->list.count, 50);
    buf_release(&message);
}

TEST(test_a_full_arena_is_no_answer)
{
    struct scan_job job = {.message = true, .attachments = true, .limits = limits};
    for (size_t size = 0; size < 40000; size += 997) {
        struct arena *small = arena_new(size);
        if (examine(small, slice_of(two_parts), &job, &answer) &&
            !answer.facts.fact[FACT_ATTACHMENTS].list.cut)
            assert_true(answer.facts.fact[FACT_ATTACHMENTS].list.count >= 2);
        arena_free(&small);
    }
}

static void warm_up(void)
{
    const char *reason;
    assert_true(examine_warm_up(&reason));
}

ALL_TESTS(warm_up, NULL);
