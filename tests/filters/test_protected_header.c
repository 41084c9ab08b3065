/* SPDX-License-Identifier: ISC
 * What a signature covers of a header, and what differs from it. */
#include "filters/protected_header.h"
#include "tests/harness/cms_maker.h"
#include "tests/harness/unit.h"

#include <openssl/evp.h>

ARENA_TESTS(16 << 20);

static const char usual[] = "From: Alice <alice@example.com>\r\nTo: bob@example.org\r\n"
                            "Subject: offer\r\nDate: Sat, 20 Feb 2021 12:27:02 -0500\r\n"
                            "Message-ID: <1@example.com>\r\n";

static struct slice text_of(const char *text)
{
    return slice_of(text);
}

/* An entity: fields, a Content-Type and words. */
static struct slice entity(const char *fields, const char *type)
{
    return ARENA_JOIN(arena, SLICE("Content-Type: "), text_of(type), SLICE("\r\n"), text_of(fields),
                      SLICE("\r\nhello\r\n"));
}

static struct slice within_signed(const char *fields, struct slice inner)
{
    return ARENA_JOIN(
        arena, text_of(fields),
        SLICE("MIME-Version: 1.0\r\nContent-Type: multipart/signed; micalg=sha-256;\r\n"
              " protocol=\"application/pkcs7-signature\"; boundary=q\r\n\r\n--q\r\n"),
        inner,
        SLICE("\r\n--q\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n"
              "Content-Transfer-Encoding: base64\r\n\r\nMAA=\r\n--q--\r\n"));
}

static struct slice within_cms(const char *fields, struct slice oid, struct slice content)
{
    struct buf octets = buf_init(1 << 20);
    put_element(&octets, 0x04, content);
    struct slice element = buf_slice(&octets);
    struct buf made = make_cms(oid, SLICE("\x02\1\1\x31\0"), OID_DATA, &element, false);
    struct slice der = buf_slice(&made);
    char *text = arena_alloc(arena, der.len * 2 + 4);
    assert_non_null(text);
    int len = EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)der.ptr, (int)der.len);
    buf_release(&made);
    buf_release(&octets);
    return ARENA_JOIN(arena, text_of(fields),
                      SLICE("MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime;\r\n"
                            " smime-type=signed-data; name=smime.p7m\r\n"
                            "Content-Transfer-Encoding: base64\r\n\r\n"),
                      ((struct slice){text, (size_t)len}), SLICE("\r\n"));
}

static struct protected_header inner;
static unsigned differs;

static void read_message(struct slice message)
{
    struct mime_message parsed;
    assert_non_null(message.ptr);
    assert_true(mime_parse(arena, message, &mime_limits_default, &parsed));
    assert_true(protected_header_find(arena, &parsed, &inner));
    differs = 0;
    if (inner.block.ptr)
        assert_true(protected_header_differs(arena, parsed.parts[0].headers, &inner, &differs));
}

static void assert_protection(enum header_protection expected, struct slice message)
{
    read_message(message);
    assert_int_equal(inner.protection, expected);
}

/* What differs between these, by names: "from subject". */
static void assert_differs(const char *expected, const char *outside, const char *inside,
                           const char *type)
{
    struct buf names = buf_init(200);
    read_message(within_signed(outside, entity(inside, type)));
    for (int field = 0; field < SHOWN_COUNT; field++)
        if (differs & 1U << field) {
            buf_append(&names, buf_len(&names) ? SLICE(" ") : SLICE(""));
            buf_append(&names, slice_of(shown_field_name(field)));
        }
    struct slice found = arena_copy(arena, buf_slice(&names));
    buf_release(&names);
    if (!slice_eq(found, slice_of(expected)))
        fail_msg("\"%.*s\" differs instead of \"%s\" in\n%s", SLICE_ARGS(found), expected, outside);
}

#define CLEAR "text/plain; hp=\"clear\""
#define CIPHER "text/plain; charset=utf-8; hp=cipher"
#define V1 "text/plain; protected-headers=\"v1\""

TEST(test_what_the_payload_says_of_itself_counts)
{
    assert_protection(HEADER_PROTECTED, within_signed(usual, entity(usual, CLEAR)));
    assert_protection(HEADER_PROTECTED,
                      within_signed(usual, entity(usual, "text/plain; HP=Clear")));
    assert_protection(HEADER_CIPHER, within_signed(usual, entity(usual, CIPHER)));
    assert_protection(HEADER_SOME, within_signed(usual, entity(usual, V1)));
    assert_protection(HEADER_OPEN, within_signed(usual, entity(usual, "text/plain")));
    assert_protection(HEADER_OPEN, within_signed(usual, entity(usual, "text/plain; hp=other")));
    assert_protection(HEADER_OPEN, within_signed(usual, entity(usual, "text/plain; hp")));
}

