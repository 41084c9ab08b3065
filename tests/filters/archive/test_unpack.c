/* SPDX-License-Identifier: ISC
 * What libarchive takes for empty and is not. */
#include "filters/files/inspect.h"
#include "tests/harness/unit.h"

ARENA_TESTS(16 << 20);

static const struct inspected_file *inspect(struct slice content)
{
    struct inspection in = inspection_of(arena, archive_default_limits());
    assert_true(inspect_file(&in, &SLICE("a.dat"), 1, content));
    return in.first;
}

TEST(test_a_stream_that_cannot_be_decoded_is_not_empty)
{
    static const struct slice streams[] = {
        SLICE("\x1f\x8b\x08\0\0\0\0\0\0\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        SLICE("BZh91AY&SYwords, and no block of them"),
        SLICE("\xfd\x37zXZ\0\0\4\xe6\xd6\xb4\x46words, and no block of them"),
        SLICE("\x28\xb5\x2f\xfd words, and no block of them"),
        SLICE("LZIP\1\x10words, and no block of them"),
    };
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        const struct inspected_file *f = inspect(streams[i]);
        assert_true(f->archive && f->unscannable);
    }
}

TEST(test_an_empty_stream_is_clean)
{
    const struct inspected_file *f =
        inspect(SLICE("\x1f\x8b\x08\0\0\0\0\0\0\3\3\0\0\0\0\0\0\0\0\0"));
    assert_true(f->archive);
    assert_null(f->why);
}

TEST(test_a_7z_whose_start_was_never_written_is_not_empty)
{
    assert_true(
        inspect(SLICE("7z\xbc\xaf\x27\x1c\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                      "what unpackers look for at the end"))
            ->unscannable);
}

TEST(test_an_empty_7z_is_clean)
{
    const struct inspected_file *f = inspect(
        SLICE("7z\xbc\xaf\x27\x1c\0\4\x8d\x9b\xd5\x0f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"));
    assert_true(f->archive);
    assert_null(f->why);
}
