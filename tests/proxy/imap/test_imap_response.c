/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_response.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void assert_text(struct slice found, const char *expected, const char *in)
{
    if (!slice_eq(found, slice_of(expected)))
        fail_msg("found \"%.*s\", not \"%s\" in: %s", SLICE_ARGS(found), expected, in);
}

/* ---- lines and literals */

static int text_of(struct slice bytes, bool first, struct imap_text *out)
{
    for (size_t n = 0; n <= bytes.len; n++) {
        int r = imap_text(slice_sub(bytes, 0, n), first, out);
        if (r != 0)
            return r;
    }
    return 0;
}

/* Whole and byte by byte: it is a line, and a literal of so many octets is announced at its end. */
static void assert_announces(const char *bytes, bool first, uint64_t octets)
{
    struct imap_text text;
    if (text_of(slice_of(bytes), first, &text) != 1 || !text.literal)
        fail_msg("no literal is announced: %s", bytes);
    assert_text(text.text, bytes, bytes);
    assert_int_equal(text.octets, octets);
}

static void assert_announces_none(const char *bytes, bool first)
{
    struct imap_text text;
    if (text_of(slice_of(bytes), first, &text) != 1 || text.literal)
        fail_msg("a literal is announced: %s", bytes);
    assert_text(text.text, bytes, bytes);
    assert_int_equal(text.octets, 0);
}

/* A literal seems to follow, and nobody can tell where it ends, or whether it is one. */
static void assert_is_not_placed(const char *bytes, bool first)
{
    struct imap_text text;
    if (text_of(slice_of(bytes), first, &text) != -1)
        fail_msg("it is placed: %s", bytes);
}

static void for_each(const char *const *lines, size_t count, void (*check)(const char *, bool))
{
    for (size_t i = 0; i < count; i++)
        check(lines[i], true);
}

TEST(test_a_literal_is_announced_at_the_end_of_a_line)
{
    assert_announces("* 1 FETCH (BODY[] {5}\r\n", true, 5);
    assert_announces("* 1 FETCH (BODY[] {5}\n", true, 5);
    assert_announces("* 1 FETCH (BODY[] {0}\r\n", true, 0);
    assert_announces("* 1 FETCH (BODY[] {012}\r\n", true, 12);
    assert_announces("* 1 FETCH (BINARY[1] ~{5}\r\n", true, 5);
    assert_announces("* 1 FETCH (ENVELOPE ({5}\r\n", true, 5);
    assert_announces("* 1 FETCH (ENVELOPE (\"d\" {5}\r\n", true, 5);
    assert_announces("* LIST () \"/\" {1099511627776}\r\n", true, 1ULL << 40);
    assert_announces("* 5 OK {5}\r\n", true, 5);
}

TEST(test_a_response_goes_on_behind_a_literal)
{
    assert_announces(" BODY[2] {7}\r\n", false, 7);
    assert_announces(" OK {7}\r\n", false, 7);
    assert_announces_none(")\r\n", false);
    assert_is_not_placed(" \"subject {10}\r\n", false);
    assert_is_not_placed("{5}\r\n", false);
}

TEST(test_what_is_no_size_announces_nothing)
{
    static const char *const lines[] = {
        "\r\n",
        "\n",
        "* 1 FETCH (BODY[] {5+}\r\n", /* a client's */
        "* 1 FETCH (BODY[] {}\r\n",
        "* 1 FETCH (BODY[] {-1}\r\n",
        "* 1 FETCH (BODY[] {5} )\r\n",
        "* 1 FETCH (BODY[] {5}\r\r\n",
        "5}\r\n",
        "}\r\n",
    };
    for_each(lines, COUNT(lines), assert_announces_none);
}

TEST(test_a_size_that_cannot_be_is_not_placed)
{
    static const char *const lines[] = {
        "* 1 FETCH (BODY[] {1099511627777}\r\n",
        "* 1 FETCH (BODY[] {18446744073709551621}\r\n",
        "* 1 FETCH (BODY[] {99999999999999999999999}\r\n",
    };
    for_each(lines, COUNT(lines), assert_is_not_placed);
}

TEST(test_the_text_of_a_status_is_free)
{
    static const char *const lines[] = {
        "* OK see {5}\r\n",
        "* ok {5}\r\n",
        "* OK [ALERT] see ({5}\r\n",
        "* BYE {5}\r\n",
        "* PREAUTH {5}\r\n",
        "a1 NO no mailbox {12}\r\n",
        "a1 BAD \"{12}\r\n",
        "* OK {99999999999999999999999}\r\n",
        "+ idling {5}\r\n",
        "+ {5}\r\n",
        "* [COPYUID 1 2 3] done {5}\r\n",
    };
    for_each(lines, COUNT(lines), assert_announces_none);
}

