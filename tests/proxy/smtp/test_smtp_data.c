/* SPDX-License-Identifier: ISC */
#include "tests/harness/unit.h"
#include "tests/proxy/smtp/data_reference.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static struct decoded want, got;

/* The same content, end and faults as the reference, whatever the steps. */
static void compare(struct slice in, bool chunked, bool normalise, size_t step)
{
    struct smtp_data data;
    reference_decode(in, chunked, normalise, &want);
    data_decode(in, chunked, normalise, step, &got, &data);
    if (!decoded_equal(&want, &got))
        fail_msg("differs: step %zu, chunked %d, normalise %d, at %zu of %zu", step, chunked,
                 normalise, got.used, in.len);
    if (content_has_dots(&want) && !data.dots)
        fail_msg("a dot begins a line and was not noticed");
}

static void compare_all(struct slice in)
{
    static const size_t steps[] = {1, 2, 3, 15, 16, 17, 33, SIZE_MAX / 2};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        for (int mode = 0; mode < 4; mode++)
            compare(in, mode & 1, mode & 2, steps[i]);
}

TEST(test_random_mixes_are_read_as_the_reference_reads_them)
{
    static const struct slice words[] = {
        SLICE("\r\n"),     SLICE("\r"),
        SLICE("\n"),       SLICE("."),
        SLICE("\0"),       SLICE("x"),
        SLICE("\r\n."),    SLICE("\xe4"),
        SLICE("\r\n.."),   SLICE("quite a long run of text"),
        SLICE(".\r"),      SLICE(".\r\n"),
        SLICE("line\r\n"),
    };
    static char text[400];
    srand(7);
    for (int round = 0; round < 6000; round++) {
        size_t len = 0;
        /* Few odd ones in the first half, so that the fast path runs. */
        for (int n = rand() % 24; n >= 0; n--) {
            size_t pick = (size_t)rand() % (sizeof words / sizeof *words);
            struct slice word = round % 2 && rand() % 5 ? words[rand() % 2 ? 12 : 9] : words[pick];
            if (len + word.len > sizeof text)
                break;
            memcpy(text + len, word.ptr, word.len);
            len += word.len;
        }
        compare_all((struct slice){text, len});
    }
}

/* Long enough that what gathers is handed on in the midst of everything. */
TEST(test_long_mixes_are_read_as_the_reference_reads_them)
{
    static const struct slice words[] = {SLICE("\r\n"), SLICE("\r"),  SLICE("\n"),
                                         SLICE("."),    SLICE("\0"),  SLICE("\r\n..x"),
                                         SLICE("y"),    SLICE("\xe4")};
    static const size_t steps[] = {63, 1000, 4096, 4097, SIZE_MAX / 2};
    static char text[30000];
    srand(8);
    for (int round = 0; round < 60; round++) {
        size_t len = 0, kinds = (size_t)rand() % 8 + 1;
        while (len + 3000 < sizeof text) {
            struct slice word = words[(size_t)rand() % kinds];
            memcpy(text + len, word.ptr, word.len);
            len += word.len;
            if (rand() % 400 == 0) {
                size_t run = (size_t)rand() % 2800;
                memset(text + len, 'x', run);
                len += run;
            }
        }
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
            for (int mode = 0; mode < 4; mode++)
                compare((struct slice){text, len}, mode & 1, mode & 2, steps[i]);
    }
}

TEST(test_a_body_may_be_split_at_every_position)
{
    static const struct slice body = SLICE("Subject: x\r\n\r\n..dots\r\n.hidden\r\nsixteen "
                                           "bytes..\r\n0123456789abcde\r\n.\r\nQUIT\r\n");
    struct smtp_data data;
    reference_decode(body, false, false, &want);
    assert_true(want.ended);
    for (size_t at = 0; at <= body.len; at++) {
        memset(&got, 0, sizeof got);
        smtp_data_begin(&data, false, false);
        got.used = smtp_data_feed(&data, slice_sub(body, 0, at), decoded_sink, &got);
        if (data.state != DATA_END)
            got.used += smtp_data_feed(&data, slice_from(body, at), decoded_sink, &got);
        got.ended = data.state == DATA_END;
        assert_true(decoded_equal(&want, &got));
    }
    assert_true(slice_eq(slice_from(body, want.used), SLICE("QUIT\r\n")));
}

TEST(test_each_special_at_each_place_of_a_block)
{
    static const struct slice specials[] = {SLICE("\r"),     SLICE("\n"),    SLICE("."),
                                            SLICE("\0"),     SLICE("\r\n."), SLICE("\r\n"),
                                            SLICE("\r\r\n"), SLICE("\xff")};
    char text[64];
    for (size_t s = 0; s < sizeof specials / sizeof *specials; s++) {
        for (size_t at = 0; at < 40; at++) {
            memset(text, 'a', sizeof text);
            memcpy(text + at, specials[s].ptr, specials[s].len);
            for (size_t len = at + 1; len <= sizeof text; len++)
                for (int mode = 0; mode < 4; mode++)
                    compare((struct slice){text, len}, mode & 1, mode & 2, SIZE_MAX / 2);
        }
    }
}

