/* SPDX-License-Identifier: ISC
 * Plain texts that libclamav's parser of mail is spared: whatever it finds in a message, of signatures
 * of every kind and in every wrapping, is found without it, or it is asked. */
#include "filters/scanner/av_message.h"
#include "filters/scanner/av_text.h"
#include "tests/harness/unit.h"

#include <ftw.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARENA_MAX = 64 << 20, TIMEOUT_MS = 20000, TEXT_MAX = 1 << 20 };

#define HEAD "From: a@example.org\r\nTo: b@example.net\r\nSubject: words\r\n"
#define PLAIN HEAD "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
#define TRACE "Received: by gatepost; Thu, 1 Jan 1970 00:00:00 +0000\r\n"

static char folder[] = "/tmp/gatepost-av-text-XXXXXX";
static const struct scan_limits limits = {
    .depth = 8, .parts = 1000, .members = 1000, .unpacked = 64 << 20};
static struct arena *arena;

/* In two pieces, so that no scanner takes this file for it. */
static const char eicar[] = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR"
                            "-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

/* ---- bodies that are scanned without the parser ---- */

#define LINE_60 "a line of sixty octets, that is what this is, and no octet..."
#define LINE_240 LINE_60 LINE_60 LINE_60 LINE_60

static const char *const bodies[] = {
    "one line\r\n",
    "one line\r\n\r\n",
    "one line\r\n\r\n\r\n\r\n",
    "one\r\n\r\n\r\n\r\ntwo\r\n",
    "blanks at the end  \r\nof a line\t\r\n \r\nand a line of them\r\n",
    "blanks at the very end \r\n",
    "  blanks first\r\n\tand a tab\r\n",
    "octets \303\244\303\266\303\274 above \377\376 127\r\n",
    LINE_240 LINE_240 LINE_240 "\r\nx\r\n",
    "-- \r\na signature\r\n",
    "> quoted\r\n>> more\r\nOn Monday, somebody wrote:\r\n",
    "see <https://example.org/a?b=c&d=e> and <mailto:a@example.org>\r\n",
    "1 <-> 2, x<=y; <-- look <<\r\n",
    "From: somebody\r\nSent: Monday\r\nTo: me\r\nSubject: quoted\r\n\r\nwords\r\n",
    "--\r\n--boundary\r\n--boundary--\r\n",
    ".\r\n..\r\n...\r\n",
    "a = b; c=3D, =20 =\r\n",
    "&lt;b&gt; &amp; %41%42\r\n",
};
enum { BODIES = sizeof bodies / sizeof *bodies };

/* ---- bodies and headers that are not ---- */

