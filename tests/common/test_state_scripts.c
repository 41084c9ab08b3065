/* SPDX-License-Identifier: ISC */
#include "common/state_scripts.h"
#include "tests/harness/unit.h"

#include <ctype.h>
#include <string.h>

static const char call[] = "redis.call('";

/* Each command that a script calls: "+get". */
static void each_called(void (*look)(const char *right))
{
    for (size_t i = 0; i < STATE_SCRIPT_COUNT; i++)
        for (const char *at = state_script_texts[i]; (at = strstr(at, call));) {
            char right[32] = "+";
            at += strlen(call);
            for (size_t n = 1; *at != '\'' && n < sizeof right - 1; n++)
                right[n] = (char)tolower((unsigned char)*at++);
            look(right);
        }
}

static bool is_a_word_of(const char *right, const char *words)
{
    size_t len = strlen(right);
    for (const char *at = words; (at = strstr(at, right)); at++)
        if ((at == words || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

static char called[4096];

static void must_be_a_right(const char *right)
{
    if (!is_a_word_of(right, STATE_SCRIPT_RIGHTS))
        fail_msg("a script calls what its user may not: %s", right);
    strncat(called, right, sizeof called - strlen(called) - 1);
    strncat(called, " ", sizeof called - strlen(called) - 1);
}

TEST(test_whoever_runs_the_scripts_may_do_what_they_do_and_no_more)
{
    char words[] = STATE_SCRIPT_RIGHTS, *rest = words;
    called[0] = '\0';
    each_called(must_be_a_right);
    for (const char *word; (word = strsep(&rest, " "));)
        if (!is_a_word_of(word, called) &&
            !is_a_word_of(word, "+ping +select +client|setname +evalsha"))
            fail_msg("no script needs %s", word);
}

TEST(test_all_scripts_differ)
{
    for (size_t i = 0; i < STATE_SCRIPT_COUNT; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(state_script_texts[i], state_script_texts[j]);
}
