/* SPDX-License-Identifier: ISC
 * A domain is one domain in all spellings, and what is none never becomes one. */
#include "base/domain_name.h"

#include "policy/spelling.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ARENA_TESTS(1 << 20);

static bool reads(struct slice got, const char *expected)
{
    bool same = slice_eq(got, slice_of(expected));
    if (!same)
        fprintf(stderr, "expected %s, got %.*s\n", expected, SLICE_ARGS(got));
    return same;
}

static void is(const char *spelling, const char *expected)
{
    struct domain_name name;
    const char *flaw = domain_name_make(arena, slice_of(spelling), &name);
    assert_null(flaw);
    assert_true(reads(name.text, expected));
    assert_true(domain_name_is_plain(name.text));
    assert_null(domain_name_make(arena, name.text, &name));
    assert_true(reads(name.text, expected));
}

static void is_none(struct slice spelling)
{
    struct domain_name name;
    const char *flaw = domain_name_make(arena, spelling, &name);
    if (!flaw)
        fprintf(stderr, "%.*s became %.*s\n", SLICE_ARGS(spelling), SLICE_ARGS(name.text));
    assert_non_null(flaw);
    assert_true(*flaw && name.text.len == 0);
    assert_false(arena_failed(arena));
}

TEST(test_case_and_a_trailing_dot_do_not_count)
{
    is("example.com", "example.com");
    is("EXAMPLE.Com", "example.com");
    is("example.com.", "example.com");
    is("_dmarc.a-b.1", "_dmarc.a-b.1");
    is("localhost", "localhost");
    is("192.0.2.1", "192.0.2.1");
}

TEST(test_u_labels_become_a_labels)
{
    static const char *const spellings[] = {
        "bücher.example",
        "BÜCHER.Example.",
        "xn--bcher-kva.example",
        "XN--BCHER-KVA.EXAMPLE.",
        "bu\xcc\x88"
        "cher.example", /* u and a combining diaeresis */
        "bücher\xe3\x80\x82"
        "example", /* U+3002 */
        "bücher\xef\xbc\x8e"
        "example\xef\xbd\xa1", /* a fullwidth dot and a halfwidth one */
        "ｂücher.ｅｘａｍｐｌｅ",
        "bü\xc2\xad"
        "cher.example", /* a soft hyphen, which UTS 46 leaves out */
    };
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        is(spellings[i], "xn--bcher-kva.example");
    is("straße.example", "xn--strae-oqa.example"); /* not "strasse": that is another domain */
    is("faß.de", "xn--fa-hia.de");
    is("क्\xe2\x80\x8dष.example", "xn--11b2ezcw70k.example"); /* a ZWJ where it belongs */
    is("_dmarc.bücher.example", "_dmarc.xn--bcher-kva.example");
    is("例え.テスト", "xn--r8jz45g.xn--zckzah");
}

TEST(test_both_forms_may_be_mixed)
{
    is("xn--bcher-kva.bücher.EXAMPLE", "xn--bcher-kva.xn--bcher-kva.example");
    is("XN--Nonsense-.example", "xn--nonsense-.example");
    is("xn--nonsense.bücher.example", "xn--nonsense.xn--bcher-kva.example");
}

