/* SPDX-License-Identifier: ISC */
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

static const struct signing_domain *signing(struct config *config, const char *domain)
{
    struct domain_name name;
    assert_null(domain_name_make(config->arena, slice_of(domain), &name));
    return config_signing(config, name);
}

static void assert_signs(struct config *config, const char *domain, const char *as,
                         const char *selector)
{
    const struct signing_domain *found = signing(config, domain);
    assert_non_null(found);
    assert_true(slice_eq(found->name.text, slice_of(as)));
    assert_true(slice_eq(config->signing_keys[found->first].selector, slice_of(selector)));
}

TEST(test_who_signs_is_found_by_the_domain_most_specific_first)
{
    struct config *c = load_good(
        "dkim \"Example.com\" \"*.bücher.example\" { selector \"2026A\" key \"keys/a.pem\"\n"
        "  selector \"e.2026\" key \"/abs/e.pem\" }\n"
        "dkim \"mail.example.com\" { selector \"m\" key \"m.pem\" }\n"
        "dkim \"*.example.com\" { selector \"below\" key \"b.pem\" }\n");
    assert_int_equal(c->signing_domain_count, 4);
    assert_int_equal(c->signing_key_count, 4);
    assert_signs(c, "example.com", "example.com", "2026a");
    assert_signs(c, "mail.example.com", "mail.example.com", "m");
    assert_signs(c, "x.y.example.com", "example.com", "below");
    assert_signs(c, "a.xn--bcher-kva.example", "xn--bcher-kva.example", "2026a");
    assert_null(signing(c, "xn--bcher-kva.example"));
    assert_null(signing(c, "example.org"));
    assert_null(signing(c, "badexample.com"));
    const struct signing_domain *own = signing(c, "example.com");
    assert_int_equal(own->count, 2);
    assert_true(slice_eq(c->signing_keys[own->first + 1].path, SLICE("/abs/e.pem")));
    config_free(&c);
}

TEST(test_nobody_signs_where_nothing_is_said_of_it)
{
    struct config *c = load_good("hostname \"mx.example.com\"\n");
    assert_null(signing(c, "example.com"));
    config_free(&c);
}

#define KEY "key \"k\""

TEST(test_what_can_be_no_signature_is_told_with_its_place)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"dkim { }", "t.conf:1:6: error: expected a domain, such as \"example.com\""},
        {"dkim \"a b\" { selector \"s\" " KEY " }", "t.conf:1:6: error: expected a domain such as"},
        {"dkim \"a.example\" { }", "t.conf:1:6: error: there is nothing to sign with"},
        {"dkim \"a.example\" { selector \"s\" }", "expected 'key'"},
        {"dkim \"a.example\" { selektor \"s\" }", "did you mean 'selector'?"},
        {"dkim \"a.example\" { selector \"a b\" " KEY " }",
         "t.conf:1:29: error: expected a selector such as \"2026a\""},
        {"dkim \"a.example\" { selector \"s\" " KEY " selector \"S\" " KEY " }",
         "the selector \"S\" is given twice"},
        {"dkim \"a.example\" { selector \"s\" " KEY " }\ndkim \"A.example\" { selector \"t\" " KEY
         " }",
         "t.conf:2:6: error: mail of \"a.example\" is signed in line 1 already"},
        {"dkim \"a.example\" { selector \"s\" " KEY
         " }\ndkim \"*.a.example\" { selector \"s\" key \"l\" }",
         "the selector \"s\" of \"a.example\" is another key in line 1"},
        {"dkim \"a.example\" { selector \"1\" " KEY " selector \"2\" " KEY " selector \"3\" " KEY
         " selector \"4\" " KEY " selector \"5\" " KEY " selector \"6\" " KEY " selector \"7\" " KEY
         " selector \"8\" " KEY " selector \"9\" " KEY " }",
         "a domain has at most 8 keys"},
        {"dkim \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example\" { selector "
         "\"ssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss\" " KEY " }",
         "is too long for a name in the DNS"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_true(is_refused(cases[i].text, cases[i].message));
}

TEST(test_one_key_signs_for_a_domain_and_what_lies_below_it)
{
    struct config *c = load_good("dkim \"a.example\" \"*.a.example\" { selector \"s\" " KEY " }\n"
                                 "dkim \"b.example\" { selector \"s\" " KEY " }\n");
    assert_signs(c, "a.example", "a.example", "s");
    assert_signs(c, "x.a.example", "a.example", "s");
    config_free(&c);
}
