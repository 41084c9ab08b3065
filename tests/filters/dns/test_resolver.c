/* SPDX-License-Identifier: ISC
 * What an owner of inquiries may rely on, with names that libunbound answers by itself and with a
 * server that never answers. On real servers: test_resolver.py. */
#include "filters/dns/resolver.h"

#include "filters/dns/inquiry.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ARENA_MAX = 1024 * 1024 };

static struct event_base *base;
static struct config *config;
static struct resolver *resolver;
static int silent = -1; /* a socket where questions arrive and stay */

struct owner {
    struct inquiry inquiry;
    struct arena *arena;
    struct dns_answers *answers;
    struct owner *victim;    /* cancelled in done */
    struct dns_wanted again; /* asked for in done */
    unsigned told;
};

static void done(void *ctx)
{
    struct owner *owner = ctx;
    owner->told++;
    assert_int_equal(owner->inquiry.pending, 0);
    if (owner->victim)
        inquiry_cancel(&owner->victim->inquiry);
    if (owner->again.type) {
        struct dns_wanted again = owner->again;
        owner->again.type = 0;
        inquiry_ask(&owner->inquiry, &again, 1);
    }
    event_base_loopbreak(base);
}

static void begin(struct owner *owner)
{
    *owner = (struct owner){.arena = arena_new(ARENA_MAX)};
    owner->answers = dns_answers_new(owner->arena);
    inquiry_begin(&owner->inquiry, resolver, owner->arena, owner->answers, done, owner);
}

static void finish(struct owner *owner)
{
    inquiry_cancel(&owner->inquiry);
    arena_free(&owner->arena);
}

static unsigned ask(struct owner *owner, const char *name, enum dns_type type)
{
    struct dns_wanted wanted = {.name = slice_of(name), .type = type};
    return inquiry_ask(&owner->inquiry, &wanted, 1);
}

static enum dns_status status(struct owner *owner, const char *name, enum dns_type type)
{
    struct dns_answer answer;
    assert_true(dns_look_up(owner->answers, slice_of(name), type, &answer));
    return answer.status;
}

static void start(void)
{
    char text[200];
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof here;
    const char *reason = "";
    silent = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(silent, (struct sockaddr *)&here, size), 0);
    assert_int_equal(getsockname(silent, (struct sockaddr *)&here, &size), 0);
    snprintf(text, sizeof text,
             "resolver { forward \"127.0.0.1:%u\" timeout 300ms queries 10 pending 10 }\n",
             ntohs(here.sin_port));
    base = event_base_new();
    config = load_good(text);
    resolver = config ? resolver_new(base, config, &reason) : NULL;
    assert_non_null(resolver);
}

static void stop(void)
{
    resolver_free(&resolver);
    config_free(&config);
    event_base_free(base);
    close(silent);
}

EACH_TEST(start, stop);

TEST(test_what_is_at_hand_is_in_the_table_at_once)
{
    struct owner o;
    begin(&o);
    assert_int_equal(ask(&o, "localhost", DNS_A), 0);
    assert_int_equal(ask(&o, "LocalHost.", DNS_A), 0);
    assert_int_equal(o.inquiry.queries, 1);
    assert_int_equal(status(&o, "localhost", DNS_A), DNS_FOUND);
    assert_int_equal(o.told, 0);
    assert_null(o.inquiry.lookups);
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(o.told, 0);
    finish(&o);
}

TEST(test_a_name_need_not_outlive_the_call)
{
    struct owner o;
    char name[] = "localhost";
    begin(&o);
    ask(&o, name, DNS_A);
    memset(name, 'x', sizeof name - 1);
    assert_int_equal(status(&o, "localhost", DNS_A), DNS_FOUND);
    finish(&o);
}

TEST(test_names_that_cannot_exist_cost_nothing)
{
    struct owner o;
    begin(&o);
    assert_int_equal(ask(&o, "a..b", DNS_A), 0);
    assert_int_equal(ask(&o, "", DNS_A), 0);
    assert_int_equal(o.inquiry.queries, 0);
    assert_int_equal(status(&o, "a..b", DNS_A), DNS_NO_NAME);
    finish(&o);
}

TEST(test_the_budget_ends_in_failures)
{
    struct owner o;
    char name[40];
    begin(&o);
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "n%d.invalid", i);
        assert_int_equal(ask(&o, name, DNS_A), 0);
        assert_int_equal(status(&o, name, DNS_A), i < 10 ? DNS_NO_NAME : DNS_UNASKED);
    }
    assert_int_equal(o.inquiry.queries, 10);
    finish(&o);
}

