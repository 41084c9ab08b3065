/* SPDX-License-Identifier: ISC */
#include "filters/sender/dkim.h"

#include "filters/sender/dkim_example.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOW = DKIM_EXAMPLE_TIME };

ARENA(8 * 1024 * 1024);
static struct dns_answers *dns;
static struct dkim_outcome out;

static void set_up(void)
{
    make_arena();
    dns = dns_answers_new(arena);
    assert_non_null(dns);
}

EACH_TEST(set_up, free_arena);

static void assert_signature(size_t i, enum dkim_result result, const char *reason)
{
    assert_true(i < out.count);
    assert_string_equal(out.signatures[i].reason, reason);
    assert_string_equal(dkim_result_word(out.signatures[i].result), dkim_result_word(result));
}

/* The example with the first `from` replaced. */
static struct slice changed(const char *from, const char *to)
{
    struct slice text = dkim_example();
    size_t at = slice_search(text, slice_of(from));
    assert_true(at < text.len);
    struct slice rest = slice_from(text, at + strlen(from));
    return arena_printf(arena, "%.*s%s%.*s", (int)at, text.ptr, to, SLICE_ARGS(rest));
}

static void examine(struct slice message)
{
    assert_true(dkim_example_keys(dns));
    assert_true(dkim_examine(arena, dns, message, NOW, &out));
}

static void add_status(struct slice name, enum dns_status status)
{
    struct dns_answer answer = {.status = status};
    assert_true(dns_answers_add(dns, name, DNS_TXT, &answer));
}

static void add_text(struct slice name, struct slice text)
{
    struct dns_record *record = arena_alloc(arena, sizeof *record);
    record->text = text;
    struct dns_answer answer = {.status = DNS_FOUND, .records = record, .count = 1};
    assert_true(dns_answers_add(dns, name, DNS_TXT, &answer));
}

TEST(test_both_kinds_of_key_pass)
{
    examine(dkim_example());
    assert_int_equal(out.count, 2);
    assert_signature(0, DKIM_PASS, "");
    assert_signature(1, DKIM_PASS, "");
    assert_int_equal(out.signatures[0].bits, 256);
    assert_int_equal(out.signatures[1].bits, 1024);
    assert_true(out.signatures[0].whole_body);
    assert_true(slice_eq(out.signatures[1].domain, SLICE("football.example.com")));
    assert_true(slice_eq(out.signatures[1].selector, SLICE("test")));
    assert_true(slice_eq(out.signatures[1].identity, SLICE("@football.example.com")));
    assert_int_equal(out.result, DKIM_PASS);
}

TEST(test_all_keys_are_asked_for_at_once)
{
    size_t count;
    assert_false(dkim_examine(arena, dns, dkim_example(), NOW, &out));
    assert_true(dns_missed(dns));
    dns_wanted(dns, &count);
    assert_int_equal(count, 2);
    dns_answers_restart(dns);
    examine(dkim_example());
    assert_int_equal(out.result, DKIM_PASS);
}

TEST(test_a_changed_body_fails)
{
    examine(changed("hungry", "angry"));
    assert_signature(0, DKIM_FAIL, "body hash does not verify");
    assert_signature(1, DKIM_FAIL, "body hash does not verify");
}

TEST(test_a_changed_field_fails)
{
    examine(changed("dinner", "supper"));
    assert_signature(0, DKIM_FAIL, "signature does not verify");
    assert_signature(1, DKIM_FAIL, "signature does not verify");
}

TEST(test_a_field_added_past_oversigning_fails)
{
    examine(changed("From: Joe", "From: evil@example.org\r\nFrom: Joe"));
    assert_int_equal(out.result, DKIM_FAIL);
}

TEST(test_one_missing_key_does_not_spoil_the_other)
{
    add_status(SLICE("brisbane._domainkey.football.example.com"), DNS_NO_NAME);
    examine(dkim_example());
    assert_signature(0, DKIM_PERMERROR, "no key in DNS");
    assert_signature(1, DKIM_PASS, "");
    assert_int_equal(out.result, DKIM_PASS);
}

TEST(test_dns_trouble_is_temporary)
{
    add_status(SLICE("brisbane._domainkey.football.example.com"), DNS_TIMED_OUT);
    add_status(SLICE("test._domainkey.football.example.com"), DNS_FAILED);
    examine(dkim_example());
    assert_signature(0, DKIM_TEMPERROR, "DNS timed out for the key");
    assert_signature(1, DKIM_TEMPERROR, "DNS failed for the key");
    assert_int_equal(out.result, DKIM_TEMPERROR);
}

