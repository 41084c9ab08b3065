/* SPDX-License-Identifier: ISC */
#include "filters/mime/transfer.h"
#include "tests/harness/unit.h"

#include <string.h>

TEST(test_quoted_printable_is_cut_where_so_many_octets_end)
{
    static const char *const texts[] = {"plain",       "=41=42c", "a=\r\nb",  "a=  \r\nb=0D=0A",
                                        "=\r\n=\r\nx", "",        "a=3D=\r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct slice in = slice_of(texts[i]);
        char all[64], part[64];
        unsigned found = 0;
        size_t n = qp_decode(in, all, &found);
        for (size_t octets = 0; octets <= n; octets++) {
            size_t at = qp_place(in, octets);
            assert_true(at <= in.len);
            assert_int_equal(qp_decode(slice_sub(in, 0, at), part, &found), octets);
            assert_memory_equal(part, all, octets);
            assert_int_equal(qp_decode(slice_from(in, at), part, &found), n - octets);
            assert_memory_equal(part, all + octets, n - octets);
        }
    }
}

TEST(test_base64_is_cut_between_groups)
{
    static const char text[] = "QUJD\r\nREVGR0hJ\r\n SktM\r\nTQ==\r\n";
    struct slice in = slice_of(text);
    for (size_t octets = 0; octets < 12; octets++) {
        char part[64];
        struct base64 st = {0};
        size_t at = base64_place(in, octets);
        size_t n = base64_decode(&st, slice_from(in, at), part);
        assert_true(base64_letter(text[at]));
        n += base64_finish(&st, part + n);
        assert_int_equal(part[0], 'A' + (char)(octets / 3 * 3));
        assert_int_equal(n, 13 - octets / 3 * 3);
    }
    assert_int_equal(base64_place(in, 15), in.len);
    assert_int_equal(base64_place(SLICE("\r\n"), 0), 2);
}

/* What stands before it may end otherwise when it is the end: the whole is what counts. */
TEST(test_broken_quoted_printable_is_cut_within_it)
{
    static const char *const texts[] = {"broken =xy=", "= =\r\n=\r\nx", "=4", "==", "=\r"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t octets = 0; octets < 20; octets++)
            assert_true(qp_place(slice_of(texts[i]), octets) <= strlen(texts[i]));
}
