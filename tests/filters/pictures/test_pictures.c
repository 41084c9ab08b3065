/* SPDX-License-Identifier: ISC */
#include "filters/files/picture_kind.h"
#include "filters/links/links.h"
#include "filters/pictures/codes_wait.h"
#include "filters/pictures/grey.h"
#include "filters/pictures/qr.h"
#include "filters/pictures/unread.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- kinds */

TEST(test_pictures_are_known_by_how_they_begin)
{
    assert_int_equal(picture_kind(SLICE("\x89PNG\r\n\x1a\n")), PICTURE_PNG);
    assert_int_equal(picture_kind(SLICE("\xff\xd8\xff\xe0")), PICTURE_JPEG);
    assert_int_equal(picture_kind(SLICE("GIF89a")), PICTURE_GIF);
    assert_int_equal(picture_kind(SLICE("RIFF\0\0\0\0WEBPVP8 ")), PICTURE_WEBP);
    assert_int_equal(picture_kind(SLICE("\0\0\0\x1c"
                                        "ftypheic")),
                     PICTURE_HEIF);
    assert_int_equal(picture_kind(SLICE("BM\x46\0\0\0\0\0\0\0\x36")), PICTURE_BMP);
}

TEST(test_words_are_no_pictures)
{
    static const struct slice others[] = {
        SLICE(""),     SLICE("BM"),    SLICE("BMW is a car"), SLICE("RIFFxxxxWAVE"),
        SLICE("%PDF"), SLICE("\x89PN")};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(picture_kind(others[i]), PICTURE_NONE);
}

/* ---- samples */

static struct grey grey_from(struct slice samples, uint32_t width, uint32_t height, unsigned bits)
{
    struct grey grey;
    assert_null(grey_of_samples(samples, width, height, bits, &grey));
    assert_int_equal(grey.width, width);
    return grey;
}

TEST(test_bits_become_black_and_white)
{
    struct grey grey = grey_from(SLICE("\xa0\x40"), 3, 2, 1);
    assert_memory_equal(grey.pixels, "\xff\0\xff\0\xff\0", 6);
    grey_free(&grey);
}

TEST(test_indices_that_lie_next_to_one_another_are_told_apart)
{
    struct grey grey = grey_from(SLICE("\7\x8\x8\7"), 2, 2, 8);
    assert_memory_equal(grey.pixels, "\0\xff\xff\0", 4);
    grey_free(&grey);
}

TEST(test_colours_become_as_light_as_they_look)
{
    struct grey grey = grey_from(SLICE("\0\0\0\xff\xff\xff\xff\0\0\0\xff\0"), 2, 2, 8);
    assert_int_equal(grey.pixels[0], 0);
    assert_int_equal(grey.pixels[1], 255);
    assert_true(grey.pixels[2] < grey.pixels[3]);
    grey_free(&grey);
}

TEST(test_black_ink_is_dark)
{
    struct grey grey = grey_from(SLICE("\0\0\0\xff\0\0\0\0"), 2, 1, 8);
    assert_memory_equal(grey.pixels, "\0\xff", 2);
    grey_free(&grey);
}

TEST(test_rows_that_are_missing_stay_black)
{
    struct grey grey = grey_from(SLICE("\xff\xff\xff\xff"), 2, 3, 8);
    assert_memory_equal(grey.pixels, "\xff\xff\xff\xff\0\0", 6);
    grey_free(&grey);
}

TEST(test_what_is_no_picture_is_told)
{
    struct grey grey;
    assert_string_equal(grey_of_samples(SLICE("xx"), 0, 4, 8, &grey), "corrupt");
    assert_string_equal(grey_of_samples(SLICE("xx"), 4, 4, 7, &grey), "corrupt");
    assert_string_equal(grey_of_samples(SLICE("xx"), 4, 4, 8, &grey), "corrupt");
    assert_string_equal(grey_of_samples(SLICE("xx"), 2049, 2048, 8, &grey), "too large");
    assert_string_equal(grey_of_samples(SLICE("xx"), UINT32_MAX, UINT32_MAX, 16, &grey),
                        "too large");
    assert_string_equal(grey_of_png(SLICE("\x89PNG\r\n\x1a\n"), &grey), "corrupt");
    assert_string_equal(grey_of_jpeg(SLICE("\xff\xd8\xff"), &grey), "corrupt");
    assert_string_equal(grey_of_jpeg(SLICE(""), &grey), "corrupt");
}

