/* SPDX-License-Identifier: ISC */
#include "parent/redis_introduction.h"
#include "tests/harness/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char users[REDIS_USERS_MAX];

static bool are_users(struct slice prefix)
{
    return redis_users(users, prefix, "secret");
}

TEST(test_a_secret_is_new_each_time)
{
    char one[REDIS_SECRET_SIZE], other[REDIS_SECRET_SIZE];
    assert_true(redis_secret_make(one) && redis_secret_make(other));
    assert_int_equal(strlen(one), REDIS_SECRET_SIZE - 1);
    assert_string_not_equal(one, other);
}

TEST(test_the_options_have_a_digest_and_not_the_secret)
{
    assert_true(are_users(SLICE("gatepost:")));
    assert_non_null(
        strstr(users, "#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b "));
    assert_null(strstr(users, "secret"));
    assert_non_null(strstr(users, " ~gatepost:* "));
}

TEST(test_a_prefix_is_no_pattern_and_no_second_word)
{
    assert_true(are_users(SLICE("a*b[c]\\ +@all?\xff")));
    assert_non_null(strstr(users, " ~a?b?c?????all??* "));
}

TEST(test_of_a_long_prefix_counts_what_counts_in_keys)
{
    char prefix[200];
    memset(prefix, 'a', sizeof prefix);
    assert_true(are_users((struct slice){prefix, sizeof prefix}));
    const char *pattern = strchr(users, '~');
    assert_int_equal(strspn(pattern + 1, "a"), 64);
}

TEST(test_a_connection_that_does_not_take_it_is_none)
{
    int pair[2];
    char some[8192] = {0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    assert_true(redis_introduce(pair[0], "secret"));
    while (write(pair[0], some, sizeof some) > 0)
        ;
    assert_false(redis_introduce(pair[0], "secret"));
    close(pair[1]);
    assert_false(redis_introduce(pair[0], "secret"));
    close(pair[0]);
}
