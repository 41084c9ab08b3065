/* SPDX-License-Identifier: ISC
 * Encrypted zips, made by zip and 7z with the password "a1b": what is opened is what went in. */
#include "filters/archive/zip_crypto.h"
#include "filters/files/inspect.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS SLICE("words words words words\n")

static const char packed_old[] = "\x50\x4b\x03\x04\x14\x00\x09\x00\x08\x00\xae\x82\x7d\x5d\x10\xd2"
                                 "\xce\x74\x17\x00\x00\x00\x18\x00\x00\x00\x05\x00\x1c\x00\x61\x2e"
                                 "\x74\x78\x74\x55\x54\x09\x00\x03\x07\x51\x0c\x6b\x07\x51\x0c\x6b"
                                 "\x75\x78\x0b\x00\x01\x04\x00\x00\x00\x00\x04\x00\x00\x00\x00\x18"
                                 "\x96\x31\xff\x11\x74\x03\xca\xe1\x50\x17\x2e\x15\x0b\x9b\x5c\xd2"
                                 "\xe3\xfc\x9d\x9c\xac\x3d\x50\x4b\x07\x08\x10\xd2\xce\x74\x17\x00"
                                 "\x00\x00\x18\x00\x00\x00\x50\x4b\x01\x02\x1e\x03\x14\x00\x09\x00"
                                 "\x08\x00\xae\x82\x7d\x5d\x10\xd2\xce\x74\x17\x00\x00\x00\x18\x00"
                                 "\x00\x00\x05\x00\x18\x00\x00\x00\x00\x00\x01\x00\x00\x00\xa4\x81"
                                 "\x00\x00\x00\x00\x61\x2e\x74\x78\x74\x55\x54\x05\x00\x03\x07\x51"
                                 "\x0c\x6b\x75\x78\x0b\x00\x01\x04\x00\x00\x00\x00\x04\x00\x00\x00"
                                 "\x00\x50\x4b\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00\x4b\x00\x00"
                                 "\x00\x66\x00\x00\x00\x00\x00";
static const char stored_old[] = "\x50\x4b\x03\x04\x0a\x00\x09\x00\x00\x00\xae\x82\x7d\x5d\x10\xd2"
                                 "\xce\x74\x24\x00\x00\x00\x18\x00\x00\x00\x05\x00\x1c\x00\x61\x2e"
                                 "\x74\x78\x74\x55\x54\x09\x00\x03\x07\x51\x0c\x6b\x07\x51\x0c\x6b"
                                 "\x75\x78\x0b\x00\x01\x04\x00\x00\x00\x00\x04\x00\x00\x00\x00\xbe"
                                 "\xe3\xd9\xf3\x46\xc0\xe9\xdb\xe4\x28\x5a\x24\xa5\x29\x2e\x26\x04"
                                 "\xdc\x7e\x61\xc5\xc0\x5e\x9b\xa6\xc0\x68\xfe\x42\xb1\x88\x75\x0c"
                                 "\xca\xee\xa6\x50\x4b\x07\x08\x10\xd2\xce\x74\x24\x00\x00\x00\x18"
                                 "\x00\x00\x00\x50\x4b\x01\x02\x1e\x03\x0a\x00\x09\x00\x00\x00\xae"
                                 "\x82\x7d\x5d\x10\xd2\xce\x74\x24\x00\x00\x00\x18\x00\x00\x00\x05"
                                 "\x00\x18\x00\x00\x00\x00\x00\x00\x00\x00\x00\xa4\x81\x00\x00\x00"
                                 "\x00\x61\x2e\x74\x78\x74\x55\x54\x05\x00\x03\x07\x51\x0c\x6b\x75"
                                 "\x78\x0b\x00\x01\x04\x00\x00\x00\x00\x04\x00\x00\x00\x00\x50\x4b"
                                 "\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00\x4b\x00\x00\x00\x73\x00"
                                 "\x00\x00\x00\x00";
static const char packed_aes[] = "\x50\x4b\x03\x04\x33\x00\x01\x00\x63\x00\xae\x82\x7d\x5d\x00\x00"
                                 "\x00\x00\x2c\x00\x00\x00\x18\x00\x00\x00\x05\x00\x0b\x00\x61\x2e"
                                 "\x74\x78\x74\x01\x99\x07\x00\x02\x00\x41\x45\x01\x00\x00\x73\x8e"
                                 "\xcf\x44\xc6\x86\xcc\x08\x84\x82\xe5\xfe\xfe\x22\x48\x3d\xb4\xd9"
                                 "\x3f\x37\xf4\x79\x94\x36\xf9\x6b\x34\xa6\x5a\xa6\xf5\x8c\x85\xd7"
                                 "\x8e\x46\x5e\x8f\xc5\xf7\xd2\xfe\xda\x3e\x50\x4b\x01\x02\x3f\x03"
                                 "\x33\x00\x01\x00\x63\x00\xae\x82\x7d\x5d\x00\x00\x00\x00\x2c\x00"
                                 "\x00\x00\x18\x00\x00\x00\x05\x00\x2f\x00\x00\x00\x00\x00\x00\x00"
                                 "\x20\x80\xa4\x81\x00\x00\x00\x00\x61\x2e\x74\x78\x74\x0a\x00\x20"
                                 "\x00\x00\x00\x00\x00\x01\x00\x18\x00\x7a\x5f\x7a\xaf\x1d\x80\xdd"
                                 "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
                                 "\x00\x01\x99\x07\x00\x02\x00\x41\x45\x01\x00\x00\x50\x4b\x05\x06"
                                 "\x00\x00\x00\x00\x01\x00\x01\x00\x62\x00\x00\x00\x5a\x00\x00\x00"
                                 "\x00\x00";