static const char *const doubted[] = {
    PLAIN "\r\n\r\nan empty line first\r\n",
    PLAIN "\r\nno end of the last line",
    PLAIN "\r\na last line of blanks\r\n  \r\n",
    PLAIN "\r\na last line of blanks\r\n\t\r\n\r\n\r\n",
    PLAIN "\r\n",
    PLAIN "\r\nwords\r\nbegin 644 file\r\n#8V%T\r\n`\r\nend\r\n",
    PLAIN "\r\nwords\r\nBEGIN-base64 644 file\r\n",
    PLAIN "\r\n=ybegin line=128 size=3 name=x\r\n",
    PLAIN "\r\n(This file must be converted with BinHex 4.0)\r\n",
    PLAIN "\r\nwords of BinHex\r\n",
    PLAIN "\r\nFrom a@example.org Thu Jan  1 00:00:00 1970\r\n",
    PLAIN "\r\nwords\r\n\r\n>From a@example.org Thu Jan  1 00:00:00 1970\r\n",
    PLAIN "\r\nwords\r\nReceived: from a by b\r\nSubject: within\r\n\r\nx\r\n",
    PLAIN "\r\nContent-Type: text/html\r\n\r\nx\r\n",
    PLAIN "\r\nwords\r\ncontent-transfer-encoding: base64\r\n\r\nAAAA\r\n",
    PLAIN "\r\nMessage-Id: <x>\r\nwords\r\n",
    PLAIN "\r\nDate: today\r\nwords\r\n",
    PLAIN "\r\nMime-Version: 1.0\r\nwords\r\n",
    PLAIN "\r\na <a href=\"http://example.org\">link</a>\r\n",
    PLAIN "\r\na < A\r\nHREF=x>\r\n",
    PLAIN "\r\n<!-- words -->\r\n",
    PLAIN "\r\n</p>\r\n",
    PLAIN "\r\n<form/action=x>\r\n",
    PLAIN "\r\n" LINE_240 LINE_240 LINE_240 LINE_240 "\r\n",
    PLAIN "\r\na bare\nLF\r\n",
    PLAIN "\r\na bare\rCR\r\n",
    PLAIN "X: " LINE_240 LINE_240 LINE_240 LINE_240 "\r\n\r\nwords\r\n",
    PLAIN "X-No-Colon\r\n\r\nwords\r\n",
    PLAIN "X (a)Content-Type: text/html\r\n\r\nwords\r\n",
    PLAIN "Content-Type: text/html\r\n\r\nwords\r\n",
    PLAIN "Content-Disposition: attachment\r\n\r\nwords\r\n",
    PLAIN "Content-Disposition: inline; filename=a.txt\r\n\r\nwords\r\n",
    PLAIN "Content-Transfer-Encoding: quoted-printable\r\n\r\nwords\r\n",
    PLAIN "Content-Transfer-Encoding: x-uuencode\r\n\r\nwords\r\n",
    PLAIN "Content-Transfer-Encoding: 7bit (a comment)\r\n\r\nwords\r\n",
    PLAIN "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: 7bit\r\n\r\nwords\r\n",
    PLAIN "Content-Strange: x\r\n\r\nwords\r\n",
    HEAD "Content-Type: text/html\r\n\r\nwords\r\n",
    HEAD "Content-Type: text/plain;\r\n\r\nwords\r\n",
    HEAD "Content-Type: text/plain; charset=\"utf-8\r\n\r\nwords\r\n",
    HEAD "Content-Type: text/plain; charset==?utf-8?q?x?=\r\n\r\nwords\r\n",
    HEAD "Content-Type: text/plain; name=x.txt\r\n\r\nwords\r\n",
    HEAD "Content-Type: text/plain; charset=unheard-of\r\n\r\nwords\r\n",
    HEAD "Content-Type: text/plain; boundary=x\r\n\r\n--x\r\n\r\nwords\r\n--x--\r\n",
    HEAD "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nwords\r\n--x--\r\n",
    HEAD "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nwords\r\n",
    "From a@example.org Thu Jan  1 00:00:00 1970\r\n" PLAIN "\r\nwords\r\n",
};

/* ---- signatures ---- */

struct signature {
    const char *name;
    unsigned target; /* 0 any, 3 HTML normalised, 4 mail, 7 text normalised */
    const char *offset, *pattern;
};

static const struct signature signatures[] = {
    {"Text.Eicar", 0, "0", eicar},
    {"Text.Anywhere", 0, "*", "a signature anywhere"},
    {"Text.Lines", 0, "*", "first of\nsecond of"},
    {"Text.Crlf", 0, "*", "third of\r\nfourth of"},
    {"Text.Header", 4, "*", "X-Evil: certainly"},
    {"Text.Border", 4, "*", "X-Last: one\r\n\r\nborder of both"},
    {"Text.BorderAny", 0, "*", "X-Last: two\r\n\r\nborder of both"},
    {"Text.Mail", 4, "*", "words in any mail"},
    {"Text.Normal", 7, "*", "loud words of evil"},
    {"Text.Html", 3, "*", "<evil>words</evil>"},
    {"Text.End", 0, "EOF-12", "last octets\n"},
};
enum { SIGNATURES = sizeof signatures / sizeof *signatures };

