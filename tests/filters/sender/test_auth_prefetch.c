/* SPDX-License-Identifier: ISC */
#include "filters/sender/auth_prefetch.h"
#include "filters/sender/auth_results.h"
#include "filters/sender/dkim_example.h"
#include "tests/harness/unit.h"

#include <stdlib.h>

ARENA_TESTS(1 << 20);
static struct auth_prefetch out;

static void assert_wanted(size_t count, const char *const *names)
{
    assert_int_equal(out.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(out.wanted[i].type, DNS_TXT);
        if (!slice_ieq(out.wanted[i].name, slice_of(names[i])))
            fail_msg("%.*s instead of %s", SLICE_ARGS(out.wanted[i].name), names[i]);
    }
}

#define WANTED(...)                                                                                \
    assert_wanted(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                          \
                  (const char *[]){__VA_ARGS__})

static void envelope(const char *helo, const char *sender)
{
    assert_true(auth_prefetch_envelope(arena, slice_of(helo), slice_of(sender), &out));
}

static void header(const char *block)
{
    assert_true(auth_prefetch_header(arena, SLICE(""), slice_of(block), &out));
}

TEST(test_an_envelope_names_two_domains)
{
    envelope("mail.example.com", "a@\"b@c\"@example.org");
    WANTED("example.org", "mail.example.com");
    envelope("example.org", "a@EXAMPLE.org");
    WANTED("example.org");
    envelope("mail.example.com", "");
    WANTED("mail.example.com");
    envelope("xn--bcher-kva.example", "a@B\xc3\x9c"
                                      "CHER.example.");
    WANTED("xn--bcher-kva.example");
}

TEST(test_what_has_no_records_is_not_asked)
{
    envelope("[192.0.2.1]", "a@b..example");
    assert_int_equal(out.count, 0);
    envelope("localhost", "a@[192.0.2.1]");
    assert_int_equal(out.count, 0);
    envelope("", "");
    assert_int_equal(out.count, 0);
}

TEST(test_a_header_names_keys_and_policies)
{
    struct slice block = headers_block(dkim_example(), NULL);
    assert_true(auth_prefetch_header(arena, SLICE(""), block, &out));
    WANTED("_dmarc.football.example.com", "_dmarc.example.com", "_dmarc.com",
           "brisbane._domainkey.football.example.com", "test._domainkey.football.example.com");
    header("ARC-Seal: i=1; d=a.example; s=one\r\nARC-Message-Signature: d=b.example; s=two;\r\n"
           "arc-seal: d=A.example;\r\n s=ONE\r\nDKIM-Signature : d=c.example; s=three\r\n");
    WANTED("one._domainkey.a.example", "two._domainkey.b.example", "three._domainkey.c.example");
}

TEST(test_every_author_that_a_field_could_name_is_asked_for)
{
    header("From: \"a@one.example\" <b@Two.example>\r\nFrom: =?koi8-r?q?x?= <c@[192.0.2.1]>\r\n");
    WANTED("_dmarc.one.example", "_dmarc.example", "_dmarc.two.example");
    header("From: a@b\xc3\xbc"
           "cher.example\r\nDKIM-Signature: d=b\xc3\xbc"
           "cher.example; s=s\r\n");
    WANTED("_dmarc.xn--bcher-kva.example", "_dmarc.example", "s._domainkey.xn--bcher-kva.example");
    header("From: @, a@, @@b@c@d.example.\r\n");
    WANTED("_dmarc.b", "_dmarc.c", "_dmarc.d.example", "_dmarc.example");
}

TEST(test_who_could_be_aligned_is_walked_as_well)
{
    static const char block[] = "From: a@b.example\r\nDKIM-Signature: d=x.b.example; s=s\r\n"
                                "DKIM-Signature: d=b.other.example; s=s\r\n";
    assert_true(auth_prefetch_header(arena, SLICE("bounce@y.B.example"), slice_of(block), &out));
    WANTED("_dmarc.b.example", "_dmarc.example", "s._domainkey.x.b.example", "_dmarc.x.b.example",
           "s._domainkey.b.other.example", "_dmarc.y.b.example");
}

TEST(test_fields_that_say_nothing_ask_nothing)
{
    header("DKIM-Signature: d=; s=x\r\nDKIM-Signature: nonsense\r\nDKIM-Signature: s=a; d=b..c\r\n"
           "ARC-Seal\r\nSubject: a@b.example\r\nFrom: nobody\r\n");
    assert_int_equal(out.count, 0);
    header("");
    assert_int_equal(out.count, 0);
}

TEST(test_there_is_a_limit)
{
    struct buf block = buf_init(1 << 20);
    for (int i = 0; i < 500; i++)
        buf_printf(&block, "ARC-Seal: i=1; d=d%d.example; s=s\r\nFrom: a@b%d.example\r\n", i, i);
    assert_true(auth_prefetch_header(arena, SLICE(""), buf_slice(&block), &out));
    assert_int_equal(out.count, AUTH_PREFETCH_MAX);
    buf_release(&block);
}

TEST(test_a_full_arena_is_told)
{
    struct arena *small = arena_new(64);
    assert_false(auth_prefetch_header(small, SLICE(""), SLICE("From: a@b.example\r\n"), &out));
    assert_int_equal(out.count, 0);
    assert_false(auth_prefetch_envelope(small, SLICE("b.example"), SLICE(""), &out));
    arena_free(&small);
}

/* ---- what a sealer wrote down ---- */

static void reads(const char *value, const char *expected)
{
    struct slice found = auth_results_read(slice_of(value), SLICE("dmarc"));
    if (!slice_eq(found, slice_of(expected)))
        fail_msg("%s: \"%.*s\" instead of \"%s\"", value, SLICE_ARGS(found), expected);
}

TEST(test_results_of_others_are_read)
{
    reads("mx.example; spf=pass; dmarc=pass (p=none) header.from=x.example", "pass");
    reads("mx.example 1;\r\n\tDMARC / 1 =\r\n\tfail;", "fail");
    reads("mx.example;(a;b(c))dmarc(d)=(\"e)none", "none");
    reads("mx.example; dmarc=pass; dmarc=pass", "pass");
}

TEST(test_results_that_are_none_are_not_read)
{
    reads("", "");
    reads("mx.example", "");
    reads("dmarc=pass", "");
    reads("mx.example; none", "");
    reads("mx.example; xdmarc=pass; dmarc-x=pass; dmarc pass; dmarc=", "");
    reads("mx.example; spf=pass smtp.mailfrom=\"a; dmarc=pass\"", "");
    reads("mx.example; spf=pass smtp.mailfrom=\"a\\\"; dmarc=pass\"", "");
    reads("mx.example; spf=pass (x; dmarc=pass)", "");
    reads("mx.example; spf=pass (x (y) \\); dmarc=pass)", "");
    reads("mx.example; spf=pass (; dmarc=pass", "");
    reads("mx.example; dmarc=fail; dmarc=pass", "");
}