static const char stored_aes[] = "\x50\x4b\x03\x04\x33\x00\x01\x00\x63\x00\xae\x82\x7d\x5d\x00\x00"
                                 "\x00\x00\x34\x00\x00\x00\x18\x00\x00\x00\x05\x00\x0b\x00\x61\x2e"
                                 "\x74\x78\x74\x01\x99\x07\x00\x02\x00\x41\x45\x03\x00\x00\xe1\xf4"
                                 "\x90\xbb\x59\x0b\x74\xd6\x65\xa6\x02\x79\x97\x4d\xa3\xa3\x88\xf9"
                                 "\x85\x40\x74\xdc\xf0\x60\x5e\x95\x54\x80\x72\x2a\x9e\x15\x82\xb0"
                                 "\xc4\xa1\x56\x4a\x79\x85\xc7\x3a\x50\x8c\x84\xc5\xfd\xe6\x76\x18"
                                 "\xcf\xe0\x50\x4b\x01\x02\x3f\x03\x33\x00\x01\x00\x63\x00\xae\x82"
                                 "\x7d\x5d\x00\x00\x00\x00\x34\x00\x00\x00\x18\x00\x00\x00\x05\x00"
                                 "\x2f\x00\x00\x00\x00\x00\x00\x00\x20\x80\xa4\x81\x00\x00\x00\x00"
                                 "\x61\x2e\x74\x78\x74\x0a\x00\x20\x00\x00\x00\x00\x00\x01\x00\x18"
                                 "\x00\x7a\x5f\x7a\xaf\x1d\x80\xdd\x01\x00\x00\x00\x00\x00\x00\x00"
                                 "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x99\x07\x00\x02\x00\x41"
                                 "\x45\x03\x00\x00\x50\x4b\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00"
                                 "\x62\x00\x00\x00\x62\x00\x00\x00\x00\x00";

static const struct slice zips[] = {
    {packed_old, sizeof packed_old - 1},
    {stored_old, sizeof stored_old - 1},
    {packed_aes, sizeof packed_aes - 1},
    {stored_aes, sizeof stored_aes - 1},
};
enum { ZIPS = sizeof zips / sizeof *zips };

ARENA_TESTS(16 << 20);

static struct passwords words;
static unsigned asked, opened;

static struct passwords *find_passwords(void *ctx)
{
    (void)ctx;
    asked++;
    return &words;
}

static void take_content(void *ctx, const struct inspected_file *file, struct slice content)
{
    (void)ctx;
    opened += file->depth > 0 && slice_eq(content, WORDS);
}

/* Whether the member's content was seen. */
static bool opens(struct slice zip, const char *text)
{
    struct inspection in = inspection_of(arena, archive_default_limits());
    struct slice name = SLICE("b.zip");
    arena_reset(arena);
    words = passwords_none();
    passwords_read(&words, slice_of(text));
    asked = opened = 0;
    in.passwords = text ? find_passwords : NULL;
    in.content = take_content;
    inspect_file(&in, &name, 1, zip);
    for (const struct inspected_file *f = in.first; f && opened; f = f->next)
        assert_true(f->encrypted);
    return opened > 0;
}

TEST(test_the_password_opens)
{
    for (size_t i = 0; i < ZIPS; i++) {
        assert_true(opens(zips[i], "password: a1b"));
        assert_int_equal(asked, 1);
    }
}

TEST(test_other_words_do_not)
{
    char text[4096] = "";
    for (int i = 0; i < 80; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%dx%d ", i, i);
    for (size_t i = 0; i < ZIPS; i++) {
        assert_false(opens(zips[i], text));
        assert_false(opens(zips[i], NULL));
    }
}

TEST(test_nobody_is_asked_when_nothing_is_encrypted)
{
    opens(SLICE("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "password: a1b");
    opens(SLICE("words"), "password: a1b");
    assert_int_equal(asked, 0);
}

TEST(test_the_number_of_tries_is_bounded)
{
    struct inspection in = inspection_of(arena, archive_default_limits());
    struct slice name = SLICE("b.zip");
    words = passwords_none();
    passwords_read(&words, SLICE("password: a1b"));
    words.tries = 0;
    opened = 0;
    in.passwords = find_passwords;
    in.content = take_content;
    inspect_file(&in, &name, 1, zips[0]);
    assert_int_equal(opened, 0);
}

TEST(test_every_beginning_is_read)
{
    for (size_t i = 0; i < ZIPS; i++)
        for (size_t len = 0; len < zips[i].len; len++) {
            char *copy = malloc(len + 1);
            memcpy(copy, zips[i].ptr, len);
            opens((struct slice){copy, len}, "password: a1b");
            free(copy);
        }
}

TEST(test_flipped_octets_are_read)
{
    for (size_t i = 0; i < ZIPS; i++)
        for (size_t at = 0; at < zips[i].len; at++) {
            char copy[256];
            memcpy(copy, zips[i].ptr, zips[i].len);
            copy[at] = (char)~copy[at];
            opens((struct slice){copy, zips[i].len}, "password: a1b");
        }
}

TEST(test_checksums_are_those_of_zips)
{
    assert_int_equal(zip_crc32(SLICE("123456789")), 0xcbf43926);
    assert_int_equal(zip_crc32(SLICE("")), 0);
}
