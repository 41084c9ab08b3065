/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "proxy/upstream/mailbox_servers.h"
#include "tests/harness/unit.h"

#include <unistd.h>

enum { LIMIT = 2, TAKEN_MOST = 16 };
enum { BEST, NEXT, EQUAL, IMAP, SMTP, SERVERS };

#define AT(number, speaks, rank)                                                                   \
    {                                                                                              \
        .ip = {.family = 4, .bytes = {192, 0, 2, 1}}, .port = (number), .protocol = (speaks),      \
        .priority = (rank)                                                                         \
    }

static struct server at[SERVERS] = {
    [BEST] = AT(1, PROTOCOL_POP3, 10),  [NEXT] = AT(2, PROTOCOL_POP3, 20),
    [EQUAL] = AT(3, PROTOCOL_POP3, 20), [IMAP] = AT(4, PROTOCOL_IMAP, 5),
    [SMTP] = AT(5, PROTOCOL_SMTP, 1),
};
static struct server elsewhere = AT(6, PROTOCOL_POP3, 1);
static struct backend backends[] = {
    {.name = SLICE("behind"), .servers = at, .server_count = SERVERS},
    {.name = SLICE("elsewhere"), .servers = &elsewhere, .server_count = 1},
};
static const struct config config = {
    .backends = backends, .backend_count = 2, .settings = {.limits_sessions = LIMIT}};

static struct shared *shared;
static struct mailbox_servers *ours, *others; /* the same servers, as two proxies see them */
static struct upstream_server *taken[TAKEN_MOST];
static size_t taken_count;

static void begin(void)
{
    int fd;
    log_open("test", SINK_STDERR, LEVEL_PANIC);
    shared = shared_new(&fd);
    assert_non_null(shared);
    close(fd);
    ours = mailbox_servers_new(&config, SLICE(""), shared, (unsigned)shared_row_claim(shared));
    others = mailbox_servers_new(&config, SLICE(""), shared, (unsigned)shared_row_claim(shared));
    assert_true(ours && others);
}

static void give_all(void)
{
    while (taken_count) {
        upstream_server_answered(taken[--taken_count]);
        upstream_server_give(taken[taken_count]);
    }
}

ALL_TESTS(begin, NULL); /* they live as long as a proxy does */
EACH_TEST(NULL, give_all);

/* Which of `at` comes next for a login that has tried those. */
static int next(struct mailbox_servers *all, uint64_t *tried)
{
    struct upstream_server *server = mailbox_server_take(all, &backends[0], PROTOCOL_POP3, tried);
    if (!server)
        return -1;
    assert_true(taken_count < TAKEN_MOST);
    taken[taken_count++] = server;
    return (int)(upstream_server_conf(server) - at);
}

static int first(struct mailbox_servers *all)
{
    uint64_t tried = 0;
    return next(all, &tried);
}

TEST(test_when_the_best_server_is_full_the_next_is_taken)
{
    for (int i = 0; i < LIMIT; i++)
        assert_int_equal(first(ours), BEST);
    assert_int_equal(first(ours), NEXT);
    upstream_server_give(taken[0]);
    taken[0] = taken[--taken_count];
    assert_int_equal(first(ours), BEST);
}

TEST(test_what_another_proxy_has_taken_fills_a_server_as_well)
{
    for (int i = 0; i < LIMIT; i++)
        assert_int_equal(first(others), BEST);
    assert_int_equal(first(ours), NEXT);
}

TEST(test_when_all_are_full_there_is_none)
{
    for (int i = 0; i < 3 * LIMIT; i++)
        assert_true(first(ours) >= 0);
    assert_int_equal(first(ours), -1);
}

TEST(test_of_equal_servers_the_one_with_fewer_connections_is_taken)
{
    uint64_t best_tried = 1 << BEST, also = 1 << BEST;
    assert_int_equal(next(ours, &best_tried), NEXT);
    assert_int_equal(next(ours, &also), EQUAL);
}

TEST(test_a_login_tries_each_server_of_its_protocol_once)
{
    uint64_t tried = 0;
    assert_int_equal(next(ours, &tried), BEST);
    assert_int_equal(next(ours, &tried), NEXT);
    assert_int_equal(next(ours, &tried), EQUAL);
    assert_int_equal(next(ours, &tried), -1);
}

TEST(test_a_server_that_is_down_comes_after_those_that_are_up_and_is_tried_all_the_same)
{
    uint64_t tried = 0;
    assert_int_equal(first(ours), BEST);
    upstream_server_failed(taken[0], "refused");
    assert_int_equal(next(ours, &tried), NEXT);
    assert_int_equal(next(ours, &tried), EQUAL);
    assert_int_equal(next(ours, &tried), BEST);
}
