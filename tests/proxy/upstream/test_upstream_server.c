/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/log.h"
#include "proxy/upstream/upstream_server.h"
#include "proxy/upstream/upstream_tls.h"
#include "tests/harness/unit.h"

#include <unistd.h>

enum { FIRST_MS = 500, MOST_MS = 30000, NO_TLS_MS = 600000, REFUSED_MS = 600000, MOST = 6 };

static struct shared *shared;
static unsigned row, other_row;
static SSL_CTX *tls;
static struct server conf;
static const struct backend backend = {.name = SLICE("exchange"), .connections = MOST};
static struct upstream_server *server, *others; /* the same server, as two proxies see it */

static const struct upstream_way way = {.ip = {.family = 4, .bytes = {192, 0, 2, 1}}, .port = 25};

static struct upstream_server *seen_from(unsigned from, unsigned proxies)
{
    struct upstream_server *made =
        upstream_server_new(&backend, &conf, tls, shared, from, MOST, MOST / proxies);
    assert_non_null(made);
    return made;
}

static void set_up(void)
{
    int fd;
    log_open("test", SINK_STDERR, LEVEL_PANIC);
    shared = shared_new(&fd);
    assert_non_null(shared);
    close(fd);
    row = (unsigned)shared_row_claim(shared);
    other_row = (unsigned)shared_row_claim(shared);
    tls = upstream_tls_new(SLICE(""), TLS1_2_VERSION);
    assert_non_null(tls);
    conf = (struct server){
        .address = SLICE("192.0.2.1:25"), .ip = {.family = 4, .bytes = {192, 0, 2, 1}}, .port = 25};
    server = seen_from(row, 1);
    others = seen_from(other_row, 1);
}

static void tear_down(void)
{
    upstream_server_free(&server);
    upstream_server_free(&others);
    assert_null(server);
    SSL_CTX_free(tls);
    shared_free(&shared);
}

EACH_TEST(set_up, tear_down);

/* ---- up or down ---- */

TEST(test_a_new_server_is_up_and_needs_no_care)
{
    assert_false(upstream_server_is_down(server));
    assert_false(upstream_server_may_be_tried(server));
    assert_false(upstream_server_needs_care(server));
}

TEST(test_who_fails_again_is_left_alone_twice_as_long_but_never_for_ever)
{
    for (int64_t alone = FIRST_MS; alone < 4 * MOST_MS; alone *= 2) {
        int64_t ms = alone < MOST_MS ? alone : MOST_MS;
        upstream_server_failed(server, "refused");
        clock_advance(ms - 100);
        assert_true(upstream_server_is_down(server));
        assert_false(upstream_server_may_be_tried(server));
        clock_advance(100);
        assert_false(upstream_server_is_down(server));
        assert_true(upstream_server_may_be_tried(server));
        assert_true(upstream_server_needs_care(server));
    }
}

TEST(test_an_answer_ends_all_trouble)
{
    upstream_server_failed(server, "refused");
    upstream_server_failed(server, "refused");
    upstream_server_answered(server);
    assert_false(upstream_server_is_down(server));
    assert_false(upstream_server_needs_care(server));
    upstream_server_failed(server, "refused");
    clock_advance(FIRST_MS);
    assert_false(upstream_server_is_down(server));
}

TEST(test_who_refuses_us_is_left_alone_for_long_whatever_else_fails_meanwhile)
{
    for (int round = 0; round < 2; round++) {
        upstream_server_refused(server, "login refused");
        upstream_server_failed(server, "refused");
        clock_advance(REFUSED_MS - 100);
        assert_true(upstream_server_is_down(server) && upstream_server_needs_care(server));
        assert_false(upstream_server_may_be_tried(server));
        clock_advance(100);
        assert_true(upstream_server_may_be_tried(server));
    }
    upstream_server_refused(server, "login refused");
    upstream_server_answered(server);
    assert_false(upstream_server_is_down(server));
}

TEST(test_a_server_with_a_connection_under_way_is_not_tried_beside_it)
{
    upstream_server_failed(server, "refused");
    clock_advance(FIRST_MS);
    assert_true(upstream_server_take(server));
    assert_false(upstream_server_may_be_tried(server));
    upstream_server_give(server);
    assert_true(upstream_server_may_be_tried(server));
}

/* ---- connections ---- */

TEST(test_no_more_connections_than_all_proxies_may_have)
{
    for (unsigned i = 0; i < MOST / 2; i++)
        assert_true(upstream_server_take(server) && upstream_server_take(others));
    assert_true(upstream_server_has_room(server));
    assert_false(upstream_server_take(server));
    upstream_server_give(others);
    assert_true(upstream_server_take(server));
    assert_false(upstream_server_take(others));
    assert_int_equal(shared_backend(shared, upstream_server_number(server)), MOST);
}

