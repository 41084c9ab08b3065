/* SPDX-License-Identifier: ISC */
#include "console/dns_file.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

ARENA_TESTS(4 << 20);
static struct dns_answer answer;

static struct dns_answers *parse(const char *json)
{
    const char *error;
    struct dns_answers *table = dns_file_parse(arena, slice_of(json), &error);
    if (!table)
        fail_msg("%s: %s", json, error);
    return table;
}

static enum dns_status ask(struct dns_answers *table, const char *name, enum dns_type type)
{
    assert_true(dns_look_up(table, slice_of(name), type, &answer));
    assert_false(dns_missed(table));
    return answer.status;
}

static void assert_text(size_t i, struct slice expected)
{
    assert_true(i < answer.count);
    assert_true(slice_eq(answer.records[i].text, expected));
}

TEST(test_records_are_found_in_their_order)
{
    struct dns_answers *t = parse(
        "{\"Example.COM.\": [{\"type\":\"A\",\"value\":\"192.0.2.1\"},"
        "{\"type\":\"MX\",\"value\":[10,\"MX.example.com.\"]},{\"type\":\"MX\",\"value\":[0,\"\"]},"
        "{\"type\":\"AAAA\",\"value\":\"2001:db8::1\"},{\"type\":\"TXT\",\"value\":[\"a\",\"b\"]},"
        "{\"type\":\"TXT\",\"value\":\"\\u0000\\u00ff\"}]}");
    assert_int_equal(ask(t, "example.com", DNS_A), DNS_FOUND);
    assert_int_equal(answer.records[0].ip.family, 4);
    assert_int_equal(answer.records[0].ip.bytes[3], 1);
    assert_int_equal(ask(t, "EXAMPLE.com.", DNS_MX), DNS_FOUND);
    assert_int_equal(answer.records[0].preference, 10);
    assert_text(0, SLICE("mx.example.com"));
    assert_text(1, SLICE(""));
    assert_int_equal(ask(t, "example.com", DNS_AAAA), DNS_FOUND);
    assert_int_equal(answer.records[0].ip.family, 6);
    assert_int_equal(ask(t, "example.com", DNS_TXT), DNS_FOUND);
    assert_text(0, SLICE("ab"));
    assert_text(1, SLICE("\0\xff"));
    assert_int_equal(ask(t, "example.com", DNS_PTR), DNS_NO_DATA);
    assert_int_equal(ask(t, "other.example.com", DNS_A), DNS_NO_NAME);
}

TEST(test_a_name_in_both_cases_is_one)
{
    struct dns_answers *t = parse("{\"A.b\": [{\"type\":\"TXT\",\"value\":\"t\"}],"
                                  "\"a.B.\": [{\"type\":\"TXT\",\"value\":\"u\"}]}");
    assert_int_equal(ask(t, "a.b", DNS_TXT), DNS_FOUND);
    assert_int_equal(answer.count, 2);
}

TEST(test_spf_is_txt_unless_there_is_txt)
{
    struct dns_answers *t = parse("{\"a\": [{\"type\":\"SPF\",\"value\":\"s\"}],"
                                  "\"b\": [{\"type\":\"SPF\",\"value\":\"s\"},"
                                  "{\"type\":\"TXT\",\"value\":\"t\"}],"
                                  "\"c\": [{\"type\":\"SPF\",\"value\":\"s\"},"
                                  "{\"type\":\"TXT\",\"value\":\"NONE\"}]}");
    ask(t, "a", DNS_TXT);
    assert_text(0, SLICE("s"));
    ask(t, "b", DNS_TXT);
    assert_int_equal(answer.count, 1);
    assert_text(0, SLICE("t"));
    assert_int_equal(ask(t, "c", DNS_TXT), DNS_NO_DATA);
}

TEST(test_failures_are_of_what_has_no_records)
{
    struct dns_answers *t =
        parse("{\"a\": [{\"type\":\"TIMEOUT\"}, {\"type\":\"A\",\"value\":\"192.0.2.1\"}],"
              "\"b\": [{\"type\":\"SERVFAIL\",\"value\":\"TXT\"},"
              "{\"type\":\"NXDOMAIN\",\"value\":\"A\"}]}");
    assert_int_equal(ask(t, "b", DNS_A), DNS_NO_NAME);
    assert_int_equal(ask(t, "a", DNS_A), DNS_FOUND);
    assert_int_equal(ask(t, "a", DNS_TXT), DNS_TIMED_OUT);
    assert_int_equal(ask(t, "b", DNS_TXT), DNS_FAILED);
    assert_int_equal(ask(t, "b", DNS_MX), DNS_NO_DATA);
}

TEST(test_aliases_are_followed_and_circles_fail)
{
    struct dns_answers *t = parse("{\"a\": [{\"type\":\"CNAME\",\"value\":\"B.\"}],"
                                  "\"b\": [{\"type\":\"CNAME\",\"value\":\"c\"}],"
                                  "\"c\": [{\"type\":\"TXT\",\"value\":\"t\"}],"
                                  "\"lost\": [{\"type\":\"CNAME\",\"value\":\"gone\"}],"
                                  "\"x\": [{\"type\":\"CNAME\",\"value\":\"y\"}],"
                                  "\"y\": [{\"type\":\"CNAME\",\"value\":\"x\"}]}");
    assert_int_equal(ask(t, "a", DNS_TXT), DNS_FOUND);
    assert_text(0, SLICE("t"));
    assert_int_equal(ask(t, "a", DNS_A), DNS_NO_DATA);
    assert_int_equal(ask(t, "a", DNS_CNAME), DNS_FOUND);
    assert_text(0, SLICE("b"));
    assert_int_equal(ask(t, "lost", DNS_A), DNS_NO_NAME);
    assert_int_equal(ask(t, "x", DNS_A), DNS_FAILED);
}

