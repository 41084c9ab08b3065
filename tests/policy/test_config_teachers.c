/* SPDX-License-Identifier: ISC
 * Addresses whose mail is learnt from: traps, and those that reports are sent to. */
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#define BEHIND "backend b { smtp \"10.0.0.5\" }\ndomain \"example.com\" { backend b }\n"
#define LEARNING "learn { enabled on }\n"

static bool takes(const struct config *config, const char *address)
{
    struct ip ip;
    assert_true(ip_parse(slice_of(address), &ip));
    return config_takes_reports(config, &ip);
}

TEST(test_an_address_is_a_trap_or_takes_reports_of_spam_or_of_good_mail)
{
    struct config *c =
        load_good(BEHIND LEARNING
                  "learn { trap { \"Old@example.com\" }  report_spam { \"spam@report.test\" }\n"
                  "report_good good  report_from { \"10.0.0.0/8\" \"192.0.2.7\" } }\n"
                  "table good { \"notspam@report.test\" }\n");
    assert_int_equal(config_teaches(c, SLICE("old@example.com")), TEACHES_TRAP);
    assert_int_equal(config_teaches(c, SLICE("SPAM@report.test")), TEACHES_SPAM);
    assert_int_equal(config_teaches(c, SLICE("notspam@report.test")), TEACHES_GOOD);
    assert_int_equal(config_teaches(c, SLICE("user@example.com")), TEACHES_NOTHING);
    assert_true(takes(c, "10.1.2.3") && takes(c, "192.0.2.7"));
    assert_false(takes(c, "192.0.2.8") || takes(c, "2001:db8::1"));
    config_free(&c);
}

TEST(test_postmaster_of_a_domain_of_traps_is_none)
{
    struct config *c = load_good(BEHIND LEARNING "learn { trap { \"@example.com\" } }\n");
    assert_int_equal(config_teaches(c, SLICE("anybody@example.com")), TEACHES_TRAP);
    assert_int_equal(config_teaches(c, SLICE("postmaster@example.com")), TEACHES_NOTHING);
    assert_int_equal(config_teaches(c, SLICE("abuse@example.com")), TEACHES_NOTHING);
    assert_false(takes(c, "10.0.0.1"));
    config_free(&c);
}

TEST(test_who_takes_labels_must_learn)
{
    assert_true(is_refused(
        BEHIND "learn { trap { \"old@example.com\" } }",
        "t.conf:3:9: error: trap is for what is learnt, and nothing is; expected \"enabled on\""));
    assert_true(
        is_refused("learn { report_from { \"10.0.0.1\" }\nreport_spam { \"spam@report.test\" } }",
                   "t.conf:2:1: error: report_spam is for what is learnt, and nothing is"));
}

TEST(test_reports_need_to_know_who_is_inside)
{
    assert_true(is_refused(LEARNING "learn { report_good { \"notspam@report.test\" } }",
                           "t.conf:2:9: error: report_good needs to know who is inside"));
    assert_true(
        is_refused(LEARNING "learn { report_from { \"10.0.0.1\" } }",
                   "t.conf:2:9: error: report_from says who may report, and there is no address"));
    assert_true(is_refused(
        LEARNING "learn { report_from { \"inside\" }  report_good { \"notspam@report.test\" } }",
        "t.conf:2:23: error: the entry \"inside\" is neither an address nor a network"));
}

TEST(test_a_trap_that_no_mail_comes_to_is_told)
{
    assert_true(is_refused(
        BEHIND LEARNING "learn { trap { \"old@example.com\" \"old@example.org\" } }",
        "t.conf:4:34: error: no mail is taken for \"example.org\", so nothing comes to this trap"));
    assert_true(is_refused(BEHIND LEARNING "learn { trap { \"*@example.com\" } }",
                           "t.conf:4:16: error: the entry \"*@example.com\" has a '*', which "
                           "stands for nothing here"));
}