TEST(test_a_code_that_does_not_end_is_no_free_text)
{
    assert_announces("* OK [BADCHARSET ({5}\r\n", true, 5); /* which cannot be placed there */
}

/* (7) */
TEST(test_names_without_quotes_go_to_the_end_of_a_line)
{
    static const char *const lines[] = {
        "* LIST () \"/\" my folder{5}\r\n",
        "* LIST () \"/\" a\tb\t{5}\r\n",
        "* LSUB () NIL x{5}\r\n",
    };
    for_each(lines, COUNT(lines), assert_announces_none);
}

TEST(test_a_literal_without_a_blank_before_it_is_not_placed)
{
    static const char *const lines[] = {
        "* LIST () \"/\"{5}\r\n",
        "* STATUS x{5}\r\n",
        "* 1 FETCH (BODY[]{5}\r\n",
        "* 1 FETCH (RFC822{5}\r\n",
        "* 1 FETCH (BODY[]<0>{5}\r\n",
        "* 1 FETCH (BINARY[1]~{5}\r\n",
        "{5}\r\n",
        "CAPABILITY completed{5}\r\n",
    };
    for_each(lines, COUNT(lines), assert_is_not_placed);
}

TEST(test_a_literal_within_quotes_that_do_not_end_is_not_placed)
{
    static const char *const lines[] = {
        "* 1 FETCH (ENVELOPE (\"d\" \"subject {10}\r\n",
        "* 1 FETCH (ENVELOPE (\"d\" \"sub\"ject {10}\r\n",
        "* 1 FETCH (ENVELOPE (\"d\" \"sub\\\" {10}\r\n",
        "* LIST () \"/\" \"x {5}\r\n",
    };
    for_each(lines, COUNT(lines), assert_is_not_placed);
}

/* (13) */
TEST(test_quotes_within_strings_and_outside_them_hide_no_literal)
{
    assert_announces("* 1 FETCH (ENVELOPE (\"a \"b\" c\" {5}\r\n", true, 5);
    assert_announces("* 1 FETCH (ENVELOPE (\"a\" NIL \"\"b\"\" {5}\r\n", true, 5);
    assert_announces("* LIST () \"\\\\\" {5}\r\n", true, 5);
    assert_announces("* 1 FETCH (BODY[HEADER.FIELDS (\"A B\")] {5}\r\n", true, 5);
}

TEST(test_a_line_ends_where_it_ends)
{
    struct imap_text text;
    assert_int_equal(imap_text(SLICE(""), true, &text), 0);
    assert_int_equal(imap_text(SLICE("* OK x\r"), true, &text), 0);
    assert_int_equal(imap_text(SLICE("* 1 FETCH (BODY[] {3}\r\nabc)\r\n"), true, &text), 1);
    assert_int_equal(text.text.len, 23);
    assert_int_equal(text.octets, 3);
    assert_int_equal(imap_text(SLICE("* \0 {3}\r\n"), true, &text), 1);
    assert_int_equal(text.text.len, 9);
}

/* ---- what it is */

struct expected_response {
    const char *line;
    enum imap_response_kind kind;
    const char *tag;
    int64_t number;
    const char *name;
    enum imap_status status;
    const char *code, *rest;
};
#define UNTAGGED IMAP_RESPONSE_UNTAGGED, "", -1
#define NUMBERED(n) IMAP_RESPONSE_UNTAGGED, "", n
#define TAGGED(tag) IMAP_RESPONSE_TAGGED, tag, -1
#define CONTINUE IMAP_RESPONSE_CONTINUE, "", -1, "+", IMAP_STATUSES

static void assert_response(const struct expected_response *expected)
{
    const char *line = expected->line;
    struct imap_response found;
    imap_response(slice_of(line), &found);
    if (found.kind != expected->kind || found.status != expected->status ||
        found.numbered != (expected->number >= 0))
        fail_msg("taken for something else: %s", line);
    if (found.numbered)
        assert_int_equal(found.number, expected->number);
    assert_text(found.tag, expected->tag, line);
    assert_text(found.name, expected->name, line);
    assert_text(found.code, expected->code, line);
    assert_text(found.rest, expected->rest, line);
}

static void assert_responses(const struct expected_response *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_response(&expected[i]);
}