TEST(test_only_crlf_dot_crlf_ends)
{
    static const struct slice ends[] = {SLICE(".\r\n"), SLICE("text\r\n.\r\n"), SLICE("\r\n.\r\n")};
    static const struct slice go_on[] = {
        SLICE("\n.\n"),         SLICE("\n.\r\n"),   SLICE("\r.\r\n"),       SLICE("\r.\r"),
        SLICE("\r\n.\n"),       SLICE("\r\n.\r"),   SLICE("\r\n.\r\r\n"),   SLICE("\r\n.\0\r\n"),
        SLICE("\r\n\0.\r\n"),   SLICE("x.\r\n"),    SLICE("\r\n..\r\n"),    SLICE("\r\n. \r\n"),
        SLICE("\r\r\n.\r\r\n"), SLICE("\n\n.\r\n"), SLICE("a\r.\r\nb\r\n"), SLICE("a\n\r.\r\n"),
    };
    struct smtp_data data;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        compare_all(ends[i]);
        data_decode(ends[i], false, false, 1, &got, &data);
        assert_true(got.ended);
    }
    for (size_t i = 0; i < sizeof go_on / sizeof *go_on; i++) {
        compare_all(go_on[i]);
        for (int normalise = 0; normalise < 2; normalise++) {
            data_decode(go_on[i], false, normalise, 1, &got, &data);
            assert_false(got.ended);
        }
    }
}

TEST(test_normalised_content_holds_no_bare_newline)
{
    struct smtp_data data;
    data_decode(SLICE("a\rb\n.\nc\r\r\n..\r\n.\r\n"), false, true, 1, &got, &data);
    assert_true(got.ended && data.dots);
    struct slice content = {got.content, got.len};
    assert_true(slice_eq(content, SLICE("a\r\nb\r\n.\r\nc\r\n\r\n.\r\n")));
}

TEST(test_a_chunked_body_ends_by_its_length)
{
    struct smtp_data data;
    data_decode(SLICE("a\r\n.\r\n.b"), true, false, 1, &got, &data);
    assert_false(got.ended);
    assert_true(data.dots);
    assert_true(smtp_data_finish(&data, decoded_sink, &got));
    assert_true(slice_eq((struct slice){got.content, got.len}, SLICE("a\r\n.\r\n.b\r\n")));
    data_decode(SLICE("a\r\n"), true, false, 1, &got, &data);
    assert_true(smtp_data_finish(&data, decoded_sink, &got));
    assert_true(slice_eq((struct slice){got.content, got.len}, SLICE("a\r\n")));
    data_decode(SLICE("a\r"), true, false, 1, &got, &data);
    assert_true(smtp_data_finish(&data, decoded_sink, &got));
    assert_true(data.bare_cr);
    smtp_data_begin(&data, true, false);
    got.len = 0;
    assert_true(smtp_data_finish(&data, decoded_sink, &got));
    assert_int_equal(got.len, 0);
}

struct counted {
    size_t calls, octets;
};

static bool count_calls(void *ctx, struct slice content)
{
    struct counted *counted = ctx;
    counted->calls++;
    counted->octets += content.len;
    return true;
}

TEST(test_content_comes_in_large_pieces_whatever_it_is)
{
    static const struct slice pieces[] = {SLICE("..\r\n"),  SLICE("\r"),    SLICE("\n"),
                                          SLICE("\0"),      SLICE(".\r\n"), SLICE("\r\r\n"),
                                          SLICE("x\xff.\n")};
    static char text[60000];
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
        for (int mode = 0; mode < 4; mode++) {
            size_t len = 0;
            struct counted counted = {0};
            struct smtp_data data;
            text[len++] = 'x'; /* no dot is the end */
            while (len + 70 < sizeof text) {
                memcpy(text + len, pieces[p].ptr, pieces[p].len);
                len += pieces[p].len;
                memset(text + len, 'x', (size_t)(mode & 1) * 66);
                len += (size_t)(mode & 1) * 66;
            }
            smtp_data_begin(&data, slice_starts(pieces[p], SLICE(".\r")), mode & 2);
            assert_int_equal(
                smtp_data_feed(&data, (struct slice){text, len}, count_calls, &counted), len);
            assert_true(counted.octets > len / 2);
            assert_true(counted.calls <= counted.octets / 1024 + 2);
        }
    }
}

static bool refuse_all(void *ctx, struct slice content)
{
    (void)ctx, (void)content;
    return false;
}

TEST(test_a_sink_may_refuse)
{
    struct smtp_data data;
    smtp_data_begin(&data, false, false);
    assert_true(smtp_data_feed(&data, SLICE("a"), refuse_all, NULL) == SIZE_MAX);
    smtp_data_begin(&data, false, false);
    assert_true(smtp_data_feed(&data, SLICE("quite a long run of text\r\n"), refuse_all, NULL) ==
                SIZE_MAX);
}

/* Each sample is a client's stream whose DATA hides a second message behind an odd end. */
TEST(test_smuggled_messages_stay_content)
{
    char path[512];
    const char *corpora = getenv("GATEPOST_CORPORA");
    snprintf(path, sizeof path, "%s/smtp/smuggling", corpora ? corpora : "../shared/corpora");
    DIR *folder = opendir(path);
    if (!folder) {
        print_message("no corpora: %s\n", path);
        skip();
    }
    struct dirent *entry;
    unsigned seen = 0;
    while ((entry = readdir(folder))) {
        static char bytes[16384];
        char name[1024];
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        FILE *file = fopen(name, "rb");
        struct slice in = {bytes, file ? fread(bytes, 1, sizeof bytes, file) : 0};
        if (file)
            fclose(file);
        size_t at = slice_search(in, SLICE("DATA\r\n"));
        if (at == in.len)
            continue;
        struct slice body = slice_from(in, at + 6);
        struct smtp_data data;
        compare_all(body);
        for (int normalise = 0; normalise < 2; normalise++) {
            data_decode(body, false, normalise, 7, &got, &data);
            assert_true(got.ended);
            assert_true(slice_eq(slice_from(body, got.used), SLICE("QUIT\r\n")));
        }
        seen++;
    }
    closedir(folder);
    assert_true(seen > 0);
}