TEST(test_what_is_wrong_is_told)
{
    static const char *const wrong[] = {
        "",
        "[]",
        "{\"a\": 1}",
        "{\"a\": [1]}",
        "{\"a\": [{\"type\":\"NS\",\"value\":\"b\"}]}",
        "{\"a\": [{\"type\":\"A\",\"value\":\"b\"}]}",
        "{\"a\": [{\"type\":\"A\",\"value\":\"2001:db8::1\"}]}",
        "{\"a\": [{\"type\":\"A\",\"value\":\"192.0.2.1\\u0000x\"}]}",
        "{\"a\": [{\"type\":\"TXT\"}]}",
        "{\"a\": [{\"type\":\"TXT\",\"value\":\"\\u0100\"}]}",
        "{\"a\": [{\"type\":\"MX\",\"value\":[70000,\"b\"]}]}",
        "{\"a\": [{\"type\":\"MX\",\"value\":\"b\"}]}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *error = NULL;
        assert_null(dns_file_parse(arena, slice_of(wrong[i]), &error));
        assert_non_null(error);
    }
}

TEST(test_a_file_that_was_written_reads_the_same)
{
    struct dns_answers *t = parse(
        "{\"a\": [{\"type\":\"TIMEOUT\"},{\"type\":\"A\",\"value\":\"192.0.2.1\"}],"
        "\"b\": [{\"type\":\"MX\",\"value\":[5,\"m\"]},{\"type\":\"TXT\",\"value\":[\"NONE\"]},"
        "{\"type\":\"AAAA\",\"value\":\"2001:db8::1\"}],"
        "\"c\": [{\"type\":\"CNAME\",\"value\":\"b\"}], \"d\": [], \"f\": [{\"type\":\"UNASKED\"}],"
        "\"b\\u00e4\": [{\"type\":\"TXT\",\"value\":\"\\u0000\\\"\\u00ff\"}]}");
    struct buf first = buf_init(1 << 16), second = buf_init(1 << 16);
    assert_true(dns_file_write(t, &first));
    buf_char(&first, '\0');
    struct dns_answers *again = parse(buf_slice(&first).ptr);
    assert_true(dns_file_write(again, &second));
    buf_char(&second, '\0');
    assert_string_equal(buf_slice(&first).ptr, buf_slice(&second).ptr);
    assert_int_equal(ask(again, "a", DNS_A), DNS_FOUND);
    assert_int_equal(ask(again, "a", DNS_MX), DNS_TIMED_OUT);
    assert_int_equal(ask(again, "c", DNS_TXT), DNS_FOUND);
    assert_text(0, SLICE("NONE"));
    assert_int_equal(ask(again, "d", DNS_A), DNS_NO_DATA);
    assert_int_equal(ask(again, "e", DNS_A), DNS_NO_NAME);
    assert_int_equal(ask(again, "f", DNS_TXT), DNS_UNASKED);
    assert_int_equal(ask(again, "b\xe4", DNS_TXT), DNS_FOUND);
    assert_text(0, SLICE("\0\"\xff"));
    buf_release(&first);
    buf_release(&second);
}

static void check_validated_and_denied(struct dns_answers *t)
{
    ask(t, "a", DNS_TXT);
    assert_true(answer.authenticated);
    ask(t, "a", DNS_A);
    assert_int_equal(answer.status, DNS_FOUND);
    assert_false(answer.authenticated);
    assert_int_equal(ask(t, "a", DNS_AAAA), DNS_NO_NAME);
    assert_int_equal(ask(t, "a", DNS_MX), DNS_NO_DATA);
}

TEST(test_what_was_validated_and_denied_is_kept)
{
    struct dns_record records[] = {{.text = SLICE("t")}, {.text = SLICE("u")}};
    struct dns_record address = {.ip = {4, {192, 0, 2, 1}}};
    struct dns_answer text = {DNS_FOUND, records, 2, true}, ip = {DNS_FOUND, &address, 1, false};
    struct dns_answer denied = {.status = DNS_NO_NAME}, nothing = {.status = DNS_NO_DATA};
    struct dns_answers *t = dns_answers_new(arena);
    struct buf file = buf_init(1 << 16);
    assert_true(dns_answers_add(t, SLICE("a"), DNS_AAAA, &denied));
    assert_true(dns_answers_add(t, SLICE("a"), DNS_TXT, &text));
    assert_true(dns_answers_add(t, SLICE("a"), DNS_A, &ip));
    assert_true(dns_answers_add(t, SLICE("a"), DNS_MX, &nothing));
    assert_true(dns_answers_add(t, SLICE("b"), DNS_A, &denied));
    assert_true(dns_file_write(t, &file));
    buf_char(&file, '\0');
    struct dns_answers *again = parse(buf_slice(&file).ptr);
    check_validated_and_denied(t);
    check_validated_and_denied(again);
    assert_int_equal(ask(again, "b", DNS_TXT), DNS_NO_NAME);
    buf_release(&file);
}