TEST(test_it_counts_at_the_root_of_what_is_signed_alone)
{
    assert_protection(HEADER_OPEN, entity(usual, CLEAR));
    struct slice mixed = ARENA_JOIN(
        arena, text_of(usual), SLICE("Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n"),
        within_signed("", entity(usual, CLEAR)), SLICE("\r\n--m--\r\n"));
    assert_protection(HEADER_OPEN, mixed);
    struct slice deeper =
        ARENA_JOIN(arena, SLICE("Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n"),
                   entity(usual, CLEAR), SLICE("\r\n--m--\r\n"));
    assert_protection(HEADER_OPEN, within_signed(usual, deeper));
}

TEST(test_opaque_and_nested_layers_are_opened)
{
    assert_protection(HEADER_PROTECTED, within_cms(usual, OID_SIGNED, entity(usual, CLEAR)));
    assert_protection(HEADER_OPEN, within_cms(usual, OID_SIGNED, entity(usual, "text/plain")));
    struct slice twice = within_cms("", OID_SIGNED, entity(usual, CLEAR));
    assert_protection(HEADER_PROTECTED, within_cms(usual, OID_SIGNED, twice));
    assert_protection(HEADER_PROTECTED, within_signed(usual, twice));
    assert_protection(HEADER_PROTECTED,
                      within_cms(usual, OID_SIGNED, within_signed("", entity(usual, CLEAR))));
    assert_int_equal(differs, 0);
}

TEST(test_layers_have_an_end)
{
    struct slice layered = entity(usual, CLEAR);
    for (int i = 0; i < 7; i++)
        layered = within_cms(usual, OID_SIGNED, layered);
    assert_protection(HEADER_PROTECTED, layered);
    for (int i = 0; i < 7; i++)
        layered = within_cms(usual, OID_SIGNED, layered);
    assert_protection(HEADER_UNREAD, layered);
}

TEST(test_what_is_encrypted_is_not_known)
{
    assert_protection(HEADER_SEALED, within_cms(usual, OID_ENVELOPED, SLICE("x")));
    struct slice pgp =
        ARENA_JOIN(arena, text_of(usual),
                   SLICE("Content-Type: multipart/encrypted; boundary=e\r\n\r\n--e\r\n"
                         "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--e--\r\n"));
    assert_protection(HEADER_SEALED, pgp);
    assert_protection(HEADER_SEALED,
                      within_signed(usual, within_cms("", OID_ENVELOPED, SLICE("x"))));
}

static struct slice wrapped(const char *type, const char *fields, const char *inner_type)
{
    return ARENA_JOIN(arena, SLICE("Content-Type: "), text_of(type), SLICE("\r\n\r\n"),
                      entity(fields, inner_type));
}

TEST(test_a_wrapped_message_is_protected_unless_it_is_anothers)
{
    assert_protection(HEADER_PROTECTED,
                      within_signed(usual, wrapped("message/rfc822", usual, "text/plain")));
    assert_int_equal(differs, 0);
    assert_protection(HEADER_PROTECTED,
                      within_cms(usual, OID_SIGNED,
                                 wrapped("message/rfc822; forwarded=no", usual, "text/plain")));
    assert_protection(HEADER_PROTECTED,
                      within_signed(usual, wrapped("message/global", usual, "text/plain")));
    assert_protection(HEADER_OPEN, within_signed(usual, wrapped("message/rfc822; forwarded=yes",
                                                                usual, "text/plain")));
    assert_protection(HEADER_OPEN, within_signed(usual, wrapped("message/rfc822", usual, CLEAR)));
    struct slice other = ARENA_JOIN(arena, SLICE("Content-Type: message/rfc822\r\n\r\n"),
                                    within_signed(usual, entity(usual, CLEAR)));
    assert_protection(HEADER_OPEN, within_signed(usual, other));
    read_message(within_signed(usual, wrapped("message/rfc822", "From: x@example.net\r\n", "a/b")));
    assert_true(differs & 1U << SHOWN_FROM);
}

