/* SPDX-License-Identifier: ISC
 * Outlook's messages: what is listed of them, and what an inspection makes of that. */
#include "filters/containers/lzfu.h"
#include "filters/containers/msg.h"
#include "filters/files/filetype.h"
#include "filters/files/inspect.h"
#include "tests/harness/msg_maker.h"

#include <stdlib.h>

#define NAME(text) SLICE(text)
#define RUN_EXE NAME("r\0u\0n\0.\0e\0x\0e\0")
#define PROGRAM SLICE("MZ\x90\0\3\0\0\0")

ARENA_TESTS(16 << 20);

static struct inspection inspect_octets(const char *name, struct slice content)
{
    struct inspection in = inspection_of(arena, archive_default_limits());
    struct slice names = slice_of(name);
    assert_true(inspect_file(&in, &names, 1, content));
    return in;
}

static struct inspection inspect(const struct made_msg *m)
{
    struct buf b = msg_make(m);
    struct inspection in = inspect_octets("mail.msg", buf_slice(&b));
    buf_release(&b);
    return in;
}

static const struct inspected_file *find(const struct inspection *in, const char *path)
{
    for (const struct inspected_file *f = in->first; f; f = f->next)
        if (slice_eq(f->path, slice_of(path)))
            return f;
    return NULL;
}

TEST(test_attachments_are_members)
{
    struct made_msg m = msg_begin();
    msg_attach_data(&m, 0, RUN_EXE, PROGRAM);
    msg_attach_data(&m, 0, NAME("a\0.\0g\0i\0f\0"), SLICE("GIF89a"));
    struct inspection in = inspect(&m);
    const struct inspected_file *f = find(&in, "mail.msg/run.exe");
    assert_int_equal(in.count, 3);
    assert_true(slice_eq(in.first->type, SLICE("application/vnd.ms-outlook")));
    assert_true(in.first->archive && in.first->message && !in.first->why);
    assert_true(f && slice_eq(f->type, SLICE("application/x-dosexec")));
    assert_int_equal(f->depth, 1);
    assert_int_equal(f->size, 8);
    assert_true(slice_eq(find(&in, "mail.msg/a.gif")->type, SLICE("image/gif")));
}

TEST(test_a_message_without_attachments_is_clean)
{
    struct made_msg m = msg_begin();
    msg_add(&m, 0, 2, "__substg1.0_1000001F", SLICE("h\0i\0"));
    struct inspection in = inspect(&m);
    assert_int_equal(in.count, 1);
    assert_null(in.first->why);
}

TEST(test_all_names_are_kept)
{
    struct made_msg m = msg_begin();
    size_t a = msg_attach(&m, 0, RUN_EXE);
    msg_add(&m, a, 2, "__substg1.0_3704001E", SLICE("RUN~1.EXE"));
    msg_add(&m, a, 2, "__substg1.0_3001001F", NAME("a\0.\0p\0d\0f\0\0\0"));
    msg_add(&m, a, 2, "__substg1.0_37010102", PROGRAM);
    struct inspection in = inspect(&m);
    assert_int_equal(in.count, 2);
    assert_int_equal(in.first->next->name_count, 3);
}

TEST(test_messages_within_are_entered)
{
    struct made_msg m = msg_begin();
    size_t inner = msg_attach_message(&m, 0, NAME("o\0f\0.\0c\0o\0m\0"));
    size_t innermost = msg_attach_message(&m, inner, SLICE(""));
    msg_attach_data(&m, innermost, RUN_EXE, PROGRAM);
    struct inspection in = inspect(&m);
    const struct inspected_file *f = find(&in, "mail.msg/of.com.msg/message.msg/run.exe");
    assert_int_equal(in.count, 4);
    assert_non_null(f);
    assert_int_equal(f->depth, 3);
    assert_true(slice_eq(find(&in, "mail.msg/of.com.msg")->extension, SLICE("msg")));
}

