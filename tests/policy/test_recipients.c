/* SPDX-License-Identifier: ISC
 * What is said about tables and the files that they are read from. */
#include "policy/recipients.h"

#include "policy/encoding.h"
#include "policy/table.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <stddef.h>
#include <stdlib.h>

static const char with_file[] = "backend e { smtp \"10.0.0.1\" }\n"
                                "domain \"x.test\" { backend e recipients from file \"r.txt\" }\n";

static struct config *load_table(const char *text, const char *table, struct buf *report)
{
    return load_with((struct memory_files){{{"r.txt", table}}}, text, report);
}

/* The whole report of a configuration that is refused. */
static void refuses(const char *text, const char *table, const char *wanted)
{
    struct buf report = buf_init(65536);
    struct config *config = load_table(text, table, &report);
    assert_true(report_is(&report, wanted));
    assert_null(config);
    buf_release(&report);
}

static bool said(const struct buf *report, const char *words)
{
    return slice_search(buf_slice(report), slice_of(words)) < buf_len(report);
}

/* The report of one that is taken, less what it must say. */
static void takes(const char *text, const char *table, const char *warning)
{
    struct buf report = buf_init(65536);
    struct config *config = load_table(text, table, &report);
    if (!config || (warning ? !said(&report, warning) : buf_len(&report) > 0))
        fprintf(stderr, "for:\n%s%s\ngot: %.*s\n", text, table, SLICE_ARGS(buf_slice(&report)));
    assert_non_null(config);
    assert_true(warning ? said(&report, warning) : buf_len(&report) == 0);
    config_free(&config);
    buf_release(&report);
}

