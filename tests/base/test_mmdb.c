/* SPDX-License-Identifier: ISC
 * MaxMind DB files that are made here, whole and damaged. */
#include "base/buf.h"
#include "base/mmdb.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FILE_MOST = 8 * 1024 * 1024, MAP = 7, ARRAY = 11, TEXT = 2, POINTER = 1 };

static const char *const country[] = {"country", "iso_code", NULL};
static const char *const number[] = {"autonomous_system_number", NULL};
static struct buf file;

static void before(void)
{
    file = buf_init(FILE_MOST);
}

static void after(void)
{
    assert_false(file.failed);
    buf_release(&file);
}

EACH_TEST(before, after);

/* ---- writing ---- */

static void octets(uint64_t value, int n)
{
    while (n-- > 0)
        buf_char(&file, (char)(value >> (8 * n)));
}

static void control(unsigned type, unsigned size)
{
    assert_true(size < 29);
    octets(type < 8 ? type << 5 | size : size, 1);
    if (type >= 8)
        octets(type - 7, 1);
}

static void text(const char *value)
{
    control(TEXT, (unsigned)strlen(value));
    buf_cstr(&file, value);
}

static void unsigned_of(unsigned type, uint64_t value, unsigned size)
{
    control(type, size);
    octets(value, (int)size);
}

static void pointer_to(unsigned at)
{
    assert_true(at < 2048);
    octets(POINTER << 5 | at >> 8, 1);
    octets(at & 255, 1);
}

static void metadata(uint32_t nodes, unsigned bits, unsigned version)
{
    static const char marker[] = "\xab\xcd\xefMaxMind.com";
    buf_append(&file, (struct slice){marker, sizeof marker - 1});
    control(MAP, 5);
    text("node_count"), unsigned_of(6, nodes, 4);
    text("record_size"), unsigned_of(5, bits, 1);
    text("ip_version"), unsigned_of(5, version, 1);
    text("database_type"), text("Test");
    text("binary_format_major_version"), unsigned_of(5, 2, 2);
}

static void node(unsigned bits, uint32_t left, uint32_t right)
{
    if (bits == 28) {
        octets(left & 0xffffff, 3);
        octets((left >> 24) << 4 | right >> 24, 1);
        octets(right & 0xffffff, 3);
        return;
    }
    octets(left, (int)bits / 8);
    octets(right, (int)bits / 8);
}

/* One node: 0.0.0.0/1 is the record at 0, 128.0.0.0/1 the one at `second`, or nothing. */
static void tree_of_one(unsigned bits, uint32_t second)
{
    node(bits, 1 + 16, second ? 1 + 16 + second : 1);
    octets(0, 8), octets(0, 8);
}

static void german(void)
{
    control(MAP, 1);
    text("country");
    control(MAP, 1);
    text("iso_code"), text("DE");
}

/* ---- reading ---- */

static struct mmdb opened(void)
{
    struct mmdb db;
    const char *reason;
    if (!mmdb_open(buf_slice(&file), &db, &reason))
        fail_msg("%s", reason);
    return db;
}

static void refuses(const char *expected)
{
    struct mmdb db;
    const char *reason;
    assert_false(mmdb_open(buf_slice(&file), &db, &reason));
    assert_string_equal(reason, expected);
}

static bool text_of(const struct mmdb *db, uint8_t first, struct slice *out)
{
    const uint8_t address[] = {first, 2, 3, 4};
    size_t record;
    return mmdb_find(db, address, 4, &record) && mmdb_text(db, record, country, out);
}

static void tells(const struct mmdb *db, uint8_t first, const char *code)
{
    struct slice found;
    assert_true(text_of(db, first, &found));
    assert_true(slice_eq(found, slice_of(code)));
}

static void tells_nothing(const struct mmdb *db, uint8_t first)
{
    struct slice found;
    assert_false(text_of(db, first, &found));
}

TEST(test_branches_of_each_size_lead_to_their_record)
{
    static const unsigned sizes[] = {24, 28, 32};
    for (size_t i = 0; i < 3; i++) {
        tree_of_one(sizes[i], 0);
        german();
        metadata(1, sizes[i], 4);
        struct mmdb db = opened();
        tells(&db, 1, "DE");
        tells_nothing(&db, 128);
        buf_clear(&file);
    }
}

TEST(test_all_bits_of_a_branch_of_28_count)
{
    node(28, 0xabcdef1, 0x9876543);
    octets(0, 8), octets(0, 8);
    german();
    metadata(1, 28, 4);
    struct mmdb db = opened();
    db.records.len = SIZE_MAX / 2; /* so that every branch leads to one; none is looked into */
    size_t record;
    assert_true(mmdb_find(&db, (const uint8_t[]){1, 1, 1, 1}, 4, &record));
    assert_int_equal(record, 0xabcdef1 - 17);
    assert_true(mmdb_find(&db, (const uint8_t[]){200, 1, 1, 1}, 4, &record));
    assert_int_equal(record, 0x9876543 - 17);
}

TEST(test_pointers_are_followed_in_keys_and_in_values)
{
    tree_of_one(24, 27);
    german();     /* its first key at 1, the map below it at 9 */
    text("more"); /* at 22 */
    control(MAP, 3);
    pointer_to(22), pointer_to(9); /* skipped whole, though it is a map */
    text("some"), control(ARRAY, 2), control(MAP, 0), pointer_to(0);
    pointer_to(1), pointer_to(9);
    metadata(1, 24, 4);
    struct mmdb db = opened();
    tells(&db, 200, "DE");
}