TEST(test_no_more_connections_than_our_share_and_at_least_one)
{
    static const struct {
        unsigned proxies, share;
    } cases[] = {{1, MOST}, {2, MOST / 2}, {4, 1}, {100, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct upstream_server *one = seen_from(row, cases[i].proxies);
        for (unsigned n = 0; n < cases[i].share; n++)
            assert_true(upstream_server_take(one));
        assert_false(upstream_server_has_room(one));
        assert_false(upstream_server_take(one));
        for (unsigned n = 0; n < cases[i].share; n++)
            upstream_server_give(one);
        assert_false(upstream_server_needs_care(one));
        upstream_server_free(&one);
    }
    assert_int_equal(shared_backend(shared, upstream_server_number(server)), 0);
}

/* ---- TLS ---- */

TEST(test_only_opportunistic_tls_that_failed_is_done_without_and_not_for_ever)
{
    conf.tls = BACKEND_TLS_OPPORTUNISTIC;
    upstream_server_tls_failed(server, &way, "alert");
    assert_true(upstream_server_without_tls(server, &way));
    assert_false(upstream_server_is_down(server));
    clock_advance(NO_TLS_MS);
    assert_false(upstream_server_without_tls(server, &way));
}

static void expect_down_instead(enum backend_tls wanted, bool implicit)
{
    struct upstream_server *one = seen_from(row, 1);
    conf.tls = wanted;
    conf.implicit_tls = implicit;
    upstream_server_tls_failed(one, &way, "alert");
    assert_false(upstream_server_without_tls(one, &way));
    assert_true(upstream_server_is_down(one));
    upstream_server_free(&one);
}

TEST(test_tls_that_is_demanded_is_never_done_without)
{
    expect_down_instead(BACKEND_TLS_REQUIRED, false);
    expect_down_instead(BACKEND_TLS_VERIFY, false);
    expect_down_instead(BACKEND_TLS_OPPORTUNISTIC, true);
}

TEST(test_only_verify_looks_at_the_certificate)
{
    static const struct {
        enum backend_tls wanted;
        int mode;
    } cases[] = {{BACKEND_TLS_OPPORTUNISTIC, SSL_VERIFY_NONE},
                 {BACKEND_TLS_REQUIRED, SSL_VERIFY_NONE},
                 {BACKEND_TLS_VERIFY, SSL_VERIFY_PEER}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        conf.tls = cases[i].wanted;
        SSL *ssl = upstream_server_tls(server, &way);
        assert_non_null(ssl);
        assert_int_equal(SSL_get_verify_mode(ssl), cases[i].mode);
        SSL_free(ssl);
    }
}

/* ---- one that stands for many ---- */

TEST(test_what_one_original_does_says_nothing_of_the_others)
{
    const struct upstream_way other = {.ip = {.family = 4, .bytes = {192, 0, 2, 2}}, .port = 25};
    conf = (struct server){
        .address = SLICE("original"), .original = true, .tls = BACKEND_TLS_OPPORTUNISTIC};
    struct upstream_server *one = seen_from(row, 1);
    upstream_server_failed(one, "connect");
    upstream_server_refused(one, "auth");
    assert_false(upstream_server_is_down(one));
    assert_false(upstream_server_needs_care(one));
    upstream_server_tls_failed(one, &way, "alert");
    assert_true(upstream_server_without_tls(one, &way));
    assert_false(upstream_server_without_tls(one, &other));
    clock_advance(NO_TLS_MS);
    assert_false(upstream_server_without_tls(one, &way));
    upstream_server_free(&one);
}

TEST(test_of_many_originals_without_tls_the_last_are_remembered)
{
    enum { REMEMBERED = 64 };
    struct upstream_way ways[REMEMBERED + 1];
    conf = (struct server){
        .address = SLICE("original"), .original = true, .tls = BACKEND_TLS_OPPORTUNISTIC};
    struct upstream_server *one = seen_from(row, 1);
    for (unsigned i = 0; i <= REMEMBERED; i++) {
        ways[i] = (struct upstream_way){.ip = {.family = 4, .bytes = {10, 0, 0, (uint8_t)i}}};
        upstream_server_tls_failed(one, &ways[i], "alert");
    }
    assert_false(upstream_server_without_tls(one, &ways[0]));
    for (unsigned i = 1; i <= REMEMBERED; i++)
        assert_true(upstream_server_without_tls(one, &ways[i]));
    upstream_server_free(&one);
}