/* ---- files: one pixel each */

static const char one_pixel[] =
    "\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\000\000"
    "\000\001\000\000\000\001\010\000\000\000\000\072\176\233\125\000\000\000"
    "\012\111\104\101\124\170\234\143\250\007\000\000\201\000\200\323\224\123"
    "\112\000\000\000\000\111\105\116\104\256\102\140\202";
static const char many_pixels[] =
    "\211\120\116\107\015\012\032\012\000\000\000\015\111\110\104\122\000\000"
    "\100\000\000\000\100\000\010\000\000\000\000\214\243\117\130\000\000\000"
    "\012\111\104\101\124\170\234\143\250\007\000\000\201\000\200\323\224\123"
    "\112\000\000\000\000\111\105\116\104\256\102\140\202";

static void read_exactly(struct slice data)
{
    struct grey grey;
    char *exact = malloc(data.len + (data.len == 0));
    assert_non_null(exact);
    memcpy(exact, data.ptr, data.len);
    struct slice content = {exact, data.len};
    if (!grey_of_png(content, &grey))
        grey_free(&grey);
    if (!grey_of_jpeg(content, &grey))
        grey_free(&grey);
    free(exact);
}

TEST(test_every_cut_and_flip_is_survived)
{
    struct slice png = {one_pixel, sizeof one_pixel - 1};
    char copy[128];
    for (size_t len = 0; len <= png.len; len++)
        read_exactly(slice_sub(png, 0, len));
    for (size_t at = 0; at < png.len; at++)
        for (int bit = 0; bit < 8; bit++) {
            memcpy(copy, png.ptr, png.len);
            copy[at] ^= (char)(1 << bit);
            read_exactly((struct slice){copy, png.len});
        }
}

TEST(test_one_pixel_is_read)
{
    struct grey grey;
    assert_null(grey_of_png((struct slice){one_pixel, sizeof one_pixel - 1}, &grey));
    assert_int_equal(grey.pixels[0], 0x7f);
    grey_free(&grey);
}

TEST(test_a_header_that_promises_more_than_is_read_is_not_unpacked)
{
    struct grey grey;
    struct slice png = {many_pixels, sizeof many_pixels - 1};
    assert_string_equal(grey_of_png(png, &grey), "too large");
}

static void nothing(void *ctx, struct slice text)
{
    (void)ctx, (void)text;
    fail();
}

TEST(test_pictures_of_any_shape_are_searched)
{
    static const uint32_t sides[] = {1, 2, 3, 7, 21, 2000};
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        for (size_t k = 0; k < sizeof sides / sizeof *sides; k++) {
            struct grey grey;
            assert_null(grey_make(&grey, sides[i], sides[k]));
            assert_null(qr_read(&grey, nothing, NULL));
            grey_free(&grey);
        }
}

/* ---- the facts */

static struct value texts(struct arena *arena, const char *const *list)
{
    struct value out = {.state = VALUE_KNOWN};
    out.list.items = arena_array(arena, 60, sizeof *out.list.items);
    for (; *list; list++)
        out.list.items[out.list.count++] = value_text(slice_of(*list));
    return out;
}

static void joined(struct arena *arena, const char *const *words, const char *const *codes,
                   struct facts *facts)
{
    struct scan_answer scanned = {.pictures = {{1}, 1}}, read = {0};
    struct codes_wait wait;
    *facts = (struct facts){0};
    facts->fact[FACT_MESSAGE_DOMAINS] = texts(arena, words);
    facts->fact[FACT_QR_UNREAD] = texts(arena, (const char *const[]){"image/gif", NULL});
    assert_true(codes_wait_begin(&wait, &scanned, facts));
    assert_int_equal(facts->fact[FACT_MESSAGE_DOMAINS].state, VALUE_PENDING);
    if (codes) {
        read.facts.fact[FACT_MESSAGE_DOMAINS] = texts(arena, codes);
        read.facts.fact[FACT_QR_CODES] = texts(arena, codes);
        read.facts.fact[FACT_QR_UNREAD] = texts(arena, (const char *const[]){NULL});
    }
    codes_wait_end(&wait, arena, codes ? &read : NULL, facts);
}