TEST(test_keys_that_are_none)
{
    static const struct {
        struct slice record;
        const char *reason;
    } cases[] = {
        {{"v=DKIM1; k=ed25519; p=", 22}, "the key is revoked"},
        {{"v=DKIM2; k=ed25519; p=AAAA", 26}, "the key record is of another version"},
        {{"k=ed25519; p=!!!!", 17}, "the key is no base64"},
        {{"k=ed25519; p=AAAA", 17}, "the key cannot be decoded"},
        {{"k=rsa; p=AAAA", 13}, "the key is of another type"},
        {{"k=ed25519; h=sha1; p=AAAA", 25}, "the key does not allow sha256"},
        {{"k=ed25519; s=tlsrpt; p=AAAA", 27}, "the key is not for mail"},
        {{"v=spf1 -all", 11}, "the key record is malformed"},
        {{"\0k=ed25519; p=AAAA", 18}, "the key record is malformed"},
        {{"", 0}, "the key record is malformed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dns = dns_answers_new(arena);
        add_text(SLICE("brisbane._domainkey.football.example.com"), cases[i].record);
        examine(dkim_example());
        assert_signature(0, DKIM_PERMERROR, cases[i].reason);
        assert_signature(1, DKIM_PASS, "");
    }
}

TEST(test_the_key_among_other_records_is_found)
{
    assert_true(dkim_example_keys(dns));
    struct dns_answer answer;
    assert_true(dns_look_up(dns, SLICE("test._domainkey.football.example.com"), DNS_TXT, &answer));
    struct dns_record records[3] = {{.text = SLICE("v=spf1 -all")}, answer.records[0]};
    struct dns_answer more = {.status = DNS_FOUND, .records = records, .count = 2};
    dns = dns_answers_new(arena);
    dns_answers_add(dns, SLICE("test._domainkey.football.example.com"), DNS_TXT, &more);
    examine(dkim_example());
    assert_signature(1, DKIM_PASS, "");

    records[2] = records[1];
    more.count = 3;
    dns = dns_answers_new(arena);
    dns_answers_add(dns, SLICE("test._domainkey.football.example.com"), DNS_TXT, &more);
    examine(dkim_example());
    assert_signature(1, DKIM_PERMERROR, "more than one key record");
}

TEST(test_signatures_that_are_none)
{
    static const struct {
        const char *from, *to, *reason;
    } cases[] = {
        {"v=1", "v=2", "v= is not 1"},
        {"v=1; ", "", "v= is not 1"},
        {"v=1; ", "v=1; v=1; ", "malformed tag list"},
        {"a=ed25519-sha256", "a=rsa-sha1", "rsa-sha1 is obsolete (RFC 8301)"},
        {"a=ed25519-sha256", "a=ed25519-sha1", "unknown algorithm"},
        {"a=ed25519-sha256; ", "", "unknown algorithm"},
        {"d=football.example.com;", "", "d= or s= missing"},
        {"q=dns/txt", "q=http", "unknown query method"},
        {"t=1528637909", "t=soon", "time is not a number"},
        {"t=1528637909", "t=1528639999", "signature is from the future"},
        {"t=1528637909", "t=1528637000; x=1528637909", "signature expired"},
        {"t=1528637909", "t=1528638000; x=1528637950", "signature expires before it was made"},
        {"d=football.example.com", "d=football.\r\n example.com",
         "d= or s= can be read in two ways"},
        {"t=1528637909", "l=-1", "l= is not a number"},
        {"t=1528637909", "l=1000", "l= is more than the body"},
        {"i=@football", "i=@soccer", "i= is not within d="},
        {"c=relaxed/relaxed", "c=future", "unknown canonical form"},
        {"h=from : to :\r\n subject : date : message-id : from : subject", "h=to : date : subject",
         "h= does not name From"},
        {"bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;", "", "b= or bh= missing"},
        {"b=/gCrinpcQOo", "z=", "b= or bh= missing"},
        {"b=/gCrinpcQOo", "b=/gCrinpc!QOo", "b= or bh= is no base64"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        examine(changed(cases[i].from, cases[i].to));
        assert_signature(0, DKIM_PERMERROR, cases[i].reason);
        assert_signature(1, DKIM_PASS, "");
    }
}

/* Each of them is read, and only then found to be another text than what was signed. */
TEST(test_other_spellings_are_read)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"i=@football", "i=@goal.football"},
        {"i=@football.example.com", "i=joe@football.\r\n example.com"},
        {"i=@football.example.com", "i=joe=40home@FOOTBALL.example.com"},
        {"h=from : to", "h=dkim-signature : dkim-signature : from : DKIM-Signature : to"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        examine(changed(cases[i].from, cases[i].to));
        assert_signature(0, DKIM_FAIL, "signature does not verify");
        assert_signature(1, DKIM_PASS, "");
    }
}

