/* SPDX-License-Identifier: ISC
 * What is read of cryptographic messages, whole and cut, in DER, BER and text. */
#include "filters/containers/ber.h"
#include "filters/containers/cms.h"
#include "tests/harness/cms_maker.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

#define BEFORE_SIGNED SLICE("\x02\1\1\x31\0")
#define WORDS SLICE("\x04\5words")

ARENA_TESTS(4 << 20);
static struct cms cms;

static void open_made(struct buf b)
{
    struct slice copy = arena_copy(arena, buf_slice(&b));
    buf_release(&b);
    assert_true(cms_is(copy));
    assert_true(cms_open(arena, copy, &cms));
}

static void open_with(struct slice oid, struct slice before, struct slice element, bool endless)
{
    open_made(make_cms(oid, before, OID_DATA, &element, endless));
}

static void assert_words(enum cms_kind kind)
{
    assert_int_equal(cms.kind, kind);
    assert_true(slice_eq(cms.content, SLICE("words")));
    assert_false(cms.broken);
    assert_int_equal(cms.wraps.len, 0);
}

TEST(test_the_content_of_each_kind_is_found)
{
    for (int endless = 0; endless < 2; endless++) {
        open_with(OID_SIGNED, BEFORE_SIGNED, WORDS, endless);
        assert_words(CMS_CONTENT);
        open_with(OID_DIGESTED, SLICE("\x02\1\1\x30\0"), WORDS, endless);
        assert_words(CMS_CONTENT);
        open_with(OID_AUTHENTICATED, SLICE("\x02\1\1\x31\0\x30\0"), WORDS, endless);
        assert_words(CMS_CONTENT);
        open_with(OID_AUTHENTICATED, SLICE("\x02\1\1\xa0\0\x31\0\x30\0\xa1\0"), WORDS, endless);
        assert_words(CMS_CONTENT);
        open_with(OID_COMPRESSED,
                  SLICE("\x02\1\0\x30\x0d\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x08"),
                  WORDS, endless);
        assert_words(CMS_COMPRESSED);
    }
}

TEST(test_plain_and_stamped_content_is_found)
{
    struct buf b = buf_init(4096);
    char room[32];
    buf_append(&b, WORDS);
    wrap_in(&b, 0xa0, false, SLICE(""));
    wrap_in(&b, 0x30, false, oid_element(OID_DATA, room));
    open_made(b);
    assert_words(CMS_CONTENT);
    b = buf_init(4096);
    buf_append(&b, WORDS);
    wrap_in(&b, 0x30, true, SLICE("\x02\1\1\x16\1x\x30\0"));
    wrap_in(&b, 0xa0, true, SLICE(""));
    wrap_in(&b, 0x30, true, oid_element(OID_STAMPED, room));
    open_made(b);
    assert_words(CMS_CONTENT);
}

TEST(test_pieces_are_joined)
{
    open_with(OID_SIGNED, BEFORE_SIGNED, SLICE("\x24\x80\x04\1w\x04\0\x04\2or\x04\2ds\0\0"), true);
    assert_words(CMS_CONTENT);
    open_with(OID_SIGNED, BEFORE_SIGNED, SLICE("\x24\x0d\x24\x80\x04\3wor\0\0\x04\2ds"), false);
    assert_words(CMS_CONTENT);
    assert_true(cms.place.len == 15);
}

/* Within the arena nobody but the next to ask for memory would see that there was none. */
TEST(test_pieces_behind_nested_ones_have_room_of_their_own)
{
    enum { LONG = 100 };
    static const char head[] = "\x24\x6e\x24\6\4\1a\4\1b\4\x64";
    char input[sizeof head - 1 + LONG];
    memcpy(input, head, sizeof head - 1);
    memset(input + sizeof head - 1, 'x', LONG);
    struct ber in = {{input, sizeof input}, false};
    struct slice found;
    assert_true(ber_octets(arena, &in, &found));
    assert_int_equal(found.len, 2 + LONG);
    char *next = arena_alloc(arena, LONG);
    memset(next, 'y', LONG);
    assert_int_equal(slice_find(found, 'y'), found.len);
}

TEST(test_what_was_signed_before_cms_is_taken_as_it_stands)
{
    open_with(OID_SIGNED, BEFORE_SIGNED, SLICE("\x30\3\x04\1x"), false);
    assert_true(slice_eq(cms.content, SLICE("\x30\3\x04\1x")));
    assert_false(cms.broken);
}

TEST(test_a_signature_alone_has_no_content)
{
    open_made(make_cms(OID_SIGNED, BEFORE_SIGNED, OID_DATA, NULL, false));
    assert_int_equal(cms.kind, CMS_BARE);
    assert_false(cms.broken);
    open_made(make_cms(OID_SIGNED, BEFORE_SIGNED, OID_DATA, NULL, true));
    assert_int_equal(cms.kind, CMS_BARE);
    assert_false(cms.broken);
}

TEST(test_encryption_is_told_by_the_type)
{
    struct slice types[] = {OID_ENVELOPED, OID_AUTH_ENVELOPED};
    for (size_t i = 0; i < 2; i++) {
        struct buf b = make_cms(types[i], SLICE(""), OID_DATA, NULL, false);
        assert_true(cms_is_encrypted(buf_slice(&b)));
        open_made(b);
        assert_int_equal(cms.kind, CMS_ENCRYPTED);
    }
    struct buf b = make_signed(SLICE("words"), true);
    assert_false(cms_is_encrypted(buf_slice(&b)));
    buf_release(&b);
}

