/* SPDX-License-Identifier: ISC */
#include "filters/likeness/domain_likeness.h"

#include "base/domain_name.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

static const char configuration[] =
    "listen smtp on \"127.0.0.1:25\"\n"
    "backend b { smtp \"127.0.0.1:26\" }\n"
    "domain \"northwind.com\" { backend b }\n"
    "domain \"*.bücher.de\" { backend b }\n"
    "domain \"dept.university.edu\" { backend b }\n"
    "impersonation {\n"
    "  partners { \"3m.com\" \"deutsche-bank.de\" \"paypal.de\" \"mail.com\" }\n"
    "  brands { \"paypal.com\" \"dhl.com\" \"dhl.de\" \"microsoft.com\" \"apple.com\" "
    "\"chase.com\" "
    "\"walmart.com\" }\n"
    "}\n";

ARENA(4 << 20);
static struct config *config;
static const struct known_domains *all;

static void set_up(void)
{
    make_arena();
    config = load_good(configuration);
    assert_non_null(config);
    all = known_domains_new(arena, config);
    assert_non_null(all);
}

static void tear_down(void)
{
    config_free(&config);
    free_arena();
}

EACH_TEST(set_up, tear_down);

/* "letters brand paypal.com", several with commas between, or "". */
static struct slice found(const char *domain)
{
    static const char *const by[] = {"letters", "spelling", "words", "ending"}, *const of[] = {
                                                                                    "own",
                                                                                    "partner",
                                                                                    "brand"};
    static char room[1024];
    struct buf out = buf_over(room, sizeof room);
    struct domain_name name;
    struct likenesses likenesses = {.count = 0};
    assert_null(domain_name_make(arena, slice_of(domain), &name));
    domain_likenesses(all, name.text, &likenesses);
    for (size_t i = 0; i < likenesses.count; i++)
        buf_printf(&out, "%s%s %s %.*s", i ? ", " : "", by[likenesses.found[i].by],
                   of[likenesses.found[i].known->of], SLICE_ARGS(likenesses.found[i].known->name));
    return buf_slice(&out);
}

static void all_are(const char *const (*cases)[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slice is = found(cases[i][0]);
        if (!slice_eq(is, slice_of(cases[i][1])))
            fail_msg("%s: %.*s, not %s", cases[i][0], SLICE_ARGS(is), cases[i][1]);
    }
}
#define ALL_ARE(cases) all_are(cases, sizeof(cases) / sizeof *(cases))

TEST(test_what_is_known_looks_like_nobody)
{
    static const char *const cases[][2] = {
        {"northwind.com", ""},
        {"mail.northwind.com", ""},
        {"paypal.com", ""},
        {"paypal.de", ""},
        {"mail.paypal.com", ""},
        {"paypal.mail.paypal.com", ""},
        {"bücher.de", ""},
        {"dept.university.edu", ""},
        {"other.university.edu", ""},
        {"paypal.dept.university.edu", ""},
    };
    ALL_ARE(cases);
}

TEST(test_letters)
{
    static const char *const cases[][2] = {
        {"paypa1.com", "letters partner paypal.de"},
        {"paypai.com", "letters partner paypal.de"},
        {"PAYPAI.net", "letters partner paypal.de"},
        {"раураl.com", "letters partner paypal.de"},
        {"xn--pypl-53dc.com", "letters partner paypal.de"},
        {"mail.rnicrosoft.com", "letters brand microsoft.com"},
        {"m1cr0s0ft.net", "letters brand microsoft.com"},
        {"vvalmart.com", "letters brand walmart.com"},
        {"dh1.com", "letters brand dhl.com"},
        {"bucher.de", "letters own xn--bcher-kva.de"},
        {"northvvind.com", "letters own northwind.com"},
        {"em.com", ""}, /* is no 3m */
    };
    ALL_ARE(cases);
}

