/* SPDX-License-Identifier: ISC */
#include "keeper/opinions.h"
#include "tests/harness/folder.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MONTHS_7 = 7 * 30 * 86400 };

static struct opinions *opinions;
static const int64_t now = 1700000000;
static char folder[FOLDER_MAX];
static const struct slice jane = SLICE("jane@example.com"), joe = SLICE("joe@example.com");

static void open_them(void)
{
    const char *reason = "";
    if (!(opinions = opinions_open(&reason)))
        fail_msg("%s", reason);
}

static void begin(void)
{
    assert_true(folder_new(folder, "opinions"));
    assert_int_equal(chdir(folder), 0);
    open_them();
}

static void end(void)
{
    static const char *const files[] = {"opinions.db", "opinions.db-wal", "opinions.db-shm",
                                        "opinions.key"};
    opinions_close(&opinions);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        unlink(files[i]);
    assert_int_equal(rmdir(folder), 0);
}

static void take(struct slice account, unsigned message, bool junk, int64_t when)
{
    struct buf item = buf_init(4096), packet = buf_init(4096);
    struct opinion opinion = {
        .account = account, .junk = junk, .how = OPINION_MOVED, .reference = SLICE("0123456789ab")};
    memcpy(opinion.message, &message, sizeof message);
    opinion_pack(&item, &opinion);
    pack_slice(&packet, buf_slice(&item));
    opinions_take(opinions, buf_slice(&packet), when);
    buf_release(&item);
    buf_release(&packet);
}

static struct {
    size_t count, junk;
    unsigned last;
    char account[64];
} told;

static bool tell(void *ctx, const struct opinion *opinion)
{
    (void)ctx;
    told.count++;
    told.junk += opinion->junk;
    memcpy(&told.last, opinion->message, sizeof told.last);
    snprintf(told.account, sizeof told.account, "%.*s", SLICE_ARGS(opinion->account));
    assert_true(slice_eq(opinion->reference, SLICE("0123456789ab")));
    return true;
}

static size_t count(struct slice account)
{
    const char *reason;
    memset(&told, 0, sizeof told);
    assert_true(opinions_each(opinions, account, 0, 1000000, tell, NULL, &reason));
    return told.count;
}

TEST(test_of_each_message_the_last_opinion_counts)
{
    begin();
    take(jane, 1, true, now);
    take(jane, 2, true, now);
    take(jane, 1, false, now);
    assert_int_equal(count(jane), 2);
    assert_int_equal(told.junk, 1);
    assert_int_equal(told.last, 1);
    end();
}

TEST(test_an_account_is_a_digest_which_is_the_same_later)
{
    char before[sizeof told.account];
    begin();
    take(SLICE("Jane@Example.com"), 1, true, now);
    assert_int_equal(count(jane), 1);
    assert_int_equal(strspn(told.account, "0123456789abcdef"), 16);
    memcpy(before, told.account, sizeof before);
    opinions_close(&opinions);
    open_them();
    assert_int_equal(count(jane), 1);
    assert_string_equal(told.account, before);
    assert_int_equal(count(joe), 0);
    end();
}

TEST(test_who_has_many_pushes_out_his_own)
{
    begin();
    take(joe, 7, true, now);
    for (unsigned n = 0; n < 1010; n++)
        take(jane, n, true, now);
    assert_int_equal(count(jane), 1000);
    assert_int_equal(told.last, 1009);
    assert_int_equal(count(joe), 1);
    end();
}

TEST(test_what_is_old_goes)
{
    begin();
    take(jane, 1, true, now);
    take(jane, 2, true, now + MONTHS_7);
    opinions_prune(opinions, now + MONTHS_7);
    assert_int_equal(count(jane), 1);
    assert_int_equal(told.last, 2);
    end();
}

TEST(test_who_is_forgotten_has_none_and_others_have)
{
    const char *reason = "";
    begin();
    take(jane, 1, true, now);
    take(joe, 1, true, now);
    assert_int_equal(opinions_forget(opinions, SLICE("JANE@example.com"), &reason), 1);
    assert_int_equal(opinions_forget(opinions, jane, &reason), 0);
    assert_int_equal(count(SLICE("")), 1);
    assert_int_equal(count(joe), 1);
    end();
}

TEST(test_a_packet_that_cannot_be_read_leaves_nothing)
{
    begin();
    opinions_take(opinions, SLICE("\x02\x00\x00\x00xx"), now);
    opinions_take(opinions, SLICE("\xff\xff\xff\xff"), now);
    assert_int_equal(count(SLICE("")), 0);
    take(jane, 1, true, now);
    assert_int_equal(count(SLICE("")), 1);
    end();
}