TEST(test_a_status_is_read_with_its_code)
{
    static const struct expected_response cases[] = {
        {"* OK ready\r\n", UNTAGGED, "OK", IMAP_OK, "", "ready"},
        {"* ok ready\n", UNTAGGED, "ok", IMAP_OK, "", "ready"},
        {"* OK\r\n", UNTAGGED, "OK", IMAP_OK, "", ""},
        {"* OK [UNSEEN 3] x\r\n", UNTAGGED, "OK", IMAP_OK, "[UNSEEN 3]", "[UNSEEN 3] x"},
        {"* OK[ALERT] x", UNTAGGED, "OK", IMAP_OK, "[ALERT]", "[ALERT] x"},
        {"* OK x [A]", UNTAGGED, "OK", IMAP_OK, "", "x [A]"},
        {"* OK [A never ends", UNTAGGED, "OK", IMAP_OK, "", "[A never ends"},
        {"* BYE x", UNTAGGED, "BYE", IMAP_BYE, "", "x"},
        {"* PREAUTH x", UNTAGGED, "PREAUTH", IMAP_PREAUTH, "", "x"},
    };
    assert_responses(cases, COUNT(cases));
}

TEST(test_a_response_has_a_name_and_maybe_a_number)
{
    static const struct expected_response cases[] = {
        {"* CAPABILITY A B", UNTAGGED, "CAPABILITY", IMAP_STATUSES, "", "A B"},
        {"* FLAGS(\\Seen)", UNTAGGED, "FLAGS", IMAP_STATUSES, "", "(\\Seen)"},
        {"* 12 EXISTS\r\n", NUMBERED(12), "EXISTS", IMAP_STATUSES, "", ""},
        {"*  12 \t FETCH   (UID 1)", NUMBERED(12), "FETCH", IMAP_STATUSES, "", "(UID 1)"},
        {"* 12 FETCH(UID 1)", NUMBERED(12), "FETCH", IMAP_STATUSES, "", "(UID 1)"},
        {"* 4294967295 EXISTS", NUMBERED(4294967295), "EXISTS", IMAP_STATUSES, "", ""},
        {"* 5 OK x", NUMBERED(5), "OK", IMAP_STATUSES, "", "x"},
        {"* 12", NUMBERED(12), "", IMAP_STATUSES, "", ""},
    };
    assert_responses(cases, COUNT(cases));
}

TEST(test_a_response_to_a_command_has_its_tag)
{
    static const struct expected_response cases[] = {
        {"a1 OK done", TAGGED("a1"), "OK", IMAP_OK, "", "done"},
        {"a1 NO [X] y", TAGGED("a1"), "NO", IMAP_NO, "[X]", "[X] y"},
        {"A1] bad", TAGGED("A1]"), "bad", IMAP_BAD, "", ""},
    };
    assert_responses(cases, COUNT(cases));
}

TEST(test_a_server_asks_for_more)
{
    static const struct expected_response cases[] = {
        {"+ idling\r\n", CONTINUE, "", "idling"},
        {"+\r\n", CONTINUE, "", ""},
        {"+ [X] y\r\n", CONTINUE, "[X]", "[X] y"},
    };
    assert_responses(cases, COUNT(cases));
}

/* (8) */
TEST(test_a_code_stands_without_its_ok)
{
    static const struct expected_response cases[] = {
        {"* [COPYUID 1 2 3] x", UNTAGGED, "", IMAP_STATUSES, "[COPYUID 1 2 3]",
         "[COPYUID 1 2 3] x"},
        {"[COPYUID 55 31 6]", TAGGED("[COPYUID"), "", IMAP_STATUSES, "", "[COPYUID 55 31 6]"},
    };
    assert_responses(cases, COUNT(cases));
}

/* (9, 12) */
TEST(test_what_is_none_has_no_name)
{
    static const struct expected_response cases[] = {
        {"CAPABILITY completed.", TAGGED("CAPABILITY"), "", IMAP_STATUSES, "",
         "CAPABILITY completed."},
        {"a1 BYE x", TAGGED("a1"), "", IMAP_STATUSES, "", "a1 BYE x"},
        {"* 9.3736e+06 EXISTS", UNTAGGED, "", IMAP_STATUSES, "", "9.3736e+06 EXISTS"},
        {"* -1 FETCH (UID 1)", UNTAGGED, "", IMAP_STATUSES, "", "-1 FETCH (UID 1)"},
        {"* 4294967296 EXISTS", UNTAGGED, "", IMAP_STATUSES, "", "4294967296 EXISTS"},
        {"* \xff", UNTAGGED, "", IMAP_STATUSES, "", "\xff"},
        {"*", UNTAGGED, "", IMAP_STATUSES, "", "*"},
        {"*OK x", UNTAGGED, "", IMAP_STATUSES, "", "*OK x"},
        {" * OK x", UNTAGGED, "", IMAP_STATUSES, "", " * OK x"},
        {"", UNTAGGED, "", IMAP_STATUSES, "", ""},
        {"a1", TAGGED("a1"), "", IMAP_STATUSES, "", "a1"},
    };
    assert_responses(cases, COUNT(cases));
}