TEST(test_spelling)
{
    static const char *const cases[][2] = {
        {"payppal.com", "spelling partner paypal.de"},
        {"papal.com", "spelling partner paypal.de"},
        {"paypel.com", "spelling partner paypal.de"},
        {"apypal.com", "spelling partner paypal.de"},
        {"pay-pal.com", "spelling partner paypal.de"},
        {"micorsoft.com", "spelling brand microsoft.com"},
        {"mikrosfot.com", "spelling brand microsoft.com"},
        {"nothwind.com", "spelling own northwind.com"},
        {"dhll.com", ""},   /* too short */
        {"appl.com", ""},   /* too short now */
        {"pepsel.com", ""}, /* two slips in six letters */
        {"deutschebank.de", "spelling partner deutsche-bank.de"},
    };
    ALL_ARE(cases);
}

TEST(test_words)
{
    static const char *const cases[][2] = {
        {"paypal-support.com", "words partner paypal.de"},
        {"secure-paypal.com", "words partner paypal.de"},
        {"kxq-paypal-9.com", "words partner paypal.de"},
        {"paypa1-support.com", "words partner paypal.de"},
        {"rnicrosoft-login.com", "words brand microsoft.com"},
        {"mypaypal.com", "words partner paypal.de"},
        {"paypalsecure.com", "words partner paypal.de"},
        {"mypaypalonline.com", "words partner paypal.de"},
        {"paypalish.com", ""},
        {"paypal.com.evil.example", "words partner paypal.de"},
        {"paypal.evil.example", "words partner paypal.de"},
        {"login.paypal.evil.example", "words partner paypal.de"},
        {"paypal.com-login.net", "words partner paypal.de"},
        {"paypal-com.evil.example", "words partner paypal.de"},
        {"dhl.evil.example", "words brand dhl.com"},
        {"dhl-tracking.com", "words brand dhl.com"},
        {"dhl-kolb.com", ""}, /* of so few letters, beside usual words alone */
        {"deutsche-bank-login.com", "words partner deutsche-bank.de"},
        {"3m-login.com", "words partner 3m.com"},
        {"3m.evil.example", ""},
        {"mail.evil.example", ""}, /* known, and one of the words */
        {"mail-evil.example", ""},
        {"bücher-shop.de", "words own xn--bcher-kva.de"},
        {"university.evil.example", "words own dept.university.edu"},
    };
    ALL_ARE(cases);
}

TEST(test_endings)
{
    static const char *const cases[][2] = {
        {"paypal.co", "ending partner paypal.de"},
        {"www.paypal.co.uk", "ending partner paypal.de"},
        {"northwind.de", "ending own northwind.com"},
        {"dhl.fr", "ending brand dhl.com"},
        {"university.com", "ending own dept.university.edu"},
        {"bücher.com", "ending own xn--bcher-kva.de"},
    };
    ALL_ARE(cases);
}

TEST(test_several_are_told_each_once_by_what_tells_most)
{
    static const char *const cases[][2] = {
        {"microsoft-paypal.com", "words brand microsoft.com, words partner paypal.de"},
        {"paypa1.paypal.net", "words partner paypal.de"},
        {"paypal.paypa1.net", "letters partner paypal.de"},
    };
    ALL_ARE(cases);
}

TEST(test_what_has_no_registered_domain_looks_like_nobody)
{
    static const char *const cases[][2] = {{"com", ""}, {"co.uk", ""}, {"localhost", ""}};
    struct likenesses none = {.count = 0};
    ALL_ARE(cases);
    domain_likenesses(all, SLICE(""), &none);
    domain_likenesses(all, SLICE("[192.0.2.1]"), &none);
    domain_likenesses(all, SLICE("pay pal.com"), &none);
    assert_int_equal(none.count, 0);
}

TEST(test_no_more_are_told_than_there_is_room_for)
{
    struct buf text = buf_init(65536), report = buf_init(65536);
    buf_cstr(&text, "impersonation { brands {");
    for (char c = 'a'; c < 'a' + 20; c++)
        buf_printf(&text, " \"known%c.com\"", c);
    buf_cstr(&text, " } }\n");
    buf_char(&text, '\0');
    struct config *many = load_good(buf_slice(&text).ptr);
    assert_non_null(many);
    struct likenesses likenesses = {.count = 0};
    domain_likenesses(known_domains_new(arena, many), SLICE("known.com"), &likenesses);
    assert_int_equal(likenesses.count, LIKENESSES_MAX);
    assert_true(likenesses.cut);
    config_free(&many);
    buf_release(&text);
    buf_release(&report);
}