static const char *const payloads[SIGNATURES] = {
    eicar,
    "some words, a signature anywhere, more",
    "first of\r\nsecond of",
    "third of\r\nfourth of",
    "nothing",
    "border of both",
    "border of both",
    "there are words in any mail, yes",
    "LOUD   words\r\nof \t EVIL",
    "<EVIL>words</EVIL>",
    "here are the last octets",
};

static const char *const fields_of[SIGNATURES] = {
    [4] = "X-Evil: certainly\r\n", [5] = "X-Last: one\r\n", [6] = "X-Last: two\r\n"};

static FILE *create(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/database/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    return file;
}

static void write_patterns(void)
{
    FILE *file = create("text.ndb");
    for (size_t i = 0; i < SIGNATURES; i++) {
        fprintf(file, "%s:%u:%s:", signatures[i].name, signatures[i].target, signatures[i].offset);
        for (const char *at = signatures[i].pattern; *at; at++)
            fprintf(file, "%02x", (unsigned char)*at);
        fputc('\n', file);
    }
    fclose(file);
    file = create("text.ldb");
    fprintf(file, "Text.Both;Engine:51-255,Target:4;0&1;%s;%s\n",
            "582d48616c663a206f6e65" /* X-Half: one */, "68616c662074776f" /* half two */);
    fprintf(file, "Text.Two;Engine:51-255,Target:0;0&1;%s;%s\n",
            "706965636520616c706861" /* piece alpha */, "70696563652062657461" /* piece beta */);
    fclose(file);
}

/* Of each body as it has to be written down to be scanned: to the octet. */
static void write_hashes(void)
{
    FILE *file = create("text.hdb");
    for (size_t i = 0; i < BODIES; i++) {
        struct slice text = av_text_with_lf(slice_of(bodies[i]));
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned len = 0;
        assert_int_equal(EVP_Digest(text.ptr, text.len, digest, &len, EVP_md5(), NULL), 1);
        for (unsigned k = 0; k < len; k++)
            fprintf(file, "%02x", digest[k]);
        fprintf(file, ":%zu:Text.Body%zu\n", text.len, i);
        free((char *)(uintptr_t)text.ptr);
    }
    fclose(file);
}