TEST(test_a_code_ends_where_it_ends)
{
    static const struct expected_response cases[] = {
        {"* OK [REFERRAL imap://[::1]/] x", UNTAGGED, "OK", IMAP_OK, "[REFERRAL imap://[::1]/]",
         "[REFERRAL imap://[::1]/] x"},
        {"* OK [PERMANENTFLAGS (a] \\*)] x", UNTAGGED, "OK", IMAP_OK, "[PERMANENTFLAGS (a] \\*)]",
         "[PERMANENTFLAGS (a] \\*)] x"},
        {"* NO [BADCHARSET (\"a]\")] x", UNTAGGED, "NO", IMAP_NO, "[BADCHARSET (\"a]\")]",
         "[BADCHARSET (\"a]\")] x"},
        {"* OK [A ( b] x", UNTAGGED, "OK", IMAP_OK, "[A ( b]", "[A ( b] x"},
        {"* OK [A \"b] x", UNTAGGED, "OK", IMAP_OK, "[A \"b]", "[A \"b] x"},
        {"* OK [CAPABILITY A]x [y] z", UNTAGGED, "OK", IMAP_OK, "[CAPABILITY A]",
         "[CAPABILITY A]x [y] z"},
    };
    assert_responses(cases, COUNT(cases));
}

TEST(test_where_literals_can_be_placed)
{
    static const char *const with[] = {"* LIST",      "* lsub",     "* XLIST",   "* STATUS", "* ID",
                                       "* QUOTAROOT", "* METADATA", "* 1 FETCH", "* 1 fetch"};
    static const char *const without[] = {"* SEARCH", "* 1 EXISTS", "* OK", "a1 OK", "+",
                                          "* FETCH",  "* 1 LIST",   "* XY", "* ",    "a1 LIST"};
    struct imap_response response;
    for (size_t i = 0; i < COUNT(with); i++) {
        imap_response(slice_of(with[i]), &response);
        assert_true(imap_may_have_literals(&response));
    }
    for (size_t i = 0; i < COUNT(without); i++) {
        imap_response(slice_of(without[i]), &response);
        assert_false(imap_may_have_literals(&response));
    }
}

/* ---- codes */

TEST(test_codes_are_relayed)
{
    static const char *const yes[] = {
        "[ALERT]", "[UNSEEN 3]", "[COPYUID 1 2 3]", "[WEBALERT x]", "[REFERRALS]", "[]", "", "[X]"};
    for (size_t i = 0; i < COUNT(yes); i++)
        if (!imap_is_relayed_code(slice_of(yes[i])))
            fail_msg("hidden: %s", yes[i]);
}

TEST(test_codes_that_lead_past_us_are_not_relayed)
{
    static const char *const no[] = {"[REFERRAL imap://x/]", "[referral imap://x/]",
                                     "[ REFERRAL x]",        "[\tREFERRAL]",
                                     "[BADURL x]",           "[URLMECH]",
                                     "[COMPRESSIONACTIVE]",  "[CAPABILITY IMAP4rev1]",
                                     "[REFERRAL\tx]"};
    for (size_t i = 0; i < COUNT(no); i++)
        if (imap_is_relayed_code(slice_of(no[i])))
            fail_msg("relayed: %s", no[i]);
}

TEST(test_a_code_lists_capabilities)
{
    struct slice list;
    assert_true(imap_code_lists_capabilities(SLICE("[capability A B]"), &list));
    assert_true(slice_eq(list, SLICE("A B")));
    assert_true(imap_code_lists_capabilities(SLICE("[CAPABILITY]"), &list));
    assert_int_equal(list.len, 0);
    assert_false(imap_code_lists_capabilities(SLICE("[ALERT]"), &list));
    assert_false(imap_code_lists_capabilities(SLICE(""), &list));
}

/* ---- FETCH */