TEST(test_what_is_no_name_becomes_none)
{
    static const struct slice names[] = {
        {"", 0},
        {".", 1},
        {"..", 2},
        {".example.com", 12},
        {"a..example", 10},
        {"example.com..", 13},
        {"[192.0.2.1]", 11},
        {"*.example.com", 13},
        {"a b.example", 11},
        {"a'b.example", 11},
        {"user@example.com", 16},
        {"example.com\0.org", 16},
        {"b\xfc"
         "cher.example",
         14}, /* Latin-1 */
        {"b\xc3\xbc"
         "cher\0.example",
         15},
        {"\xed\xa0\x80.example", 11}, /* a surrogate */
        {"\xc0\xae"
         "example",
         9},                              /* an overlong dot */
        {"\xf0\x9f\x98\x80.example", 12}, /* an emoji, which IDNA2008 does not allow */
        {"a\xe2\x80\x8d"
         "b.example",
         13},                                 /* a ZWJ where it does not belong */
        {"\xc2\xad", 2},                      /* nothing but what is left out */
        {"\xef\xbc\xa0\xc3\xbc.example", 13}, /* a fullwidth '@' */
        {"a\xef\xbc\x8f"
         "b.example",
         13}, /* a fullwidth '/' */
        {"-\xc3\xbc.example", 11},
        {"ab--\xc3\xbc.example", 14},
        {"\xe3\x80\x82.\xc3\xbc", 6},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        is_none(names[i]);
}

TEST(test_names_have_the_lengths_of_the_dns)
{
    char label[64], name[300];
    memset(label, 'a', 63);
    label[63] = '\0';
    is(label, label);
    snprintf(name, sizeof name, "%sa.example", label);
    is_none(slice_of(name));
    snprintf(name, sizeof name, "%s.%s.%s.%.61s", label, label, label, label);
    assert_int_equal(strlen(name), 253);
    is(name, name);
    snprintf(name, sizeof name, "%s.%s.%s.%.61s.", label, label, label, label);
    struct domain_name made;
    assert_null(domain_name_make(arena, slice_of(name), &made));
    assert_int_equal(made.text.len, 253);
    snprintf(name, sizeof name, "%s.%s.%s.%.62s", label, label, label, label);
    is_none(slice_of(name));
    snprintf(name, sizeof name, "%.57sü.example", label); /* an A-label of 64 */
    is_none(slice_of(name));
    snprintf(name, sizeof name, "%.55sü.example", label);
    assert_null(domain_name_make(arena, slice_of(name), &made));
}

TEST(test_a_long_name_of_many_octets_is_taken)
{
    struct domain_name name;
    struct buf spelling = buf_init(4096);
    for (int i = 0; i < 30; i++)
        buf_cstr(&spelling, "ü.");
    buf_cstr(&spelling, "example");
    assert_null(domain_name_make(arena, buf_slice(&spelling), &name));
    assert_int_equal(name.text.len, 30 * 9 - 30 + 7);
    while (buf_len(&spelling) < 2000)
        buf_cstr(&spelling, ".ü");
    is_none(buf_slice(&spelling));
    buf_release(&spelling);
}

TEST(test_a_full_arena_makes_no_name)
{
    struct arena *small = arena_new(1);
    struct domain_name name;
    assert_non_null(domain_name_make(small, SLICE("example.com"), &name));
    assert_int_equal(name.text.len, 0);
    assert_non_null(domain_name_make(small, SLICE("bücher.example"), &name));
    assert_null(spell_address(small, SLICE("a@example.com")).ptr);
    assert_int_equal(value_domain(small, SLICE("example.com")).state, VALUE_UNKNOWN);
    arena_free(&small);
}

/* ---- in values */

TEST(test_an_address_keeps_its_local_part)
{
    assert_true(
        reads(spell_address(arena, SLICE("Jörg@BÜCHER.example.")), "Jörg@xn--bcher-kva.example"));
    assert_true(reads(spell_address(arena, SLICE("\"a@b\"@Example.com")), "\"a@b\"@example.com"));
    assert_true(reads(spell_address(arena, SLICE("a@[192.0.2.1]")), "a@[192.0.2.1]"));
    assert_true(reads(spell_address(arena, SLICE("Postmaster")), "Postmaster"));
    assert_true(reads(spell_address(arena, SLICE("a@\xff")), "a@\xff"));
    struct slice nul = spell_address(arena, (struct slice){"a\0b@Example.com", 15});
    assert_true(slice_eq(nul, (struct slice){"a\0b@example.com", 15}));
}

TEST(test_entries_of_tables_have_four_forms)
{
    assert_true(reads(spell_entry(arena, SLICE("Bücher.example")), "xn--bcher-kva.example"));
    assert_true(reads(spell_entry(arena, SLICE("*.bücher.example")), "*.xn--bcher-kva.example"));
    assert_true(reads(spell_entry(arena, SLICE("@bücher.example.")), "@xn--bcher-kva.example"));
    assert_true(reads(spell_entry(arena, SLICE("ü@bücher.example")), "ü@xn--bcher-kva.example"));
    assert_null(spelling_flaw(arena, SLICE("*.bücher.example")));
    assert_null(spelling_flaw(arena, SLICE("\xff@example.com")));
    assert_non_null(spelling_flaw(arena, SLICE("@\xff.example")));
}

static struct slice part(enum type_kind kind, const char *text, bool ending)
{
    return spell_part(arena, kind, slice_of(text), ending);
}

TEST(test_parts_are_spelled_label_by_label)
{
    assert_true(reads(part(TYPE_DOMAIN, ".bücher.example", true), ".xn--bcher-kva.example"));
    assert_true(reads(part(TYPE_DOMAIN, "Bücher.", false), "xn--bcher-kva."));
    assert_true(reads(part(TYPE_DOMAIN, "\xff.ü", false), "\xff.xn--tda"));
    assert_true(reads(part(TYPE_ADDRESS, "ü@bücher.", false), "ü@xn--bcher-kva."));
    assert_true(reads(part(TYPE_ADDRESS, ".bücher.example", true), ".xn--bcher-kva.example"));
    assert_true(reads(part(TYPE_ADDRESS, "jürgen", false), "jürgen"));
    assert_true(reads(part(TYPE_ADDRESS, "+Tag", false), "+Tag"));
}
