/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_command.h"
#include "tests/harness/unit.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ARENA_TESTS(1 << 20);

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct imap_piece piece_of(struct slice bytes, int expected)
{
    struct imap_piece piece;
    int found = imap_piece(bytes, &piece);
    if (found != expected)
        print_error("%.*s\n", SLICE_ARGS(bytes));
    assert_int_equal(found, expected);
    return piece;
}

static struct imap_command command_of(struct slice text)
{
    struct imap_command command;
    imap_command(text, &command);
    return command;
}

static const char *objection_to(struct slice text)
{
    struct imap_command command = command_of(text);
    return command.verb == IMAP_VERBS ? "unknown" : imap_objection(&command);
}

static void passes(const struct slice *commands, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *why = objection_to(commands[i]);
        if (why)
            print_error("%.*s: %s\n", SLICE_ARGS(commands[i]), why);
        assert_null(why);
    }
}

static void refused(const struct slice *commands, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *why = objection_to(commands[i]);
        if (!why)
            print_error("%.*s passes\n", SLICE_ARGS(commands[i]));
        assert_non_null(why);
    }
}

#define PASSES(...)                                                                                \
    do {                                                                                           \
        static const struct slice these[] = {__VA_ARGS__};                                         \
        passes(these, COUNT(these));                                                               \
    } while (0)
#define REFUSED(...)                                                                               \
    do {                                                                                           \
        static const struct slice these[] = {__VA_ARGS__};                                         \
        refused(these, COUNT(these));                                                              \
    } while (0)

/* ---- pieces ---- */

TEST(test_lines_end_with_crlf_alone)
{
    struct imap_piece piece = piece_of(SLICE("a1 NOOP\r\na2 NOOP\r\n"), 1);
    assert_true(slice_eq(piece.text, SLICE("a1 NOOP")));
    assert_int_equal(piece.used, 9);
    assert_false(piece.literal);
    piece_of(SLICE(""), 0);
    piece_of(SLICE("a1 NOOP"), 0);
    piece_of(SLICE("a1 NOOP\r"), 0);
    assert_int_equal(piece_of(SLICE("a1 NOOP\na2 NOOP\r\n"), -2).used, 8);
    assert_int_equal(piece_of(SLICE("a1\rNOOP\r\n"), -2).used, 9);
    assert_int_equal(piece_of(SLICE("a1 \0NOOP\r\n"), -2).used, 10);
    assert_int_equal(piece_of(SLICE("\n"), -2).used, 1);
    assert_int_equal(piece_of(SLICE("\r\n"), 1).used, 2);
}

TEST(test_a_line_has_an_end)
{
    static char bytes[IMAP_LINE_MAX + 1];
    memset(bytes, 'a', sizeof bytes);
    piece_of((struct slice){bytes, IMAP_LINE_MAX - 1}, 0);
    piece_of((struct slice){bytes, IMAP_LINE_MAX}, -1);
    memcpy(bytes + IMAP_LINE_MAX - 2, "\r\n", 2);
    assert_int_equal(piece_of((struct slice){bytes, IMAP_LINE_MAX}, 1).used, IMAP_LINE_MAX);
    memcpy(bytes + IMAP_LINE_MAX - 2, "a\r\n", 3);
    piece_of((struct slice){bytes, IMAP_LINE_MAX + 1}, -1);
}

TEST(test_literals_are_announced_at_the_end)
{
    static const struct {
        struct slice line;
        uint64_t octets;
        bool waits, binary;
    } lines[] = {
        {SLICE("a1 LOGIN {5}\r\n"), 5, true, false},
        {SLICE("a1 LOGIN {5+}\r\n"), 5, false, false},
        {SLICE("a1 APPEND x ~{5}\r\n"), 5, true, true},
        {SLICE("a1 APPEND x ~{5+}\r\n"), 5, false, true},
        {SLICE("a1 LOGIN {0}\r\n"), 0, true, false},
        {SLICE("a1 LOGIN {4294967295}\r\n"), UINT32_MAX, true, false},
        {SLICE("a1 LOGIN \"{6}\" {5}\r\n"), 5, true, false},
        {SLICE("a1 LOGIN \"\\\"{6}\" {5}\r\n"), 5, true, false},
        {SLICE("{5}\r\n"), 5, true, false},
    };
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct imap_piece piece = piece_of(lines[i].line, 1);
        assert_true(piece.literal);
        assert_int_equal(piece.octets, lines[i].octets);
        assert_int_equal(piece.waits, lines[i].waits);
        assert_int_equal(piece.binary, lines[i].binary);
        assert_int_equal(piece.used, lines[i].line.len);
    }
    static const struct slice none[] = {
        SLICE("a1 SELECT \"x{5}\"\r\n"), SLICE("a1 SELECT {5} \r\n"), SLICE("a1 SELECT {5}x\r\n"),
        SLICE("a1 SELECT x}\r\n"),       SLICE("a1 SELECT {5\r\n"),
    };
    for (size_t i = 0; i < COUNT(none); i++)
        assert_false(piece_of(none[i], 1).literal);
}

