/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/encode.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

static void expect(struct slice got, const char *wanted)
{
    assert_non_null(got.ptr);
    assert_int_equal(got.len, strlen(wanted));
    assert_memory_equal(got.ptr, wanted, got.len);
}

TEST(test_ascii_stays_as_it_is)
{
    struct arena *arena = arena_new(1 << 20);
    expect(encode_words(arena, SLICE("[spam] ")), "[spam] ");
    expect(encode_part_fields(arena, SLICE("gone")), "Content-Type: text/plain; charset=utf-8\r\n");
    expect(encode_part_body(arena, SLICE("gone")), "gone\r\n");
    arena_free(&arena);
}

TEST(test_other_text_becomes_encoded_words)
{
    struct arena *arena = arena_new(1 << 20);
    expect(encode_words(arena, SLICE("\xc3\xa4")), "=?utf-8?B?w6Q=?=");
    expect(encode_part_fields(arena, SLICE("\xc3\xa4")),
           "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n");
    expect(encode_part_body(arena, SLICE("\xc3\xa4")), "w6Q=\r\n");
    arena_free(&arena);
}

TEST(test_long_text_is_folded_between_characters)
{
    struct arena *arena = arena_new(1 << 20);
    char text[301] = "x";
    for (int i = 1; i < 300; i += 2)
        memcpy(text + i, "\xc3\xa4", 2);
    struct slice words = encode_words(arena, (struct slice){text, 299});
    size_t lines = 0, start = 0;
    for (size_t i = 0; i <= words.len; i++) {
        if (i < words.len && words.ptr[i] != '\n')
            continue;
        assert_true(i - start <= 78);
        start = i + 1;
        lines++;
    }
    assert_int_equal(lines, 7); /* 45, then 44 octets a word: a character is never cut */
    arena_free(&arena);
}
