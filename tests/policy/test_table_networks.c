/* SPDX-License-Identifier: ISC
 * Networks that stand in a text hold the addresses that each of them does, and damaged places of them
 * lead nowhere. */
#include "policy/table_networks.h"

#include "policy/config.h"
#include "policy/table.h"
#include "policy/table_file.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ARENA_TESTS(1 << 26);

enum { MOST = 300 };

static uint64_t seed = 5;

static unsigned dice(unsigned sides)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % sides;
}

/* Near each other, so that some hold others. */
static struct ip any_ip(void)
{
    struct ip ip = {.family = dice(2) ? 4 : 6};
    for (unsigned i = 0; i < (ip.family == 4 ? 4 : 16); i++)
        ip.bytes[i] = (uint8_t)(dice(4) ? dice(3) : dice(256));
    return ip;
}

static struct table *in_text(struct slice text)
{
    struct sources sources = {.arena = arena};
    struct table *table = table_new(&sources, 0);
    struct slice bad;
    assert_true(table && table_read(&sources, table, text));
    assert_true(table_as_networks(&sources, table, &bad));
    return table;
}

static bool holds(const struct table *table, const char *address)
{
    struct ip ip;
    assert_true(ip_parse(slice_of(address), &ip));
    return table_holds_ip(table, &ip);
}

TEST(test_an_address_is_in_the_table_when_it_is_in_one_of_its_networks)
{
    for (int round = 0; round < MANY(200, 20); round++) {
        static struct network networks[MOST];
        struct buf text = buf_init(1 << 16);
        unsigned count = 1 + dice(MOST);
        for (unsigned i = 0; i < count; i++) {
            char address[46];
            networks[i].base = any_ip();
            bool v4 = networks[i].base.family == 4;
            networks[i].length = (uint8_t)(dice(3) ? (v4 ? 32 : 128) - dice(9) : 8 + dice(24));
            ip_text(&networks[i].base, address);
            buf_printf(&text, "%s/%u\n", address, networks[i].length);
        }
        const struct table *table = in_text(buf_slice(&text));
        assert_true(table_in_file(table)->networks.size > 0);
        for (int n = 0; n < 200; n++) {
            unsigned pick = dice(MOST);
            struct ip ip = pick < count ? networks[pick].base : any_ip();
            bool expected = false;
            for (unsigned i = 0; i < count; i++)
                expected |= network_holds(&networks[i], &ip);
            assert_int_equal(table_holds_ip(table, &ip), expected);
        }
        buf_release(&text);
    }
}

TEST(test_addresses_alone_other_spellings_and_comments_are_networks_too)
{
    const struct table *table = in_text(SLICE("192.0.2.7 # one\n::ffff:198.51.100.0/120\n"
                                              "2001:DB8::/32\n10.1.2.3/8\n10.0.0.0/8\n"));
    assert_true(holds(table, "192.0.2.7") && !holds(table, "192.0.2.8"));
    assert_true(holds(table, "198.51.100.9") && !holds(table, "198.51.101.9"));
    assert_true(holds(table, "2001:db8:ffff::1") && !holds(table, "2001:db9::1"));
    assert_true(holds(table, "10.255.0.1") && !holds(table, "11.0.0.1"));
    assert_false(table_holds_all(table));
    assert_true(table_holds_all(in_text(SLICE("0.0.0.0/0\n"))));
    assert_true(table_holds_all(in_text(SLICE("192.0.2.1\n::/0\n"))));
}

TEST(test_an_empty_text_has_no_network)
{
    const struct table *table = in_text(SLICE("# none yet\n"));
    assert_false(holds(table, "0.0.0.0") || holds(table, "::") || table_holds_all(table));
}

TEST(test_damaged_places_of_networks_end_each_look_up_within_the_text)
{
    static const unsigned char fillings[] = {0x11, 0x7f, 0xf0, 0xff};
    const struct slice written = SLICE("10.0.0.0/8\n192.0.2.1");
    struct slice text = {malloc(written.len), written.len}; /* its ends are watched */
    memcpy((char *)(uintptr_t)text.ptr, written.ptr, written.len);
    for (size_t f = 0; f < sizeof fillings; f++) {
        uint32_t places[5];
        memset(places, fillings[f], sizeof places);
        struct network_places networks = {.text = {text, false}, .places = places, .size = 5};
        memset(&networks.lengths, 0xff, sizeof networks.lengths);
        for (int n = 0; n < 100; n++) {
            struct ip ip = any_ip();
            network_places_hold(&networks, &ip);
        }
        networks.text.pairs = true;
        network_places_hold(&networks, &(struct ip){.family = 6});
    }
    free((char *)(uintptr_t)text.ptr);
}