TEST(test_a_spent_budget_has_a_reserve)
{
    struct owner o;
    char name[40];
    begin(&o);
    for (int i = 0; i < 300; i++) {
        bool reserved = i >= 12 && i % 2;
        snprintf(name, sizeof name, "_dmarc.n%d.invalid", i);
        struct dns_wanted wanted = {slice_of(name), DNS_TXT, reserved};
        assert_int_equal(inquiry_ask(&o.inquiry, &wanted, 1), 0);
        assert_int_equal(status(&o, name, DNS_TXT), i < 10 || reserved ? DNS_NO_NAME : DNS_UNASKED);
    }
    assert_true(dns_unasked(o.answers));
    assert_int_equal(o.inquiry.queries, 10);
    assert_int_equal(o.inquiry.reserved, 144);
    finish(&o);
}

TEST(test_the_reserve_ends_as_well)
{
    struct owner o;
    char name[40];
    unsigned answered = 0;
    begin(&o);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "n%d.invalid", i);
        struct dns_wanted wanted = {slice_of(name), DNS_TXT, true};
        inquiry_ask(&o.inquiry, &wanted, 1);
        answered += status(&o, name, DNS_TXT) == DNS_NO_NAME;
    }
    assert_int_equal(answered, 10 + 192);
    finish(&o);
}

TEST(test_when_patience_ends_all_that_is_missing_has_timed_out)
{
    struct owner o, other;
    begin(&o);
    begin(&other);
    ask(&o, "alone.test", DNS_A);
    ask(&o, "shared.test", DNS_A);
    ask(&other, "shared.test", DNS_A);
    inquiry_hurry(&o.inquiry, true);
    assert_int_equal(o.inquiry.pending, 0);
    assert_int_equal(status(&o, "alone.test", DNS_A), DNS_TIMED_OUT);
    assert_int_equal(status(&o, "shared.test", DNS_A), DNS_TIMED_OUT);
    assert_int_equal(ask(&o, "_dmarc.later.test", DNS_TXT), 0);
    assert_int_equal(status(&o, "_dmarc.later.test", DNS_TXT), DNS_TIMED_OUT);
    assert_int_equal(other.inquiry.pending, 1);
    event_base_dispatch(base);
    assert_int_equal(o.told, 0);
    assert_int_equal(other.told, 1);
    finish(&o);
    finish(&other);
}

TEST(test_time_is_counted_and_ends)
{
    struct owner o;
    begin(&o);
    assert_int_equal(ask(&o, "slow.test", DNS_A), 1);
    assert_int_equal(ask(&o, "SLOW.test", DNS_A), 1);
    assert_int_equal(ask(&o, "localhost", DNS_A), 1);
    assert_int_equal(resolver_counts(resolver).pending, 1);
    event_base_dispatch(base);
    assert_int_equal(o.told, 1);
    assert_int_equal(status(&o, "slow.test", DNS_A), DNS_TIMED_OUT);
    assert_true(o.inquiry.ms >= 300 && o.inquiry.ms < 3000);
    assert_int_equal(resolver_counts(resolver).timed_out, 1);
    assert_int_equal(resolver_counts(resolver).pending, 0);
    finish(&o);
}

TEST(test_who_is_told_may_ask_again)
{
    struct owner o;
    begin(&o);
    o.again = (struct dns_wanted){.name = SLICE("second.test"), .type = DNS_A};
    ask(&o, "first.test", DNS_A);
    event_base_dispatch(base);
    assert_int_equal(o.told, 1);
    assert_int_equal(o.inquiry.pending, 1);
    event_base_dispatch(base);
    assert_int_equal(o.told, 2);
    assert_int_equal(status(&o, "second.test", DNS_A), DNS_TIMED_OUT);
    finish(&o);
}

TEST(test_who_is_told_may_cancel_others_whose_answers_have_come)
{
    struct owner a, b;
    begin(&a);
    begin(&b);
    a.victim = &b;
    b.victim = &a;
    ask(&a, "shared.test", DNS_A);
    ask(&b, "shared.test", DNS_A);
    ask(&b, "other.test", DNS_A);
    event_base_dispatch(base);
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(a.told + b.told, 1);
    assert_int_equal(a.inquiry.pending + b.inquiry.pending, 0);
    finish(&a);
    finish(&b);
}

/* An owner who asks more before it is told is told once, at the end of all. */
TEST(test_more_may_be_asked_while_answers_wait_to_be_told)
{
    struct owner o;
    begin(&o);
    ask(&o, "one.test", DNS_A);
    event_base_loopexit(base, &(struct timeval){.tv_usec = 200 * 1000L});
    event_base_dispatch(base);
    assert_int_equal(ask(&o, "two.test", DNS_A), 2);
    event_base_dispatch(base);
    assert_int_equal(o.told, 1);
    assert_int_equal(status(&o, "one.test", DNS_A), DNS_TIMED_OUT);
    assert_int_equal(status(&o, "two.test", DNS_A), DNS_TIMED_OUT);
    finish(&o);
}