/* name=value of each; a string's content stands behind ":". */
static const char *items_of(struct slice response)
{
    static char text[4096];
    size_t at = 0, len = 0;
    struct imap_fetched_item item;
    int r;
    *text = '\0';
    while ((r = imap_fetched_item(response, &at, &item)) == 1) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%.*s=", SLICE_ARGS(item.name));
        struct slice shown = item.is_string ? item.content : item.value;
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%.*s;", item.is_string ? ":" : "",
                                SLICE_ARGS(shown));
        assert_true(item.is_string || item.content.len == 0);
    }
    if (r == -1)
        snprintf(text + len, sizeof text - len, "?");
    return text;
}

/* Those in the first item, each with ";" behind it. */
static const char *strings_of(struct slice response)
{
    static char text[256];
    struct imap_fetched_item item;
    struct slice string;
    size_t at = 0, in_value = 0, len = 0;
    *text = '\0';
    assert_int_equal(imap_fetched_item(response, &at, &item), 1);
    while (imap_fetched_string(&item, &in_value, &string))
        len += (size_t)snprintf(text + len, sizeof text - len, "%.*s;", SLICE_ARGS(string));
    return text;
}

static void assert_items(struct slice response, const char *expected)
{
    const char *found = items_of(response);
    if (strcmp(found, expected) != 0)
        fail_msg("found %s, not %s in: %.*s", found, expected, SLICE_ARGS(response));
}

TEST(test_the_strings_of_an_item_are_found_wherever_they_stand_in_it)
{
    assert_string_equal(strings_of(SLICE("* 1 FETCH (X {3}\r\nabc)\r\n")), "abc;");
    assert_string_equal(strings_of(SLICE("* 1 FETCH (X \"a b\")\r\n")), "a b;");
    assert_string_equal(strings_of(SLICE("* 1 FETCH (X (a \"b\" {3}\r\nc(d((\"e\\\"f\") NIL 1) "
                                         "~{2}\r\ngh\"\"))\r\n")),
                        "b;c(d;e\\\"f;gh;;");
    assert_string_equal(strings_of(SLICE("* 1 FETCH (X (a b (c)))\r\n")), "");
    assert_string_equal(strings_of(SLICE("* 1 FETCH (X 5 Y {3}\r\nabc)\r\n")), "");
    assert_string_equal(strings_of(SLICE("* 1 FETCH (X)\r\n")), "");
}

TEST(test_items_of_all_kinds)
{
    assert_items(SLICE("* 5 FETCH (UID 7 FLAGS (\\Seen) BODY[HEADER.FIELDS (From To)] {12}\r\n"
                       "From: a\r\n)( BODY[1]<0> \"te\\\"xt\" ENVELOPE (\"d\" {5}\r\nhe)l( "
                       "((\"a\" NIL))) RFC822.SIZE 9.3e+06 MODSEQ (1) X-GM-LABELS (\"a )b\" c) "
                       "BINARY[1] ~{3}\r\na\"b RFC822 NIL BODY[TEXT] {0}\r\n)\r\n"),
                 "UID=7;FLAGS=(\\Seen);BODY[HEADER.FIELDS (From To)]=:From: a\r\n)( ;"
                 "BODY[1]<0>=:te\\\"xt;ENVELOPE=(\"d\" {5}\r\nhe)l( ((\"a\" NIL)));"
                 "RFC822.SIZE=9.3e+06;MODSEQ=(1);X-GM-LABELS=(\"a )b\" c);"
                 "BINARY[1]=:a\"b;RFC822=NIL;BODY[TEXT]=:;");
}

TEST(test_sections_hold_strings)
{
    assert_items(SLICE("* 1 FETCH (BODY[HEADER.FIELDS (\"a]b\" {3}\r\n])\" X-[c])]<5> \"x\")\r\n"),
                 "BODY[HEADER.FIELDS (\"a]b\" {3}\r\n])\" X-[c])]<5>=:x;");
    assert_items(SLICE("* 1 FETCH (BODY[HEADER.FIELDS (FROM] \"x\" BODY[1] \"y\")\r\n"), "?");
    assert_items(SLICE("* 1 FETCH (BODY[HEADER.FIELDS (\"From] \"x\")\r\n"), "?");
    assert_items(SLICE("* 1 FETCH (BODY[HEADER.FIELDS ({9}\r\nFrom)]\r\n"), "?");
    assert_items(SLICE("* 1 FETCH (BODY[\r\n] x)\r\n"), "?");
    assert_items(SLICE("* 1 FETCH (BODY [TEXT] \"x\")\r\n"), "?");
    assert_items(SLICE("* 1 FETCH (BODY[]\"x\")\r\n"), "BODY[]=:x;");
}

