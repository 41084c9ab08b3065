/* SPDX-License-Identifier: ISC
 * What rules have put on a message is taken off before that is learnt. */
#include "filters/unmarked.h"

#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <time.h>

ARENA_TESTS(1 << 20);

static const char rules[] =
    "rule \"a\" when message.size > 1MiB then header add \"X-Site-Spam\" \"yes\"\n"
    "observe rule \"b\" when message.size > 1MiB then header set \"X-Note\" \"{message.from}\"\n"
    "rule \"c\" when message.size > 1MiB then subject prefix \"[spam] \"\n"
    "rule \"d\" when message.size > 1MiB then subject prefix \"[size {message.size}!] \"\n"
    "rule \"e\" when message.size > 1MiB then subject prefix \"[внешнее] \"\n"
    "rule \"f\" when message.size > 1MiB then header remove \"X-Gone\"\n";

static char room[4096];
static size_t used;

static bool put(void *ctx, struct slice octets)
{
    (void)ctx;
    assert_true(used + octets.len <= sizeof room);
    memcpy(room + used, octets.ptr, octets.len);
    used += octets.len;
    return true;
}

static void becomes(const char *message, const char *wanted)
{
    struct config *config = load_good(rules);
    used = 0;
    assert_true(unmarked(slice_of(message), policy_marks(config->policy), put, NULL));
    if (!slice_eq((struct slice){room, used}, slice_of(wanted)))
        fail_msg("got:\n%.*s\nwanted:\n%s", (int)used, room, wanted);
    assert_int_equal(is_marked(slice_of(message), policy_marks(config->policy)),
                     strcmp(message, wanted) != 0);
    config_free(&config);
}

TEST(test_fields_that_rules_add_or_set_go_and_others_stay)
{
    becomes("From: a@b.example\r\nx-site-SPAM: yes\r\n of it\r\nX-Note: b\r\nX-Gone: "
            "1\r\n\r\nX-Note: body\r\n",
            "From: a@b.example\r\nX-Gone: 1\r\n\r\nX-Note: body\r\n");
    becomes("From jane Thu Jan  1 00:00:00 1970\nX-Note: b\nA: 1\n\nbody",
            "From jane Thu Jan  1 00:00:00 1970\nA: 1\n\nbody");
}

TEST(test_prefixes_of_the_subject_go_however_many_and_with_what_stands_in_them)
{
    becomes("Subject: [spam] [size 123!] hello\n\nx", "Subject: hello\n\nx");
    becomes("Subject: [size 1 234!] [spam] \n\nx", "Subject: \n\nx");
    becomes("subject:[spam] hello [spam] \n\nx", "subject:hello [spam] \n\nx");
}

TEST(test_a_prefix_that_had_to_be_encoded_goes)
{
    becomes("Subject: =?utf-8?B?W9Cy0L3QtdGI0L3QtdC1XQ==?= hello\n\nx", "Subject: hello\n\nx");
    becomes("Subject: [spam] =?utf-8?B?W9Cy0L3QtdGI0L3QtdC1XQ==?= =?utf-8?Q?=C3=A4?=\n\nx",
            "Subject: =?utf-8?Q?=C3=A4?=\n\nx");
}

TEST(test_what_only_looks_like_a_mark_stays)
{
    becomes("Subject: [spammy] hello\n\nx", "Subject: [spammy] hello\n\nx");
    becomes("Subject: [size of it\n\nx", "Subject: [size of it\n\nx");
    becomes("Subject: =?utf-8?B?W9Cy0L3QtdGI0L3QtdC1XQ==?=\n\nx",
            "Subject: =?utf-8?B?W9Cy0L3QtdGI0L3QtdC1XQ==?=\n\nx");
    becomes("Subject: =?utf-8?Q?=C3=A4?= hello\n\nx", "Subject: =?utf-8?Q?=C3=A4?= hello\n\nx");
    becomes("X-Note-2: b\n\nx", "X-Note-2: b\n\nx");
    becomes("Subject:", "Subject:");
    becomes("no header\n", "no header\n");
    becomes("", "");
}

static bool add_up(void *ctx, struct slice octets)
{
    *(size_t *)ctx += octets.len;
    return true;
}

TEST(test_a_header_of_subjects_without_end_is_looked_at_in_part)
{
    static const struct slice one =
        SLICE("Subject: [spam] =?utf-7?Q?b?= =?gb18030?Q?c?= =?big5?Q?d?= x\r\n");
    struct config *config = load_good(rules);
    struct buf message = buf_init(64 << 20);
    size_t left = 0;
    clock_t began = clock();
    for (int i = 0; i < 400000; i++)
        buf_append(&message, one);
    assert_true(unmarked(buf_slice(&message), policy_marks(config->policy), add_up, &left));
    assert_int_equal(buf_len(&message) - left, 4 * strlen("[spam] "));
    assert_true(clock() - began < 2 * CLOCKS_PER_SEC);
    buf_release(&message);
    config_free(&config);
}

TEST(test_where_rules_mark_nothing_all_stays)
{
    struct config *config = load_good("");
    static const struct slice message = SLICE("Subject: [spam] x\nX-Site-Spam: yes\n\nx");
    assert_false(is_marked(message, policy_marks(config->policy)));
    config_free(&config);
}