TEST(test_messages_within_end_at_the_depth)
{
    struct made_msg m = msg_begin();
    size_t within = 0;
    for (int i = 0; i < 4; i++)
        within = msg_attach_message(&m, within, SLICE(""));
    msg_attach_data(&m, within, RUN_EXE, PROGRAM);
    struct inspection in = inspection_of(arena, archive_default_limits());
    in.budget.limits.depth = 3;
    struct buf b = msg_make(&m);
    assert_true(inspect_file(&in, &SLICE("a"), 1, buf_slice(&b)));
    assert_int_equal(in.count, 4);
    assert_true(find(&in, "a/message.msg/message.msg/message.msg")->limit);
    buf_release(&b);
}

TEST(test_an_archive_is_listed_once)
{
    struct made_member member = {
        .local_name = SLICE("run.exe"), .central_name = SLICE("run.exe"), .data = PROGRAM};
    struct buf zip = make_zip(SLICE(""), &member, 1);
    struct made_msg m = msg_begin();
    msg_attach_data(&m, 0, NAME("a\0.\0z\0i\0p\0"), buf_slice(&zip));
    struct inspection in = inspect(&m);
    assert_int_equal(in.count, 3);
    assert_non_null(find(&in, "mail.msg/a.zip/run.exe"));
    assert_null(in.first->why);
    struct buf b = msg_make(&m), behind = make_zip(buf_slice(&b), &member, 1);
    in = inspect_octets("mail.msg", buf_slice(&behind));
    assert_non_null(find(&in, "mail.msg/run.exe"));
    buf_release(&b);
    buf_release(&behind);
    buf_release(&zip);
}

TEST(test_an_object_is_looked_into)
{
    struct made_msg m = msg_begin();
    size_t a = msg_attach(&m, 0, NAME("o\0b\0j\0"));
    size_t object = msg_add(&m, a, 1, "__substg1.0_3701000D", SLICE(""));
    size_t folder = msg_add(&m, object, 1, "Folder", SLICE(""));
    msg_add(&m, folder, 2, "Hidden", PROGRAM);
    msg_add(&m, object, 2, "Contents", SLICE("picture"));
    struct inspection in = inspect(&m);
    const struct inspected_file *f = find(&in, "mail.msg/obj/Hidden");
    assert_non_null(f);
    assert_false(f->part);
}

TEST(test_an_attachment_without_content_is_unscannable)
{
    struct made_msg m = msg_begin();
    msg_attach(&m, 0, RUN_EXE);
    struct inspection in = inspect(&m);
    assert_true(find(&in, "mail.msg/run.exe")->unscannable);
    assert_string_equal(find(&in, "mail.msg/run.exe")->why, "corrupt");
}

TEST(test_a_link_has_no_content)
{
    struct made_msg m = {0};
    size_t a = msg_add(&m, 0, 1, "__attach_version1.0_#00000000", SLICE(""));
    msg_add(&m, a, 2, "__properties_version1.0",
            SLICE("\0\0\0\0\0\0\0\0\x03\0\x05\x37\6\0\0\0\7\0\0\0\0\0\0\0"));
    struct inspection in = inspect(&m);
    assert_int_equal(in.count, 2);
    assert_null(find(&in, "mail.msg/attachment")->why);
}

TEST(test_attachments_in_what_is_no_message_are_found)
{
    struct made_msg m = {0};
    msg_add(&m, 0, 2, "WordDocument", SLICE("x"));
    msg_attach_data(&m, msg_add(&m, 0, 1, "ObjectPool", SLICE("")), RUN_EXE, PROGRAM);
    struct inspection in = inspect(&m);
    assert_true(slice_eq(in.first->type, SLICE("application/msword")));
    assert_non_null(find(&in, "mail.msg/run.exe"));
}

TEST(test_a_message_is_one_whatever_lies_in_it)
{
    struct made_msg m = msg_begin();
    msg_add(&m, msg_attach(&m, 0, RUN_EXE), 1, "__substg1.0_3701000D", SLICE(""));
    msg_add(&m, m.count, 2, "WordDocument", SLICE("x"));
    struct inspection in = inspect(&m);
    assert_true(slice_eq(in.first->type, SLICE("application/vnd.ms-outlook")));
}

/* MELA: stored. */
#define RTF_HEAD "\0\0\0\0\x31\0\0\0MELA\0\0\0\0"

TEST(test_objects_in_the_words_are_found)
{
    struct made_msg m = msg_begin();
    msg_add(&m, 0, 2, "__substg1.0_10090102",
            SLICE(RTF_HEAD "{\\rtf1{\\object{\\*\\objdata 0105000002000000 4d5a}}}"));
    struct inspection in = inspect(&m);
    assert_int_equal(in.count, 2);
    assert_true(in.first->embedded);
}