TEST(test_what_has_no_items)
{
    assert_items(SLICE("* 1 FETCH ()\r\n"), "");
    assert_items(SLICE("* 1 FETCH\r\n"), "");
    assert_items(SLICE("* 1 EXISTS\r\n"), "?");
    assert_items(SLICE("* FETCH (UID 1)\r\n"), "?");
    assert_items(SLICE("a1 OK (UID 1)\r\n"), "?");
    assert_items(SLICE(""), "?");
}

TEST(test_what_cannot_be_read_is_said_to_be_so)
{
    static const char *const cases[] = {
        "* 1 FETCH (UID 1 BODY[] {5+}\r\n",
        "* 1 FETCH (UID 1 BODY[] {5}x)\r\n",
        "* 1 FETCH (UID 1 BODY[] {6}\r\nhello",
        "* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\nhello)\r\n",
        "* 1 FETCH (UID 1 BODY[] {1099511627776}\r\nhello)\r\n",
        "* 1 FETCH (UID 1 BODY[] \"hello)\r\n",
        "* 1 FETCH (UID 1 BODY[] \"hello\\\")\r\n",
        "* 1 FETCH (UID 1 ENVELOPE (\"a\"\r\n",
        "* 1 FETCH (UID 1 ENVELOPE (\"a\r\nb\"))\r\n",
        "* 1 FETCH (UID 1 ENVELOPE (a\r\n UID 1))\r\n",
        "* 1 FETCH (UID 1 \"x\" 5)\r\n",
        "* 1 FETCH (UID 1)\r\nBODY[] \"x\"\r\n",
        "* 1 FETCH (UID 1 FLAGS ((((((((((((((((((((((((\r\n",
        "* 1 FETCH (UID 1 X 5BODY[1])\r\n",
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct slice response = slice_of(cases[i]);
        size_t at = 0;
        struct imap_fetched_item item;
        assert_int_equal(imap_fetched_item(response, &at, &item), 1);
        assert_true(slice_eq(item.name, SLICE("UID")));
        if (imap_fetched_item(response, &at, &item) != -1)
            fail_msg("taken: %s", cases[i]);
        assert_true(at > 0 && at <= response.len);
        assert_int_equal(imap_fetched_item(response, &at, &item), -1);
    }
}

/* An attacker's subject on a server that does not escape quotes must hide no item. */
TEST(test_items_are_not_hidden_in_strings)
{
    assert_items(SLICE("* 1 FETCH (ENVELOPE (\"d\" \"x\") Y (\" NIL) BODY[1] {5}\r\nhello "
                       "BODYSTRUCTURE (\"a\" \")\" y\"))\r\n"),
                 "ENVELOPE=(\"d\" \"x\");?");
    assert_items(SLICE("* 1 FETCH (ENVELOPE (\"d\" \"x\") Y \"z\") BODY[1] \"hello\" "
                       "BODY (\"a\"))\r\n"),
                 "ENVELOPE=(\"d\" \"x\");Y=:z;BODY[1]=:hello;BODY=(\"a\");");
    assert_items(SLICE("* 1 FETCH (ENVELOPE (\"d\" \"z BODY[1] \"hello\") BODY (\"a\"))\r\n"), "?");
    assert_items(SLICE("* 1 FETCH (X-GM-LABELS (BODY[1] \"x\"))\r\n"), "?");
    assert_items(
        SLICE("* 1 FETCH (BODY (\"MESSAGE\" \"RFC822\") X-GM-LABELS (Binary \"BODY[\"))\r\n"),
        "BODY=(\"MESSAGE\" \"RFC822\");X-GM-LABELS=(Binary \"BODY[\");");
}

TEST(test_a_response_that_ends_too_early_is_not_read_to_its_end)
{
    struct slice whole = SLICE("* 1 FETCH (UID 1 BODY[1] {5}\r\nhello X (\"a\" {1}\r\nb))\r\n");
    for (size_t n = 0; n <= whole.len; n++) {
        size_t at = 0, items = 0;
        struct imap_fetched_item item;
        int r;
        while ((r = imap_fetched_item(slice_sub(whole, 0, n), &at, &item)) == 1)
            items++;
        assert_true(items <= 3);
        assert_true(n < whole.len || (items == 3 && r == 0));
    }
}

/* ---- as servers are: field.md 1.2 */

