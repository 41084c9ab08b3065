/* SPDX-License-Identifier: ISC
 * Files that are written into texts, and what an inspection makes of them. */
#include "base/utf8.h"
#include "filters/containers/binhex.h"
#include "filters/files/inspect.h"
#include "filters/files/text_files.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

#define PROGRAM SLICE("MZ\x90\0\3\0\0\0")
#define PROGRAM_TEXT "TVqQAAMAAAA="
#define PROGRAM_UU "(35J0``,`````\n"
#define UU_BLOCK(name) "begin 644 " name "\n" PROGRAM_UU "`\nend\n"
/* A program of 27 octets, with a run of zeros and two that look like markers, and a fork. */
#define BINHEX                                                                                     \
    "(This file must be converted with BinHex 4.0)\r\n\r\n"                                        \
    ":\"h*eELjPH'8!9%9B9(4dH(3!N!8E!!!!\",DR69U3!!!$!*!8N!#3!))GCQpbDhV\r\nR:"

ARENA_TESTS(16 << 20);

static struct inspection inspect(const char *name, struct slice content)
{
    struct inspection in = inspection_of(arena, archive_default_limits());
    struct slice names = slice_of(name);
    assert_true(inspect_file(&in, &names, 1, content));
    return in;
}

static const struct inspected_file *find(const struct inspection *in, const char *path)
{
    for (const struct inspected_file *f = in->first; f; f = f->next)
        if (slice_eq(f->path, slice_of(path)))
            return f;
    return NULL;
}

static bool told(const struct inspection *in)
{
    for (const struct inspected_file *f = in->first; f; f = f->next)
        if (f->unscannable)
            return true;
    return false;
}

static void assert_program(const char *name, struct slice content, const char *path)
{
    struct inspection in = inspect(name, content);
    const struct inspected_file *f = find(&in, path);
    assert_non_null(f);
    assert_true(slice_eq(f->type, SLICE("application/x-dosexec")));
    assert_true(in.first->archive && in.first->written);
    assert_false(told(&in));
}

static void assert_no_members(const char *name, struct slice content)
{
    struct inspection in = inspect(name, content);
    assert_int_equal(in.count, 1);
    assert_true(!in.first->archive && !told(&in));
}

static void assert_told(const char *name, struct slice content)
{
    struct inspection in = inspect(name, content);
    assert_true(told(&in));
}

TEST(test_uuencode_is_opened)
{
    assert_program("a.uue", SLICE(UU_BLOCK("run.exe")), "a.uue/run.exe");
    assert_program("a", SLICE("begin 644 a b.txt\r\n(35J0``,`````\r\n`\r\nend\r\n"), "a/a b.txt");
}

TEST(test_uuencode_behind_other_text_is_opened)
{
    assert_program("a.txt", SLICE("words\nbegin words\n" UU_BLOCK("run.exe") "more\n"),
                   "a.txt/run.exe");
}

TEST(test_several_uuencoded_files_are_opened)
{
    struct inspection in = inspect("a", SLICE(UU_BLOCK("1") "words\n" UU_BLOCK("2") UU_BLOCK("3")));
    assert_true(find(&in, "a/1") && find(&in, "a/2") && find(&in, "a/3"));
    assert_int_equal(in.count, 4);
}

TEST(test_base64_uuencode_is_opened)
{
    assert_program("a", SLICE("begin-base64 644 b\n" PROGRAM_TEXT "\n====\n"), "a/b");
}

TEST(test_a_blank_that_was_cut_is_no_damage)
{
    assert_program("a", SLICE("begin 644 b\n" PROGRAM_UU "\nend\n"), "a/b");
}

TEST(test_uuencode_without_its_end_is_told)
{
    assert_told("a", SLICE("begin 644 b\n" PROGRAM_UU "words\n"));
    assert_told("a", SLICE("begin 644 b\nhc4J0Ec,Uc2E\n")); /* xxencode */
    assert_told("a.uue", SLICE("words\n"));
}