/* [MS-OXRTFCP] 3.1.1. */
TEST(test_compressed_rtf_is_unpacked)
{
    static const char packed[] =
        "\x2d\0\0\0\x2b\0\0\0\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\0\x0a\0\x72\x63\x70\x67\x31\x32"
        "\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\0\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f"
        "\xa0";
    struct slice in = {packed, sizeof packed - 1};
    struct buf out = buf_init(1 << 16);
    assert_true(lzfu_unpack(in, &out));
    assert_true(
        slice_eq(buf_slice(&out), SLICE("{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n")));
    for (size_t len = 0; len < in.len; len++) {
        buf_clear(&out);
        lzfu_unpack(slice_sub(in, 0, len), &out);
        assert_true(buf_len(&out) <= 9 * in.len);
    }
    buf_release(&out);
}

static struct made_msg nested(void)
{
    struct made_msg m = msg_begin();
    msg_attach_data(&m, msg_attach_message(&m, 0, SLICE("")), RUN_EXE, PROGRAM);
    msg_add(&m, 0, 2, "__substg1.0_10090102", SLICE(RTF_HEAD "{\\rtf1}"));
    return m;
}

/* A copy that ends with its memory, so that what is read behind it is seen. */
static void open_exactly(struct slice data)
{
    char *exact = malloc(data.len + (data.len == 0));
    assert_non_null(exact);
    memcpy(exact, data.ptr, data.len);
    inspect_octets("a", (struct slice){exact, data.len});
    arena_reset(arena);
    free(exact);
}

TEST(test_every_cut_is_survived_and_told)
{
    struct made_msg m = nested();
    struct buf b = msg_make(&m);
    for (size_t len = 8; len < buf_len(&b); len++) {
        struct inspection in = inspect_octets("a.msg", slice_sub(buf_slice(&b), 0, len));
        bool whole = find(&in, "a.msg/message.msg/run.exe") != NULL;
        bool told = false;
        for (const struct inspected_file *f = in.first; f; f = f->next)
            told = told || f->unscannable;
        assert_true(whole || told);
        arena_reset(arena);
        if (len % 64 < 2)
            open_exactly(slice_sub(buf_slice(&b), 0, len));
    }
    buf_release(&b);
}

/* Of the header, the table and the directory each bit; of what there is more of, some. */
TEST(test_flips_are_survived)
{
    struct made_msg m = nested();
    struct buf b = msg_make(&m);
    for (size_t bit = 0; bit < 8 * buf_len(&b); bit += bit < 8 * 80 || bit > 8 * 1024 ? 5 : 67) {
        b.data[b.head + bit / 8] ^= (char)(1 << bit % 8);
        open_exactly(buf_slice(&b));
        b.data[b.head + bit / 8] ^= (char)(1 << bit % 8);
    }
    buf_release(&b);
}

TEST(test_streams_that_share_their_sectors_are_read_once)
{
    struct made_msg m = msg_begin();
    static char data[8192] = "MZ";
    for (int i = 0; i < 4; i++)
        msg_attach_data(&m, 0, SLICE(""), i ? SLICE("x") : (struct slice){data, sizeof data});
    struct buf b = msg_make(&m);
    size_t directory = 1024;
    uint32_t first = UINT32_MAX;
    for (size_t at = directory; at < directory + 128 * (m.count + 1); at += 128) {
        char *entry = b.data + b.head + at;
        if (memcmp(entry + 2 * 12, "3\0007\0000\0001\000", 8) != 0)
            continue;
        if (first == UINT32_MAX)
            memcpy(&first, entry + 116, 4);
        memcpy(entry + 116, &first, 4);
        memcpy(entry + 120, "\0\x20\0\0", 4);
    }
    struct inspection in = inspect_octets("a", buf_slice(&b));
    assert_int_equal(in.count, 5);
    bool told = false;
    for (const struct inspected_file *f = in.first; f; f = f->next)
        told = told || f->unscannable;
    assert_true(told);
    assert_true(in.budget.unpacked <= buf_len(&b));
    buf_release(&b);
}