TEST(test_case_1_domino_wraps_items_in_parentheses)
{
    assert_items(
        SLICE("* 2 FETCH (UID 14935 (ENVELOPE (NIL NIL)) BODYSTRUCTURE (\"TEXT\" 0 NIL))\r\n"),
        "UID=14935;ENVELOPE=(NIL NIL);BODYSTRUCTURE=(\"TEXT\" 0 NIL);");
    assert_items(SLICE("* 2 FETCH ((UID 1 BODY[] {1}\r\nx))\r\n"), "UID=1;BODY[]=:x;");
}

TEST(test_case_2_an_empty_inner_body)
{
    assert_items(SLICE("* 2 FETCH (BODYSTRUCTURE (\"message\" \"rfc822\" NIL () 0 NIL) UID 5)\r\n"),
                 "BODYSTRUCTURE=(\"message\" \"rfc822\" NIL () 0 NIL);UID=5;");
}

/* 3, 4: EXISTS, EXPUNGE and numbers that are wrong are the session's; the UID is in the response. */
TEST(test_case_4_the_uid_is_found_wherever_it_stands)
{
    assert_items(SLICE("* 99 FETCH (FLAGS () UID 7)\r\n"), "FLAGS=();UID=7;");
}

TEST(test_case_5_and_6_dispositions_as_strings_and_encodings_that_are_nil)
{
    assert_items(SLICE("* 1 FETCH (BODYSTRUCTURE (\"text\" \"plain\" NIL NIL NIL NIL 5 1 NIL "
                       "\"inline\" (NIL NIL)) UID 5)\r\n"),
                 "BODYSTRUCTURE=(\"text\" \"plain\" NIL NIL NIL NIL 5 1 NIL \"inline\" (NIL NIL));"
                 "UID=5;");
}

TEST(test_case_7_names_without_quotes)
{
    struct imap_text text;
    struct imap_response response;
    struct slice line = SLICE("* LIST (\\HasNoChildren) \"/\" a\tb \x01 c\r\n");
    assert_int_equal(imap_text(line, true, &text), 1);
    assert_false(text.literal);
    imap_response(text.text, &response);
    assert_true(slice_eq(response.rest, SLICE("(\\HasNoChildren) \"/\" a\tb \x01 c")));
}

/* 8, 9: test_responses. 10, 11: whatever a structure says, its end is found. */
TEST(test_case_10_structures_are_not_understood)
{
    assert_items(SLICE("* 1 FETCH (BODYSTRUCTURE ((NIL NIL (\"boundary\" \"X\") ()) \"mixed\" 1 -1 "
                       "x (y)) UID 5)\r\n"),
                 "BODYSTRUCTURE=((NIL NIL (\"boundary\" \"X\") ()) \"mixed\" 1 -1 x (y));UID=5;");
}

TEST(test_case_12_numbers_that_are_none)
{
    assert_items(SLICE("* 1 FETCH (RFC822.SIZE 9.3736e+06 MODSEQ (-1) UID -1)\r\n"),
                 "RFC822.SIZE=9.3736e+06;MODSEQ=(-1);UID=-1;");
}

TEST(test_case_13_quotes_in_strings)
{
    assert_items(
        SLICE("* 1 FETCH (ENVELOPE (\"d\" \"a \"b\" c\" NIL) BODY[1] \"x\"y\"z\" UID 5)\r\n"),
        "ENVELOPE=(\"d\" \"a \"b\" c\" NIL);BODY[1]=:x\"y\"z;UID=5;");
}

TEST(test_case_14_missing_values)
{
    assert_items(SLICE("* 1 FETCH (RFC822)\r\n"), "RFC822=;");
    assert_items(SLICE("* 1 FETCH (BODY[1] UID 5)\r\n"), "BODY[1]=;UID=5;");
    assert_items(SLICE("* 1 FETCH (BODY[1] BODY[2] {1}\r\nx)\r\n"), "BODY[1]=;BODY[2]=:x;");
    assert_items(SLICE("* 1 FETCH (BODY[1] NIL UID)\r\n"), "BODY[1]=NIL;UID=;");
    assert_items(SLICE("* 1 FETCH (X y UID 5)\r\n"), "X=;y=;UID=5;");
}

/* 15 to 20: what came is what was said to have come, asked for or not. */
TEST(test_case_16_and_17_what_was_not_asked_for)
{
    assert_items(
        SLICE("* 1 FETCH (BODY[1] {3}\r\nabc BODY[2.MIME] \"x\" BODY[TEXT]<0.5> \"\")\r\n"),
        "BODY[1]=:abc;BODY[2.MIME]=:x;BODY[TEXT]<0.5>=:;");
}

