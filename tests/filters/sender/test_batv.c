/* SPDX-License-Identifier: ISC */
#include "filters/sender/batv.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

ARENA_TESTS(1 << 20);

#define DAY_OF(n) ((int64_t)(n)*86400 + 3600)

static const struct batv first = {.keys = {SLICE("a secret of the first key")}, .count = 1};
static const struct batv both = {
    .keys = {SLICE("another secret, a newer one"), SLICE("a secret of the first key")}, .count = 2};

static const char *tagged(const struct batv *batv, const char *address, int64_t now)
{
    struct slice all = slice_of(address), domain = slice_from(all, slice_rfind(all, '@') + 1);
    return arena_cstr(arena, batv_tagged(batv, arena, all, domain, now));
}

/* What the local part of an address bears, and what is left of it. */
static enum bounce_tag read(const struct batv *batv, const char *address, int64_t now,
                            struct slice *local)
{
    struct slice all = slice_of(address);
    size_t at = slice_rfind(all, '@');
    *local = slice_sub(all, 0, at);
    return batv_read(batv, local, slice_from(all, at + 1), now);
}

static void is(const char *address, int64_t now, enum bounce_tag expected, const char *left)
{
    struct slice local;
    assert_int_equal(read(&first, address, now, &local), expected);
    assert_true(slice_eq(local, slice_of(left)));
}

TEST(test_a_tag_is_a_key_a_day_and_the_beginning_of_an_hmac)
{
    const char *out = tagged(&first, "user@example.com", DAY_OF(20000));
    assert_int_equal(strlen(out), strlen("prvs=KDDDSSSSSS=user@example.com"));
    assert_memory_equal(out, "prvs=", 5);
    assert_memory_equal(out + 6, "007", 3);
    assert_string_equal(out + 15, "=user@example.com");
    char digits[5];
    memcpy(digits, out + 5, 4);
    digits[4] = '\0';
    char command[256], expected[7];
    snprintf(command, sizeof command,
             "printf %%s '%suser@example.com' | openssl dgst -sha1 -hmac '%.*s' | sed 's/.*= //'",
             digits, SLICE_ARGS(first.keys[0]));
    FILE *said = popen(command, "r");
    assert_non_null(said);
    assert_non_null(fgets(expected, sizeof expected, said));
    pclose(said);
    assert_memory_equal(out + 9, expected, 6);
}

TEST(test_what_was_tagged_is_valid_for_a_week)
{
    const char *out = tagged(&first, "user@example.com", DAY_OF(20998));
    for (int day = 0; day <= 7; day++)
        is(out, DAY_OF(20998 + day), BOUNCE_TAG_VALID, "user");
    is(out, DAY_OF(20998 + 8), BOUNCE_TAG_EXPIRED, "user");
    is(out, DAY_OF(20998 + 500), BOUNCE_TAG_EXPIRED, "user");
    is(out, DAY_OF(20997), BOUNCE_TAG_EXPIRED, "user");
}

TEST(test_case_does_not_count)
{
    char out[128];
    strcpy(out, tagged(&first, "User@Example.com", DAY_OF(20000)));
    for (char *c = out; *c; c++)
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
    is(out, DAY_OF(20001), BOUNCE_TAG_VALID, "USER");
}

TEST(test_a_tag_is_of_one_address_and_one_day)
{
    char out[128];
    strcpy(out, tagged(&first, "user@example.com", DAY_OF(20000)));
    for (size_t i = 5; i < 15; i++) {
        char kept = out[i];
        out[i] = kept == '1' ? '2' : '1';
        is(out, DAY_OF(20000), BOUNCE_TAG_INVALID, "user");
        out[i] = kept;
    }
    strcpy(strchr(out, '@'), "@example.org");
    is(out, DAY_OF(20000), BOUNCE_TAG_INVALID, "user");
}

TEST(test_the_key_before_is_believed_and_a_strange_one_is_not)
{
    struct slice local;
    const char *old = tagged(&first, "user@example.com", DAY_OF(20000));
    const char *new = tagged(&both, "user@example.com", DAY_OF(20000));
    assert_string_not_equal(old, new);
    assert_int_equal(read(&both, old, DAY_OF(20000), &local), BOUNCE_TAG_VALID);
    assert_int_equal(read(&both, new, DAY_OF(20000), &local), BOUNCE_TAG_VALID);
    is(new, DAY_OF(20000), BOUNCE_TAG_INVALID, "user");
}

TEST(test_what_is_no_tag_stays)
{
    static const char *const addresses[] = {
        "user@example.com",
        "prvs=@example.com",
        "prvs=user@example.com",
        "prvs=0007abcdef@example.com",
        "prvs=0007abcdef=@example.com",
        "prvs=0007abcdeg=user@example.com",
        "prvs=000abcdefa=u@example.com",
        "prvs=user=0007abcdef@example.com",
        "xprvs=0007abcdef=u@example.com",
        "\"prvs=0007abcdef=u\"@example.com",
    };
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct slice local, all = slice_of(addresses[i]);
        assert_int_equal(read(&first, addresses[i], DAY_OF(1), &local), BOUNCE_TAG_NONE);
        assert_true(slice_eq(local, slice_sub(all, 0, slice_rfind(all, '@'))));
    }
}

TEST(test_who_cannot_bear_a_tag_has_none)
{
    static const char *const addresses[] = {
        "prvs=0007abcdef=user@example.com",
        "\"a b\"@example.com",
        "gr\xc3\xbc\xc3\x9f@example.com",
        "a-local-part-that-is-so-long-that-it-has-no-room-x@example.com",
        "postmaster",
        "",
    };
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        assert_string_equal(tagged(&first, addresses[i], DAY_OF(1)), addresses[i]);
    const char *longest = "a-local-part-that-is-so-long-that-it-has-no-room@example.com";
    assert_int_equal(strcspn(tagged(&first, longest, DAY_OF(1)), "@"), BATV_LOCAL_MAX);
    static const struct batv nobody = {.count = 0};
    assert_string_equal(tagged(&nobody, "user@example.com", 1), "user@example.com");
}

TEST(test_a_domain_has_one_spelling_in_its_tags)
{
    struct slice address = SLICE("user@b\xc3\xbc"
                                 "cher.example"),
                 name = SLICE("xn--bcher-kva.example");
    struct slice out = batv_tagged(&first, arena, address, name, DAY_OF(20000));
    assert_true(slice_starts(out, SLICE("prvs=")) && slice_iends(out, address));
    struct slice local = slice_sub(out, 0, slice_rfind(out, '@'));
    assert_int_equal(batv_read(&first, &local, name, DAY_OF(20000)), BOUNCE_TAG_VALID);
    assert_true(slice_eq(local, SLICE("user")));
}

TEST(test_a_local_part_that_can_bear_no_tag_is_known)
{
    assert_true(batv_can_bear(SLICE("user")));
    assert_false(batv_can_bear(SLICE("prvs=0007abcdef=user")));
    assert_false(batv_can_bear(SLICE("\"a b\"")));
    assert_false(batv_can_bear(SLICE("")));
}
