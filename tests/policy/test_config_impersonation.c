/* SPDX-License-Identifier: ISC */
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

static void says(const char *text, bool loads, const char *expected)
{
    struct buf report = buf_init(65536);
    struct memory_files files = {
        {{"d.txt", "# firms\nexample.org\n\n  nowhere example  # odd\n*.shop.example\n"},
         {"p.txt", "Anna Example <anna@example.com>\nanna@example.com\nBob <@example.com>\n"}}};
    struct config *config = load_with(files, text, &report);
    assert_int_equal(config != NULL, loads);
    assert_true(report_is(&report, expected));
    config_free(&config);
    buf_release(&report);
}

TEST(test_tables_become_domains_and_people)
{
    struct config *c = load_good(
        "impersonation { partners p  brands { \"*.Bücher.example\" \"b.example.\" } }\n"
        "impersonation { people { \"Anna Example <Anna@Bücher.example>\"\n"
        "  \"\\\"Example, Bob\\\" <bob@example.com>\" }  freemail { \"*.free.example\" } }\n"
        "table p { \"Partner.example\" \"partner.EXAMPLE\" }\n");
    assert_non_null(c);
    const struct impersonation *known = &c->impersonation;
    assert_int_equal(known->partner_count, 2);
    assert_true(slice_eq(known->partners[0].text, SLICE("partner.example")));
    assert_int_equal(known->brand_count, 2);
    assert_true(slice_eq(known->brands[0].text, SLICE("xn--bcher-kva.example")));
    assert_true(slice_eq(known->brands[1].text, SLICE("b.example")));
    assert_int_equal(known->person_count, 2);
    assert_true(slice_eq(known->people[0].name, SLICE("Anna Example")));
    assert_true(slice_eq(known->people[0].address, SLICE("Anna@xn--bcher-kva.example")));
    assert_true(slice_eq(known->people[1].name, SLICE("Example, Bob")));
    assert_true(table_holds_text(known->freemail, SLICE("x.free.example")));
    config_free(&c);
}

TEST(test_without_tables_nobody_is_known)
{
    struct config *c = load_good("impersonation { }\n");
    assert_int_equal(c->impersonation.partner_count + c->impersonation.person_count, 0);
    assert_null(c->impersonation.freemail);
    config_free(&c);
}

TEST(test_an_entry_that_fits_no_table_is_told_at_its_place)
{
    says("impersonation { brands from file \"d.txt\" }\n", false,
         "d.txt:4:3: error: the entry \"nowhere example\" is no domain; expected one such as "
         "example.com (table of t.conf:1)\n"
         "      nowhere example  # odd\n"
         "      ^\n");
    says("impersonation { freemail { \"a@b.example\" } }\n", false,
         "t.conf:1:28: error: the entry \"a@b.example\" is no domain; expected one such as "
         "example.com (used in t.conf:1)\n"
         "    impersonation { freemail { \"a@b.example\" } }\n"
         "                               ^\n");
    says(
        "impersonation { partners { \"a b\xc3\xa4.example\" } }\n", false,
        "t.conf:1:28: error: no domain can be in \"a b\xc3\xa4.example\": it holds what no name of "
        "a host may; expected one such as \"example.com\"\n"
        "    impersonation { partners { \"a b\xc3\xa4.example\" } }\n"
        "                               ^\n");
    says(
        "impersonation { people from file \"p.txt\" }\n", false,
        "p.txt:2:1: error: the entry \"anna@example.com\" is no name with an address; expected one "
        "such as Anna Example <anna@example.com> (table of t.conf:1)\n"
        "    anna@example.com\n"
        "    ^\n"
        "p.txt:3:1: error: the entry \"Bob <@example.com>\" has no address between < and >; "
        "expected one such as anna@example.com (table of t.conf:1)\n"
        "    Bob <@example.com>\n"
        "    ^\n");
}

static void refuses(const char *text, const char *message)
{
    struct buf report = buf_init(65536);
    struct config *config = load_text(text, &report);
    assert_null(config);
    if (slice_search(buf_slice(&report), slice_of(message)) == buf_len(&report))
        fail_msg("%.*s", SLICE_ARGS(buf_slice(&report)));
    buf_release(&report);
}

TEST(test_people_have_names_and_addresses)
{
    static const char *const wrong[] = {"<anna@example.com>",
                                        "Anna <anna>",
                                        "Anna <*.example.com>",
                                        "Anna <anna@example.com",
                                        "Anna <>",
                                        "\\\"\\\" <a@b.test>",

                                        ""};
    char text[200];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, sizeof text, "impersonation { people { \"%s\" } }", wrong[i]);
        refuses(text, "1:26: error: ");
    }
}

TEST(test_tables_are_named_once_and_there)
{
    refuses("impersonation { brands a brands a }\ntable a { \"a.test\" }",
            "1:26: error: brands is given twice");
    refuses("impersonation { brands b }\ntable a { \"a.test\" }", "1:24: error: unknown table 'b'");
    refuses("impersonation { brand a }",
            "unknown setting of impersonation 'brand'; did you mean 'brands'?");
    refuses("impersonaton { }", "did you mean 'impersonation'?");
}

TEST(test_a_table_has_a_thousand_entries_at_most)
{
    struct buf text = buf_init(65536), report = buf_init(65536);
    for (int over = 0; over < 2; over++) {
        buf_clear(&text);
        buf_cstr(&text, "impersonation { brands {");
        for (int i = 0; i < IMPERSONATION_MAX + over; i++)
            buf_printf(&text, " \"brand%d.test\"", i);
        buf_cstr(&text, " } }\n");
        buf_char(&text, '\0');
        buf_clear(&report);
        struct config *config = load_text(buf_slice(&text).ptr, &report);
        assert_int_equal(config != NULL, !over);
        if (over)
            assert_true(slice_search(buf_slice(&report),
                                     SLICE("1:17: error: this table has 1001 entries; expected "
                                           "1000 at most")) < buf_len(&report));
        config_free(&config);
    }
    buf_release(&text);
    buf_release(&report);
}

TEST(test_rules_that_ask_without_a_table_are_warned_of_once)
{
    says("rule \"a\" when message.from_person is known then accept\n"
         "rule \"b\" when message.from_person is known then accept\n",
         true,
         "t.conf:1:15: warning: message.from_person is always absent: there is no impersonation { "
         "people TABLE }\n"
         "    rule \"a\" when message.from_person is known then accept\n"
         "                  ^\n");
    says("rule \"a\" when message.from_free then accept\n", true,
         "t.conf:1:15: warning: message.from_free is always absent: there is no impersonation { "
         "freemail TABLE }\n"
         "    rule \"a\" when message.from_free then accept\n"
         "                  ^\n");
    says("rule \"a\" when count(message.from_lookalike) > 0 then accept\n", true,
         "t.conf:1:21: warning: message.from_lookalike is always empty: there is no domain, and "
         "neither partners nor brands in impersonation { }\n"
         "    rule \"a\" when count(message.from_lookalike) > 0 then accept\n"
         "                        ^\n");
    says("rule \"a\" when any x in message.from_lookalike (x.of == own) then accept\n"
         "rule \"b\" when message.from_person is known and message.from_free then accept\n"
         "backend b { smtp \"127.0.0.1:26\" }\ndomain \"a.test\" { backend b }\n"
         "impersonation { people { } freemail { \"a.test\" } }\n",
         true, "");
}
