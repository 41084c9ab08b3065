/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/errand_backend.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

ARENA_TESTS(1 << 20);

static const char led[] =
    "listen smtp on \"0.0.0.0:10025\" { transparent  destination { \"10.0.0.6\" } backend other }\n"
    "backend b { smtp \"10.0.0.5\" }\nbackend other { smtp original source client }\n"
    "backend idle { smtp \"10.0.0.7\" }\ndomain \"example.com\" { backend b }\n";

static const struct backend *way(const struct config *config, const struct hold_request *held)
{
    const struct errand errand = {.address = SLICE("user@example.com")};
    struct slice why;
    const struct backend *backend = errand_backend(config, arena, &errand, held, &why);
    assert_true(backend || why.len);
    return backend;
}

TEST(test_what_is_held_leaves_by_what_its_destination_led_to)
{
    struct config *c = load_good(led);
    struct hold_request held = {.destination = SLICE("10.0.0.6:25"), .led_to = SLICE("other")};
    assert_ptr_equal(way(c, &held), &c->backends[1]);
    held.led_to = SLICE("idle"); /* nobody is led there any more */
    assert_null(way(c, &held));
    held.led_to = SLICE("");
    assert_ptr_equal(way(c, &held), &c->backends[0]);
    config_free(&c);
}

TEST(test_where_its_client_wanted_to_go_is_known_when_he_has_gone)
{
    static const struct {
        const char *text, *ip;
        unsigned port;
    } cases[] = {{"192.0.2.1:25", "192.0.2.1", 25},
                 {"[2001:db8::1]:65535", "2001:db8::1", 65535},
                 {"", NULL, 0},
                 {"192.0.2.1", NULL, 0},
                 {"192.0.2.1:", NULL, 0},
                 {":25", NULL, 0},
                 {"192.0.2.1:65536", NULL, 0},
                 {"[]:25", NULL, 0},
                 {"[:25", NULL, 0},
                 {"mail.example:25", NULL, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[46] = "";
        const struct hold_request held = {.destination = slice_of(cases[i].text)};
        struct upstream_client client = errand_client(&held);
        assert_int_equal(client.connection, -1);
        assert_int_equal(client.destination_port, cases[i].port);
        assert_int_equal(client.destination.family != 0, cases[i].ip != NULL);
        if (cases[i].ip)
            ip_text(&client.destination, text);
        assert_string_equal(text, cases[i].ip ? cases[i].ip : "");
    }
}
