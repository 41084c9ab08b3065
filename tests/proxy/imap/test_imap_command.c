/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_command.h"
#include "tests/harness/unit.h"

#include <string.h>

/* ---- pieces */

TEST(test_pieces_whole_and_byte_by_byte)
{
    static const struct {
        const char *bytes;
        int found;
        bool literal, waits, binary;
        uint64_t octets;
    } cases[] = {
        {"a1 NOOP\r\n", 1, false, false, false, 0},
        {"\r\n", 1, false, false, false, 0},
        {"a1 LOGIN {5}\r\n", 1, true, true, false, 5},
        {"a1 LOGIN {5+}\r\n", 1, true, false, false, 5},
        {"a1 APPEND x ~{5}\r\n", 1, true, true, true, 5},
        {"a1 APPEND x {0}\r\n", 1, true, true, false, 0},
        {"a1 APPEND x {4294967295}\r\n", 1, true, true, false, 4294967295},
        {"a1 APPEND x {4294967296}\r\n", -3, true, true, false, 4294967296},
        {"a1 APPEND x {99999999999999999999}\r\n", -3, true, true, false, 0},
        {"a1 APPEND x {}\r\n", -3, true, true, false, 0},
        {"a1 APPEND x {-1}\r\n", -3, true, true, false, 0},
        {"a1 APPEND x {5 }\r\n", -3, true, true, false, 0},
        {"a1 SEARCH SUBJECT \"x {5}\r\n", -3, true, true, false, 5},
        {"a1 SEARCH SUBJECT \"x {5}\"\r\n", 1, false, false, false, 0},
        {"a1 SEARCH SUBJECT \"\\\" {5}\r\n", -3, true, true, false, 5},
        {"a1 NOOP\n", -2, false, false, false, 0},
        {"a1 NO\rOP\r\n", -2, false, false, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice bytes = slice_of(cases[i].bytes);
        struct imap_piece piece;
        for (size_t n = 0; n < bytes.len; n++)
            assert_int_equal(imap_piece(slice_sub(bytes, 0, n), &piece), 0);
        assert_int_equal(imap_piece(bytes, &piece), cases[i].found);
        assert_int_equal(piece.used, bytes.len);
        if (cases[i].found != 1)
            continue;
        assert_int_equal(piece.literal, cases[i].literal);
        assert_int_equal(piece.octets, cases[i].octets);
        if (piece.literal) {
            assert_int_equal(piece.waits, cases[i].waits);
            assert_int_equal(piece.binary, cases[i].binary);
        }
    }
}

TEST(test_a_nul_and_a_line_without_end_are_refused)
{
    static char long_line[IMAP_LINE_MAX + 2];
    struct imap_piece piece;
    assert_int_equal(imap_piece((struct slice){"a NO\0OP\r\n", 9}, &piece), -2);
    memset(long_line, 'x', sizeof long_line);
    assert_int_equal(imap_piece((struct slice){long_line, IMAP_LINE_MAX - 1}, &piece), 0);
    assert_int_equal(imap_piece((struct slice){long_line, IMAP_LINE_MAX}, &piece), -1);
}

/* ---- commands */

static struct imap_command parsed(const char *text)
{
    struct imap_command command;
    imap_command(slice_of(text), &command);
    return command;
}

TEST(test_commands_in_any_case)
{
    struct imap_command command = parsed("a.1 uid Fetch 1:* (FLAGS)\r\n");
    assert_true(slice_eq(command.tag, SLICE("a.1")));
    assert_int_equal(command.verb, IMAP_FETCH);
    assert_true(command.uid);
    assert_true(slice_eq(command.arguments, SLICE("1:* (FLAGS)")));
    command = parsed("x NOOP\r\n");
    assert_int_equal(command.verb, IMAP_NOOP);
    assert_int_equal(command.arguments.len, 0);
    assert_int_equal(parsed("x COMPRESS DEFLATE\r\n").verb, IMAP_VERBS);
    assert_int_equal(parsed("x  NOOP\r\n").verb, IMAP_VERBS);
    assert_int_equal(parsed("x\tNOOP\r\n").tag.len, 0);
}

TEST(test_what_is_no_tag)
{
    static const char *const lines[] = {"* NOOP\r\n", "+ NOOP\r\n", "(a NOOP\r\n",  "a\" NOOP\r\n",
                                        " NOOP\r\n",  "\r\n",       "a{5} NOOP\r\n"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_int_equal(parsed(lines[i]).tag.len, 0);
}

TEST(test_strings)
{
    struct arena *arena = arena_new(4096);
    struct slice rest = SLICE("atom \"quo\\\"ted\" {3}\r\nabc \"\""), text;
    static const char *const expected[] = {"atom", "quo\"ted", "abc", ""};
    for (size_t i = 0; i < 4; i++) {
        assert_true(imap_string(arena, &rest, &text));
        assert_true(slice_eq(text, slice_of(expected[i])));
    }
    assert_false(imap_string(arena, &rest, &text));
    rest = SLICE("\"open");
    assert_false(imap_string(arena, &rest, &text));
    rest = SLICE("{9}\r\nabc");
    assert_false(imap_string(arena, &rest, &text));
    arena_free(&arena);
}

/* ---- items */

TEST(test_what_items_are)
{
    static const struct {
        const char *name;
        enum imap_item item;
        bool header;
    } cases[] = {
        {"FLAGS", IMAP_ITEM_OTHER, false},
        {"BODY", IMAP_ITEM_OTHER, false},
        {"BODYSTRUCTURE", IMAP_ITEM_OTHER, false},
        {"RFC822.SIZE", IMAP_ITEM_OTHER, false},
        {"RFC822.HEADER", IMAP_ITEM_OTHER, true},
        {"body[header]", IMAP_ITEM_OTHER, true},
        {"BODY.PEEK[HEADER.FIELDS (To \"From\")]", IMAP_ITEM_OTHER, true},
        {"BODY[2.HEADER]<0.100>", IMAP_ITEM_OTHER, true},
        {"BODY[HEADER]<0>", IMAP_ITEM_OTHER, true},
        {"BODY[HEADER]<10>", IMAP_ITEM_CONTENT, true},
        {"BODY[1.MIME]", IMAP_ITEM_OTHER, true},
        {"BODY[MIME]", IMAP_ITEM_CONTENT, false},
        {"BODY[]", IMAP_ITEM_WHOLE, false},
        {"BODY.PEEK[]", IMAP_ITEM_WHOLE, false},
        {"RFC822", IMAP_ITEM_WHOLE, false},
        {"RFC822.PEEK", IMAP_ITEM_WHOLE, false},
        {"BODY[]<0.10>", IMAP_ITEM_CONTENT, false},
        {"BODY[]<0>", IMAP_ITEM_CONTENT, false},
        {"BODY[TEXT]", IMAP_ITEM_CONTENT, false},
        {"BODY[1]", IMAP_ITEM_CONTENT, false},
        {"BODY[1.2.TEXT]", IMAP_ITEM_CONTENT, false},
        {"BODY[HEADERX]", IMAP_ITEM_CONTENT, false},
        {"BODY[", IMAP_ITEM_CONTENT, false},
        {"X[1]", IMAP_ITEM_CONTENT, false},
        {"RFC822.TEXT", IMAP_ITEM_CONTENT, false},
        {"RFC822.XX", IMAP_ITEM_CONTENT, false},
        {"BINARY[1]", IMAP_ITEM_CONTENT, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice name = slice_of(cases[i].name);
        if (imap_item(name) != cases[i].item || imap_names_header(name) != cases[i].header)
            fail_msg("%s", cases[i].name);
    }
}

TEST(test_what_a_fetch_asks_for)
{
    struct imap_fetch asked;
    struct imap_command command = parsed("a FETCH 1:2,* (FLAGS BODY[1]<0.5>) (CHANGEDSINCE 5)\r\n");
    imap_fetch(&command, &asked);
    assert_true(slice_eq(asked.set, SLICE("1:2,*")));
    assert_true(slice_eq(asked.items, SLICE("(FLAGS BODY[1]<0.5>) (CHANGEDSINCE 5)")));
    assert_true(asked.content && !asked.whole);
    command = parsed("a FETCH 1 RFC822\r\n");
    imap_fetch(&command, &asked);
    assert_true(asked.whole && !asked.content);
}

TEST(test_sets)
{
    struct slice set = SLICE("1,3:5,7:*");
    uint32_t from, to;
    static const uint32_t expected[][2] = {{1, 1}, {3, 5}, {7, UINT32_MAX}};
    for (size_t i = 0; i < 3; i++) {
        assert_true(imap_range(&set, &from, &to));
        assert_int_equal(from, expected[i][0]);
        assert_int_equal(to, expected[i][1]);
    }
    assert_int_equal(set.len, 0);
    static const char *const none[] = {"", "0", "$", "x", "1:", "4294967296", "1x", "1::2"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        set = slice_of(none[i]);
        assert_false(imap_range(&set, &from, &to));
    }
}

/* ---- what passes */

TEST(test_what_passes)
{
    static const char *const commands[] = {
        "a FETCH 1 (FLAGS UID INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE MODSEQ)",
        "a FETCH 1:* FULL",
        "a UID FETCH 1,5:* (BODY.PEEK[HEADER.FIELDS (\"From\" To {4}\r\nDate)] BODY[]<0.100>)",
        "a FETCH 1 (BODY.PEEK[1.2.MIME] X-GM-MSGID X-GM-LABELS)",
        "a UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12 VANISHED)",
        "a FETCH 1 RFC822.PEEK",
        "a STORE 1 +FLAGS.SILENT (\\Seen $Junk)",
        "a UID STORE 1:5 (UNCHANGEDSINCE 12) -FLAGS \\Deleted",
        "a STORE 1 FLAGS ()",
        "a SELECT INBOX",
        "a SELECT \"in box\" (CONDSTORE)",
        "a SELECT INBOX (QRESYNC (67890007 20050715194045000 41,43:211 (1,2 3,4)))",
        "a EXAMINE {5}\r\nINBOX",
        "a STATUS \"x\" (MESSAGES UIDNEXT UNSEEN HIGHESTMODSEQ SIZE MAILBOXID)",
        "a LIST \"\" *",
        "a LIST \"\" \"%\"",
        "a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (\"INBOX\" \"x/%\") RETURN (CHILDREN SPECIAL-USE "
        "STATUS (MESSAGES UNSEEN))",
        "a SEARCH RETURN (MIN MAX COUNT SAVE) UNSEEN SUBJECT \"(x\"",
        "a UID SEARCH CHARSET UTF-8 TEXT {5}\r\nhello",
        "a SEARCH OR (FROM a TO b) NOT X-GM-RAW \"has:attachment\"",
        "a SORT (REVERSE DATE) UTF-8 ALL",
        "a THREAD REFERENCES UTF-8 ALL",
        "a CREATE x (USE (\\Junk))",
        "a CREATE x",
        "a COPY 1:2 \"Deleted Items\"",
        "a UID MOVE $ Junk",
        "a ID (\"name\" \"x\" \"version\" NIL)",
        "a GETMETADATA \"\" /private/x",
        "a IDLE",
        "a UID EXPUNGE 1:4",
        "a SETACL x anna lrs"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct imap_command command = parsed(commands[i]);
        const char *why = imap_objection(&command);
        if (command.verb == IMAP_VERBS || why)
            fail_msg("%s: %s", commands[i], why ? why : "unknown");
    }
}

TEST(test_what_does_not_pass)
{
    static const char *const commands[] = {"a FETCH 1 BINARY[1]",
                                           "a FETCH 1 (FLAGS BINARY.PEEK[1]<0.5>)",
                                           "a FETCH 1 BINARY.SIZE[1]",
                                           "a FETCH 1 (PREVIEW)",
                                           "a FETCH 1 (PREVIEW (LAZY))",
                                           "a FETCH 1 (SNIPPET)",
                                           "a FETCH 1 ANNOTATION (/* value)",
                                           "a FETCH 1 (FLAGS) (PARTIAL 1:5)",
                                           "a FETCH 1 (FLAGS BODY[1]",
                                           "a FETCH 1 (FLAGS (BODY[1]))",
                                           "a FETCH 1 BODY[X]",
                                           "a FETCH 1 BODY[1.X]",
                                           "a FETCH 1 BODYX[1]",
                                           "a FETCH 1 (BODY[HEADER.FIELDS (x]",
                                           "a FETCH 1",
                                           "a FETCH 1 ",
                                           "a FETCH 1 FLAGS BODY[1]",
                                           "a FETCH 1 (FLAGS) BINARY[1]",
                                           "a FETCH 1 \"BODY[]\"",
                                           "a FETCH 1 {6}\r\nBODY[]",
                                           "a STORE 1 ANNOTATION (x)",
                                           "a STORE 1 (X 5) FLAGS ()",
                                           "a STORE 1",
                                           "a SELECT INBOX (UIDONLY)",
                                           "a SELECT INBOX (ANNOTATE)",
                                           "a SELECT INBOX (CONDSTORE",
                                           "a SELECT INBOX CONDSTORE",
                                           "a SELECT",
                                           "a STATUS x (MESSAGES FOO)",
                                           "a LIST (REMOTE) \"\" *",
                                           "a LIST \"\" * RETURN (METADATA (/x))",
                                           "a LIST \"\"",
                                           "a SEARCH RETURN (CONTEXT) ALL",
                                           "a SEARCH RETURN (UPDATE COUNT) ALL",
                                           "a SEARCH RETURN (PARTIAL 1:5) ALL",
                                           "a SEARCH return (update) ALL",
                                           "a SEARCH SUBJECT \"open",
                                           "a SEARCH (FILTER x)",
                                           "a CREATE x (FOO (y))"};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct imap_command command = parsed(commands[i]);
        if (command.verb == IMAP_VERBS || !imap_objection(&command))
            fail_msg("%s", commands[i]);
    }
}

/* ---- APPEND */

TEST(test_where_a_message_follows)
{
    static const struct {
        const char *text;
        bool more, follows;
    } cases[] = {
        {"INBOX {310}", false, true},
        {"INBOX (\\Seen) {310}", false, true},
        {"\"in box\" (\\Seen $x) \" 7-Feb-1994 21:52:25 -0800\" {310}", false, true},
        {"INBOX \" 7-Feb-1994 21:52:25 -0800\" {310+}", false, true},
        {"{5}\r\nINBOX ~{310}", false, true},
        {"INBOX UTF8 (~{310}", false, true},
        {"{5}", false, false},
        {"INBOX CATENATE (TEXT {310}", false, false},
        {"INBOX (\\Seen CATENATE (TEXT {310}", false, false},
        {" {310}", true, true},
        {" (\\Seen) {310}", true, true},
        {") {310}", true, true},
        {"{310}", true, false},
        {" CATENATE (TEXT {310}", true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (imap_append_continues(slice_of(cases[i].text), cases[i].more) != cases[i].follows)
            fail_msg("%s", cases[i].text);
}

TEST(test_a_whole_append)
{
    static const struct {
        const char *arguments;
        size_t count;
        bool whole;
    } cases[] = {
        {"INBOX {310}\r\n", 1, true},
        {"INBOX (\\Seen) {310}\r\n (\\Flagged) {20+}\r\n", 2, true},
        {"INBOX UTF8 (~{310}\r\n)", 1, true},
        {"INBOX UTF8 (~{310}\r\n", 1, false},
        {"INBOX {310}\r\n", 2, false},
        {"INBOX {310}\r\n CATENATE (URL x)", 1, false},
        {"INBOX {310}\r\nx", 1, false},
        {"INBOX \"quoted\"", 0, false},
        {"INBOX", 0, false},
        {"", 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (imap_append_is_whole(slice_of(cases[i].arguments), cases[i].count) != cases[i].whole)
            fail_msg("%s", cases[i].arguments);
}
