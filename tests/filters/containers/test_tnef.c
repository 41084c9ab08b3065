/* SPDX-License-Identifier: ISC */
#include "filters/containers/tnef.h"

#include "base/buf.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

enum {
    LISTED = 5,
    TITLE = 0x18010,
    DATA = 0x6800f,
    REND = 0x69002,
    PROPERTIES = 0x69005,
    CODEPAGE = 0x69007
};

ARENA(1 << 20);
static struct tnef tnef;
static struct buf b;

static void set_up(void)
{
    make_arena();
    b = buf_init(64 * 1024);
}

static void tear_down(void)
{
    buf_release(&b);
    free_arena();
}

EACH_TEST(set_up, tear_down);

static void number(struct buf *to, uint32_t value, int octets)
{
    for (int i = 0; i < octets; i++)
        buf_char(to, (char)(value >> (8 * i)));
}

static void begin(struct buf *to)
{
    number(to, 0x223e9f78, 4);
    number(to, 0, 2);
}

static void attribute(struct buf *to, uint32_t id, struct slice data)
{
    number(to, 2, 1);
    number(to, id, 4);
    number(to, (uint32_t)data.len, 4);
    buf_append(to, data);
    number(to, 0, 2);
}

static void list(void)
{
    assert_true(tnef_list(arena, buf_slice(&b), LISTED, &tnef));
}

static bool has_name(size_t i, const char *name)
{
    for (size_t k = 0; k < tnef.attachments[i].n_names; k++)
        if (slice_eq(tnef.attachments[i].names[k], slice_of(name)))
            return true;
    return false;
}

TEST(test_attachments_are_listed_with_their_data)
{
    begin(&b);
    attribute(&b, REND, SLICE(""));
    attribute(&b, TITLE, SLICE("A.EXE\0"));
    attribute(&b, DATA, SLICE("MZ"));
    attribute(&b, REND, SLICE(""));
    attribute(&b, DATA, SLICE("second"));
    list();
    assert_int_equal(tnef.n, 2);
    assert_true(has_name(0, "A.EXE"));
    assert_true(slice_eq(tnef.attachments[0].data, SLICE("MZ")));
    assert_true(slice_eq(tnef.attachments[1].data, SLICE("second")));
    assert_false(tnef.broken || tnef.cut);
}

/* One property of variable length. */
static void property(struct buf *to, uint32_t type, uint32_t id, struct slice value)
{
    number(to, type, 2);
    number(to, id, 2);
    number(to, 1, 4);
    number(to, (uint32_t)value.len, 4);
    buf_append(to, value);
    number(to, 0, (int)((4 - value.len % 4) % 4));
}

TEST(test_long_names_come_from_properties)
{
    struct buf p = buf_init(4096);
    number(&p, 2, 4);
    property(&p, 31, 0x3707, SLICE("l\0o\0n\0g\0.\0j\0s\0\0\0"));
    property(&p, 30, 0x3704, SLICE("LONG~1.JS\0"));
    begin(&b);
    attribute(&b, REND, SLICE(""));
    attribute(&b, PROPERTIES, buf_slice(&p));
    list();
    assert_true(has_name(0, "long.js"));
    assert_true(has_name(0, "LONG~1.JS"));
    buf_release(&p);
}

TEST(test_names_are_read_in_their_codepage)
{
    begin(&b);
    attribute(&b, CODEPAGE, SLICE("\xe3\x04\0\0\0\0\0\0"));
    attribute(&b, TITLE, SLICE("\xf1\xf7\xe5\xf2.js"));
    list();
    assert_true(has_name(0, "счет.js"));
}

TEST(test_embedded_messages_are_entered)
{
    struct buf inner = buf_init(4096), p = buf_init(4096);
    buf_append(&inner, SLICE("0123456789abcdef"));
    begin(&inner);
    attribute(&inner, TITLE, SLICE("inner.exe"));
    number(&p, 1, 4);
    property(&p, 13, 0x3701, buf_slice(&inner));
    begin(&b);
    attribute(&b, REND, SLICE(""));
    attribute(&b, PROPERTIES, buf_slice(&p));
    list();
    assert_int_equal(tnef.n, 2);
    assert_int_equal(tnef.attachments[1].depth, 1);
    assert_true(has_name(1, "inner.exe"));
    buf_release(&inner);
    buf_release(&p);
}

static void message_properties(struct buf *to)
{
    struct buf list_of = buf_init(1024);
    number(&list_of, 3, 4);
    property(&list_of, 31, 0x1000, SLICE("h\0i\0"));
    property(&list_of, 258, 0x1013, SLICE("<p>hi"));
    property(&list_of, 258, 0x1009, SLICE("packed"));
    attribute(to, 0x69003, buf_slice(&list_of));
    buf_release(&list_of);
}

TEST(test_the_messages_own_words_are_told)
{
    begin(&b);
    attribute(&b, 0x2800c, SLICE("hello"));
    message_properties(&b);
    attribute(&b, REND, SLICE(""));
    attribute(&b, DATA, SLICE("data"));
    list();
    assert_int_equal(tnef.n_words, 4);
    assert_true(slice_eq(tnef.words[0].octets, SLICE("hello")));
    assert_int_equal(tnef.words[2].kind, TNEF_HTML);
    assert_true(slice_eq(tnef.words[2].octets, SLICE("<p>hi")));
    assert_int_equal(tnef.words[3].kind, TNEF_RTF);
    assert_int_equal(tnef.n, 1);
}

TEST(test_words_of_messages_within_are_not_told)
{
    struct buf inner = buf_init(1024), object = buf_init(2048), properties = buf_init(4096);
    begin(&inner);
    message_properties(&inner);
    buf_append(&object, SLICE("0123456789abcdef"));
    buf_append(&object, buf_slice(&inner));
    number(&properties, 1, 4);
    property(&properties, 13, 0x3701, buf_slice(&object));
    begin(&b);
    attribute(&b, REND, SLICE(""));
    attribute(&b, PROPERTIES, buf_slice(&properties));
    list();
    assert_int_equal(tnef.n, 1);
    assert_int_equal(tnef.n_words, 0);
    buf_release(&inner);
    buf_release(&object);
    buf_release(&properties);
}

TEST(test_many_words_are_cut)
{
    begin(&b);
    for (int i = 0; i <= TNEF_WORDS_MAX; i++)
        attribute(&b, 0x2800c, SLICE("hello"));
    list();
    assert_int_equal(tnef.n_words, TNEF_WORDS_MAX);
    assert_true(tnef.cut);
}

TEST(test_a_length_beyond_the_end_is_broken)
{
    begin(&b);
    attribute(&b, TITLE, SLICE("a.exe"));
    number(&b, 2, 1);
    number(&b, DATA, 4);
    number(&b, 0xffffffff, 4);
    buf_append(&b, SLICE("MZ"));
    list();
    assert_true(tnef.broken);
    assert_true(slice_eq(tnef.attachments[0].data, SLICE("MZ")));
}

TEST(test_the_list_is_capped)
{
    begin(&b);
    for (int i = 0; i < LISTED + 1; i++)
        attribute(&b, REND, SLICE(""));
    list();
    assert_int_equal(tnef.n, LISTED);
    assert_true(tnef.cut);
}

TEST(test_what_is_no_tnef_is_refused)
{
    assert_false(tnef_list(arena, SLICE("\x89PNG\r\n"), LISTED, &tnef));
    assert_false(tnef_list(arena, SLICE(""), LISTED, &tnef));
}