#define TAKES(addresses)                                                                           \
    "backend b { smtp \"10.0.0.5\" }\n"                                                            \
    "domain \"example.com\" { backend b recipients { " addresses " } }\n" LEARNING

TEST(test_what_a_user_reads_is_neither_a_trap_nor_an_address_for_reports)
{
    static const char *const wrong[] = {"\"user@example.com\"", "\"@example.com\"",
                                        "\"x@example.com\" \"USER@EXAMPLE.COM\""};
    char text[1000];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, sizeof text, TAKES("\"User@example.com\"") "learn { trap { %s } }",
                 wrong[i]);
        assert_true(is_refused(
            text,
            "t.conf:4:9: error: \"User@example.com\" is in a table of recipients and in trap, "
            "which delivers its mail to nobody; expected it in one"));
        snprintf(text, sizeof text,
                 TAKES("\"User@example.com\"") "learn { report_from { \"10.0.0.1\" }\n"
                                               "report_good { %s } }",
                 wrong[i]);
        assert_true(is_refused(text, "t.conf:5:1: error: \"User@example.com\" is in a table of "
                                     "recipients and in report_good"));
    }
}

TEST(test_a_trap_stands_beside_users_and_beside_a_whole_domain_of_them)
{
    struct config *c = load_good(
        TAKES("\"user@example.com\" \"@example.com\"") "learn { trap { \"old@example.com\" } }");
    assert_int_equal(config_teaches(c, SLICE("old@example.com")), TEACHES_TRAP);
    assert_int_equal(config_teaches(c, SLICE("user@example.com")), TEACHES_NOTHING);
    config_free(&c);
}

static bool warns(const char *text, const char *of)
{
    struct buf report = buf_init(65536);
    struct config *c = load_text(text, &report);
    bool said = slice_search(buf_slice(&report), slice_of(of)) < buf_len(&report);
    assert_non_null(c);
    config_free(&c);
    buf_release(&report);
    return said;
}

TEST(test_who_makes_a_whole_domain_a_trap_is_told_what_that_means)
{
    assert_true(warns(TAKES("\"postmaster@example.com\"") "learn { trap { \"@example.com\" } }",
                      "t.conf:4:16: warning: all mail to \"@example.com\" goes to trap and is "
                      "delivered to nobody"));
    assert_true(warns(BEHIND LEARNING "learn { trap { \"*.example.com\" } }",
                      "all mail to \"*.example.com\""));
    assert_false(warns(BEHIND LEARNING "learn { trap { \"old@example.com\" } }", "all mail to"));
}

TEST(test_not_everybody_is_inside)
{
    assert_true(is_refused(LEARNING "learn { report_from { \"10.0.0.1\" \"0.0.0.0/0\" }\n"
                                    "report_spam { \"spam@report.test\" } }",
                           "t.conf:2:9: error: everybody could teach"));
    assert_true(is_refused(LEARNING "learn { report_from { \"::/0\" }\n"
                                    "report_spam { \"spam@report.test\" } }",
                           "t.conf:2:9: error: everybody could teach"));
}

TEST(test_an_address_does_one_thing)
{
    assert_true(is_refused(
        BEHIND LEARNING "learn { trap { \"@example.com\" }  report_from { \"10.0.0.1\" }\n"
                        "report_spam { \"spam@example.com\" } }",
        "t.conf:5:15: error: \"spam@example.com\" is in trap and in report_spam"));
    assert_true(is_refused(
        LEARNING "learn { report_from { \"10.0.0.1\" }  report_spam { \"x@report.test\" }\n"
                 "report_good { \"x@report.test\" } }",
        "t.conf:3:15: error: \"x@report.test\" is in report_spam and in report_good"));
    assert_true(is_refused(LEARNING "learn { trap t trap t }\ntable t { \"x@example.com\" }",
                           "2:16: error: trap is given twice"));
}