static void load(void)
{
    char path[128];
    const char *reason = "";
    arena = arena_new(ARENA_MAX);
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/database", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    write_patterns();
    write_hashes();
    if (!av_message_warm_up(&reason) || !av_engine_load(path, folder, TIMEOUT_MS, &reason) ||
        !av_engine_enter(folder, &reason))
        fail_msg("%s", reason);
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static void unload(void)
{
    av_engine_free();
    arena_free(&arena);
    assert_int_equal(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

ALL_TESTS(load, unload);

/* ---- what is said of a message ---- */

/* "" when it is clean. The name without libclamav's suffix. */
static struct slice by_parser(struct slice message)
{
    const char *name = "";
    struct slice whole = ARENA_JOIN(arena, SLICE(TRACE), message);
    enum av_verdict verdict = av_engine_scan(whole, AV_PARSES_MAIL, &name);
    assert_false(av_failed(verdict));
    return verdict == AV_INFECTED ? arena_copy(arena, slice_of(name)) : SLICE("");
}

static bool finds(struct slice message, struct slice name)
{
    struct av_findings found;
    enum av_verdict verdict = av_message_scan(arena, message, &limits, &found);
    if (found.failure)
        fail_msg("%s", found.failure);
    for (size_t i = 0; i < found.name_count; i++)
        if (slice_starts(found.names[i], name))
            return true;
    return verdict == AV_CLEAN && name.len == 0;
}

static bool is_sound(struct slice message)
{
    struct mime_message parsed;
    assert_true(mime_parse(arena, message, &mime_limits_default, &parsed));
    return av_text_is_sound(&parsed);
}

static struct slice plain(const char *fields, const char *body)
{
    return arena_printf(arena, PLAIN "%s\r\n%s", fields, body);
}

TEST(test_sound_texts_are_what_the_parser_writes_down_to_the_octet)
{
    for (size_t i = 0; i < BODIES; i++) {
        char name[32];
        struct slice message = plain("", bodies[i]);
        snprintf(name, sizeof name, "Text.Body%zu", i);
        if (!is_sound(message))
            fail_msg("not sound: %s", bodies[i]);
        if (!slice_starts(by_parser(message), slice_of(name)))
            fail_msg("the parser writes something else: %s", bodies[i]);
        assert_true(finds(message, slice_of(name)));
    }
}

TEST(test_what_the_parser_could_read_otherwise_is_left_to_it)
{
    for (size_t i = 0; i < sizeof doubted / sizeof *doubted; i++)
        if (is_sound(slice_of(doubted[i])))
            fail_msg("taken for sound: %s", doubted[i]);
}

static void append_base64(struct buf *out, struct slice in)
{
    char text[128];
    for (size_t at = 0; at < in.len; at += 57) {
        struct slice piece = slice_sub(in, at, at + 57);
        EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)piece.ptr, (int)piece.len);
        buf_printf(out, "%s\r\n", text);
    }
}

static void append_qp(struct buf *out, struct slice in)
{
    for (size_t i = 0; i < in.len; i++) {
        bool ends = in.ptr[i] == '\r' || in.ptr[i] == '\n';
        if (!ends && (i % 3 == 0 || in.ptr[i] == '='))
            buf_printf(out, "=%02X", (unsigned char)in.ptr[i]);
        else
            buf_char(out, in.ptr[i]);
        if (i % 20 == 19 && !ends)
            buf_cstr(out, "=\r\n");
    }
}

static void append_uuencode(struct buf *out, struct slice in)
{
    buf_cstr(out, "begin 644 file.txt\r\n");
    for (size_t at = 0; at < in.len; at += 45) {
        struct slice piece = slice_sub(in, at, at + 45);
        buf_char(out, (char)(' ' + piece.len));
        for (size_t i = 0; i < piece.len; i += 3) {
            unsigned group = 0;
            for (size_t k = 0; k < 3; k++)
                group = group << 8 | (i + k < piece.len ? (unsigned char)piece.ptr[i + k] : 0);
            for (int shift = 18; shift >= 0; shift -= 6)
                buf_char(out, (char)((group >> shift & 63) ? ' ' + (group >> shift & 63) : '`'));
        }
        buf_cstr(out, "\r\n");
    }
    buf_cstr(out, "`\r\nend\r\n");
}

static void append_yenc(struct buf *out, struct slice in)
{
    buf_printf(out, "=ybegin line=128 size=%zu name=file.txt\r\n", in.len);
    for (size_t i = 0; i < in.len; i++) {
        char c = (char)(in.ptr[i] + 42);
        if (c == '\0' || c == '\n' || c == '\r' || c == '=') {
            buf_char(out, '=');
            c = (char)(c + 64);
        }
        buf_char(out, c);
    }
    buf_printf(out, "\r\n=yend size=%zu\r\n", in.len);
}

enum wrapping {
    IDENTITY,
    BARE, /* no field of MIME */
    FOLDED_TYPE,
    EIGHT_BIT,
    LATIN,
    WORDS_AROUND,
    BASE64_TEXT,
    QP_TEXT,
    UUENCODED,
    YENC,
    IN_MULTIPART,
    BASE64_IN_MULTIPART,
    ODD_BOUNDARY,
    NESTED,
    BOUNCED,
    TYPE_TWICE,
    COMMENTED_TYPE,
    LATE_ENCODING,
    MBOX,
    HTML,
    ATTACHED,
    BLANK_FIRST,
    WRAPPINGS
};

static void append_body(struct buf *out, enum wrapping how, struct slice text)
{
    static const char *const starts[WRAPPINGS] = {
        [IDENTITY] = "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n",
        [BARE] = "\r\n",
        [FOLDED_TYPE] = "MIME-Version: 1.0\r\nContent-Type: text/plain;\r\n charset=\"utf-8\";\r\n "
                        "format=flowed\r\n\r\n",
        [EIGHT_BIT] = "MIME-Version: 1.0\r\nContent-Type: text/plain; "
                      "charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
        [LATIN] = "MIME-Version: 1.0\r\nContent-Type: text/plain; "
                  "charset=iso-8859-1\r\nContent-Language: de\r\n\r\n",
        [WORDS_AROUND] = "Content-Type: text/plain\r\n\r\nHello,\r\n\r\n",
        [BASE64_TEXT] = "MIME-Version: 1.0\r\nContent-Type: "
                        "text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        [QP_TEXT] = "MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: "
                    "quoted-printable\r\n\r\n",
        [UUENCODED] = "Content-Type: text/plain\r\n\r\nwords\r\n",
        [YENC] = "Content-Type: text/plain\r\n\r\nwords\r\n",
        [IN_MULTIPART] = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: "
                         "text/plain\r\n\r\n",
        [BASE64_IN_MULTIPART] =
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: "
            "text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        [ODD_BOUNDARY] = "Content-Type: multipart/mixed; boundary=\"b b\"; "
                         "boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b b\r\n\r\n",
        [NESTED] =
            "Content-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: text/plain\r\n\r\n",
        [BOUNCED] = "Content-Type: text/plain\r\n\r\nIt came back.\r\n\r\nReceived: from a by b; "
                    "Thu, 1 Jan 1970 00:00:00 +0000\r\nSubject: in\r\nContent-Type: "
                    "text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        [TYPE_TWICE] = "Content-Type: text/plain\r\nContent-Type: multipart/mixed; "
                       "boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        [COMMENTED_TYPE] =
            "Content-Type: (a) text/plain (b)\r\nContent-Transfer-Encoding: (c) base64\r\n\r\n",
        [LATE_ENCODING] =
            "Content-Type: text/plain\r\n\r\nwords\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        [MBOX] = "Content-Type: text/plain\r\n\r\nwords\r\n\r\nFrom a@example.org Thu Jan  1 "
                 "00:00:00 1970\r\nSubject: in\r\nContent-Type: "
                 "text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        [HTML] = "Content-Type: text/html\r\n\r\n<html><body>",
        [ATTACHED] =
            "Content-Type: text/plain; name=a.txt\r\nContent-Disposition: attachment\r\n\r\n",
        [BLANK_FIRST] = "Content-Type: text/plain\r\n\r\n\r\n\r\n",
    };
    buf_cstr(out, starts[how]);
    if (how == BASE64_TEXT || how == BASE64_IN_MULTIPART || how == BOUNCED || how == TYPE_TWICE ||
        how == COMMENTED_TYPE || how == LATE_ENCODING || how == MBOX)
        append_base64(out, text);
    else if (how == QP_TEXT)
        append_qp(out, text);
    else if (how == UUENCODED)
        append_uuencode(out, text);
    else if (how == YENC)
        append_yenc(out, text);
    else
        buf_append(out, text);
    if (how == IN_MULTIPART || how == BASE64_IN_MULTIPART || how == TYPE_TWICE)
        buf_cstr(out, "--b--\r\n");
    if (how == ODD_BOUNDARY)
        buf_cstr(out, "--b b--\r\n");
    if (how == HTML)
        buf_cstr(out, "</body></html>\r\n");
}

static struct slice wrapped(enum wrapping how, const char *fields, const char *payload)
{
    struct buf out = buf_init(TEXT_MAX), text = buf_init(TEXT_MAX);
    buf_printf(&text, "%s\r\n", payload);
    /* fields of its own come last, so that the border is where a signature has it */
    bool border = fields && slice_starts(slice_of(fields), SLICE("X-Last"));
    buf_printf(&out, HEAD "%s", fields && !border ? fields : "");
    if (border)
        buf_printf(&out, "%s\r\n%s", fields, buf_slice(&text).ptr);
    else
        append_body(&out, how, buf_slice(&text));
    struct slice copy = arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    buf_release(&text);
    return copy;
}

TEST(test_what_the_parser_finds_is_found_in_every_wrapping)
{
    unsigned by_it[SIGNATURES] = {0}, sound = 0;
    for (size_t i = 0; i < SIGNATURES; i++)
        for (int how = 0; how < WRAPPINGS; how++) {
            struct slice message = wrapped((enum wrapping)how, fields_of[i], payloads[i]);
            struct slice name = by_parser(message);
            by_it[i] += name.len > 0;
            sound += is_sound(message);
            if (name.len && !finds(message, name))
                fail_msg("%s in wrapping %d: lost", signatures[i].name, how);
        }
    for (size_t i = 0; i < SIGNATURES; i++)
        if (!by_it[i])
            fail_msg("%s is found in nothing", signatures[i].name);
    assert_in_range(sound, 50, SIGNATURES * WRAPPINGS - 50);
}

TEST(test_plain_texts_are_found_infected)
{
    static const enum wrapping hows[] = {IDENTITY,  BARE,  FOLDED_TYPE,
                                         EIGHT_BIT, LATIN, BASE64_TEXT};
    for (size_t i = 0; i < SIGNATURES; i++)
        for (size_t k = 0; k < sizeof hows / sizeof *hows; k++) {
            struct slice message = wrapped(hows[k], fields_of[i], payloads[i]);
            bool lines = strcmp(signatures[i].name, "Text.Lines") == 0 ||
                         strcmp(signatures[i].name, "Text.End") == 0;
            bool mail = strcmp(signatures[i].name, "Text.Mail") == 0;
            if (strcmp(signatures[i].name, "Text.Html") == 0)
                continue; /* this is no HTML, to nobody */
            if (hows[k] == BASE64_TEXT && (lines || mail))
                continue; /* its octets are others: CRLF, and no mail */
            if (!finds(message, slice_of(signatures[i].name)))
                fail_msg("%s in wrapping %d", signatures[i].name, (int)hows[k]);
        }
}

TEST(test_what_is_in_two_places_is_found_together)
{
    assert_true(finds(plain("X-Half: one\r\n", "half two\r\n"), SLICE("Text.Both")));
    assert_true(finds(plain("", "piece alpha\r\nwords\r\npiece beta\r\n"), SLICE("Text.Two")));
    assert_true(finds(plain("X-Half: piece alpha\r\n", "piece beta\r\n"), SLICE("Text.Two")));
    assert_true(finds(plain("X-Half: one\r\n", "words\r\n"), SLICE("")));
}

/* What is decoded has to be words as well. */
TEST(test_tags_in_base64_are_left_to_the_parser)
{
    struct slice clean = wrapped(BASE64_TEXT, NULL, "words, and no tags"),
                 tags = wrapped(BASE64_TEXT, NULL, "a <a href=x>link</a>");
    assert_true(is_sound(clean) && is_sound(tags));
    assert_true(av_text_is_words(SLICE("words, and no tags")));
    assert_false(av_text_is_words(SLICE("a <a href=x>link</a>")));
    assert_true(finds(tags, SLICE("")));
}

/* Octets of a sound message changed or taken out: the parser finds no more than we. */
TEST(test_no_change_of_an_octet_hides_from_us_what_the_parser_finds)
{
    static const char octets[] = {'\r', '\n', ' ', ':', ';', '"', '(', '=', '<', 'B', '\0', '\t'};
    struct slice whole = plain("Content-Transfer-Encoding: 7bit\r\n", "loud words\r\nof evil\r\n");
    struct arena *all = arena;
    for (size_t at = 0; at < whole.len; at++)
        for (size_t k = at % 3; k <= sizeof octets; k += 3) {
            arena = arena_new(1 << 20);
            struct slice before = slice_sub(whole, 0, at), after = slice_from(whole, at + 1);
            struct slice octet = k < sizeof octets ? (struct slice){&octets[k], 1} : SLICE("");
            struct slice message = ARENA_JOIN(arena, before, octet, after);
            struct slice name = by_parser(message);
            if (name.len && !finds(message, name))
                fail_msg("octet %zu as %d", at, k < sizeof octets ? octets[k] : -1);
            arena_free(&arena);
        }
    arena = all;
}
