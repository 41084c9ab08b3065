/* SPDX-License-Identifier: ISC */
#include "common/milter.h"
#include "tests/harness/unit.h"

#include <string.h>

static char wire[64];

static struct slice packed(const struct milter_client *client)
{
    struct buf out = buf_over(wire, sizeof wire);
    milter_pack_client(&out, client);
    assert_false(out.failed);
    return buf_slice(&out);
}

static struct milter_client client_of(const char *address, uint16_t port)
{
    struct milter_client client = {.port = port, .granted = MILTER_MAY_BODY | MILTER_MAY_SENDER};
    assert_true(ip_parse(slice_of(address), &client.ip));
    return client;
}

TEST(test_a_client_arrives_as_it_was_sent)
{
    const char *const addresses[] = {"192.0.2.1", "2001:db8::1", "0.0.0.0"};
    for (size_t i = 0; i < 3; i++) {
        struct milter_client sent = client_of(addresses[i], 65535), got;
        assert_true(milter_unpack_client(packed(&sent), &got));
        assert_memory_equal(&got, &sent, sizeof got);
    }
}

TEST(test_what_is_no_client_is_none)
{
    struct milter_client sent = client_of("192.0.2.1", 25), got;
    struct slice good = packed(&sent);
    for (size_t len = 0; len < good.len; len++)
        assert_false(milter_unpack_client(slice_sub(good, 0, len), &got));
    wire[good.len] = 0;
    assert_false(milter_unpack_client((struct slice){wire, good.len + 1}, &got));
    for (int family = 0; family < 256; family++) {
        wire[0] = (char)family;
        assert_int_equal(milter_unpack_client(good, &got), family == 4 || family == 6);
    }
}

static const char *there_and_back(const char *value)
{
    static char text[200];
    struct buf out = buf_over(text, sizeof text);
    milter_write_value(&out, slice_of(value));
    buf_char(&out, '\0');
    assert_false(out.failed);
    assert_null(strpbrk(text, "\r\n"));
    assert_true(milter_read_value(text));
    return text;
}

TEST(test_a_value_is_one_line_and_loses_nothing_but_cr)
{
    assert_string_equal(there_and_back(" plain"), " plain");
    assert_string_equal(there_and_back(" folded\r\n\ttwice\r\n again"), " folded\n\ttwice\n again");
    assert_string_equal(there_and_back("\\n is no line, \\\\ are two"),
                        "\\n is no line, \\\\ are two");
    assert_string_equal(there_and_back(""), "");
}

TEST(test_an_escape_of_another_kind_is_refused)
{
    char unknown[] = "a\\x", cut[] = "a\\";
    assert_false(milter_read_value(unknown));
    assert_false(milter_read_value(cut));
}