TEST(test_what_is_not_known_is_other)
{
    struct slice element = WORDS;
    open_made(make_cms(SLICE("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x63"), BEFORE_SIGNED, OID_DATA,
                       &element, false));
    assert_int_equal(cms.kind, CMS_OTHER);
    open_with(OID_COMPRESSED, SLICE("\x02\1\0\x30\3\x06\1\x2a"), WORDS, false);
    assert_int_equal(cms.kind, CMS_OTHER);
}

TEST(test_a_message_within_lacks_its_head)
{
    struct slice element = SLICE("\x04\x03\x30\1x");
    open_made(make_cms(OID_SIGNED, BEFORE_SIGNED, OID_SIGNED, &element, false));
    assert_true(slice_eq(cms.wraps, OID_SIGNED));
    struct slice wrapped = cms_wrap(arena, cms.wraps, cms.content);
    assert_true(cms_is(wrapped));
    assert_true(
        slice_eq(slice_sub(wrapped, wrapped.len - 7, wrapped.len), SLICE("\x30\1x\0\0\0\0")));
}

/* make_signed("words"), in base64. */
#define LETTERS "MCEGCSqGSIb3DQEHAqAUMBICAQExADALBgkqhkiG9w0BBwE="

TEST(test_text_is_decoded)
{
    const char *texts[] = {
        "-----BEGIN CMS-----\r\n%s\r\n-----END CMS-----\r\n",
        "\xef\xbb\xbf\n -----BEGIN PKCS7-----\n%s\n-----END PKCS7-----\nMore.",
        "%s",
        "M\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n%s",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct buf b = buf_init(4096);
        const char *hole = strstr(texts[i], "%s");
        buf_append(&b, (struct slice){texts[i], (size_t)(hole - texts[i])});
        buf_cstr(&b, &LETTERS[i == 3]);
        buf_cstr(&b, hole + 2);
        open_made(b);
        assert_int_equal(cms.kind, CMS_BARE);
        assert_false(cms.broken);
    }
    assert_false(cms_is(SLICE("MIME-Version: 1.0\r\n")));
    assert_false(cms_is(SLICE("-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n")));
}

TEST(test_text_ends_where_it_says_for_all_who_read_it)
{
    assert_false(
        cms_is(SLICE("-----BEGIN CMS-----\nMCEGCSqGSIb3-----END CMS-----\nDQEHAqAUMBICAQEx")));
    assert_true(
        cms_is(SLICE("-----BEGIN CMS-----\nMCEGCSqGSIb3DQEHAqAUMBICAQEx-----END CMS-----\nDQEH")));
}

TEST(test_other_files_are_none)
{
    assert_false(cms_is(SLICE("")));
    assert_false(cms_is(SLICE("\x30")));
    assert_false(cms_is(SLICE("\x30\x82\x01\x0a\x02\x82")));
    assert_false(cms_is(SLICE("0123456789")));
    assert_false(cms_is(SLICE("\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x02\x01")));
}

TEST(test_lengths_that_lie_are_broken)
{
    open_with(OID_SIGNED, BEFORE_SIGNED, SLICE("\x04\x84\xff\xff\xff\xffwords"), false);
    assert_true(cms.broken);
    assert_true(slice_eq(slice_sub(cms.content, 0, 5), SLICE("words")));
    open_with(OID_SIGNED, BEFORE_SIGNED, SLICE("\x24\x80\x04\5words"), false);
    assert_true(cms.broken);
    assert_true(slice_eq(cms.content, SLICE("words")));
    open_with(OID_SIGNED, SLICE("\x02\1\1"), WORDS, false);
    assert_true(cms.broken);
    open_with(OID_SIGNED, BEFORE_SIGNED, SLICE("\x24\5\x04\5wor"), true);
    assert_true(cms.broken);
}

/* A copy that ends with its memory, so that what is read behind it is seen. */
static void open_exactly(struct slice data)
{
    char *exact = malloc(data.len + (data.len == 0));
    assert_non_null(exact);
    memcpy(exact, data.ptr, data.len);
    struct slice copy = {exact, data.len};
    if (cms_is(copy) && cms_open(arena, copy, &cms))
        cms_wrap(arena, cms.wraps, cms.content);
    arena_reset(arena);
    free(exact);
}

TEST(test_every_cut_and_every_flip_is_survived)
{
    for (int endless = 0; endless < 2; endless++) {
        struct slice element = SLICE("\x24\x80\x04\1w\x24\4\x04\2or\x04\2ds\0\0");
        struct buf b = make_cms(OID_SIGNED, BEFORE_SIGNED, OID_DATA, &element, endless);
        struct slice whole = buf_slice(&b);
        for (size_t len = 0; len < whole.len; len++)
            open_exactly(slice_sub(whole, 0, len));
        for (size_t bit = 0; bit < 8 * whole.len; bit++) {
            b.data[b.head + bit / 8] ^= (char)(1 << bit % 8);
            open_exactly(whole);
            b.data[b.head + bit / 8] ^= (char)(1 << bit % 8);
        }
        buf_release(&b);
    }
}

TEST(test_no_cut_loses_the_content_in_silence)
{
    struct buf b = make_signed(SLICE("words"), false);
    for (size_t len = 16; len < buf_len(&b); len++) {
        struct slice data = slice_sub(buf_slice(&b), 0, len);
        assert_true(cms_is(data));
        assert_true(cms_open(arena, data, &cms));
        assert_true(cms.broken);
    }
    buf_release(&b);
}

TEST(test_pieces_nested_without_end_are_broken)
{
    struct buf b = buf_init(1 << 20);
    for (int i = 0; i < 100000; i++)
        buf_append(&b, SLICE("\x24\x80"));
    open_with(OID_SIGNED, BEFORE_SIGNED, buf_slice(&b), true);
    assert_true(cms.broken);
    buf_release(&b);
}
