/* SPDX-License-Identifier: ISC */
#include "filters/mime/params.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 12, PARAMS_MAX = 50 };

ARENA_TESTS(8 * 1024 * 1024);
static struct params params;

static void parse(const char *value)
{
    assert_true(params_parse(arena, slice_of(value), PARAMS_MAX, &params));
}

static bool has(const char *value)
{
    struct slice values[VALUES_MAX];
    size_t n = params_values(arena, &params, SLICE("name"), values, VALUES_MAX);
    for (size_t i = 0; i < n; i++)
        if (slice_eq(values[i], slice_of(value)))
            return true;
    return false;
}

static void assert_reads(const char *field, const char *value)
{
    parse(field);
    if (!has(value))
        fail_msg("%s does not give %s", field, value);
}

static void assert_one(const char *field, const char *value)
{
    struct slice values[VALUES_MAX];
    assert_reads(field, value);
    assert_int_equal(params_values(arena, &params, SLICE("name"), values, VALUES_MAX), 1);
    assert_false(params.odd);
}

TEST(test_what_is_right_has_one_reading)
{
    assert_one("a/b; name=x.txt", "x.txt");
    assert_one("a/b;name=\"x y.txt\"", "x y.txt");
    assert_one("a/b; name = x.txt ; size=1", "x.txt");
    assert_one("a/b; NAME=x.txt", "x.txt");
    assert_one("a/b; name=\"a;b=c\"", "a;b=c");
    assert_one("a/b; name*=utf-8''x%20y", "x y");
    assert_true(slice_eq(params.main, SLICE("a/b")));
}

TEST(test_wrong_syntax_gives_every_reading)
{
    assert_reads("a/b; name=\"x.exe", "x.exe");
    assert_reads("a/b; name=\"x\".exe", "x.exe");
    assert_reads("a/b; name=\"x\".exe", "x");
    assert_reads("a/b; name=x\".exe", "x.exe");
    assert_reads("a/b; name=x(y).exe", "x.exe");
    assert_reads("a/b; name=x(y).exe", "x(y).exe");
    assert_reads("a/b; name=(y)x.exe", "x.exe");
    assert_reads("a/b; name=x;.exe", "x;.exe");
    assert_reads("a/b; name=x\\;.exe", "x;.exe");
    assert_reads("a/b; name='x.exe'", "x.exe");
    assert_reads("a/b; na(c)me=x.exe", "x.exe");
    assert_reads("a/b; na\\me=x.exe", "x.exe");
    assert_reads("a/b; \"name=x.exe\"", "x.exe");
    assert_reads("a/b name=x.exe", "x.exe");
    assert_reads("a/b, name=x.exe", "x.exe");
    assert_reads("a/b; foo=bar name=x.exe", "x.exe");
    assert_reads("a/b; foo=\"bar\" name=x.exe", "x.exe");
    assert_reads("name=x.exe", "x.exe");
    assert_reads("a/b; name=\"a\\b.exe\"", "a\\b.exe");
    assert_reads("a/b; name=\"a\\b.exe\"", "ab.exe");
}

TEST(test_continuations_are_joined)
{
    assert_reads("a/b; name*0=x; name*1=.exe", "x.exe");
    assert_reads("a/b; name*1=.exe; name*0=x", "x.exe");
    assert_reads("a/b; name*0*=utf-8''%78; name*1=.e; name*2*=%78e", "x.exe");
    assert_reads("a/b; name*0=y; name*0=x; name*1=.exe", "x.exe");
    assert_reads("a/b; name*0=y; name*0=x; name*1=.exe", "y.exe");
    assert_reads("a/b; name*1=x; name*2=.exe", "x.exe");
    assert_reads("a/b; name*0=x%2Eexe", "x.exe");
    assert_reads("a/b; name*=iso-8859-1'fr'caf%E9", "café");
    assert_reads("a/b; name*=UTF-16''%00a%00.%00b", "a.b");
}

TEST(test_values_inside_others_are_found_loosely)
{
    struct slice values[VALUES_MAX];
    assert_int_equal(
        params_loose(SLICE("a/b; x=\"bla;boundary=foo\""), SLICE("boundary"), values, VALUES_MAX),
        1);
    assert_true(slice_eq(values[0], SLICE("foo")));
    assert_int_equal(
        params_loose(SLICE("a/b; Boundary*0 = \"a b\""), SLICE("boundary"), values, VALUES_MAX), 1);
    assert_true(slice_eq(values[0], SLICE("a b")));
    assert_int_equal(params_loose(SLICE("boundary"), SLICE("boundary"), values, VALUES_MAX), 0);
}

TEST(test_hostile_lengths_take_no_time)
{
    static const char *const units[] = {"(", ";\\", "\"",   "a=b ",     "name*0=a;",
                                        "=", "\\",  "a=;b", "a=\"x\" ", "=?"};
    enum { N = 65536 };
    char *text = malloc(N);
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        for (size_t i = 0; i < N; i++)
            text[i] = units[u][i % strlen(units[u])];
        struct arena *own = arena_new(64 * 1024 * 1024);
        params_parse(own, (struct slice){text, N}, 200, &params);
        has("x");
        arena_free(&own);
    }
    free(text);
}
