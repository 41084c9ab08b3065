/* SPDX-License-Identifier: ISC */
#include "proxy/session/session_way.h"

#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

ARENA_TESTS(1 << 20);

static const char two_ways[] =
    "listen imap on \"0.0.0.0:10143\" { transparent  backend b\n"
    "  destination { \"10.0.0.0/8\" } backend other }\n"
    "backend b { imap \"10.0.0.5\" }\nbackend other { imap original source client }\n";

static const struct backend *mailbox_of(const struct config *c, uint16_t wanted_port)
{
    const struct session s = {.listener = &c->listeners[0],
                              .local = {.family = 4, .bytes = {10, 0, 0, 1}},
                              .local_port = wanted_port};
    const struct mailbox_way way = session_mailbox_way(&s, SLICE("user@example.com"));
    return config_mailbox(c, arena, &c->listeners[0], &way);
}

TEST(test_who_was_led_here_goes_where_that_leads)
{
    struct config *c = load_good(two_ways);
    assert_ptr_equal(mailbox_of(c, 143), &c->backends[1]);
    config_free(&c);
}

TEST(test_who_came_to_us_is_not_led_away_whatever_address_of_ours_he_reached)
{
    struct config *c = load_good(two_ways);
    assert_ptr_equal(mailbox_of(c, 0), &c->backends[0]);
    config_free(&c);
}