/* RFC 6376 3.5: simple/simple. */
TEST(test_what_l_leaves_out_is_told_without_c_as_well)
{
    examine(changed("c=relaxed/relaxed;", "l=5;"));
    assert_signature(0, DKIM_FAIL, "body hash does not verify");
    assert_false(out.signatures[0].whole_body);
    assert_signature(1, DKIM_PASS, "");
}

TEST(test_the_clock_is_the_one_that_is_passed)
{
    struct slice message = changed("t=1528637909", "t=1528637909; x=1528638000");
    examine(message);
    assert_signature(0, DKIM_FAIL, "signature does not verify");
    assert_true(dkim_examine(arena, dns, message, 1528638000, &out));
    assert_signature(0, DKIM_PERMERROR, "signature expired");
    assert_signature(1, DKIM_PASS, "");
}

TEST(test_only_ten_are_looked_at)
{
    struct slice text = dkim_example(), many = SLICE("");
    for (int i = 0; i < 11; i++)
        many = arena_printf(arena, "%.*sDKIM-Signature: v=1; a=rsa-sha256\r\n", SLICE_ARGS(many));
    examine(arena_printf(arena, "%.*s%.*s", SLICE_ARGS(many), SLICE_ARGS(text)));
    assert_int_equal(out.count, DKIM_SIGNATURES_MAX);
    assert_int_equal(out.ignored, 3);
    assert_int_equal(out.result, DKIM_PERMERROR);
}

TEST(test_nul_in_a_signed_field_is_refused)
{
    struct slice text = arena_copy(arena, dkim_example());
    size_t at = slice_search(text, SLICE("dinner"));
    char *octets = (char *)(uintptr_t)text.ptr;
    octets[at] = '\0';
    examine(text);
    assert_signature(0, DKIM_PERMERROR, "a signed header field is malformed");
}

/* Mail servers begin the body with such a line. */
TEST(test_text_put_between_header_and_body_is_refused)
{
    static const char *const texts[] = {
        "Dear customer\r\n", "Go to https://evil.example/\r\n", ": nothing\r\n", " \r\nHello\r\n",
        "X-\xc3\xa4: b\r\n", "X-A: b\r\n\tc\r\nHello\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        examine(changed("\r\n\r\nHi.", arena_printf(arena, "\r\n%s\r\nHi.%c", texts[i], 0).ptr));
        assert_signature(0, DKIM_PERMERROR, "a line of the header is no field");
        assert_signature(1, DKIM_PERMERROR, "a line of the header is no field");
    }
    examine(changed("\r\n\r\nHi.", "\r\nX-A \t: b\r\n \r\nX-B:\r\n\r\nHi."));
    assert_int_equal(out.result, DKIM_PASS);
}

TEST(test_too_much_of_anything_is_refused)
{
    char *fields = arena_alloc(arena, 5000 * 6 + 1);
    for (int i = 0; i < 5000; i++)
        memcpy(fields + i * 6, "A: b\r\n", 6);
    examine(arena_printf(arena, "%s%.*s", fields, SLICE_ARGS(dkim_example())));
    assert_signature(0, DKIM_PERMERROR, "too many header fields");

    char *names = arena_alloc(arena, 5000);
    memset(names, ':', 4000);
    struct slice h = arena_printf(arena, "h=%sfrom", names);
    examine(changed("h=from", h.ptr));
    assert_signature(0, DKIM_PERMERROR, "h= names too many fields");

    names = arena_alloc(arena, 20001);
    memset(names, 'x', 20000);
    h = arena_printf(arena, "h=%s:from", names);
    examine(changed("h=from", h.ptr));
    assert_signature(0, DKIM_PERMERROR, "signature field too long");
    assert_signature(1, DKIM_PASS, "");
}

TEST(test_unsigned_and_empty_messages)
{
    static const char *const messages[] = {"", "\r\n", "From: a@b\r\n\r\nx\r\n", ":\r\n", "DKIM"};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        assert_true(dkim_examine(arena, dns, slice_of(messages[i]), NOW, &out));
        assert_int_equal(out.result, DKIM_NONE);
        assert_int_equal(out.count, 0);
    }
    examine(SLICE("DKIM-Signature:\r\n"));
    assert_signature(0, DKIM_PERMERROR, "malformed tag list");
}

TEST(test_a_full_arena_is_told)
{
    for (size_t size = 0; size < 64 * 1024; size += 512) {
        struct arena *small = arena_new(size);
        struct dns_answers *table = dns_answers_new(arena);
        assert_true(dkim_example_keys(table));
        if (dkim_examine(small, table, dkim_example(), NOW, &out))
            assert_int_equal(out.result, DKIM_PASS);
        else
            assert_true(arena_failed(small));
        arena_free(&small);
    }
}

TEST(test_warm_up)
{
    const char *reason = "";
    assert_true(dkim_warm_up(&reason));
}
