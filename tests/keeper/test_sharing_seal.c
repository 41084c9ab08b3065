/* SPDX-License-Identifier: ISC */
#include "keeper/sharing_seal.h"

#include "keeper/sharing_model.h"
#include "tests/harness/unit.h"

static struct sharing_keys keys, others;
static const struct slice about = SLICE("about"), text = SLICE("what is sealed");

static void begin(void)
{
    unsigned char secret[LEARN_SHARED] = {1};
    assert_true(sharing_keys_of(secret, &keys));
    secret[0] = 2;
    assert_true(sharing_keys_of(secret, &others));
}

static void end(void)
{
}

EACH_TEST(begin, end);

static struct buf sealed(void)
{
    struct buf out = buf_init(1000);
    assert_true(sharing_seal(&keys, about, text, &out));
    assert_int_equal(buf_len(&out), text.len + SHARING_SEALED);
    return out;
}

static bool opens(const struct sharing_keys *with, struct slice what, struct slice octets)
{
    struct buf out = buf_init(1000);
    bool is = sharing_unseal(with, what, octets, &out);
    assert_int_equal(buf_len(&out), is ? text.len : 0);
    is = is && slice_eq(buf_slice(&out), text);
    buf_release(&out);
    return is;
}

TEST(test_what_is_sealed_is_opened_with_the_key_and_about_the_same_alone)
{
    struct buf out = sealed();
    assert_true(opens(&keys, about, buf_slice(&out)));
    assert_false(opens(&others, about, buf_slice(&out)));
    assert_false(opens(&keys, SLICE("abouT"), buf_slice(&out)));
    buf_release(&out);
}

TEST(test_no_octet_of_it_can_be_changed_and_nothing_cut)
{
    struct buf out = sealed();
    struct slice octets = buf_slice(&out);
    for (size_t i = 0; i < octets.len; i++) {
        out.data[out.head + i] ^= 1;
        assert_false(opens(&keys, about, octets));
        out.data[out.head + i] ^= 1;
        assert_false(opens(&keys, about, slice_sub(octets, 0, i)));
    }
    assert_true(opens(&keys, about, octets));
    buf_release(&out);
}

TEST(test_the_same_is_never_sealed_as_the_same_octets)
{
    struct buf one = sealed(), other = sealed();
    assert_memory_not_equal(buf_slice(&one).ptr, buf_slice(&other).ptr, SHARING_SEALED);
    buf_release(&one);
    buf_release(&other);
}

TEST(test_accounts_have_the_same_names_where_the_key_is_the_same)
{
    assert_memory_equal(keys.accounts, keys.accounts, sizeof keys.accounts);
    assert_memory_not_equal(keys.accounts, others.accounts, sizeof keys.accounts);
    assert_memory_not_equal(keys.accounts, keys.names, sizeof keys.accounts);
    assert_memory_not_equal(keys.seal, keys.accounts, sizeof keys.accounts);
}

TEST(test_a_head_is_read_as_it_was_told_under_the_same_prefix_alone)
{
    struct sharing_head head = {.generation = 9,
                                .model = {1},
                                .octets = 1000,
                                .sum = {2},
                                .made = 1700000000,
                                .by = "mx1.example.com",
                                .epoch = "e",
                                .read = "5-1"},
                        got;
    struct buf out = buf_init(SHARING_HEAD_MOST);
    assert_true(sharing_head_seal(&keys, SLICE("gatepost:"), &head, &out));
    assert_true(sharing_head_open(&keys, SLICE("gatepost:"), buf_slice(&out), &got));
    assert_int_equal(got.generation, 9);
    assert_string_equal(got.by, "mx1.example.com");
    assert_string_equal(got.read, "5-1");
    assert_memory_equal(got.sum, head.sum, sizeof head.sum);
    assert_false(sharing_head_open(&keys, SLICE("other:"), buf_slice(&out), &got));
    assert_false(sharing_head_open(&others, SLICE("gatepost:"), buf_slice(&out), &got));
    buf_release(&out);
}
