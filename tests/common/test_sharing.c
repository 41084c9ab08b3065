/* SPDX-License-Identifier: ISC */
#include "common/sharing.h"
#include "common/sharing_scripts.h"
#include "tests/harness/unit.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const struct slice gateway = SLICE("0123456789abcdef0123456789abcdef");
static struct sharing_question question, read;
static struct sharing_answer answer, heard;

static struct buf packed(void)
{
    struct buf out = buf_init(IPC_PAYLOAD_MAX);
    sharing_question_pack(&out, &question);
    return out;
}

TEST(test_a_question_is_read_as_it_was_asked)
{
    question = (struct sharing_question){
        .number = 7, .deadline = 1234, .script = SHARING_FETCH, .gateway = gateway};
    assert_true(sharing_say(&question.words, SLICE("one")));
    assert_true(sharing_say(&question.words, SLICE("")));
    struct buf out = packed();
    assert_true(sharing_question_unpack(buf_slice(&out), &read));
    assert_int_equal(read.number, 7);
    assert_int_equal(read.deadline, 1234);
    assert_int_equal(read.script, SHARING_FETCH);
    assert_true(slice_eq(read.gateway, gateway));
    assert_int_equal(read.words.count, 2);
    assert_true(slice_eq(read.words.each[0], SLICE("one")));
    for (size_t len = 0; len < buf_len(&out); len++)
        if (sharing_question_unpack(slice_sub(buf_slice(&out), 0, len), &read))
            assert_true(read.words.count < 2);
    buf_release(&out);
}

TEST(test_a_question_of_no_gateway_or_no_script_is_none)
{
    question = (struct sharing_question){.gateway = SLICE("../other:0123456789abcdef01234567")};
    struct buf out = packed();
    assert_false(sharing_question_unpack(buf_slice(&out), &read));
    buf_release(&out);
    question = (struct sharing_question){.script = SHARING_SCRIPTS, .gateway = gateway};
    out = packed();
    assert_false(sharing_question_unpack(buf_slice(&out), &read));
    buf_release(&out);
}

TEST(test_more_words_than_there_may_be_are_refused)
{
    struct buf out = buf_init(IPC_PAYLOAD_MAX);
    answer = (struct sharing_answer){.number = 1, .ok = true};
    for (int i = 0; i < SHARING_WORDS; i++)
        assert_true(sharing_say(&answer.words, SLICE("x")));
    assert_false(sharing_say(&answer.words, SLICE("x")));
    sharing_answer_pack(&out, &answer);
    assert_true(sharing_answer_unpack(buf_slice(&out), &heard));
    assert_int_equal(heard.words.count, SHARING_WORDS);
    pack_slice(&out, SLICE("x"));
    assert_false(sharing_answer_unpack(buf_slice(&out), &heard));
    buf_release(&out);
}

TEST(test_an_answer_that_failed_has_no_words)
{
    struct buf out = buf_init(IPC_PAYLOAD_MAX);
    answer = (struct sharing_answer){.number = 1, .ok = false};
    sharing_answer_pack(&out, &answer);
    assert_true(sharing_answer_unpack(buf_slice(&out), &heard) && !heard.ok);
    pack_slice(&out, SLICE("x"));
    assert_false(sharing_answer_unpack(buf_slice(&out), &heard));
    buf_release(&out);
}

/* ---- scripts ---- */

static const char *const texts[] = {sharing_script_look,    sharing_script_tell,
                                    sharing_script_lease,   sharing_script_put,
                                    sharing_script_publish, sharing_script_fetch};

/* "XINFO', 'STREAM" is "+xinfo|stream". */
static bool calls(const char *right)
{
    char call[64] = "redis.call('";
    size_t at = strlen(call);
    for (const char *c = right + 1; *c; c++) {
        const char *more = *c == '|' ? "', '" : (char[]){(char)toupper((unsigned char)*c), '\0'};
        at += (size_t)snprintf(call + at, sizeof call - at, "%s", more);
    }
    snprintf(call + at, sizeof call - at, "'");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strstr(texts[i], call))
            return true;
    return false;
}

TEST(test_a_user_of_a_redis_that_is_shared_has_no_right_that_no_script_needs)
{
    char words[] = SHARING_SCRIPT_RIGHTS, *rest = words;
    for (const char *word; (word = strsep(&rest, " "));)
        if (!calls(word))
            fail_msg("no script needs %s", word);
}