TEST(test_literals_have_a_size)
{
    static const struct slice bad[] = {
        SLICE("a1 LOGIN {}\r\n"),           SLICE("a1 LOGIN {+}\r\n"),
        SLICE("a1 LOGIN {-1}\r\n"),         SLICE("a1 LOGIN {4294967296}\r\n"),
        SLICE("a1 LOGIN {9999999999}\r\n"), SLICE("a1 LOGIN {18446744073709551617}\r\n"),
        SLICE("a1 LOGIN {5++}\r\n"),        SLICE("a1 LOGIN {+5}\r\n"),
        SLICE("a1 LOGIN { 5}\r\n"),         SLICE("a1 LOGIN {5 }\r\n"),
        SLICE("a1 LOGIN {0x5}\r\n"),        SLICE("a1 LOGIN {5-}\r\n"),
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(piece_of(bad[i], -3).used, bad[i].len);
}

/* One reader sees a string without an end, another a literal. */
TEST(test_nothing_is_announced_within_quotes)
{
    piece_of(SLICE("a1 SEARCH SUBJECT \"x{5}\r\n"), -3);
    piece_of(SLICE("a1 SEARCH SUBJECT \"x\\\" {5+}\r\n"), -3);
    piece_of(SLICE("a1 SEARCH SUBJECT x\" {5}\r\n"), -3);
    piece_of(SLICE("a1 SEARCH SUBJECT \\\" {5}\r\n"), -3);
}

TEST(test_pieces_come_octet_by_octet)
{
    struct slice whole = SLICE("a1 LOGIN \"a\" {5+}\r\n");
    for (size_t len = 0; len < whole.len; len++)
        piece_of(slice_sub(whole, 0, len), 0);
    assert_true(piece_of(whole, 1).literal);
}

/* ---- commands ---- */

TEST(test_verbs_in_any_case)
{
    struct imap_command command = command_of(SLICE("a.1 sElEcT INBOX\r\n"));
    assert_true(slice_eq(command.tag, SLICE("a.1")));
    assert_int_equal(command.verb, IMAP_SELECT);
    assert_false(command.uid);
    assert_true(slice_eq(command.arguments, SLICE("INBOX")));
    command = command_of(SLICE("a1 uid Fetch 1:* (FLAGS)\r\n"));
    assert_int_equal(command.verb, IMAP_FETCH);
    assert_true(command.uid);
    assert_true(slice_eq(command.arguments, SLICE("1:* (FLAGS)")));
    assert_int_equal(command_of(SLICE("a1 NOOP\r\n")).arguments.len, 0);
    assert_int_equal(command_of(SLICE("a1 SELECT {5}\r\nINBOX\r\n")).arguments.len, 10);
    assert_true(
        slice_eq(command_of(SLICE("a1 X {2}\r\n\r\n\r\n")).arguments, SLICE("{2}\r\n\r\n")));
}

TEST(test_what_has_no_tag_is_no_command)
{
    static const struct slice none[] = {
        SLICE("\r\n"),           SLICE(" NOOP\r\n"),         SLICE("+ NOOP\r\n"),
        SLICE("a+ NOOP\r\n"),    SLICE("* NOOP\r\n"),        SLICE("a( NOOP\r\n"),
        SLICE("\"a\" NOOP\r\n"), SLICE("{1}\r\na NOOP\r\n"), SLICE("a\t NOOP\r\n"),
        SLICE("\xe9 NOOP\r\n"),
    };
    for (size_t i = 0; i < COUNT(none); i++)
        assert_int_equal(command_of(none[i]).tag.len, 0);
    char text[IMAP_TAG_MAX + 8];
    memset(text, 'a', sizeof text);
    memcpy(text + IMAP_TAG_MAX, " NOOP", 5);
    assert_int_equal(command_of((struct slice){text, IMAP_TAG_MAX + 5}).tag.len, IMAP_TAG_MAX);
    memcpy(text + IMAP_TAG_MAX, "a NOOP", 6);
    assert_int_equal(command_of((struct slice){text, IMAP_TAG_MAX + 6}).tag.len, 0);
}

TEST(test_what_is_not_named_is_unknown)
{
    static const struct slice unknown[] = {
        SLICE("a1"),
        SLICE("a1 "),
        SLICE("a1  NOOP"),
        SLICE("a1 NOOPS"),
        SLICE("a1 UID"),
        SLICE("a1 UID  FETCH 1 FLAGS"),
        SLICE("a1 UID UID FETCH 1 FLAGS"),
        SLICE("a1 NO\tOP"),
        SLICE("a1 {4}\r\nNOOP"),
        SLICE("a1 \"NOOP\""),
        SLICE("a1 COMPRESS DEFLATE"),
        SLICE("a1 NOTIFY NONE"),
        SLICE("a1 GENURLAUTH x INTERNAL"),
        SLICE("a1 URLFETCH x"),
        SLICE("a1 RESETKEY"),
        SLICE("a1 REPLACE 1 x {1}"),
        SLICE("a1 UID REPLACE 1 x {1}"),
        SLICE("a1 CONVERT 1 x"),
        SLICE("a1 RLIST \"\" *"),
        SLICE("a1 RLSUB \"\" *"),
        SLICE("a1 UNAUTHENTICATE"),
        SLICE("a1 GETJMAPACCESS"),
        SLICE("a1 CANCELUPDATE x"),
        SLICE("a1 ESEARCH IN (x) y"),
        SLICE("a1 GETANNOTATION x y z"),
        SLICE("a1 PROXYAUTH x"),
        SLICE("a1 X-ANYTHING"),
        SLICE("a1 DONE"),
    };
    for (size_t i = 0; i < COUNT(unknown); i++)
        assert_int_equal(command_of(unknown[i]).verb, IMAP_VERBS);
}

/* ---- strings ---- */

static struct slice string_of(struct slice *arguments)
{
    struct slice out;
    assert_true(imap_string(arena, arguments, &out));
    return out;
}

TEST(test_strings_are_atoms_quoted_or_literals)
{
    struct slice rest = SLICE("bob \"pa\\\"s\\\\s\" {5}\r\na\r\nb\" \"\" {0}\r\n last");
    assert_true(slice_eq(string_of(&rest), SLICE("bob")));
    assert_true(slice_eq(string_of(&rest), SLICE("pa\"s\\s")));
    assert_true(slice_eq(string_of(&rest), SLICE("a\r\nb\"")));
    assert_int_equal(string_of(&rest).len, 0);
    assert_int_equal(string_of(&rest).len, 0);
    assert_true(slice_eq(string_of(&rest), SLICE("last")));
    assert_int_equal(rest.len, 0);
    struct slice out;
    assert_false(imap_string(arena, &rest, &out));
}

TEST(test_brackets_and_other_octets_are_letters_in_passwords)
{
    struct slice rest = SLICE("bob pa[ss");
    assert_true(slice_eq(string_of(&rest), SLICE("bob")));
    assert_true(slice_eq(string_of(&rest), SLICE("pa[ss")));
    rest = SLICE("b]b caf\xc3\xa9[]{}%*\\");
    assert_true(slice_eq(string_of(&rest), SLICE("b]b")));
    assert_true(slice_eq(string_of(&rest), SLICE("caf\xc3\xa9[]{}%*\\")));
}

TEST(test_what_does_not_end_is_no_string)
{
    static const struct slice none[] = {
        SLICE(""),          SLICE("(a)"),       SLICE(")"),           SLICE("\"a"),
        SLICE("\"a\\\""),   SLICE("\"a\r\n\""), SLICE("{5}\r\nabcd"), SLICE("{4294967296}\r\na"),
        SLICE("a\"b\""),    SLICE("\"a\"b"),    SLICE("\"a\"\"b\""),  SLICE("{1}\r\nab"),
        SLICE("a{1}\r\nb"), SLICE("a\tb"),      SLICE("\x7f"),        SLICE("\"a\\"),
    };
    for (size_t i = 0; i < COUNT(none); i++) {
        struct slice rest = none[i], out;
        if (imap_string(arena, &rest, &out))
            fail_msg("%.*s", SLICE_ARGS(none[i]));
    }
}

TEST(test_a_full_arena_is_no_string)
{
    struct arena *small = arena_new(16);
    static char text[8192] = "\"\\\"";
    memset(text + 3, 'a', sizeof text - 4);
    text[sizeof text - 1] = '"';
    struct slice rest = {text, sizeof text}, out;
    assert_false(imap_string(small, &rest, &out));
    arena_free(&small);
}

/* ---- FETCH ---- */

TEST(test_items_that_are_asked_for)
{
    PASSES(SLICE("a1 FETCH 1 BODY[1]"), SLICE("a1 fetch 1 body[1]\r\n"), SLICE("a1 FETCH 1 FLAGS "),
           SLICE("a1 FETCH 1:*,3 (FLAGS UID INTERNALDATE RFC822.SIZE ENVELOPE BODY BODYSTRUCTURE)"),
           SLICE("a1 FETCH $ (RFC822 RFC822.HEADER RFC822.TEXT RFC822.PEEK)"),
           SLICE("a1 UID FETCH 1:* (MODSEQ SAVEDATE EMAILID THREADID X-GM-MSGID X-GM-THRID "
                 "X-GM-LABELS)"),
           SLICE("a1 FETCH 1 ALL"), SLICE("a1 FETCH 1 FAST"), SLICE("a1 FETCH 1 FULL"),
           SLICE("a1 FETCH 1 (BODY[] BODY.PEEK[] BODY[TEXT] BODY.PEEK[1.2.TEXT]<0.100>)"),
           SLICE("a1 FETCH 1 (BODY[HEADER] BODY[1.HEADER] BODY[1.MIME] BODY[1.2.3])"),
           SLICE("a1 FETCH 1 BODY.PEEK[HEADER.FIELDS (To \"From\" {4}\r\nDate)]<0.10>"),
           SLICE("a1 FETCH 1 BODY[HEADER.FIELDS (\"a]b\" \"BINARY[1]\")]"),
           SLICE("a1 FETCH 1 BODY[1.HEADER.FIELDS.NOT (Received)]"),
           SLICE("a1 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED)"));
}

TEST(test_items_that_are_not_to_be_had)
{
    REFUSED(SLICE("a1 FETCH 1 BINARY[1]"), SLICE("a1 FETCH 1 (FLAGS binary.peek[1])"),
            SLICE("a1 FETCH 1 BINARY.SIZE[1]"), SLICE("a1 FETCH 1 PREVIEW"),
            SLICE("a1 FETCH 1 (PREVIEW (LAZY))"), SLICE("a1 FETCH 1 SNIPPET"),
            SLICE("a1 FETCH 1 ANNOTATION (/comment value)"),
            SLICE("a1 FETCH 1 RFC822.HEADER.LINES (To)"),
            SLICE("a1 FETCH 1 (FLAGS) (PARTIAL 1:10)"),
            SLICE("a1 FETCH 1 (FLAGS) (CHANGEDSINCE 1 PARTIAL)"), SLICE("a1 FETCH 1 X-ANYTHING"),
            SLICE("a1 FETCH 1 BODYX[]"), SLICE("a1 FETCH 1 BODY.PEEK"),
            SLICE("a1 FETCH 1 (FLAGS) (\"PARTIAL\" 1:10)"),
            SLICE("a1 FETCH 1 (FLAGS) (CHANGEDSINCE (PARTIAL))"));
}

TEST(test_items_that_two_readers_read_differently)
{
    REFUSED(SLICE("a1 FETCH"), SLICE("a1 FETCH 1"), SLICE("a1 FETCH 1 "),
            SLICE("a1 FETCH  1 FLAGS"), SLICE("a1 FETCH 1 ()BINARY[1]"), SLICE("a1 FETCH 1 (FLAGS"),
            SLICE("a1 FETCH 1 FLAGS)"), SLICE("a1 FETCH 1 ((FLAGS))"),
            SLICE("a1 FETCH 1 (FLAGS (BINARY[1]))"), SLICE("a1 FETCH 1 \"FLAGS\""),
            SLICE("a1 FETCH 1 (FLAGS \"BODY[]\")"), SLICE("a1 FETCH 1 {5}\r\nFLAGS"),
            SLICE("a1 FETCH 1(BINARY[1]) FLAGS"), SLICE("a1 FETCH \"1\" FLAGS"),
            SLICE("a1 FETCH {1}\r\n1 FLAGS"), SLICE("a1 FETCH 1\t(BINARY[1]) FLAGS"),
            SLICE("a1 FETCH 1 FLAGS\tBINARY[1]"), SLICE("a1 FETCH 1 (FLAGS) x"));
}

TEST(test_sections_are_read_strictly)
{
    REFUSED(SLICE("a1 FETCH 1 BODY["), SLICE("a1 FETCH 1 BODY[1"), SLICE("a1 FETCH 1 BODY]1["),
            SLICE("a1 FETCH 1 BODY[MIME]"), SLICE("a1 FETCH 1 BODY[1.]"),
            SLICE("a1 FETCH 1 BODY[.1]"), SLICE("a1 FETCH 1 BODY[1..2]"),
            SLICE("a1 FETCH 1 BODY[1TEXT]"), SLICE("a1 FETCH 1 BODY[1HEADER]"),
            SLICE("a1 FETCH 1 BODY[1MIME]"), SLICE("a1 FETCH 1 BODY[TEXT.1]"),
            SLICE("a1 FETCH 1 BODY[HEADERS]"), SLICE("a1 FETCH 1 BODY[HEADER.FIELDS]"),
            SLICE("a1 FETCH 1 BODY[HEADER.FIELDS To]"), SLICE("a1 FETCH 1 BODY[HEADER.FIELDS(To)]"),
            SLICE("a1 FETCH 1 BODY[HEADER.FIELDS (To) 1]"),
            SLICE("a1 FETCH 1 BODY[HEADER.FIELDS (To))(x]"),
            SLICE("a1 FETCH 1 BODY[HEADER.FIELDS ((To))]"),
            SLICE("a1 FETCH 1 BODY[HEADER.FIELDSX (To)]"), SLICE("a1 FETCH 1 BODY[TEXT]]"),
            SLICE("a1 FETCH 1 BODY[TEXT]<0>"), SLICE("a1 FETCH 1 BODY[TEXT]<0.1"),
            SLICE("a1 FETCH 1 BODY[TEXT]<>"), SLICE("a1 FETCH 1 BODY[TEXT]<0.>"),
            SLICE("a1 FETCH 1 BODY[TEXT]<-1.5>"), SLICE("a1 FETCH 1 BODY[1]<0.1>X<2>"),
            SLICE("a1 FETCH 1 BODY[1]<0.1>BODY[2]<0.1>"),
            SLICE("a1 FETCH 1 BODY[1]<0.99999999999999999999>"), SLICE("a1 FETCH 1 BODY[1]x"),
            SLICE("a1 FETCH 1 BODY [1]"));
}

TEST(test_what_an_item_tells)
{
    static const struct {
        struct slice name;
        enum imap_item is;
        bool header;
    } items[] = {
        {SLICE("BODY[]"), IMAP_ITEM_WHOLE, false},
        {SLICE("body.peek[]"), IMAP_ITEM_WHOLE, false},
        {SLICE("RFC822"), IMAP_ITEM_WHOLE, false},
        {SLICE("RFC822.PEEK"), IMAP_ITEM_WHOLE, false},
        {SLICE("BODY[]<0.100>"), IMAP_ITEM_CONTENT, false},
        {SLICE("BODY[]<0>"), IMAP_ITEM_CONTENT, false},
        {SLICE("BODY[TEXT]"), IMAP_ITEM_CONTENT, false},
        {SLICE("BODY[1]"), IMAP_ITEM_CONTENT, false},
        {SLICE("BODY[1.2.TEXT]"), IMAP_ITEM_CONTENT, false},
        {SLICE("BODY[MIME]"), IMAP_ITEM_CONTENT, false},
        {SLICE("BODY[1HEADER]"), IMAP_ITEM_CONTENT, false},
        {SLICE("BODY[1MIME]"), IMAP_ITEM_CONTENT, false},
        {SLICE("BODY[HEADER.FIELDSX (To)]"), IMAP_ITEM_CONTENT, false},
        {SLICE("BODY[HEADER]<5.100>"), IMAP_ITEM_CONTENT, true},
        {SLICE("RFC822.TEXT"), IMAP_ITEM_CONTENT, false},
        {SLICE("RFC822.UNKNOWN"), IMAP_ITEM_CONTENT, false},
        {SLICE("BINARY[1]"), IMAP_ITEM_CONTENT, false},
        {SLICE("BODY[1"), IMAP_ITEM_CONTENT, false},
        {SLICE("BODY]["), IMAP_ITEM_CONTENT, false},
        {SLICE("BODY[HEADER]"), IMAP_ITEM_OTHER, true},
        {SLICE("BODY[HEADER]<0>"), IMAP_ITEM_OTHER, true},
        {SLICE("BODY[1.HEADER]"), IMAP_ITEM_OTHER, true},
        {SLICE("BODY[1.MIME]"), IMAP_ITEM_OTHER, true},
        {SLICE("BODY[HEADER.FIELDS (To)]"), IMAP_ITEM_OTHER, true},
        {SLICE("BODY[HEADER.FIELDS(To)]"), IMAP_ITEM_OTHER, true},
        {SLICE("BODY[2.HEADER.FIELDS.NOT (To)]<0.5>"), IMAP_ITEM_OTHER, true},
        {SLICE("RFC822.HEADER"), IMAP_ITEM_OTHER, true},
        {SLICE("RFC822.SIZE"), IMAP_ITEM_OTHER, false},
        {SLICE("BODY"), IMAP_ITEM_OTHER, false},
        {SLICE("BODYSTRUCTURE"), IMAP_ITEM_OTHER, false},
        {SLICE("ENVELOPE"), IMAP_ITEM_OTHER, false},
        {SLICE(""), IMAP_ITEM_OTHER, false},
    };
    for (size_t i = 0; i < COUNT(items); i++) {
        if (imap_item(items[i].name) != items[i].is ||
            imap_names_header(items[i].name) != items[i].header)
            fail_msg("%.*s", SLICE_ARGS(items[i].name));
    }
}

TEST(test_only_what_is_known_may_be_given_unseen)
{
    static const char *const known[] = {"FLAGS",      "uid",         "BODY[]",     "BODY[2]<0>",
                                        "ANNOTATION", "X-GM-LABELS", "RFC822.SIZE"};
    static const char *const unknown[] = {"PREVIEW", "X-CONTENT", "BINARY[1]", "RFC822.UNKNOWN",
                                          "BODY[1",  "FLAGSX",    ""};
    for (size_t i = 0; i < COUNT(known); i++)
        assert_true(imap_is_known(slice_of(known[i])));
    for (size_t i = 0; i < COUNT(unknown); i++)
        assert_false(imap_is_known(slice_of(unknown[i])));
}

TEST(test_what_a_fetch_asks_for)
{
    struct imap_fetch fetch;
    struct imap_command command = command_of(SLICE("a1 FETCH 1:2,* (UID BODY.PEEK[]) (VANISHED)"));
    imap_fetch(&command, &fetch);
    assert_true(slice_eq(fetch.set, SLICE("1:2,*")));
    assert_true(slice_eq(fetch.items, SLICE("(UID BODY.PEEK[]) (VANISHED)")));
    assert_true(fetch.whole && !fetch.content);
    command = command_of(SLICE("a1 FETCH 1 (BODY[HEADER.FIELDS (\"BODY[]\")] BODY[1]<0.1>)"));
    imap_fetch(&command, &fetch);
    assert_true(!fetch.whole && fetch.content);
    command = command_of(SLICE("a1 FETCH 1 FULL"));
    imap_fetch(&command, &fetch);
    assert_true(!fetch.whole && !fetch.content);
}

TEST(test_sets_range_by_range)
{
    struct slice set = SLICE("1,3:5,*:7,4294967295");
    static const uint32_t ranges[][2] = {{1, 1}, {3, 5}, {UINT32_MAX, 7}, {UINT32_MAX, UINT32_MAX}};
    uint32_t from, to;
    for (size_t i = 0; i < COUNT(ranges); i++) {
        assert_true(imap_range(&set, &from, &to));
        assert_int_equal(from, ranges[i][0]);
        assert_int_equal(to, ranges[i][1]);
    }
    assert_false(imap_range(&set, &from, &to));
    static const struct slice none[] = {SLICE(""),
                                        SLICE("0"),
                                        SLICE("4294967296"),
                                        SLICE("1:"),
                                        SLICE(":1"),
                                        SLICE("$"),
                                        SLICE("-1"),
                                        SLICE("1x"),
                                        SLICE("1:2:3"),
                                        SLICE(",1"),
                                        SLICE("99999999999999999999999")};
    for (size_t i = 0; i < COUNT(none); i++) {
        set = none[i];
        assert_false(imap_range(&set, &from, &to));
    }
}

/* ---- what else is asked for ---- */

TEST(test_flags_are_stored)
{
    PASSES(SLICE("a1 STORE 1 FLAGS (\\Seen $Junk)"),
           SLICE("a1 UID STORE 1:* +FLAGS.SILENT \\Deleted \\Seen"),
           SLICE("a1 STORE 1 (UNCHANGEDSINCE 5) -FLAGS ()"),
           SLICE("a1 STORE 1 +X-GM-LABELS (\"a b\" {1}\r\nc)"));
    REFUSED(SLICE("a1 STORE 1"), SLICE("a1 STORE 1 ANNOTATION (/comment (value.priv \"x\"))"),
            SLICE("a1 STORE 1 (X 5) FLAGS ()"), SLICE("a1 STORE 1 FLAGS (\\Seen"),
            SLICE("a1 STORE 1 FLAGS () ANNOTATION (x)"),
            SLICE("a1 STORE 1 FLAGS \\Seen ANNOTATION (x)"), SLICE("a1 STORE 1 \"FLAGS\" ()"),
            SLICE("a1 STORE x FLAGS ()"), SLICE("a1 STORE 1 FLAGS ((x))"),
            SLICE("a1 STORE 1 FLAGS \\Seen )"), SLICE("a1 STORE 1 FLAGS \\Seen ("));
}

TEST(test_mailboxes_and_their_parameters)
{
    PASSES(SLICE("a1 SELECT INBOX"), SLICE("a1 SELECT a[b"), SLICE("a1 SELECT \"a b\" (CONDSTORE)"),
           SLICE("a1 SELECT {5}\r\nINBOX (QRESYNC (67890007 20050715194045000 41,43:211 (1 2)))"),
           SLICE("a1 EXAMINE caf\xc3\xa9 "), SLICE("a1 CREATE x (USE (\\Drafts \\Sent))"),
           SLICE("a1 CREATE x"),
           SLICE("a1 STATUS x (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN SIZE DELETED)"),
           SLICE("a1 STATUS x (HIGHESTMODSEQ MAILBOXID APPENDLIMIT DELETED-STORAGE)"));
    REFUSED(SLICE("a1 SELECT"), SLICE("a1 SELECT x (ANNOTATE)"), SLICE("a1 SELECT x (UIDONLY)"),
            SLICE("a1 SELECT x (\"UIDONLY\")"), SLICE("a1 SELECT x (CONDSTORE (UIDONLY))"),
            SLICE("a1 SELECT x y"), SLICE("a1 SELECT x (CONDSTORE"), SLICE("a1 SELECT (x)"),
            SLICE("a1 CREATE x (TEMPLATE y)"), SLICE("a1 CREATE x (USE (\\Sent"),
            SLICE("a1 STATUS x (X-GUID)"), SLICE("a1 STATUS x (MESSAGES (X-GUID))"),
            SLICE("a1 STATUS x MESSAGES"));
}

TEST(test_lists_and_what_they_return)
{
    PASSES(SLICE("a1 LIST \"\" *"), SLICE("a1 LIST \"\" \"\""),
           SLICE("a1 LIST {0}\r\n \"[Gmail]/%\""),
           SLICE("a1 LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (\"INBOX\" Drafts/% {1}\r\nx)"),
           SLICE("a1 LIST (SPECIAL-USE) \"\" * RETURN (SUBSCRIBED CHILDREN SPECIAL-USE MYRIGHTS)"),
           SLICE("a1 LIST () \"\" (%) return (STATUS (MESSAGES UNSEEN SIZE) CHILDREN)"),
           SLICE("a1 LSUB \"\" *"), SLICE("a1 XLIST \"\" %"));
    REFUSED(SLICE("a1 LIST (REMOTE) \"\" *"), SLICE("a1 LIST (SUBSCRIBED REMOTE) \"\" *"),
            SLICE("a1 LIST (\"REMOTE\") \"\" *"),
            SLICE("a1 LIST \"\" * RETURN (METADATA (/shared/x))"),
            SLICE("a1 LIST \"\" * RETURN (STATUS (X-GUID))"),
            SLICE("a1 LIST \"\" * RETURN (CHILDREN (REMOTE))"),
            SLICE("a1 LIST \"\" * RETURN CHILDREN"), SLICE("a1 LIST \"\" * x"),
            SLICE("a1 LIST \"\""), SLICE("a1 LIST \"\" (a (b))"), SLICE("a1 LIST \"\" (a"));
}

TEST(test_searches)
{
    PASSES(
        SLICE("a1 SEARCH ALL"),
        SLICE("a1 UID SEARCH RETURN (MIN MAX ALL COUNT SAVE) CHARSET UTF-8 TEXT {3}\r\na\r\n\r\n"),
        SLICE("a1 SEARCH RETURN () UNSEEN"),
        SLICE("a1 SEARCH OR (YOUNGER 5 $) NOT (X-GM-RAW \"has:attachment\")"),
        SLICE("a1 SEARCH SUBJECT \"ANNOTATION\""), SLICE("a1 SEARCH SUBJECT annotation"),
        SLICE("a1 SEARCH HEADER x filter SEEN"), SLICE("a1 SEARCH SUBJECT a[b SEEN"),
        SLICE("a1 SEARCH UID 1:5 EMAILID M1 "), SLICE("a1 SORT (REVERSE DATE SUBJECT) UTF-8 ALL"),
        SLICE("a1 SORT RETURN (ALL) (ARRIVAL) US-ASCII 1:5"),
        SLICE("a1 UID THREAD REFERENCES UTF-8 ALL"));
    REFUSED(SLICE("a1 SEARCH RETURN (UPDATE) ALL"), SLICE("a1 SEARCH RETURN (CONTEXT COUNT) ALL"),
            SLICE("a1 SEARCH RETURN (PARTIAL 1:5) ALL"),
            SLICE("a1 SEARCH RETURN (MIN (PARTIAL 1:5)) ALL"),
            SLICE("a1 SEARCH RETURN (\"PARTIAL\" 1:5) ALL"), SLICE("a1 SEARCH RETURN ALL"),
            SLICE("a1 SEARCH FILTER x"), SLICE("a1 SEARCH annotation /comment value \"x\""),
            SLICE("a1 SEARCH SUBJECT x[ ANNOTATION /comment value \"]\""),
            SLICE("a1 SEARCH SUBJECT SUBJECT ANNOTATION x y z"),
            SLICE("a1 SEARCH SUBJECT x\"y ANNOTATION z\""), SLICE("a1 SEARCH TEXT \"x"),
            SLICE("a1 SEARCH TEXT x{3}\r\nabc"), SLICE("a1 SEARCH SUBJECT x\tFILTER y"),
            SLICE("a1 SORT RETURN (PARTIAL 1:5) (DATE) UTF-8 ALL"),
            SLICE("a1 SORT (SUBJECT ANNOTATION \"/x\" \"value\") UTF-8 ALL"),
            SLICE("a1 SORT (DATE"), SLICE("a1 SORT (DATE) UTF-8 FILTER x"),
            SLICE("a1 THREAD REFERENCES"), SLICE("a1 THREAD REFERENCES SUBJECT FILTER x"));
}

TEST(test_other_arguments_can_be_read)
{
    PASSES(SLICE("a1 ID NIL"), SLICE("a1 ID (\"name\" \"x\" \"os\" NIL)"),
           SLICE("a1 RENAME a[ \"b c\""), SLICE("a1 MOVE 1:2 {1}\r\nx"),
           SLICE("a1 COPY 1 &2D3eAA-"), SLICE("a1 NAMESPACE"), SLICE("a1 IDLE "),
           SLICE("a1 UID EXPUNGE 1:*"), SLICE("a1 SETQUOTA \"\" (STORAGE 512)"),
           SLICE("a1 SETACL x y +lrs"),
           SLICE("a1 GETMETADATA (DEPTH 1 MAXSIZE 1024) \"\" (/shared/comment)"),
           SLICE("a1 SETMETADATA x (/private/comment {1}\r\ny)"),
           SLICE("a1 ENABLE QRESYNC UTF8=ACCEPT"));
    REFUSED(SLICE("a1 DELETE x{9+}\r\na2 NOOP\r\n"), SLICE("a1 DELETE x\"y\"{9+}\r\na2 NOOP\r\n"),
            SLICE("a1 DELETE \"x"), SLICE("a1 COPY 1 (x"), SLICE("a1 MOVE 1 x)"),
            SLICE("a1 ID (\"a\"\"b\")"), SLICE("a1 DELETE {1}\r\nxy"), SLICE("a1 IDLE x"),
            SLICE("a1 IDLE {1}\r\nx"));
}

TEST(test_nesting_has_an_end)
{
    static const char *const begins[] = {"a1 SELECT x (QRESYNC ", "a1 FETCH 1 ", "a1 ID ",
                                         "a1 STATUS x ", "a1 LIST \"\" * RETURN (STATUS "};
    static char text[IMAP_LINE_MAX];
    for (size_t i = 0; i < COUNT(begins); i++) {
        size_t len = strlen(begins[i]);
        memset(text, '(', sizeof text);
        memcpy(text, begins[i], len);
        assert_non_null(objection_to((struct slice){text, sizeof text}));
        memset(text + len + 40, ')', sizeof text - len - 40);
        assert_non_null(objection_to((struct slice){text, len + 80}));
    }
}

/* ---- APPEND ---- */

TEST(test_messages_that_are_appended)
{
    static const struct slice first[] = {
        SLICE("INBOX {5}"),        SLICE("\"a b\" {5+}"),      SLICE("{5}\r\nINBOX {5}"),
        SLICE("x (\\Seen a) {5}"), SLICE("x () \"date\" {5}"), SLICE("x \"date\" ~{5}"),
        SLICE("x UTF8 (~{5}"),     SLICE("a[b utf8 (~{5+}"),
    };
    for (size_t i = 0; i < COUNT(first); i++)
        assert_true(imap_append_continues(first[i], false));
    assert_true(imap_append_continues(SLICE(" {5}"), true));
    assert_true(imap_append_continues(SLICE(" (\\Seen) \"date\" {5}"), true));
    assert_true(imap_append_continues(SLICE(") UTF8 (~{5}"), true));
    static const struct slice none[] = {
        SLICE("{5}"),
        SLICE(""),
        SLICE("(x) {5}"),
        SLICE("x CATENATE (TEXT {5}"),
        SLICE("x (\\Seen {5}"),
        SLICE("x \"{5}"),
        SLICE("x(\\Seen) y {5}"),
        SLICE("x (\\Seen \")\" {5}"),
        SLICE("x ANNOTATION (/a (b {5}"),
    };
    for (size_t i = 0; i < COUNT(none); i++)
        if (imap_append_continues(none[i], false))
            fail_msg("%.*s", SLICE_ARGS(none[i]));
    assert_false(imap_append_continues(SLICE("{5}"), true));
    assert_false(imap_append_continues(SLICE(" CATENATE (TEXT {5}"), true));
}

TEST(test_an_append_is_whole)
{
    assert_true(imap_append_is_whole(SLICE("x {5}\r\n"), 1));
    assert_true(
        imap_append_is_whole(SLICE("{1}\r\nx (\\Seen) \"date\" {5+}\r\n (a b) {6}\r\n"), 2));
    assert_true(imap_append_is_whole(SLICE("x UTF8 (~{5}\r\n) UTF8 (~{6+}\r\n)"), 2));
    static const struct slice none[] = {
        SLICE(""),
        SLICE("x"),
        SLICE("x {5}\r\n y"),
        SLICE("x {5}\r\n{6}\r\n"),
        SLICE("x {5}\r\n {6}\r\n"),
        SLICE("x {5}{6}\r\n"),
        SLICE("x UTF8 (~{5}\r\n"),
        SLICE("x UTF8 (~{5}\r\n) y"),
        SLICE("x CATENATE (URL \"/a\")"),
        SLICE("x CATENATE (TEXT {5}\r\n)"),
        SLICE("x (\\Seen \")\" {5}\r\n"),
        SLICE("x {5}\r\n)"),
        SLICE("x \"a\" \"b\" {5}\r\n"),
        SLICE("x {4294967296}\r\n"),
        SLICE("x {5}"),
    };
    for (size_t i = 0; i < COUNT(none); i++)
        if (imap_append_is_whole(none[i], 1))
            fail_msg("%.*s", SLICE_ARGS(none[i]));
}

/* ---- corpora ---- */

static const char *corpus(const char *name)
{
    static char path[512];
    const char *corpora = getenv("GATEPOST_CORPORA");
    snprintf(path, sizeof path, "%s/imap-pop3/%s", corpora ? corpora : "../shared/corpora", name);
    return path;
}

static const struct {
    const char *id;
    int framed;
    enum imap_verb verb;
} cases[] = {
    {"imap-literal-nonsync", 1, IMAP_LOGIN},
    {"imap-literal-huge", 1, IMAP_LOGIN},
    {"imap-literal-overflow", -3, IMAP_VERBS},
    {"imap-literal-negative", -3, IMAP_VERBS},
    {"imap-literal-in-quoted", 1, IMAP_LOGIN},
    {"imap-literal8", 1, IMAP_APPEND},
    {"imap-catenate", 1, IMAP_APPEND},
    {"imap-fetch-partial", 1, IMAP_FETCH},
    {"imap-fetch-sections", 1, IMAP_FETCH},
    {"imap-fetch-rfc822size", 1, IMAP_FETCH},
    {"imap-nul", -2, IMAP_VERBS},
    {"imap-bare-lf", -2, IMAP_VERBS},
    {"imap-mutf7", 1, IMAP_SELECT},
    {"imap-logout-midliteral", 1, IMAP_LOGIN},
    {"imap-idle", 1, IMAP_IDLE},
    {"imap-pipelined", 1, IMAP_NOOP},
};

static bool check_case(const char *id, struct slice said)
{
    for (size_t i = 0; i < COUNT(cases); i++)
        if (strcmp(cases[i].id, id) == 0) {
            struct imap_piece piece = piece_of(said, cases[i].framed);
            if (cases[i].framed == 1)
                assert_int_equal(command_of(piece.text).verb, cases[i].verb);
            return true;
        }
    return false;
}

TEST(test_cases_of_the_corpus)
{
    json_t *root = json_load_file(corpus("proxy_cases.json"), JSON_ALLOW_NUL, NULL), *entry;
    size_t at, seen = 0;
    if (!root) {
        print_message("no corpora\n");
        skip();
    }
    json_array_foreach(json_object_get(root, "cases"), at, entry) {
        json_t *said = json_array_get(json_object_get(entry, "client"), 0);
        if (said)
            seen += check_case(json_string_value(json_object_get(entry, "id")),
                               (struct slice){json_string_value(said), json_string_length(said)});
    }
    json_decref(root);
    print_message("%zu cases\n", seen);
    assert_int_equal(seen, COUNT(cases));
}

/* What is behind "ok ", with 1 for what the script would put in; empty: it is none, or not one line. */
static struct slice scripted(const char *line)
{
    static char text[IMAP_LINE_MAX];
    size_t len = (size_t)snprintf(text, sizeof text, "a1 ");
    if (strncmp(line, "ok ", 3) != 0 || !ascii_alpha(line[3]) || strstr(line, "{{{"))
        return SLICE("");
    for (line += 3; *line && *line != '\n' && *line != '\r' && len < sizeof text - 1;) {
        bool variable = line[0] == '$' && (ascii_alpha(line[1]) || line[1] == '{');
        text[len++] = *line == '$' && variable ? '1' : *line;
        line++;
        if (variable)
            line += strspn(line, "{abcdefghijklmnopqrstuvwxyz0123456789_}");
    }
    return (struct slice){text, len};
}

static bool is_of_what_is_refused(struct slice command)
{
    static const char *const words[] = {"binary",  "catenate", "notify",  "context",  "update",
                                        "partial", "remote",   "urlauth", "urlfetch", "resetkey"};
    static char text[IMAP_LINE_MAX];
    if (!slice_to_text(command, text, sizeof text))
        return false;
    for (size_t i = 0; i < COUNT(words); i++)
        if (strcasestr(text, words[i]))
            return true;
    return false;
}

static size_t check_script(const char *name)
{
    static char line[IMAP_LINE_MAX];
    size_t seen = 0;
    FILE *file = fopen(name, "r");
    while (file && fgets(line, sizeof line, file)) {
        struct slice command = scripted(line);
        if (!command.len)
            continue;
        const char *why = objection_to(command);
        if (!why == is_of_what_is_refused(command))
            fail_msg("%s: %.*s: %s", name, SLICE_ARGS(command), why ? why : "passes");
        seen++;
    }
    if (file)
        fclose(file);
    return seen;
}

TEST(test_scripts_of_imaptest)
{
    DIR *folder = opendir(corpus("imaptest"));
    if (!folder) {
        print_message("no corpora\n");
        skip();
    }
    size_t seen = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char name[1024];
        snprintf(name, sizeof name, "%s/%s", corpus("imaptest"), entry->d_name);
        if (entry->d_type == DT_REG && !strstr(entry->d_name, ".mbox"))
            seen += check_script(name);
    }
    closedir(folder);
    print_message("%zu commands\n", seen);
    assert_true(seen > 100);
}