TEST(test_more_than_may_wait_fails_at_once)
{
    struct owner owners[3];
    char name[40];
    unsigned failed = 0;
    for (int i = 0; i < 3; i++) {
        begin(&owners[i]);
        for (int k = 0; k < 10; k++) {
            snprintf(name, sizeof name, "m%d-%d.test", i, k);
            ask(&owners[i], name, DNS_A);
            failed += dns_answered(owners[i].answers, slice_of(name), DNS_A);
        }
    }
    assert_int_equal(failed, 10);
    for (int i = 0; i < 3; i++)
        finish(&owners[i]);
    assert_int_equal(resolver_counts(resolver).pending, 0);
}

TEST(test_a_full_arena_is_no_disaster)
{
    for (size_t room = 1; room < 3000; room += 50) {
        struct owner o;
        begin(&o);
        struct arena *small = arena_new(room);
        o.inquiry.arena = small;
        ask(&o, "localhost", DNS_A);
        assert_int_equal(o.inquiry.pending, 0);
        finish(&o);
        arena_free(&small);
    }
}

TEST(test_what_is_late_when_time_is_over_has_timed_out)
{
    struct owner o;
    begin(&o);
    assert_int_equal(ask(&o, "a.example", DNS_A), 1);
    assert_int_equal(ask(&o, "b.example", DNS_TXT), 2);
    inquiry_hurry(&o.inquiry, true);
    assert_int_equal(o.inquiry.pending, 0);
    assert_null(o.inquiry.lookups);
    assert_int_equal(status(&o, "a.example", DNS_A), DNS_TIMED_OUT);
    assert_int_equal(status(&o, "b.example", DNS_TXT), DNS_TIMED_OUT);
    assert_int_equal(ask(&o, "c.example", DNS_A), 0);
    assert_int_equal(status(&o, "c.example", DNS_A), DNS_TIMED_OUT);
    assert_int_equal(ask(&o, "localhost", DNS_A), 0);
    assert_int_equal(status(&o, "localhost", DNS_A), DNS_FOUND);
    event_base_loop(base, EVLOOP_NONBLOCK);
    assert_int_equal(o.told, 0);
    inquiry_hurry(&o.inquiry, false);
    assert_int_equal(ask(&o, "d.example", DNS_A), 1);
    finish(&o);
}

/* Asks for so many names that nobody answers; how many could not be asked. */
static unsigned ask_many(struct owner *o, const char *prefix, unsigned count, bool reserved)
{
    char name[40];
    unsigned unasked = 0;
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%s%u.test", prefix, i);
        struct dns_wanted wanted = {slice_of(name), DNS_TXT, reserved};
        inquiry_ask(&o->inquiry, &wanted, 1);
        unasked += dns_answered(o->answers, slice_of(name), DNS_TXT);
    }
    return unasked;
}

static const struct asker client = {.network = 1}, other = {.network = 2}, nobody = {0};

TEST(test_a_network_has_a_quarter_of_the_room_once_half_of_it_is_taken)
{
    struct owner o, p, q;
    begin(&o);
    begin(&p);
    begin(&q);
    o.inquiry.asker = client;
    p.inquiry.asker = other;
    assert_int_equal(ask_many(&o, "o", 5, false), 0);
    assert_false(resolver_is_busy_for(resolver, &client));
    assert_int_equal(ask_many(&o, "p", 4, false), 3); /* the sixth made it scarce */
    assert_true(resolver_is_busy_for(resolver, &client));
    assert_false(resolver_is_busy_for(resolver, &other));
    assert_false(resolver_is_busy_for(resolver, &nobody));
    assert_int_equal(ask_many(&p, "q", 4, false), 2);
    assert_int_equal(ask_many(&q, "r", 10, false), 0); /* of nobody: as many as there is room for */
    assert_int_equal(status(&o, "p3.test", DNS_TXT), DNS_UNASKED);
    assert_true(o.inquiry.withheld && p.inquiry.withheld && !q.inquiry.withheld);
    inquiry_cancel(&o.inquiry);
    assert_true(resolver_is_busy_for(resolver, &client)); /* libunbound still asks */
    finish(&o);
    finish(&p);
    finish(&q);
}

TEST(test_a_wider_network_has_a_half)
{
    struct owner owners[4];
    unsigned unasked = 0;
    for (unsigned i = 0; i < 4; i++) {
        char prefix[] = {'w', (char)('a' + i), '\0'};
        begin(&owners[i]);
        owners[i].inquiry.asker = (struct asker){.network = 10 + i, .wider = 99};
        unasked += ask_many(&owners[i], prefix, 2, false);
    }
    assert_int_equal(unasked, 2);
    for (unsigned i = 0; i < 4; i++)
        finish(&owners[i]);
}

