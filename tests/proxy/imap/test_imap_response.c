/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_response.h"
#include "tests/harness/unit.h"

#include <stdio.h>
#include <string.h>

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

TEST(test_lines_whole_and_byte_by_byte)
{
    static const struct {
        const char *bytes;
        bool first;
        int returns;
        bool literal;
        uint64_t octets;
    } cases[] = {
        {"* 1 FETCH (BODY[] {5}\r\n", true, 1, true, 5},
        {"* 1 FETCH (BODY[] {5}\n", true, 1, true, 5},
        {"* 1 FETCH (BODY[] {0}\r\n", true, 1, true, 0},
        {"* 1 FETCH (BODY[] {012}\r\n", true, 1, true, 12},
        {"* 1 FETCH (BINARY[1] ~{5}\r\n", true, 1, true, 5},
        {"* 1 FETCH (ENVELOPE ({5}\r\n", true, 1, true, 5},
        {"* 1 FETCH (ENVELOPE (\"d\" {5}\r\n", true, 1, true, 5},
        {"* LIST () \"/\" {1099511627776}\r\n", true, 1, true, 1ULL << 40},
        {" BODY[2] {7}\r\n", false, 1, true, 7},
        {" OK {7}\r\n", false, 1, true, 7},
        {")\r\n", false, 1, false, 0},
        {"\r\n", true, 1, false, 0},
        {"\n", false, 1, false, 0},
        /* no size */
        {"* 1 FETCH (BODY[] {1099511627777}\r\n", true, -1, false, 0},
        {"* 1 FETCH (BODY[] {18446744073709551621}\r\n", true, -1, false, 0},
        {"* 1 FETCH (BODY[] {99999999999999999999999}\r\n", true, -1, false, 0},
        /* a client's, or nothing of the kind */
        {"* 1 FETCH (BODY[] {5+}\r\n", true, 1, false, 0},
        {"* 1 FETCH (BODY[] {}\r\n", true, 1, false, 0},
        {"* 1 FETCH (BODY[] {-1}\r\n", true, 1, false, 0},
        {"* 1 FETCH (BODY[] {5} )\r\n", true, 1, false, 0},
        {"* 1 FETCH (BODY[] {5}\r\r\n", true, 1, false, 0},
        {"5}\r\n", true, 1, false, 0},
        {"}\r\n", true, 1, false, 0},
        /* free text */
        {"* OK see {5}\r\n", true, 1, false, 0},
        {"* ok {5}\r\n", true, 1, false, 0},
        {"* OK [ALERT] see ({5}\r\n", true, 1, false, 0},
        {"* BYE {5}\r\n", true, 1, false, 0},
        {"* PREAUTH {5}\r\n", true, 1, false, 0},
        {"a1 NO no mailbox {12}\r\n", true, 1, false, 0},
        {"a1 BAD \"{12}\r\n", true, 1, false, 0},
        {"* OK {99999999999999999999999}\r\n", true, 1, false, 0},
        {"+ idling {5}\r\n", true, 1, false, 0},
        {"+ {5}\r\n", true, 1, false, 0},
        {"* [COPYUID 1 2 3] done {5}\r\n", true, 1, false, 0},
        {"* OK [BADCHARSET ({5}\r\n", true, 1, true, 5}, /* cannot be placed */
        {"* 5 OK {5}\r\n", true, 1, true, 5},
        /* names without quotes go to the line's end (7); a word before a literal has a blank */
        {"* LIST () \"/\" my folder{5}\r\n", true, 1, false, 0},
        {"* LIST () \"/\" a\tb\t{5}\r\n", true, 1, false, 0},
        {"* LSUB () NIL x{5}\r\n", true, 1, false, 0},
        {"* LIST () \"/\"{5}\r\n", true, -1, false, 0},
        {"* STATUS x{5}\r\n", true, -1, false, 0},
        /* nobody can tell */
        {"* 1 FETCH (BODY[]{5}\r\n", true, -1, false, 0},
        {"* 1 FETCH (RFC822{5}\r\n", true, -1, false, 0},
        {"* 1 FETCH (BODY[]<0>{5}\r\n", true, -1, false, 0},
        {"* 1 FETCH (BINARY[1]~{5}\r\n", true, -1, false, 0},
        {"* 1 FETCH (ENVELOPE (\"d\" \"subject {10}\r\n", true, -1, false, 0},
        {"* 1 FETCH (ENVELOPE (\"d\" \"sub\"ject {10}\r\n", true, -1, false, 0},
        {"* 1 FETCH (ENVELOPE (\"d\" \"sub\\\" {10}\r\n", true, -1, false, 0},
        {"* LIST () \"/\" \"x {5}\r\n", true, -1, false, 0},
        {" \"subject {10}\r\n", false, -1, false, 0},
        {"{5}\r\n", true, -1, false, 0},
        {"{5}\r\n", false, -1, false, 0},
        {"CAPABILITY completed{5}\r\n", true, -1, false, 0},
        /* quotes that are no strings, and strings with quotes (13) */
        {"* 1 FETCH (ENVELOPE (\"a \"b\" c\" {5}\r\n", true, 1, true, 5},
        {"* 1 FETCH (ENVELOPE (\"a\" NIL \"\"b\"\" {5}\r\n", true, 1, true, 5},
        {"* LIST () \"\\\\\" {5}\r\n", true, 1, true, 5},
        {"* 1 FETCH (BODY[HEADER.FIELDS (\"A B\")] {5}\r\n", true, 1, true, 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct imap_text text;
        int r = text_of(slice_of(cases[i].bytes), cases[i].first, &text);
        if (r != cases[i].returns || (r == 1 && text.literal != cases[i].literal))
            fail_msg("%d: %s", r, cases[i].bytes);
        if (r == 1) {
            assert_text(text.text, cases[i].bytes, cases[i].bytes);
            assert_int_equal(text.octets, cases[i].octets);
        }
    }
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

TEST(test_responses)
{
    static const struct {
        const char *line;
        enum imap_response_kind kind;
        const char *tag;
        int64_t number;
        const char *name;
        enum imap_status status;
        const char *code, *rest;
    } cases[] = {
#define UNTAGGED IMAP_RESPONSE_UNTAGGED, "", -1
#define NUMBERED(n) IMAP_RESPONSE_UNTAGGED, "", n
#define TAGGED(tag) IMAP_RESPONSE_TAGGED, tag, -1
#define CONTINUE IMAP_RESPONSE_CONTINUE, "", -1, "+", IMAP_STATUSES
        {"* OK ready\r\n", UNTAGGED, "OK", IMAP_OK, "", "ready"},
        {"* ok ready\n", UNTAGGED, "ok", IMAP_OK, "", "ready"},
        {"* OK\r\n", UNTAGGED, "OK", IMAP_OK, "", ""},
        {"* OK [UNSEEN 3] x\r\n", UNTAGGED, "OK", IMAP_OK, "[UNSEEN 3]", "[UNSEEN 3] x"},
        {"* OK[ALERT] x", UNTAGGED, "OK", IMAP_OK, "[ALERT]", "[ALERT] x"},
        {"* OK x [A]", UNTAGGED, "OK", IMAP_OK, "", "x [A]"},
        {"* OK [A never ends", UNTAGGED, "OK", IMAP_OK, "", "[A never ends"},
        {"* BYE x", UNTAGGED, "BYE", IMAP_BYE, "", "x"},
        {"* PREAUTH x", UNTAGGED, "PREAUTH", IMAP_PREAUTH, "", "x"},
        {"* CAPABILITY A B", UNTAGGED, "CAPABILITY", IMAP_STATUSES, "", "A B"},
        {"* FLAGS(\\Seen)", UNTAGGED, "FLAGS", IMAP_STATUSES, "", "(\\Seen)"},
        {"* 12 EXISTS\r\n", NUMBERED(12), "EXISTS", IMAP_STATUSES, "", ""},
        {"*  12 \t FETCH   (UID 1)", NUMBERED(12), "FETCH", IMAP_STATUSES, "", "(UID 1)"},
        {"* 12 FETCH(UID 1)", NUMBERED(12), "FETCH", IMAP_STATUSES, "", "(UID 1)"},
        {"* 4294967295 EXISTS", NUMBERED(4294967295), "EXISTS", IMAP_STATUSES, "", ""},
        {"* 5 OK x", NUMBERED(5), "OK", IMAP_STATUSES, "", "x"},
        {"* 12", NUMBERED(12), "", IMAP_STATUSES, "", ""},
        {"a1 OK done", TAGGED("a1"), "OK", IMAP_OK, "", "done"},
        {"a1 NO [X] y", TAGGED("a1"), "NO", IMAP_NO, "[X]", "[X] y"},
        {"A1] bad", TAGGED("A1]"), "bad", IMAP_BAD, "", ""},
        {"+ idling\r\n", CONTINUE, "", "idling"},
        {"+\r\n", CONTINUE, "", ""},
        {"+ [X] y\r\n", CONTINUE, "[X]", "[X] y"},
        /* without its OK (8) */
        {"* [COPYUID 1 2 3] x", UNTAGGED, "", IMAP_STATUSES, "[COPYUID 1 2 3]",
         "[COPYUID 1 2 3] x"},
        {"[COPYUID 55 31 6]", TAGGED("[COPYUID"), "", IMAP_STATUSES, "", "[COPYUID 55 31 6]"},
        /* what cannot be read (9, 12) */
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
        /* where a code ends */
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
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *line = cases[i].line;
        struct imap_response found;
        imap_response(slice_of(line), &found);
        if (found.kind != cases[i].kind || found.status != cases[i].status ||
            found.numbered != (cases[i].number >= 0))
            fail_msg("taken for something else: %s", line);
        if (found.numbered)
            assert_int_equal(found.number, cases[i].number);
        assert_text(found.tag, cases[i].tag, line);
        assert_text(found.name, cases[i].name, line);
        assert_text(found.code, cases[i].code, line);
        assert_text(found.rest, cases[i].rest, line);
    }
}

TEST(test_where_literals_can_be_placed)
{
    static const char *const with[] = {"* LIST",      "* lsub",     "* XLIST",   "* STATUS", "* ID",
                                       "* QUOTAROOT", "* METADATA", "* 1 FETCH", "* 1 fetch"};
    static const char *const without[] = {"* SEARCH", "* 1 EXISTS", "* OK", "a1 OK", "+",
                                          "* FETCH",  "* 1 LIST",   "* XY", "* ",    "a1 LIST"};
    struct imap_response response;
    for (size_t i = 0; i < sizeof with / sizeof *with; i++) {
        imap_response(slice_of(with[i]), &response);
        assert_true(imap_may_have_literals(&response));
    }
    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        imap_response(slice_of(without[i]), &response);
        assert_false(imap_may_have_literals(&response));
    }
}

/* ---- capabilities and codes */

TEST(test_capabilities_are_listed)
{
    struct slice list = SLICE("  IMAP4rev1 \t AUTH=PLAIN IDLE \r\n"), one;
    assert_true(imap_capability(&list, &one));
    assert_true(slice_eq(one, SLICE("IMAP4rev1")));
    assert_true(imap_capability(&list, &one));
    assert_true(slice_eq(one, SLICE("AUTH=PLAIN")));
    assert_true(imap_capability(&list, &one));
    assert_true(slice_eq(one, SLICE("IDLE")));
    assert_false(imap_capability(&list, &one));
    assert_false(imap_capability(&list, &one));
}

TEST(test_capabilities_that_are_relayed)
{
    static const char *const yes[] = {
        "IMAP4rev1",   "imap4rev1",    "LITERAL+",    "IDLE",        "THREAD=REFS",
        "QUOTA",       "QUOTA=X-NUM",  "RIGHTS=kxte", "APPENDLIMIT", "APPENDLIMIT=35651584",
        "I18NLEVEL=1", "SORT=DISPLAY", "X-GM-EXT-1",  "UTF8=ACCEPT", "ID",
        "STATUS=SIZE"};
    static const char *const no[] = {"IMAP4rev2",
                                     "BINARY",
                                     "UIDONLY",
                                     "PARTIAL",
                                     "COMPRESS=DEFLATE",
                                     "NOTIFY",
                                     "URLAUTH",
                                     "CATENATE",
                                     "REPLACE",
                                     "CONVERT",
                                     "PREVIEW",
                                     "PREVIEW=FUZZY",
                                     "SNIPPET=FUZZY",
                                     "CONTEXT=SEARCH",
                                     "LOGIN-REFERRALS",
                                     "MAILBOX-REFERRALS",
                                     "AUTH=PLAIN",
                                     "UNAUTHENTICATE",
                                     "JMAPACCESS",
                                     "MULTISEARCH",
                                     "FILTERS",
                                     "ANNOTATE-EXPERIMENT-1",
                                     "STARTTLS",
                                     "LOGINDISABLED",
                                     "SASL-IR",
                                     "INPROGRESS",
                                     "XYZZY",
                                     "",
                                     "IDLE2",
                                     "IDL",
                                     "THREAD=",
                                     "THREAD",
                                     "THREAD=a]b",
                                     "QUOTA=\xff",
                                     "IDLE]",
                                     "SORT=X"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!imap_is_relayed_capability(slice_of(yes[i])))
            fail_msg("hidden: %s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (imap_is_relayed_capability(slice_of(no[i])))
            fail_msg("relayed: %s", no[i]);
}

TEST(test_codes_that_are_relayed)
{
    static const char *const yes[] = {
        "[ALERT]", "[UNSEEN 3]", "[COPYUID 1 2 3]", "[WEBALERT x]", "[REFERRALS]", "[]", "", "[X]"};
    static const char *const no[] = {"[REFERRAL imap://x/]", "[referral imap://x/]",
                                     "[ REFERRAL x]",        "[\tREFERRAL]",
                                     "[BADURL x]",           "[URLMECH]",
                                     "[COMPRESSIONACTIVE]",  "[CAPABILITY IMAP4rev1]",
                                     "[REFERRAL\tx]"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!imap_is_relayed_code(slice_of(yes[i])))
            fail_msg("not relayed: %s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
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

static void assert_items(struct slice response, const char *expected)
{
    const char *found = items_of(response);
    if (strcmp(found, expected) != 0)
        fail_msg("found %s, not %s in: %.*s", found, expected, SLICE_ARGS(response));
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
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
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
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!imap_may_hold_content(slice_of(yes[i])))
            fail_msg("passes: %s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
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
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
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
    for (size_t i = 0; i < sizeof fillings / sizeof *fillings; i++)
        for (size_t j = 0; j < sizeof fronts / sizeof *fronts; j++) {
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