TEST(test_addresses_and_whole_domains_are_recipients)
{
    static const char *const good[] = {
        "user@example.com",       "o'brien+tag@example.com", "@example.com",
        "*.example.com",          "a..b.@example.com",       "\"john doe\"@example.com",
        "\"a\\\"b\"@example.com", "\"a,b\"@example.com",     "j\xc3\xbcrgen@x.test",
        "user@\xc3\xbc.example",  "a/b=c@x_y.test",          "USER@EXAMPLE.COM",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (recipient_fault(slice_of(good[i])))
            fail_msg("%s: %s", good[i], recipient_fault(slice_of(good[i])));
}

TEST(test_what_is_no_address_is_told_by_its_kind)
{
    static const struct {
        const char *entry, *word;
    } bad[] = {
        {"PrimarySmtpAddress", "no address"},
        {"------------------", "no address"},
        {"bob", "no address"},
        {"bob@", "no address"},
        {"@", "no address"},
        {"bob@@example.com", "no address"},
        {"bob@.example.com", "no address"},
        {"bob@example..com", "no address"},
        {"bob@example.com>", "no address"},
        {"Bob <bob@example.com>", "no address"},
        {"bob smith@example.com", "no address"},
        {"bob@example.com alice@example.com", "no address"},
        {"example.com", "no address"},
        {"\"PrimarySmtpAddress\"", "CSV"},
        {"\"bob@example.com\"", "CSV"},
        {"Bob,bob@example.com", "CSV"},
        {"Bob;bob@example.com", "CSV"},
        {"Bob\tbob@example.com", "CSV"},
        {"\"Bob\",\"bob@example.com\"", "CSV"},
        {"\"\"@example.com", "CSV"},
        {"SMTP:bob@example.com", "type before the address"},
        {"smtp:bob@example.com", "type before the address"},
        {"X500:/o=Org/cn=bob", "type before the address"},
        {"*@example.com", "stands for nothing"},
        {"sales-*@example.com", "stands for nothing"},
        {"@*.example.com", "stands for nothing"},
        {"*", "stands for nothing"},
        {"\xef\xbb\xbf"
         "bob@example.com",
         "cannot be seen"},
        {"bob@example.com\xc2\xa0", "cannot be seen"},
        {"\xe2\x80\x8b"
         "bob@example.com",
         "cannot be seen"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *fault = recipient_fault(slice_of(bad[i].entry));
        if (!fault || !strstr(fault, bad[i].word))
            fail_msg("%s: %s", bad[i].entry, fault ? fault : "taken");
    }
}

TEST(test_a_wrong_recipient_is_shown_where_it_stands)
{
    refuses(with_file, "# from the directory\r\nann@x.test\r\n  bob # no domain\r\n",
            "r.txt:3:3: error: the entry \"bob\" is no address; expected one such as "
            "user@example.com, or @example.com for every address there (table of t.conf:2)\n"
            "      bob # no domain \n"
            "      ^\n");
    refuses("backend e { smtp \"10.0.0.1\" }\n"
            "domain \"x.test\" { backend e recipients t }\n"
            "table t { \"ann@x.test\"\n  \"bob\" }\n",
            "",
            "t.conf:4:3: error: the entry \"bob\" is no address; expected one such as "
            "user@example.com, or @example.com for every address there (used in t.conf:2)\n"
            "      \"bob\" }\n"
            "      ^\n");
    refuses("greylist {\n  exempt from file \"r.txt\"\n}\n", "bob\n",
            "r.txt:1:1: error: the entry \"bob\" is no address; expected one such as "
            "user@example.com, or @example.com for every address there (table of t.conf:2)\n"
            "    bob\n"
            "    ^\n");
}

TEST(test_a_wrong_table_is_reported_once_and_not_line_by_line)
{
    char table[4000] = "", text[400];
    for (int i = 0; i < 100; i++)
        strcat(table, "\"Bob\",\"bob@x.test\"\n");
    snprintf(text, sizeof text, "%sdomain \"y.test\" { backend e recipients t }\n%s",
             "backend e { smtp \"10.0.0.1\" }\ntable t from file \"r.txt\"\n",
             "domain \"x.test\" { backend e recipients t }\n");
    struct buf report = buf_init(65536);
    assert_null(load_table(text, table, &report));
    unsigned errors = 0;
    struct slice s = buf_slice(&report);
    for (size_t i = 0; i < s.len; i++)
        errors += slice_starts(slice_from(s, i), SLICE(": error: "));
    assert_int_equal(errors, 5);
    assert_true(said(&report, "r.txt:5:1: error: ") && said(&report, "was not looked at"));
    buf_release(&report);
}

TEST(test_a_domain_is_not_left_without_recipients)
{
    static const char empty[] =
        ": error: this table of recipients is empty: all mail for \"x.test\" would be refused; "
        "expected their addresses (without recipients, the server behind is asked)";
    static const char *const files[] = {"", "\r\n\n", "# nobody\n", "\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct buf report = buf_init(65536);
        assert_null(load_table(with_file, files[i], &report));
        assert_true(slice_starts(buf_slice(&report), SLICE("r.txt:1:1: error: ")));
        assert_true(said(&report, empty));
        buf_release(&report);
    }
    struct buf report = buf_init(65536);
    assert_null(load_text("backend e { smtp \"10.0.0.1\" }\n"
                          "domain \"x.test\" { backend e recipients { } }\n",
                          &report));
    assert_true(slice_starts(buf_slice(&report), SLICE("t.conf:2:40: error: ")));
    assert_true(said(&report, empty));
    buf_release(&report);
    takes("greylist { exempt from file \"r.txt\" }", "", NULL);
}

TEST(test_a_table_without_anybody_of_the_domain_is_warned_of)
{
    static const char nobody[] =
        "t.conf:2:8: warning: no entry in its table of recipients is in \"x.test\"";
    takes(with_file, "ann@y.test\nbob@sub.x.test\n@xx.test\n", nobody);
    takes(with_file, "ann@y.test\nBOB@X.test\n", NULL);
    takes(with_file, "@x.test\n", NULL);
    takes(with_file, "*.test\n", NULL);
    takes(with_file,
          "ann@b\xc3\xbc"
          "cher.test\n",
          nobody);
    takes("backend e { smtp \"10.0.0.1\" }\n"
          "domain \"xn--bcher-kva.test\" { backend e recipients from file \"r.txt\" }\n",
          "ann@b\xc3\xbc"
          "cher.test.\n",
          NULL);
    takes("backend e { smtp \"10.0.0.1\" }\n"
          "domain \"*.x.test\" { backend e recipients from file \"r.txt\" }\n",
          "ann@x.test\nann@yx.test\n", "no entry in its table of recipients is in \"x.test\"");
    takes("backend e { smtp \"10.0.0.1\" }\n"
          "domain \"*.x.test\" { backend e recipients from file \"r.txt\" }\n",
          "ann@sub.x.test\n", NULL);
}

TEST(test_a_byte_order_mark_is_no_part_of_the_text)
{
    struct buf report = buf_init(65536);
    struct config *c = load_table("\xef\xbb\xbf"
                                  "backend e { smtp \"10.0.0.1\" }\r\n"
                                  "domain \"x.test\" { backend e recipients from file \"r.txt\" }",
                                  "\xef\xbb\xbf"
                                  "ann@x.test\r\nbob@x.test\r\n",
                                  &report);
    assert_non_null(c);
    assert_true(table_holds_text(c->domains[0].recipients, SLICE("ann@x.test")));
    assert_true(table_holds_text(c->domains[0].recipients, SLICE("bob@x.test")));
    assert_int_equal(table_count(c->domains[0].recipients), 2);
    config_free(&c);
    assert_null(load_text("\xef\xbb\xbf"
                          "  colour blue\n",
                          &report));
    assert_true(said(&report, "t.conf:1:3: error: "));
    buf_release(&report);
}

static void fault_is(struct slice text, size_t where, const char *words)
{
    size_t at = 99;
    const char *fault = encoding_fault(text, &at);
    if (!fault || !strstr(fault, words))
        fail_msg("expected: %s, got: %s", words, fault ? fault : "nothing");
    assert_int_equal(at, where);
}

TEST(test_a_text_is_utf8_without_nul)
{
    size_t at;
    assert_null(encoding_fault(SLICE(""), &at));
    assert_null(encoding_fault(SLICE("a"), &at));
    assert_null(encoding_fault(SLICE("Gr\xc3\xb6\xc3\x9f"
                                     "e \xe2\x82\xac \xf0\x9f\x93\xa7\r\n"),
                               &at));
    fault_is(SLICE("\xff\xfe"
                   "b\0o\0"),
             0, "UTF-16");
    fault_is(SLICE("\xfe\xff\0b\0o"), 0, "UTF-16");
    fault_is(SLICE("\xff\xfe"), 0, "UTF-16");
    fault_is(SLICE("b\0o\0b\0"), 0, "UTF-16");
    fault_is(SLICE("\0b\0o\0b"), 0, "UTF-16");
    fault_is(SLICE("bob\0"), 3, "NUL");
    fault_is(SLICE("\0\0"), 0, "NUL");
    fault_is(SLICE("\0"), 0, "NUL");
    fault_is(SLICE("Gr\xf6\xdf"
                   "e"),
             2, "Latin-1");
    fault_is(SLICE("abc\xc3"), 3, "Latin-1");
    fault_is(SLICE("\xc0\xaf"), 0, "not UTF-8");
}

TEST(test_latin_1_is_refused_in_every_file)
{
    refuses("# gr\xfcn\nnonsense\n", "",
            "t.conf:1:5: error: this byte is not UTF-8 (is the file in Latin-1 or Windows-1252?); "
            "expected UTF-8: iconv -f WINDOWS-1252 -t UTF-8 makes it so\n"
            "    # gr?n\n"
            "        ^\n");
    refuses("table t from file \"r.txt\"\n", "a\nM\xfcller\nM\xfcller\n",
            "r.txt:2:2: error: this byte is not UTF-8 (is the file in Latin-1 or Windows-1252?); "
            "expected UTF-8: iconv -f WINDOWS-1252 -t UTF-8 makes it so (table of t.conf:1)\n"
            "    M?ller\n"
            "     ^\n");
    refuses("include \"r.txt\"\n", "limits { errors 3 } # \xfc\n",
            "r.txt:1:23: error: this byte is not UTF-8 (is the file in Latin-1 or Windows-1252?); "
            "expected UTF-8: iconv -f WINDOWS-1252 -t UTF-8 makes it so\n"
            "    limits { errors 3 } # ?\n"
            "                          ^\n");
}

TEST(test_an_entry_of_any_table_is_one_line_of_text)
{
    static const char use[] = "table t from file \"r.txt\"\n"
                              "rule \"r\" when message.subject in t then reject\n";
    takes(use, "a b\n\tc\td\r\nM\xc3\xbcller\n", NULL);
    refuses(use, "one\rtwo\r",
            "r.txt:1:1: error: the entry \"one two\" holds a control character; expected one "
            "entry a line, each line ended by LF or CR LF (table of t.conf:1)\n"
            "    one two \n"
            "    ^\n");
    refuses(use, "one\n\xef\xbb\xbftwo\n",
            "r.txt:2:1: error: the entry \"\xef\xbb\xbftwo\" begins with a byte order mark; "
            "expected it at the start of the file alone (were files put together?) (table of "
            "t.conf:1)\n"
            "    \xef\xbb\xbftwo\n"
            "    ^\n");
    takes(use, "# nothing yet\n", "t.conf:1:7: warning: the table 't' is empty");
}

TEST(test_a_wrong_network_is_shown_in_the_table)
{
    refuses("table t from file \"r.txt\"\n"
            "rule \"r\" when client.ip in t then reject\n",
            "10.0.0.0/8\n\n 10.1.1.1/33\n",
            "r.txt:3:2: error: the entry \"10.1.1.1/33\" is neither an address nor a network "
            "(used in t.conf:2) (table of t.conf:1)\n"
            "     10.1.1.1/33\n"
            "     ^\n");
}