TEST(test_what_is_reserved_has_room_when_all_other_is_taken)
{
    struct owner flood, o;
    begin(&flood);
    begin(&o);
    o.inquiry.asker = client;
    for (unsigned i = 0; i < 4; i++) {
        char prefix[] = {'f', (char)('a' + i), '\0'};
        flood.inquiry.queries = 0;
        ask_many(&flood, prefix, 10, false);
    }
    assert_int_equal(resolver_counts(resolver).pending, 20); /* ten of them in line */
    assert_int_equal(resolver_counts(resolver).asked, 10);
    assert_int_equal(ask_many(&o, "usual", 1, false), 1);
    assert_int_equal(ask_many(&o, "_dmarc", 2, true), 0);
    assert_int_equal(resolver_counts(resolver).asked, 12);
    finish(&flood);
    finish(&o);
}

TEST(test_of_what_is_reserved_a_network_has_its_share_as_well)
{
    struct owner flood, o, p;
    begin(&flood);
    begin(&o);
    begin(&p);
    o.inquiry.asker = client;
    p.inquiry.asker = other;
    ask_many(&flood, "f", 10, false);
    /* of 17 places it has 9 until that is scarce, and two of the others */
    assert_int_equal(ask_many(&o, "o", 20, true), 9);
    assert_int_equal(ask_many(&p, "p", 4, true), 0);
    finish(&flood);
    finish(&o);
    finish(&p);
}

TEST(test_what_is_reserved_may_stand_with_all_other_once_its_own_room_is_taken)
{
    struct owner half, flood, o;
    begin(&half);
    begin(&flood);
    begin(&o);
    o.inquiry.asker = client;
    assert_int_equal(ask_many(&half, "h", 6, false), 0); /* scarce from now on */
    assert_int_equal(ask_many(&flood, "f", 17, true), 0);
    assert_int_equal(ask_many(&flood, "g", 17, true), 0);
    assert_int_equal(ask_many(&o, "_dmarc", 1, true), 0);
    finish(&half);
    finish(&flood);
    finish(&o);
}

TEST(test_whoever_asked_for_a_name_first_makes_nobody_wait_who_has_a_place)
{
    struct owner flood, o;
    begin(&flood);
    begin(&o);
    flood.inquiry.queries = 0;
    ask_many(&flood, "f", 10, false);
    flood.inquiry.queries = 0;
    assert_int_equal(ask_many(&flood, "_dmarc", 1, false), 0); /* stands in line */
    assert_int_equal(resolver_counts(resolver).asked, 10);
    assert_int_equal(ask_many(&o, "_dmarc", 1, true), 0);
    assert_int_equal(resolver_counts(resolver).asked, 11);
    assert_int_equal(resolver_counts(resolver).pending, 11);
    finish(&flood);
    assert_int_equal(o.inquiry.pending, 1);
    finish(&o);
}

TEST(test_what_stood_in_line_for_long_is_no_silence_of_others)
{
    struct owner flood, o;
    begin(&flood);
    begin(&o);
    ask_many(&flood, "f", 10, false);
    assert_int_equal(ask(&o, "late.test", DNS_A), 1);
    event_base_loopexit(base, &(struct timeval){.tv_usec = 200 * 1000L});
    event_base_dispatch(base);
    inquiry_cancel(&flood.inquiry); /* at last there is room */
    event_base_dispatch(base);
    assert_int_equal(o.told, 1);
    assert_int_equal(status(&o, "late.test", DNS_A), DNS_UNASKED);
    finish(&flood);
    finish(&o);
}

TEST(test_what_it_needs_is_checked_at_the_start)
{
    static const char *const texts[] = {
        "resolver { resolv_conf \"/nowhere/resolv.conf\" }",
        "resolver { stub \"example.com\" \"192.0.2.1\" resolv_conf \"/nowhere/resolv.conf\" }",
        "resolver { forward \"192.0.2.1\" dnssec on root_key \"/nowhere/resolv.conf\" }",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *reason = "";
        struct config *c = load_good(texts[i]);
        assert_non_null(c);
        assert_null(resolver_new(base, c, &reason));
        assert_string_equal(reason, "/nowhere/resolv.conf: No such file or directory");
        config_free(&c);
    }
    const char *reason = "";
    struct config *c = load_good("resolver { resolv_conf \"\" }"); /* the root's own servers */
    struct resolver *r = resolver_new(base, c, &reason);
    assert_non_null(r);
    resolver_free(&r);
    assert_null(r);
    config_free(&c);
}
