/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_path.h"
#include "tests/harness/unit.h"

#define L64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

TEST(test_good_paths)
{
    static const struct {
        const char *text, *local, *domain, *rest;
    } cases[] = {
        {"<>", "", "", ""},
        {"<> SIZE=1", "", "", " SIZE=1"},
        {" <a@b>", "a", "b", ""},
        {"<a.b+c=d@x-y.example.> X", "a.b+c=d", "x-y.example.", " X"},
        {"<\"a b>\"@example.com>", "\"a b>\"", "example.com", ""},
        {"<\"a\\\"@x\"@example.com>", "\"a\\\"@x\"", "example.com", ""},
        {"<\"\"@example.com>", "\"\"", "example.com", ""},
        {"<@r1,@r2.example:a@b>", "a", "b", ""},
        {"<postmaster>", "postmaster", "", ""},
        {"<a@[192.0.2.1]>", "a", "[192.0.2.1]", ""},
        {"<a@[IPv6:2001:db8::1]>", "a", "[IPv6:2001:db8::1]", ""},
        {"<a..b.@c_d.example>", "a..b.", "c_d.example", ""}, /* real senders do */
        {"<" L64 "@b>", L64, "b", ""},
        {"<x" L64 L64 L64 L64 L64 "@b>", "x" L64 L64 L64 L64 L64, "b", ""},
        {"<\"" L64 " " L64 "\"@b>", "\"" L64 " " L64 "\"", "b", ""},
        {"<a@b><c@d>", "a", "b", "<c@d>"},
        {"< a@b >", "a", "b", ""},
        {"  <\ta@b  > X", "a", "b", " X"},
        {"< > X", "", "", " X"},
        {"< @r:a@b >", "a", "b", ""},
        {"a@b", "a", "b", ""},
        {" a@b SIZE=1", "a", "b", " SIZE=1"},
        {"\"a b>\"@c\tX", "\"a b>\"", "c", "\tX"},
        {"@r:a@b", "a", "b", ""},
        {"root", "root", "", ""},
        {"<root>", "root", "", ""},
        {"<a:b@c>", "a:b", "c", ""},
        {"<:@c>", ":", "c", ""},
        {"mailto:a@b", "mailto:a", "b", ""},
        {"<!#$%&'*+-/=?^_`{|}~@b>", "!#$%&'*+-/=?^_`{|}~", "b", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice in = slice_of(cases[i].text);
        struct smtp_path path;
        const char *why = NULL;
        if (!smtp_path(&in, &path, &why))
            fail_msg("%s: %s", cases[i].text, why);
        assert_true(slice_eq(path.local, slice_of(cases[i].local)));
        assert_true(slice_eq(path.domain, slice_of(cases[i].domain)));
        assert_true(slice_eq(in, slice_of(cases[i].rest)));
        assert_int_equal(path.address.len,
                         path.local.len + path.domain.len + (path.domain.len ? 1 : 0));
        assert_false(path.utf8);
    }
}

TEST(test_bad_paths)
{
    static const struct slice cases[] = {
        SLICE(""),
        SLICE(" "),
        SLICE("<"),
        SLICE("< "),
        SLICE(">"),
        SLICE("a@b>"),
        SLICE("a@b<"),
        SLICE("a@b,c@d"),
        SLICE("\"a@b"),
        SLICE("a\0@b"),
        SLICE("a@b\0"),
        SLICE("<a@ b>"),
        SLICE("<a@b\r>"),
        SLICE("<a@b\n>"),
        SLICE("\n@b"),
        SLICE("a\n@b"),
        SLICE("<a;b@c>"),
        SLICE("<a\\b@c>"),
        SLICE("<a.\"b\"@c>"),
        SLICE("<a@b"),
        SLICE("<a@>"),
        SLICE("<@b>"),
        SLICE("<a @b>"),
        SLICE("<a@b c>"),
        SLICE("<a@b@c>"),
        SLICE("<a@.b>"),
        SLICE("<a@-b>"),
        SLICE("<a@b..c>"),
        SLICE("<a@[]>"),
        SLICE("<a@[1.2.3.4>"),
        SLICE("<a@[1.2.3.4]x>"),
        SLICE("<a@[a b]>"),
        SLICE("<a@[1\0]>"),
        SLICE("<a\0b@c>"),
        SLICE("<a@b\0c>"),
        SLICE("<\"a@b>"),
        SLICE("<\"a\"b@c>"),
        SLICE("<\"a\x01\"@c>"),
        SLICE("<\"a\\\x01\"@c>"),
        SLICE("<\"a\\\">"),
        SLICE("<\"a\\"),
        SLICE("<@r a@b>"),
        SLICE("<@r:>"),
        SLICE("<@r,a@b>"),
        SLICE("<@:a@b>"),
        SLICE("<a,b@c>"),
        SLICE("<a(c)@b>"),
        SLICE("<<a@b>>"),
        SLICE("<a@" L64 L64 L64 L64 ">"),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice in = cases[i];
        struct smtp_path path;
        const char *why = NULL;
        if (smtp_path(&in, &path, &why))
            fail_msg("case %zu taken: %.*s", i, SLICE_ARGS(cases[i]));
        assert_non_null(why);
    }
}

TEST(test_utf8_in_a_path_is_told)
{
    struct slice in = SLICE("<j\xc3\xb6rg@b>");
    struct smtp_path path;
    const char *why;
    assert_true(smtp_path(&in, &path, &why));
    assert_true(path.utf8);
    in = SLICE("<a@b\xc3\xbc.example>");
    assert_true(smtp_path(&in, &path, &why));
    assert_true(path.utf8);
    in = SLICE("<\"\xc3\xbc\"@b>");
    assert_true(smtp_path(&in, &path, &why));
    assert_true(path.utf8);
}

static struct smtp_path kept(struct arena *arena, const char *text)
{
    struct slice in = slice_of(text);
    struct smtp_path path;
    const char *why;
    assert_true(smtp_path(&in, &path, &why));
    struct slice domain = path.domain.len ? path.domain : SLICE("ours.example");
    assert_true(smtp_path_keep(arena, domain, &path));
    return path;
}

TEST(test_what_is_kept_is_sound)
{
    static const struct {
        const char *text, *address, *local, *spelled;
    } cases[] = {
        {"<a@B.example>", "a@B.example", "a", "a@b.example"},
        {"<\"a b\"@c>", "\"a b\"@c", "\"a b\"", "\"a b\"@c"},
        {"<a.b@c>", "a.b@c", "a.b", "a.b@c"},
        {"<a..b@c>", "\"a..b\"@c", "\"a..b\"", "a..b@c"},
        {"<.a@c>", "\".a\"@c", "\".a\"", ".a@c"},
        {"<a.@C>", "\"a.\"@C", "\"a.\"", "a.@c"},
        {"<.@c>", "\".\"@c", "\".\"", ".@c"},
        {"<a:b@c>", "\"a:b\"@c", "\"a:b\"", "a:b@c"},
        {"root", "root@ours.example", "root", "root@ours.example"},
        {"<a:>", "\"a:\"@ours.example", "\"a:\"", "a:@ours.example"},
    };
    struct arena *arena = arena_new(16384);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct smtp_path path = kept(arena, cases[i].text);
        struct slice domain = slice_from(path.address, path.local.len + 1);
        if (!slice_eq(path.address, slice_of(cases[i].address)))
            fail_msg("%s: %.*s", cases[i].text, SLICE_ARGS(path.address));
        assert_true(slice_eq(path.local, slice_of(cases[i].local)));
        assert_true(slice_eq(path.domain, domain));
        assert_true(slice_eq(path.spelled, slice_of(cases[i].spelled)));
        assert_true(path.name.text.len > 0);
    }
    arena_free(&arena);
}

TEST(test_a_path_that_finds_no_room_is_not_kept)
{
    struct slice in = SLICE("<a..b@c>");
    struct smtp_path path;
    const char *why;
    assert_true(smtp_path(&in, &path, &why));
    for (size_t room = 0; room < 64; room += 16) {
        struct arena *arena = arena_new(room);
        struct smtp_path copy = path;
        if (smtp_path_keep(arena, path.domain, &copy))
            assert_true(room >= 3 * sizeof "a..b@c");
        arena_free(&arena);
    }
}

TEST(test_names_after_helo)
{
    static const struct slice good[] = {SLICE("mail.example.com"), SLICE("a_b."),
                                        SLICE("[192.0.2.1]"), SLICE("[IPv6:::1]"),
                                        SLICE("localhost")};
    static const struct slice bad[] = {
        SLICE(""),     SLICE("a b"), SLICE("a\r\nb"),    SLICE("<x>"), SLICE("a;b"),
        SLICE("[1]x"), SLICE("[]"),  SLICE("b\xc3\xbc"), SLICE("a\0"), SLICE("(x)")};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(smtp_helo_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(smtp_helo_valid(bad[i]));
}