TEST(test_words_are_no_uuencode)
{
    assert_no_members("a.txt", SLICE("We\nbegin 644 words\nthat are words, to the\nend\n"));
    assert_no_members("a.txt", SLICE("begin with words\nend\n"));
}

TEST(test_binhex_is_opened)
{
    struct inspection in = inspect("a.hqx", SLICE("words\n" BINHEX "\nmore\n"));
    const struct inspected_file *data = find(&in, "a.hqx/run.exe"),
                                *fork = find(&in, "a.hqx/run.exe.rsrc");
    assert_true(data && fork && !told(&in));
    assert_int_equal(data->size, 27);
    assert_int_equal(fork->size, 4);
    assert_true(slice_eq(data->type, SLICE("application/x-dosexec")));
}

TEST(test_names_are_clean)
{
    struct inspection in = inspect("a", SLICE("begin 644 \xe4\1.exe\n(35J0``,`````\n`\nend\n"));
    assert_true(utf8_valid(in.first->next->name));
    assert_true(slice_eq(in.first->next->extension, SLICE("exe")));
}

TEST(test_binhex_that_is_cut_is_told)
{
    struct slice all = SLICE(BINHEX);
    for (size_t len = slice_search(all, SLICE("\n:")) + 2; len < all.len; len++) {
        assert_told("a", slice_sub(all, 0, len));
        arena_reset(arena);
    }
}

TEST(test_binhex_that_is_changed_is_told)
{
    char copy[] = BINHEX;
    size_t from = slice_search(SLICE(BINHEX), SLICE("\n:")) + 2;
    for (size_t i = from; i + 2 < sizeof copy; i++) {
        if (copy[i] == '\r' || copy[i] == '\n' || copy[i] == ':')
            continue;
        char was = copy[i];
        copy[i] = was == '!' ? '"' : '!';
        struct inspection in = inspect("a", ((struct slice){copy, sizeof copy - 1}));
        /* the last letter has bits that say nothing */
        assert_true(told(&in) || i + 3 >= sizeof copy);
        copy[i] = was;
        arena_reset(arena);
    }
}

TEST(test_binhex_comes_to_no_more_than_there_is_room)
{
    enum { LETTERS = 64 << 10 };
    struct buf text = buf_init(1 << 20), room = buf_init(1 << 20);
    for (size_t i = 0; i < LETTERS; i++) /* 0x90 0xff, again and again */
        buf_append(&text, SLICE("@(rc"));
    struct binhex file;
    binhex_unpack(buf_slice(&text), &room, &file);
    assert_true(file.broken && buf_len(&room) <= 1 << 20);
    buf_release(&text);
    buf_release(&room);
}

TEST(test_yenc_is_opened)
{
    assert_program("a",
                   SLICE("words\r\n=ybegin line=128 size=8 name=run.exe\r\nw\x84\xba=j-***\r\n"
                         "=yend size=8\r\n"),
                   "a/run.exe");
}

TEST(test_a_piece_or_less_of_yenc_is_told)
{
    assert_told(
        "a",
        SLICE(
            "=ybegin part=1 line=128 size=8 name=b\n=ypart begin=1 end=4\nw\x84\n=yend size=4\n"));
    assert_told("a", SLICE("=ybegin line=128 size=8 name=b\nw\x84\n=yend size=8\n"));
    assert_told("a", SLICE("=ybegin line=128 size=2 name=b\nw\x84\n"));
}

TEST(test_base64_is_opened)
{
    assert_program("a.txt", SLICE(PROGRAM_TEXT "\n"), "a.txt/data");
    assert_program("a.txt", SLICE("\xef\xbb\xbf\r\nTVqQ\r\nAAMA\r\nAAA=\r\n\r\n"), "a.txt/data");
    assert_program("a.exe.b64", SLICE(PROGRAM_TEXT), "a.exe.b64/a.exe");
    assert_program(
        "a.crt",
        SLICE("-----BEGIN CERTIFICATE-----\n" PROGRAM_TEXT "\n-----END CERTIFICATE-----\n"),
        "a.crt/data");
}