TEST(test_what_reads_the_same_does_not_differ)
{
    assert_differs("", usual, usual, CLEAR);
    assert_differs("", "From: =?utf-8?q?Alice?= <alice@EXAMPLE.com>\r\nSubject: a\r\n  b\r\n",
                   "From: \"Alice\"\r\n <alice@example.com>\r\nSubject:a =?utf-8?b?Yg==?=\r\n",
                   CLEAR);
    assert_differs("",
                   "From: <a@b\xc3\xbc"
                   "cher.example>\r\n",
                   "From: a@xn--bcher-kva.example\r\n", CLEAR);
    assert_differs("", "To: b@example.org, A <a@example.org>\r\n",
                   "To: \"C\" <a@example.org>,\r\n b@example.org\r\n", CLEAR);
    assert_differs("", "From: alice@example.com\r\n", "From: Alice <alice@example.com>\r\n", CLEAR);
    assert_differs("", "To: undisclosed-recipients:;\r\n", "To: undisclosed-recipients:;\r\n",
                   CLEAR);
    assert_differs("", "Received: x\r\nList-Id: <l.example>\r\n", "User-Agent: y\r\n", CLEAR);
}

TEST(test_what_reads_otherwise_differs)
{
    assert_differs("from", "From: alice@example.net\r\n", "From: alice@example.com\r\n", CLEAR);
    assert_differs("from", "From: Chief <a@example.com>\r\n", "From: Alice <a@example.com>\r\n",
                   CLEAR);
    assert_differs("from", "From: a@example.com, b@example.com\r\n", "From: a@example.com\r\n",
                   CLEAR);
    assert_differs("from", "From: a@example.com\r\nFrom: a@example.com\r\n",
                   "From: a@example.com\r\n", CLEAR);
    assert_differs("to cc", "To: a@example.com\r\nCc: b@example.com\r\n",
                   "To: b@example.com\r\nCc: b@example.com, c@example.com\r\n", CLEAR);
    assert_differs("subject date message-id",
                   "Subject: [list] a\r\nDate: 1\r\nMessage-ID: <1@b>\r\n",
                   "Subject: a\r\nDate: 2\r\nMessage-ID: <2@b>\r\n", CLEAR);
    assert_differs("subject", "Subject: [...]\r\n", "Subject: a\r\n", CLEAR);
    assert_differs("sender followup-to", "Sender: a@b\r\nFollowup-To: a\r\n",
                   "Sender: b@b\r\nFollowup-To: b\r\n", CLEAR);
}

TEST(test_what_was_added_or_taken_away_differs)
{
    assert_differs("reply-to", "Reply-To: x@example.net\r\n", "", CLEAR);
    assert_differs("subject", "", "Subject: a\r\n", CLEAR);
    assert_differs("", "Reply-To: x@example.net\r\n", "", V1);
    assert_differs("subject", "Subject: b\r\n", "Subject: a\r\n", V1);
}

TEST(test_what_was_to_be_hidden_does_not_differ)
{
    const char *inside = "Subject: secret\r\nTo: a@b.example\r\nCc: c@b.example\r\n"
                         "HP-Outer: Subject: [...]\r\nHP-Outer: To: a@b.example\r\n";
    assert_differs("", "Subject: [...]\r\nTo: a@b.example\r\n", inside, CIPHER);
    assert_differs("", "Subject: secret\r\nTo: a@b.example\r\nCc: c@b.example\r\n", inside, CIPHER);
    assert_differs("cc subject", "Subject: other\r\nTo: a@b.example\r\nCc: d@b.example\r\n", inside,
                   CIPHER);
    assert_differs("", "Subject: [...]\r\n", "Subject: secret\r\n", CIPHER);
    assert_differs("", "Subject: ...\r\n", "Subject: secret\r\n", V1);
    assert_differs("subject", "Subject: [...]\r\n",
                   "Subject: secret\r\nHP-Outer: Subject: [...]\r\n", CLEAR);
}

TEST(test_many_fields_and_addresses_cost_no_more_than_their_octets)
{
    struct buf fields = buf_init(1 << 20);
    for (int i = 0; i < 20000; i++)
        buf_append(&fields, SLICE("To: a@b.example, c@d.example\r\n"));
    struct slice many = arena_copy(arena, buf_slice(&fields));
    buf_release(&fields);
    assert_protection(HEADER_PROTECTED, within_signed(many.ptr, entity(many.ptr, CLEAR)));
    assert_int_equal(differs, 0);
}