TEST(test_case_15_a_header_that_is_none_is_content)
{
    assert_true(imap_is_header(SLICE("Content-Type: text/plain\r\n\r\n")));
    assert_false(imap_is_header(SLICE("Dear friend,\r\nsee: this\r\n")));
}

/* ---- content */

TEST(test_what_may_hold_content)
{
    static const char *const yes[] = {"BODY[]",
                                      "body[1]",
                                      "BODY.PEEK[]",
                                      "x BODY [1]",
                                      "BINARY[1]",
                                      "binary.peek[1]",
                                      "RFC822",
                                      "rfc822 {5}",
                                      "RFC822.TEXT",
                                      "RFC822.PEEK",
                                      "RFC822.SIZE 1 RFC822",
                                      "BBODY["};
    static const char *const no[] = {"",
                                     "BODY",
                                     "BODYSTRUCTURE (",
                                     "BODY (\"a[\")",
                                     "BODY.PEEK",
                                     "RFC822.SIZE 1",
                                     "RFC822.HEADER",
                                     "BINARY",
                                     "BINARY.SIZE[1]",
                                     "UID 5",
                                     "RFC82",
                                     "ENVELOPE"};
    for (size_t i = 0; i < COUNT(yes); i++)
        if (!imap_may_hold_content(slice_of(yes[i])))
            fail_msg("passes: %s", yes[i]);
    for (size_t i = 0; i < COUNT(no); i++)
        if (imap_may_hold_content(slice_of(no[i])))
            fail_msg("does not: %s", no[i]);
}

TEST(test_headers_and_their_beginnings)
{
    struct slice header = SLICE("Received: from a\r\n\tby b; (c: d)\r\nSubject : x\r\nX-Empty:\r\n"
                                "From: \xff\nTo: b\n folded\n\r\n");
    for (size_t n = 0; n <= header.len; n++)
        assert_true(imap_is_header(slice_sub(header, 0, n)));
    assert_true(imap_is_header(SLICE("\r\n")));
    assert_true(imap_is_header(SLICE("\n")));
}

TEST(test_what_is_no_header)
{
    static const char *const cases[] = {
        "A: b\r\n\r\n\r\n",
        "A: b\r\n\r\nx",
        "\r\n\r\n",
        "\r\nA: b\r\n",
        " folded\r\nA: b\r\n",
        "From a@b Mon 1:2\r\n",
        "hello\r\n",
        "hello world",
        "A: b\r\nhello\r\n",
        ": x\r\n",
        "A\xff: b\r\n",
        "A: b\rC: d\r\n",
        "example.org>\r\nA: b",
        "--boundary\r\n",
        "\x01: b\r\n",
        "A b: c\r\n",
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (imap_is_header(slice_of(cases[i])))
            fail_msg("taken: %s", cases[i]);
    assert_false(imap_is_header(SLICE("A: b\0c\r\n")));
}

TEST(test_a_name_that_was_cut_is_no_line_of_base64)
{
    char text[200];
    memset(text, 'A', sizeof text);
    assert_true(imap_is_header((struct slice){text, 128}));
    assert_false(imap_is_header((struct slice){text, 129}));
    text[199] = ':';
    assert_true(imap_is_header((struct slice){text, 200}));
}

/* ---- hostile sizes */

TEST(test_depth_and_length_cost_no_more_than_themselves)
{
    enum { SIZE = 512 << 10 };
    static char text[SIZE];
    static const char *const fillings[] = {"(",   ")",   "\"",  "\" ", "\\",    "[",
                                           "{",   "b",   "{1}", "<",   "BODY ", "BODY[",
                                           "\"a", "a\"", " \"", "X (", "[\""};
    static const char *const fronts[] = {"* 1 FETCH (", "* OK [", "* LIST () ", "* 1 FETCH (X ("};
    struct imap_fetched_item item;
    struct imap_response response;
    struct imap_text line;
    for (size_t i = 0; i < COUNT(fillings); i++)
        for (size_t j = 0; j < COUNT(fronts); j++) {
            size_t n = strlen(fillings[i]), at = 0;
            for (size_t k = 0; k + n < SIZE; k += n)
                memcpy(text + k, fillings[i], n);
            memcpy(text, fronts[j], strlen(fronts[j]));
            memcpy(text + SIZE - 6, " {5}\r\n", 6);
            struct slice all = {text, SIZE};
            imap_text(all, true, &line);
            imap_response(all, &response);
            while (imap_fetched_item(all, &at, &item) == 1)
                ;
            imap_may_hold_content(all);
            imap_is_header(all);
        }
}
