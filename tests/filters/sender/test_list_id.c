/* SPDX-License-Identifier: ISC */
#include "filters/sender/list_id.h"
#include "tests/harness/unit.h"

ARENA_TESTS(1 << 16);

static void expect(const char *block, const char *identifier)
{
    struct slice found = list_id(arena, slice_of(block));
    assert_true(slice_eq(found, slice_of(identifier)));
}

TEST(test_the_identifier_stands_in_angle_brackets)
{
    expect("List-Id: Talk <talk.Lists.Example>\r\n", "talk.lists.example");
    expect("List-Id: \"a <b>\"\r\n <talk.lists.example>\r\n", "talk.lists.example");
    expect("List-Id: talk.lists.example\r\n", "talk.lists.example");
}

TEST(test_what_is_no_identifier_is_none)
{
    expect("Subject: x\r\n", "");
    expect("List-Id:\r\n", "");
    expect("List-Id: <>\r\n", "");
    expect("List-Id: >x<\r\n", "");
    expect("List-Id: Talk <a b>\r\n", "");
}

TEST(test_two_fields_are_nobodys)
{
    expect("List-Id: <a.example>\r\nList-Id: <b.example>\r\n", "");
}

static enum list_signature signed_by(const char *list, enum dkim_result result, const char *domain)
{
    struct dkim_signature signature = {.domain = slice_of(domain), .result = result};
    const struct dkim_outcome dkim = {.signatures = &signature, .count = 1};
    return list_signed(arena, slice_of(list), &dkim);
}

TEST(test_a_list_signs_for_itself)
{
    assert_int_equal(signed_by("talk.lists.example", DKIM_PASS, "lists.example"), LIST_SIGNED);
    assert_int_equal(signed_by("talk.lists.example", DKIM_PASS, "mail.Lists.Example"), LIST_SIGNED);
    assert_int_equal(signed_by("talk.lists.example", DKIM_PASS, "other.example"), LIST_UNSIGNED);
    assert_int_equal(signed_by("talk.lists.example", DKIM_FAIL, "lists.example"), LIST_UNSIGNED);
    assert_int_equal(signed_by("", DKIM_PASS, "lists.example"), LIST_UNSIGNED);
    assert_int_equal(signed_by("co.uk", DKIM_PASS, "co.uk"), LIST_UNSIGNED);
}

TEST(test_a_key_that_the_dns_withholds_leaves_it_open)
{
    assert_int_equal(signed_by("talk.lists.example", DKIM_TEMPERROR, "lists.example"),
                     LIST_UNCERTAIN);
    assert_int_equal(signed_by("talk.lists.example", DKIM_TEMPERROR, "other.example"),
                     LIST_UNSIGNED);
}