TEST(test_domains_of_codes_join_those_of_words_each_once)
{
    struct arena *arena = arena_new(1 << 20);
    struct facts facts;
    joined(arena, (const char *const[]){"a.example", "b.example", NULL},
           (const char *const[]){"b.example", "c.example", NULL}, &facts);
    const struct value *domains = &facts.fact[FACT_MESSAGE_DOMAINS];
    assert_int_equal(domains->list.count, 3);
    assert_true(slice_eq(domains->list.items[2].text, SLICE("c.example")));
    assert_false(domains->list.cut);
    assert_int_equal(facts.fact[FACT_QR_UNREAD].list.count, 1);
    arena_free(&arena);
}

static struct value links_of(struct arena *arena, size_t count)
{
    return (struct value){.state = VALUE_KNOWN,
                          .list = {arena_array(arena, count, sizeof(struct value)), count, false}};
}

/* How many there are in the end; -1: it is unknown. */
static int joined_links(struct arena *arena, size_t words, const struct value *codes)
{
    struct scan_answer scanned = {.pictures = {{1}, 1}}, read = {0};
    struct codes_wait wait;
    struct facts facts = {0};
    facts.fact[FACT_LINKS] = links_of(arena, words);
    assert_true(codes_wait_begin(&wait, &scanned, &facts));
    assert_int_equal(facts.fact[FACT_LINKS].state, VALUE_PENDING);
    if (codes)
        read.facts.fact[FACT_LINKS] = *codes;
    codes_wait_end(&wait, arena, codes ? &read : NULL, &facts);
    assert_int_equal(facts.fact[FACT_LINKS].state, VALUE_KNOWN);
    assert_int_equal(facts.fact[FACT_LINKS].list.cut, words + 3 > LINKS_MAX && codes);
    return (int)facts.fact[FACT_LINKS].list.count;
}

TEST(test_links_of_codes_come_behind_those_of_words)
{
    struct arena *arena = arena_new(1 << 20);
    struct value codes = links_of(arena, 3);
    assert_int_equal(joined_links(arena, 2, &codes), 5);
    assert_int_equal(joined_links(arena, 0, &codes), 3);
    assert_int_equal(joined_links(arena, 2, NULL), 2);
    assert_int_equal(joined_links(arena, LINKS_MAX - 1, &codes), LINKS_MAX);
    arena_free(&arena);
}

TEST(test_without_an_answer_words_count_and_codes_are_unknown)
{
    struct arena *arena = arena_new(1 << 20);
    struct facts facts;
    joined(arena, (const char *const[]){"a.example", NULL}, NULL, &facts);
    assert_int_equal(facts.fact[FACT_MESSAGE_DOMAINS].list.count, 1);
    assert_false(facts.fact[FACT_MESSAGE_DOMAINS].list.cut);
    assert_int_equal(facts.fact[FACT_QR_CODES].state, VALUE_UNKNOWN);
    const struct value *unread = &facts.fact[FACT_QR_UNREAD];
    assert_int_equal(unread->list.count, 2);
    assert_true(slice_eq(unread->list.items[1].text, SLICE("failed")));
    arena_free(&arena);
}

TEST(test_more_domains_than_are_told_are_cut)
{
    struct arena *arena = arena_new(1 << 20);
    char names[60][20];
    const char *words[50], *codes[12];
    struct facts facts;
    for (int i = 0; i < 60; i++)
        snprintf(names[i], sizeof names[i], "%d.test", i);
    for (int i = 0; i < 49; i++)
        words[i] = names[i];
    for (int i = 0; i < 11; i++)
        codes[i] = names[49 + i];
    words[49] = codes[11] = NULL;
    joined(arena, words, codes, &facts);
    assert_int_equal(facts.fact[FACT_MESSAGE_DOMAINS].list.count, 50);
    assert_true(facts.fact[FACT_MESSAGE_DOMAINS].list.cut);
    arena_free(&arena);
}
