/* SPDX-License-Identifier: ISC */
#include "filters/redaction.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

ARENA_TESTS(8 << 20);

/* What is redacted becomes 'x' (breaks stay). */
static const char *redacted(const char *message, bool all, uint32_t part)
{
    static char out[4096];
    struct slice raw = {message, strlen(message)};
    struct mime_message parsed;
    struct redaction_wanted wanted = {all, &part, 1};
    struct redaction_ranges ranges;
    assert_true(mime_parse(arena, raw, &mime_limits_default, &parsed));
    assert_true(redaction_ranges(arena, &parsed, &wanted, &ranges));
    strcpy(out, message);
    for (size_t i = 0; i < ranges.count; i++)
        for (uint64_t at = ranges.items[i].from; at < ranges.items[i].to; at++)
            if (out[at] != '\r' && out[at] != '\n')
                out[at] = 'x';
    return out;
}

#define HEADER                                                                                     \
    "Subject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
#define MIXED                                                                                      \
    HEADER "preamble\r\n--B\r\nContent-Type: text/plain\r\n\r\ntext\r\n--B\r\n"                    \
           "Content-Type: application/zip\r\n\r\nzip!\r\n--B--\r\nepilogue\r\n"

TEST(test_a_part_is_redacted_and_its_neighbours_are_not)
{
    assert_string_equal(redacted(MIXED, false, 2), HEADER
                        "preamble\r\n--B\r\nContent-Type: text/plain\r\n\r\ntext\r\n--B\r\n"
                        "Content-Type: application/zip\r\n\r\nxxxx\r\n--B--\r\nepilogue\r\n");
}

TEST(test_all_is_every_leaf_and_what_stands_between_them)
{
    assert_string_equal(redacted(MIXED, true, 0), HEADER
                        "xxxxxxxx\r\n--B\r\nContent-Type: text/plain\r\n\r\nxxxx\r\n--B\r\n"
                        "Content-Type: application/zip\r\n\r\nxxxx\r\n--B--\r\nxxxxxxxx\r\n");
}

TEST(test_a_message_of_one_part_is_redacted_behind_its_header)
{
    static const char mail[] = "Subject: s\r\n\r\nall of it\r\n";
    assert_string_equal(redacted(mail, true, 0), "Subject: s\r\n\r\nxxxxxxxxx\r\n");
    assert_string_equal(redacted(mail, false, 0), "Subject: s\r\n\r\nxxxxxxxxx\r\n");
}

TEST(test_an_attached_message_is_redacted_with_its_header)
{
    static const char mail[] =
        HEADER "--B\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nbody\r\n--B--\r\n";
    assert_string_equal(
        redacted(mail, false, 1), HEADER
        "--B\r\nContent-Type: message/rfc822\r\n\r\nxxxxxxxxxxxxxx\r\n\r\nxxxx\r\n--B--\r\n");
}

TEST(test_a_part_that_is_not_there_redacts_all_behind_the_header)
{
    const char *out = redacted(MIXED, false, 99);
    assert_null(strstr(out, "zip!"));
    assert_null(strstr(out, "text\r"));
    assert_memory_equal(out, HEADER, strlen(HEADER));
}

TEST(test_nothing_hides_behind_a_boundary)
{
    char mail[2048];
    snprintf(mail, sizeof mail,
             HEADER "--B\r\n\r\na\r\n--B--\r\nhidden\r\n--B\r\n\r\nhidden too\r\n");
    const char *out = redacted(mail, true, 0);
    assert_null(strstr(out, "hidden"));
}

/* What is said there is gone, and so is the form: who shows the header of a part as text shows none. */
TEST(test_what_some_show_as_text_does_not_stay)
{
    static const char *const mails[] = {
        HEADER "--B said\r\n\r\nx\r\n--B--\r\n",
        HEADER "--B\r\n\r\nx\r\n--B-- said\r\n",
        HEADER "--B\r\nsaid\r\nX: y\r\n\r\nx\r\n--B--\r\n",
        HEADER "--B\r\n\r\nContent-Type: text/plain\r\nX: said\r\n\r\nx\r\n--B--\r\n",
        HEADER "--other\r\nContent-Description: said\r\n\r\nx\r\n--B\r\n\r\ny\r\n--B--\r\n",
        HEADER "--B\r\nContent-Type: message/rfc822\r\n\r\nsaid\r\n\r\nx\r\n--B--\r\n",
        "Content-Type: text/plain; boundary=B\r\n\r\n--B\r\nX: said\r\n\r\nx\r\n--B--\r\n",
    };
    for (size_t i = 0; i < sizeof mails / sizeof *mails; i++)
        assert_null(strstr(redacted(mails[i], true, 0), "said"));
}

static struct redaction_ranges ranges_of(const char *mail)
{
    struct mime_message parsed;
    struct redaction_ranges ranges;
    assert_true(mime_parse(arena, slice_of(mail), &mime_limits_default, &parsed));
    assert_true(redaction_ranges(arena, &parsed, &(struct redaction_wanted){.all = true}, &ranges));
    return ranges;
}

TEST(test_what_is_no_base64_in_base64_is_overlaid_as_it_stands)
{
#define BASE64 "Content-Transfer-Encoding: base64\r\n\r\n"
    struct redaction_ranges ranges = ranges_of(BASE64 "TVqQAAMA\r\nAA==\r\n-- \r\nlist: x\r\n");
    size_t body = strlen(BASE64);
    assert_int_equal(ranges.count, 2);
    assert_int_equal(ranges.items[0].encoding, OVERLAY_BASE64);
    assert_int_equal(ranges.items[0].from, body);
    assert_int_equal(ranges.items[0].to, body + 16);
    assert_int_equal(ranges.items[1].encoding, OVERLAY_IDENTITY);
    assert_int_equal(ranges.items[1].to, body + 30);
    assert_int_equal(ranges_of(BASE64 "TVqQ\r\n").count, 1);
}

TEST(test_a_long_boundary_stays_whole)
{
    char boundary[101], mail[1024];
    memset(boundary, 'b', 100);
    boundary[100] = '\0';
    snprintf(mail, sizeof mail,
             "Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n\r\nx\r\n--%s--\r\n",
             boundary, boundary, boundary);
    assert_string_equal(redacted(mail, true, 0), mail);
}
