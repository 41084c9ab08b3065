/* SPDX-License-Identifier: ISC */
#include "filters/sender/tag_list.h"
#include "tests/harness/unit.h"

#include <stdlib.h>
#include <string.h>

TEST(test_values_are_trimmed_and_names_keep_their_case)
{
    struct tag_list list;
    assert_true(tag_list_parse(SLICE(" a = x y\r\n z ;\r\n\tB=;c_1==;"), &list));
    assert_int_equal(list.count, 3);
    assert_true(slice_eq(tag_value(&list, SLICE("a")), SLICE("x y\r\n z")));
    assert_true(slice_eq(tag_find(&list, SLICE("a"))->raw, SLICE(" x y\r\n z ")));
    assert_true(tag_find(&list, SLICE("B")) != NULL && tag_find(&list, SLICE("b")) == NULL);
    assert_true(slice_eq(tag_value(&list, SLICE("c_1")), SLICE("=")));
}

TEST(test_what_is_no_tag_list)
{
    static const char *const texts[] = {"",      ";",    "a",    "a=1;;",  "a=1; a=2",
                                        "=1",    "1a=x", "a b=", "a=\001", "a=\177",
                                        "a=1;b", ";a=1", "a-b=", "_a=1"};
    struct tag_list list;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(tag_list_parse(slice_of(texts[i]), &list));
    char many[TAGS_MAX * 5 + 16] = "";
    for (int i = 0; i <= TAGS_MAX; i++) {
        char spec[] = {(char)('a' + i % 26), (char)('a' + i / 26), '=', ';', '\0'};
        strcat(many, spec);
    }
    assert_false(tag_list_parse(slice_of(many), &list));
}

TEST(test_items)
{
    struct slice items = SLICE("From : to\r\n :"), item;
    assert_true(tag_items_have(items, SLICE("from")));
    assert_true(tag_items_have(items, SLICE("TO")));
    assert_false(tag_items_have(items, SLICE("cc")));
    for (int i = 0; i < 3; i++)
        assert_true(tag_items_next(&items, &item));
    assert_false(tag_items_next(&items, &item));
}