TEST(test_numbers_have_as_many_octets_as_they_need)
{
    tree_of_one(24, 0);
    control(MAP, 1), text("autonomous_system_number"), unsigned_of(6, 64500, 2);
    metadata(1, 24, 4);
    struct mmdb db = opened();
    uint64_t found;
    assert_true(mmdb_number(&db, 0, number, &found));
    assert_int_equal(found, 64500);
    assert_false(mmdb_number(&db, 0, country, &found));
    assert_true(mmdb_has(&db, number));
    assert_false(mmdb_has(&db, country));
}

/* ---- IPv4 and IPv6 ---- */

/* The first 96 zeros lead through as many nodes to the one of IPv4. */
static void tree_of_six(void)
{
    for (uint32_t i = 0; i < 96; i++)
        node(24, i + 1, i == 2 ? 97 + 16 : 97); /* 2000::/3 */
    node(24, 97, 97 + 16);
    octets(0, 8), octets(0, 8);
    german();
    metadata(97, 24, 6);
}

TEST(test_ipv4_lies_below_the_first_96_bits)
{
    tree_of_six();
    struct mmdb db = opened();
    tells_nothing(&db, 1);
    tells(&db, 129, "DE");
}

TEST(test_ipv6_that_is_written_as_ipv4_is_nobodys)
{
    tree_of_six();
    struct mmdb db = opened();
    size_t record;
    assert_true(mmdb_find(&db, (const uint8_t[16]){0x20, 1}, 16, &record));
    assert_false(mmdb_find(&db, (const uint8_t[16]){0x40, 1}, 16, &record));
    assert_false(mmdb_find(&db, (const uint8_t[16]){[12] = 129}, 16, &record));
}

TEST(test_a_file_of_ipv4_knows_no_ipv6)
{
    tree_of_one(24, 0);
    german();
    metadata(1, 24, 4);
    struct mmdb db = opened();
    size_t record;
    assert_false(mmdb_find(&db, (const uint8_t[16]){0x20, 1}, 16, &record));
}

/* ---- what is none, or damaged ---- */

TEST(test_a_file_that_ends_too_early_is_none)
{
    tree_of_six();
    struct slice whole = buf_slice(&file);
    for (size_t len = 0; len < whole.len; len++) {
        char *copy = malloc(len + 1);
        struct mmdb db;
        const char *reason;
        assert_non_null(copy);
        memcpy(copy, whole.ptr, len);
        assert_false(mmdb_open((struct slice){copy, len}, &db, &reason));
        free(copy);
    }
}

TEST(test_a_file_says_why_it_is_none)
{
    refuses("it does not end as such a file does");
    tree_of_one(24, 0);
    german();
    refuses("it does not end as such a file does");
    metadata(1000, 24, 4);
    refuses("it is shorter than it says");
    metadata(1, 26, 4);
    refuses("it does not say what is in it");
    metadata(UINT32_MAX, 32, 4);
    refuses("it is shorter than it says");
    metadata(0, 24, 4);
    refuses("it does not say what is in it");
}

TEST(test_branches_that_lead_nowhere_tell_nothing)
{
    static const uint32_t wild[] = {2, 16, 0xffffff, 1 + 16 + 1000};
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
        node(24, wild[i], wild[i]);
        octets(0, 8), octets(0, 8);
        german();
        metadata(1, 24, 4);
        struct mmdb db = opened();
        tells_nothing(&db, 1);
        buf_clear(&file);
    }
}

TEST(test_a_tree_that_leads_back_to_its_root_ends)
{
    node(24, 0, 0);
    octets(0, 8), octets(0, 8);
    german();
    metadata(1, 24, 4);
    struct mmdb db = opened();
    tells_nothing(&db, 1);
}

static void tells_nothing_soon(void)
{
    metadata(1, 24, 4);
    struct mmdb db = opened();
    clock_t began = clock();
    tells_nothing(&db, 1);
    assert_true(clock() - began < CLOCKS_PER_SEC / 20);
}

TEST(test_a_record_that_is_nested_deeply_costs_little)
{
    tree_of_one(24, 0);
    control(MAP, 2), text("a");
    for (int i = 0; i < 1000000; i++)
        control(ARRAY, 1);
    unsigned_of(5, 1, 1), text("country"), text("DE");
    tells_nothing_soon();
}

TEST(test_a_map_that_says_it_is_endless_costs_little)
{
    tree_of_one(24, 0);
    octets(MAP << 5 | 31, 1), octets(0xffffff, 3);
    for (int i = 0; i < 1000000; i++)
        text("a");
    tells_nothing_soon();
}

TEST(test_pointers_that_lead_in_a_circle_end)
{
    tree_of_one(24, 0);
    pointer_to(0);
    tells_nothing_soon();
    buf_clear(&file);
    tree_of_one(24, 0);
    control(MAP, 1), text("country"), pointer_to(0); /* a map that is in itself */
    tells_nothing_soon();
}

TEST(test_a_text_that_says_it_is_longer_than_the_file_is_none)
{
    tree_of_one(24, 0);
    control(MAP, 1), text("country"), control(MAP, 1), text("iso_code");
    octets(TEXT << 5 | 30, 1), octets(0xffff, 2), octets(0, 3);
    tells_nothing_soon();
}

TEST(test_no_changed_octet_leads_out_of_the_file)
{
    tree_of_six();
    struct slice whole = buf_slice(&file);
    char *copy = malloc(whole.len);
    assert_non_null(copy);
    for (size_t at = 0; at < whole.len; at++)
        for (int bit = 0; bit < 8; bit++) {
            struct mmdb db;
            const char *reason;
            struct slice found;
            memcpy(copy, whole.ptr, whole.len);
            copy[at] = (char)(copy[at] ^ 1 << bit);
            if (mmdb_open((struct slice){copy, whole.len}, &db, &reason))
                (void)text_of(&db, 129, &found);
        }
    free(copy);
}
