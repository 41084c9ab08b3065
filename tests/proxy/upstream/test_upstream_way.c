/* SPDX-License-Identifier: ISC */
#include "proxy/upstream/upstream_connect.h"
#include "proxy/upstream/upstream_way.h"
#include "tests/harness/unit.h"

#include <string.h>

#define WANTED                                                                                     \
    {                                                                                              \
        .family = 4, .bytes = { 198, 51, 100, 7 }                                                  \
    }

static const struct ip server_ip = {.family = 4, .bytes = {192, 0, 2, 1}}, wanted = WANTED,
                       own = {.family = 4, .bytes = {192, 0, 2, 9}};
static const struct upstream_client client = {
    .destination = WANTED, .destination_port = 2525, .connection = 7, .queue = 8, .family = 4};
static const struct upstream_client of_ours = {
    .destination = WANTED, .destination_port = 2525, .connection = -1, .queue = -1};

static struct upstream_way way(const struct backend *backend, bool original,
                               const struct upstream_client *whose)
{
    const struct server server = {.ip = server_ip, .port = 25, .original = original};
    const char *reason = NULL;
    struct upstream_way out;
    assert_true(upstream_way(backend, &server, whose, &out, &reason));
    return out;
}

static bool same(const struct ip *a, const struct ip *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

TEST(test_a_server_with_an_address_is_there_whatever_a_client_wanted)
{
    const struct backend backend = {.source = own, .has_source = true};
    const struct upstream_client *whose[] = {NULL, &client, &of_ours};
    for (size_t i = 0; i < 3; i++) {
        struct upstream_way to = way(&backend, false, whose[i]);
        assert_true(same(&to.ip, &server_ip) && to.port == 25 && !to.original);
        assert_true(to.source && same(to.source, &own));
        assert_int_equal(to.connection, -1);
    }
}

TEST(test_an_original_is_where_the_client_wanted_to_go_from_our_address_or_his)
{
    struct backend backend = {.has_source = false};
    struct upstream_way to = way(&backend, true, &client);
    assert_true(same(&to.ip, &wanted) && to.port == 2525 && to.original);
    assert_true(!to.source && to.connection == -1 && to.queue == -1);
    backend.source_client = true;
    to = way(&backend, true, &client);
    assert_true(same(&to.ip, &wanted) && to.connection == 7 && to.queue == 8);
}

TEST(test_what_has_no_client_any_more_comes_from_our_address)
{
    const struct backend backend = {.source_client = true};
    struct upstream_way to = way(&backend, true, &of_ours);
    assert_true(same(&to.ip, &wanted) && to.connection == -1);
    to = way(&backend, false, NULL);
    assert_true(same(&to.ip, &server_ip) && to.connection == -1);
}

TEST(test_an_original_is_nowhere_for_who_wanted_to_go_nowhere)
{
    const struct upstream_client nowhere = {.connection = 7, .queue = 8};
    const struct upstream_client *whose[] = {NULL, &nowhere};
    const struct backend backend = {.source_client = true};
    const struct server server = {.original = true};
    for (size_t i = 0; i < 2; i++) {
        const char *reason = NULL;
        struct upstream_way out;
        assert_false(upstream_way(&backend, &server, whose[i], &out, &reason));
        assert_non_null(reason);
    }
}

/* He cannot speak to it from his own address; others may, so it is passed over and not down. */
TEST(test_a_server_of_another_family_is_none_for_a_client_whose_address_it_is_to_see)
{
    const struct server server = {.ip = {.family = 6}, .port = 25};
    struct backend backend = {.source_client = true};
    const char *reason = NULL;
    struct upstream_way out;
    assert_false(upstream_way(&backend, &server, &client, &out, &reason));
    assert_non_null(reason);
    assert_true(upstream_way(&backend, &server, &of_ours, &out, &reason));
    backend.source_client = false;
    assert_true(upstream_way(&backend, &server, &client, &out, &reason));
}

TEST(test_which_addresses_are_this_machines)
{
    struct ip loopback = {.family = 4, .bytes = {127, 0, 0, 1}}, v6 = {.family = 6};
    v6.bytes[15] = 1;
    assert_true(upstream_is_here(&loopback));
    assert_true(upstream_is_here(&v6));
    assert_false(upstream_is_here(&wanted));
}

TEST(test_a_place_is_written_as_it_is_configured)
{
    char text[UPSTREAM_PLACE_MAX];
    upstream_place(&wanted, 65535, text);
    assert_string_equal(text, "198.51.100.7:65535");
    struct ip longest = {.family = 6};
    memset(longest.bytes, 0xff, sizeof longest.bytes);
    upstream_place(&longest, 25, text);
    assert_string_equal(text, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:25");
}
