/* SPDX-License-Identifier: ISC
 * The messages that are attached to one, as a scanner finds them. */
#include "filters/attached_message.h"

#include "filters/examine.h"
#include "filters/examine_spam.h"
#include "filters/spam/spam_model.h"
#include "tests/harness/unit.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <unistd.h>

#define INNER                                                                                      \
    "Received: from a.example by mx.test (Gatepost) with ESMTP id 12.m3; now\r\n"                  \
    "From: x@spam.example\r\nSubject: win\r\n\r\nYou have won the prize of all prizes.\r\n"
#define BASE64_INNER                                                                               \
    "UmVjZWl2ZWQ6IGZyb20gYS5leGFtcGxlIGJ5IG14LnRlc3QgKEdhdGVwb3N0KSB3aXRoIEVTTVRQIGlkIDEyLm0zOyBu" \
    "\r\n"                                                                                         \
    "b3cNCkZyb206IHhAc3BhbS5leGFtcGxlDQpTdWJqZWN0OiB3aW4NCg0KWW91IGhhdmUgd29uIHRoZSBwcml6ZSBvZiBh" \
    "\r\n"                                                                                         \
    "bGwgcHJpemVzLg0K\r\n"
#define OUTER                                                                                      \
    "From: user@example.com\r\nMIME-Version: 1.0\r\n"                                              \
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee below\r\n"
#define PART(head, body) "--b\r\n" head "\r\n" body "\r\n"
#define RFC822 "Content-Type: message/rfc822\r\n"
#define FILE_EML                                                                                   \
    "Content-Type: application/octet-stream\r\nContent-Disposition: attachment; "                  \
    "filename=\"Win it.EML\"\r\n"
#define BASE64 "Content-Transfer-Encoding: base64\r\n"
#define END "--b--\r\n"

enum { ARENA_MAX = 64 << 20 };

ARENA_TESTS(ARENA_MAX);

static struct attached_message found(const char *text, size_t nth)
{
    struct mime_message message;
    struct attached_message out;
    assert_true(mime_parse(arena, slice_of(text), &mime_limits_default, &message));
    assert_true(attached_message(arena, &message, nth, &out));
    return out;
}

static void is_inner(const char *text, size_t nth)
{
    struct attached_message out = found(text, nth);
    assert_true(slice_starts(SLICE(INNER), out.octets) && out.octets.len >= strlen(INNER) - 2);
}

TEST(test_a_message_is_found_in_whatever_encoding_it_is_attached)
{
    static const char *const texts[] = {
        OUTER PART(RFC822, INNER) END,
        OUTER PART(RFC822 BASE64, BASE64_INNER) END,
        OUTER PART(RFC822 "Content-Transfer-Encoding: quoted-printable\r\n", INNER) END,
        OUTER PART(RFC822 "Content-Transfer-Encoding: 8bit\r\n", INNER) END,
        OUTER PART(FILE_EML, INNER) END,
        OUTER PART(FILE_EML BASE64, BASE64_INNER) END,
        "MIME-Version: 1.0\r\n" RFC822 "\r\n" INNER,
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(found(texts[i], 0).count, 1);
        assert_null(found(texts[i], 0).octets.ptr);
        is_inner(texts[i], 1);
        assert_null(found(texts[i], 2).octets.ptr);
    }
}

TEST(test_of_several_each_has_its_number)
{
    const char *text = OUTER PART(RFC822, "Subject: first\r\n\r\nfirst") PART(FILE_EML, INNER)
        PART(RFC822 BASE64, BASE64_INNER) END;
    assert_int_equal(found(text, 0).count, 3);
    assert_true(slice_eq(found(text, 1).octets, SLICE("Subject: first\r\n\r\nfirst")));
    is_inner(text, 2);
    is_inner(text, 3);
}

TEST(test_what_is_attached_to_an_attached_message_is_not_counted)
{
    const char *text =
        OUTER PART(RFC822, "Subject: forwarded\r\nMIME-Version: 1.0\r\n"
                           "Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n" RFC822
                           "\r\n" INNER "\r\n--c\r\n" FILE_EML "\r\n" INNER "\r\n--c--\r\n") END;
    assert_int_equal(found(text, 0).count, 1);
    assert_true(slice_starts(found(text, 1).octets, SLICE("Subject: forwarded\r\n")));
    text = OUTER PART(RFC822 BASE64, "U3ViamVjdDogYQ0KQ29udGVudC1UeXBlOiBtZXNzYWdlL3JmYzgyMg0KDQpT"
                                     "dWJqZWN0OiBiDQoNCmI=\r\n") END;
    assert_int_equal(found(text, 0).count, 1);
    assert_true(slice_starts(found(text, 1).octets, SLICE("Subject: a\r\n")));
}