TEST(test_base64_of_a_script_is_opened_by_its_name)
{
    struct inspection in = inspect("a.js.b64", SLICE("dmFyIGEgPSAxOwo=\n"));
    assert_non_null(find(&in, "a.js.b64/a.js"));
    assert_no_members("a.txt", SLICE("dmFyIGEgPSAxOwo=\n"));
}

TEST(test_words_and_keys_are_no_base64)
{
    assert_no_members("a.txt", SLICE("words\n"));
    assert_no_members("a.txt", SLICE("TVqQAAMAAAA and words\n"));
    assert_no_members("a.pem",
                      SLICE("-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n"
                            "-----END CERTIFICATE-----\n"));
    assert_no_members("a.txt", SLICE("iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB\n")); /* a picture */
    assert_no_members("a.b64", SLICE("this is about base64, and is none"));
}

TEST(test_texts_within_texts_are_opened)
{
    struct inspection in =
        inspect("a.b64", SLICE("YmVnaW4gNjQ0IGIKKDM1SjBgYCxgYGBgYApgCmVuZAo=\n"));
    assert_non_null(find(&in, "a.b64/a/b"));
}

static const struct slice whole[] = {
    SLICE("words\n" UU_BLOCK("1") "more\n"), SLICE("begin-base64 644 b\n" PROGRAM_TEXT "\n====\n"),
    SLICE(BINHEX),
    SLICE("=ybegin line=128 size=8 name=run.exe\r\nw\x84\xba=j-***\r\n=yend size=8\r\n"),
    SLICE("-----BEGIN X-----\n" PROGRAM_TEXT "\n-----END X-----\n")};

static void inspect_exactly(struct slice data)
{
    unsigned pictures = 0;
    char *exact = malloc(data.len + (data.len == 0));
    assert_non_null(exact);
    memcpy(exact, data.ptr, data.len);
    inspect("a.b64", (struct slice){exact, data.len});
    text_files_in_words(SLICE("text/html"), (struct slice){exact, data.len}, &pictures);
    arena_reset(arena);
    free(exact);
}

TEST(test_every_cut_and_flip_is_survived)
{
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        char copy[512];
        memcpy(copy, whole[i].ptr, whole[i].len);
        for (size_t len = 0; len <= whole[i].len; len++)
            inspect_exactly(slice_sub(whole[i], 0, len));
        for (size_t bit = 0; bit < 8 * whole[i].len; bit++) {
            copy[bit / 8] ^= (char)(1 << bit % 8);
            inspect_exactly((struct slice){copy, whole[i].len});
            copy[bit / 8] ^= (char)(1 << bit % 8);
        }
    }
}

static const char *const tiresome[] = {"begin 644 a\n",
                                       "begin-base64 644 a\nAAAA\n",
                                       UU_BLOCK("a"),
                                       "=ybegin \n",
                                       "=ybegin line=1 size=1 name=a\n=yend\n",
                                       "(This file must be converted with BinHex\n",
                                       "(This file must be converted with BinHex\n:",
                                       "AAAA\n",
                                       "begin",
                                       "(This file must be converted with BinHex\n\n"};

TEST(test_what_is_long_takes_its_time_but_no_more)
{
    enum { LONG = 1 << 20 };
    char *text = malloc(LONG);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof tiresome / sizeof *tiresome; i++) {
        struct slice piece = slice_of(tiresome[i]);
        for (size_t at = 0; at < LONG; at++)
            text[at] = piece.ptr[at % piece.len];
        struct inspection in = inspect("a", (struct slice){text, LONG});
        assert_true(in.budget.entries <= in.budget.limits.entries);
        arena_reset(arena);
    }
    free(text);
}