TEST(test_what_is_no_message_is_none)
{
    static const char *const texts[] = {
        "Subject: forwarded\r\n\r\n> From: x@spam.example\r\n> Subject: win\r\n",
        OUTER PART("Content-Type: text/plain\r\n", INNER) END,
        OUTER PART("Content-Type: application/octet-stream\r\nContent-Disposition: attachment; "
                   "filename=a.bin\r\n",
                   INNER) END,
        OUTER PART(FILE_EML, "no header at all\r\nand no more") END,
        OUTER PART("Content-Type: message/delivery-status\r\n", "Action: failed\r\n") END,
        OUTER PART("Content-Type: message/partial; id=a; number=1\r\n", INNER) END,
        "",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(found(texts[i], 1).count, 0);
}

/* ---- the job ---- */

static void learn_nothing(void)
{
    static uint8_t file[SPAM_MODEL_SIZE];
    static int8_t cells[SPAM_CELLS];
    static const uint8_t key[SPAM_KEY_SIZE] = "a site's secret";
    struct spam_model empty = {.key = spam_key_of(key), .scale = 1, .a = 1, .cells = cells};
    const char *reason = "";
    spam_model_write(&empty, file);
    int model = memfd_create("model", MFD_ALLOW_SEALING);
    assert_int_equal(write(model, file, sizeof file), sizeof file);
    assert_int_equal(fcntl(model, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW), 0);
    assert_true(examine_spam_with(model, &reason));
    close(model);
}

static struct scan_answer answered_without(const char *text, uint32_t nth,
                                           const struct marks *marks)
{
    const struct scan_job job = {.vector = true,
                                 .attached = nth,
                                 .marks = marks,
                                 .limits = {8, 1000, 10000, 64 << 20, 0, 0, 0}};
    struct scan_answer answer, received;
    struct buf out = buf_init(SCAN_ANSWER_MAX);
    assert_true(examine(arena, slice_of(text), &job, &answer));
    assert_true(scan_answer_encode(&out, 0, &answer));
    struct slice octets = arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    assert_true(scan_answer_decode(octets, arena, 0, &received));
    return received;
}

static struct scan_answer answered(const char *text, uint32_t nth)
{
    return answered_without(text, nth, NULL);
}

TEST(test_what_rules_have_put_on_a_message_is_not_in_its_vector_and_in_its_digest)
{
    static const struct slice field = SLICE("X-Site-Spam");
    static const struct mark_piece prefix = {.literal = SLICE("[spam] "), .last = true};
    static const struct marks marks = {&field, 1, &prefix, 1};
#define MARKED "x-site-spam: yes yes\r\nSubject: [spam] win\r\n\r\nYou have won.\r\n"
    const char *outer = OUTER PART(RFC822, MARKED) END;
    unsigned char digest[32];
    learn_nothing();
    struct slice clean = answered("Subject: win\r\n\r\nYou have won.\r\n", 0).vector;
    struct scan_answer alone = answered_without(MARKED, 0, &marks);
    EVP_Digest(MARKED, strlen(MARKED), digest, NULL, EVP_sha256(), NULL);
    assert_true(clean.len > 0 && slice_eq(alone.vector, clean));
    assert_true(alone.attached.there);
    assert_memory_equal(alone.attached.digest, digest, sizeof digest);
    assert_true(slice_eq(
        answered_without(outer, 1, &marks).vector,
        answered_without(OUTER PART(RFC822, "Subject: win\r\n\r\nYou have won.\r\n") END, 1, NULL)
            .vector));
    assert_false(slice_eq(answered(MARKED, 0).vector, clean));
    assert_memory_equal(answered_without(outer, 1, &marks).attached.digest,
                        answered(outer, 1).attached.digest, sizeof digest);
}

TEST(test_an_answer_tells_of_the_attached_message_what_it_would_of_the_same_that_came_alone)
{
    const char *text = OUTER PART(FILE_EML BASE64, BASE64_INNER) END;
    unsigned char digest[32];
    learn_nothing();
    struct scan_answer alone = answered(INNER, 0), attached = answered(text, 1);
    assert_false(alone.attached.there);
    assert_true(attached.attached.there);
    assert_int_equal(attached.attached.count, 1);
    assert_true(alone.vector.len > 0 && slice_eq(alone.vector, attached.vector));
    assert_false(slice_eq(answered(text, 0).vector, attached.vector));
    EVP_Digest(INNER, strlen(INNER), digest, NULL, EVP_sha256(), NULL);
    assert_memory_equal(attached.attached.digest, digest, sizeof digest);
    assert_true(slice_eq(attached.attached.received,
                         SLICE("Received: from a.example by mx.test (Gatepost) with ESMTP id "
                               "12.m3; now\r\n")));
}

TEST(test_of_one_that_is_not_there_nothing_is_told_but_how_many_are)
{
    learn_nothing();
    struct scan_answer answer = answered(OUTER PART(RFC822, INNER) PART(RFC822, INNER) END, 3);
    assert_int_equal(answer.attached.count, 2);
    assert_false(answer.attached.there);
    assert_int_equal(answer.vector.len, 0);
    assert_int_equal(answer.attached.received.len, 0);
}

TEST(test_fields_that_have_no_room_are_left_out)
{
    struct buf text = buf_init(1 << 20);
    learn_nothing();
    buf_cstr(&text, "MIME-Version: 1.0\r\n" RFC822 "\r\n");
    for (int i = 0; i < 40; i++)
        buf_printf(&text, "Received: %d%.*s\r\n", i, 900, (const char[900]){[0 ... 898] = 'x'});
    buf_cstr(&text, "\r\nhello\r\n");
    buf_append(&text, SLICE("\0"));
    struct scan_answer answer = answered(buf_slice(&text).ptr, 1);
    assert_true(answer.attached.there);
    assert_true(answer.attached.received.len > SCAN_RECEIVED_MAX / 2);
    assert_true(answer.attached.received.len <= SCAN_RECEIVED_MAX);
    assert_true(slice_iends(answer.attached.received, SLICE("x\r\n")));
    buf_release(&text);
}
