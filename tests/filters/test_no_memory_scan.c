/* SPDX-License-Identifier: ISC
 * Memory runs out while a scanner looks into a message: nothing crashes, and what it tells all the
 * same is what it would have told, or says that it is not all. */
#include "tests/harness/failing_memory.h"

#include "filters/examine.h"
#include "filters/sender/dkim_example.h"
#include "policy/types.h"
#include "tests/harness/onenote_maker.h"
#include "tests/harness/spf_zone.h"

enum { SCAN_ARENA = 64 << 20, MESSAGE_MAX = 1 << 16, HEADERS = 2, ROUNDS = 10 };

static struct buf job_bytes, reference_bytes, message_text;
static struct slice message;
static struct arena *reference_arena;
static struct scan_answer reference;

/* ---- messages */

static void put_base64(struct buf *to, struct slice in)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < in.len; i += 3) {
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (i + k < in.len ? (unsigned char)in.ptr[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            buf_char(to, i + k > in.len ? '=' : digits[group >> (18 - 6 * k) & 63]);
        if (i % 57 == 54)
            buf_cstr(to, "\r\n");
    }
    buf_cstr(to, "\r\n");
}

#define MULTIPART                                                                                  \
    "From: =?utf-8?q?J=C3=B6rg?= <a@one.example>, b@two.example\r\nTo: c@x.example\r\n"            \
    "Subject: =?iso-8859-1?q?=E9?= and more\r\nMessage-ID: <1@one.example>\r\n"                    \
    "Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nMIME-Version: 1.0\r\n"                               \
    "Content-Type: multipart/mixed; boundary=\"=b\"\r\n\r\n"                                       \
    "--=b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"                                       \
    "<a href=\"http://link.example/\">x</a> <img src=http://two.link.example>\r\n"

static void begin_message(void)
{
    message_text = buf_init(MESSAGE_MAX);
    buf_cstr(&message_text, MULTIPART);
}

static void attach(const char *name, struct slice content)
{
    buf_printf(&message_text,
               "--=b\r\nContent-Type: application/octet-stream; name=\"%s\"\r\n"
               "Content-Transfer-Encoding: base64\r\n\r\n",
               name);
    put_base64(&message_text, content);
}

static void end_message(void)
{
    buf_cstr(&message_text, "--=b--\r\n");
    assert_false(message_text.failed);
    message = buf_slice(&message_text);
}

static struct made_member member(const char *name, struct slice data)
{
    return (struct made_member){
        .local_name = slice_of(name), .central_name = slice_of(name), .data = data};
}

static void make_archives(void)
{
    struct made_member run = member("run.exe", SLICE("MZ\x90\0\3\0\0\0"));
    struct buf inner = make_zip(SLICE(""), &run, 1);
    struct made_member files[] = {member("a.txt", SLICE("hello\n")),
                                  member("in.zip", buf_slice(&inner)),
                                  {.local_name = SLICE("locked.doc"),
                                   .central_name = SLICE("locked.doc"),
                                   .data = SLICE("cipher"),
                                   .flags = 1}};
    struct buf outer = make_zip(SLICE(""), files, 3);
    struct buf behind = make_zip(SLICE("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), &run, 1);
    begin_message();
    attach("out.zip", buf_slice(&outer));
    attach("picture.png", buf_slice(&behind));
    end_message();
    buf_release(&inner);
    buf_release(&outer);
    buf_release(&behind);
}

static void make_documents(void)
{
    struct made_stream streams[] = {{"_VBA_PROJECT", SLICE("x"), 2},
                                    {"WordDocument", SLICE("words"), 2}};
    struct buf ole = make_ole(streams, 2);
    struct made_member parts[] = {member("[Content_Types].xml", SLICE("<Types/>")),
                                  member("word/document.xml", SLICE("<w/>")),
                                  member("word/vbaProject.bin", buf_slice(&ole))};
    struct buf docx = make_zip(SLICE(""), parts, 3);
    struct buf notes = one_with("run.hta", ".hta", SLICE("<html>"));
    begin_message();
    attach("old.doc", buf_slice(&ole));
    attach("new.docm", buf_slice(&docx));
    attach("notes.one", buf_slice(&notes));
    attach("page.rtf", SLICE("{\\rtf1{\\object{\\*\\objdata 0105000002000000}}}"));
    attach("p.pdf",
           SLICE("%PDF-1.4\n1 0 obj<</F(a.txt)/EF<</F 2 0 R>>/URI(http://example.com/)>>endobj\n"
                 "2 0 obj<</Filter/AHx/Length 5>>stream\n4D5A>\nendstream endobj\n"
                 "3 0 obj<</N 1/First 4/Length 10>>stream\n4 0 (word)\nendstream endobj\n"
                 "trailer <</Encrypt<</Filter/Standard/V 1/R 2/O<00>/U<00>>>>>\n"));
    end_message();
    buf_release(&ole);
    buf_release(&docx);
    buf_release(&notes);
}

static void put_attribute(struct buf *to, uint32_t id, struct slice data)
{
    put(to, 2, 1);
    put(to, id, 4);
    put(to, data.len, 4);
    buf_append(to, data);
    put(to, 0, 2);
}

static void make_messages_in_files(void)
{
    enum { REND = 0x69002, TITLE = 0x18010, DATA = 0x6800f };
    static const char mail[] = "From: x@y.example\r\nMIME-Version: 1.0\r\nContent-Type: "
                               "application/x-msdownload; name=in.exe\r\n\r\nMZ\r\n";
    struct buf tnef = buf_init(4096);
    put(&tnef, 0x223e9f78, 4);
    put(&tnef, 0, 2);
    put_attribute(&tnef, REND, SLICE(""));
    put_attribute(&tnef, TITLE, SLICE("A.EXE\0"));
    put_attribute(&tnef, DATA, SLICE("MZ"));
    begin_message();
    attach("winmail.dat", buf_slice(&tnef));
    attach("old.eml", slice_of(mail));
    buf_printf(&message_text, "--=b\r\nContent-Type: message/rfc822\r\n\r\n%s", mail);
    buf_cstr(&message_text, "--=b\r\nContent-Type: text/plain; name*=utf-8''r%C3%A4.exe\r\n"
                            "Content-Transfer-Encoding: quoted-printable\r\n\r\nMZ=90=\r\nx\r\n");
    end_message();
    buf_release(&tnef);
}

static void make_signed(void)
{
    message = dkim_example();
}

/* ---- the scanner */

static const char zone[] =
    "football.example.com TXT v=spf1 a:a.example.com include:i.example.com -all\n"
    "i.example.com TXT v=spf1 exists:%{i}.e.example.com -all\n"
    "192.0.2.1.e.example.com A 127.0.0.2\n"
    "_dmarc.example.com TXT v=DMARC1; p=reject; sp=quarantine; rua=mailto:a@b.example\n";

static const struct slice headers[HEADERS] = {{"subject", 7}, {"received", 8}};

static struct scan_job new_job(struct arena *arena)
{
    return (struct scan_job){
        .message = true,
        .attachments = true,
        .outline = true,
        .links = true,
        .urls = true,
        .text = true,
        .alternatives = true,
        .digest = true,
        .spf = true,
        .authentication = true,
        .from = {.client = {.family = 4, .bytes = {192, 0, 2, 1}},
                 .helo = SLICE("mail.example.com"),
                 .sender = SLICE("joe@football.example.com"),
                 .receiver = SLICE("gw.example"),
                 .now = DKIM_EXAMPLE_TIME},
        .dns = dns_answers_new(arena),
        .headers = headers,
        .header_count = HEADERS,
        .limits = {4, 100, 200, 4 << 20, 0, 0, 0},
    };
}

static void answer_wanted(struct arena *arena, struct scan_job *job)
{
    struct dns_answers *keys = dns_answers_new(arena);
    assert_true(dkim_example_keys(keys));
    dns_answers_close(keys);
    for (size_t i = 0; i < reference.wanted_count; i++) {
        const struct dns_wanted *w = &reference.wanted[i];
        struct dns_answer found;
        dns_look_up(keys, w->name, w->type, &found);
        if (found.status != DNS_FOUND)
            found = spf_zone_answer(arena, slice_of(zone), w->name, w->type);
        struct slice name = arena_copy(arena, w->name);
        assert_true(dns_answers_add(job->dns, name, w->type, &found));
    }
}

/* As gatepost-scan does it, from the job's bytes to those of the answer. */
static bool scan(struct arena *arena, struct buf *out)
{
    struct scan_job job;
    struct scan_answer answer;
    return arena && scan_job_decode(buf_slice(&job_bytes), arena, &job) &&
           examine(arena, message, &job, &answer) && scan_answer_encode(out, HEADERS, &answer);
}

/* What it tells when it has all it needs, after so many rounds of DNS answers. */
static void take_reference(int rounds)
{
    struct arena *arena = arena_new(SCAN_ARENA);
    struct scan_job job = new_job(arena);
    for (int round = 0; round <= rounds; round++) {
        buf_release(&job_bytes);
        buf_release(&reference_bytes);
        arena_free(&reference_arena);
        job_bytes = buf_init(SCAN_JOB_MAX);
        reference_bytes = buf_init(SCAN_ANSWER_MAX);
        reference_arena = arena_new(SCAN_ARENA);
        assert_true(scan_job_encode(&job_bytes, &job));
        assert_true(scan(reference_arena, &reference_bytes));
        assert_true(
            scan_answer_decode(buf_slice(&reference_bytes), reference_arena, HEADERS, &reference));
        answer_wanted(arena, &job);
    }
    arena_free(&arena);
    assert_int_equal(reference.wanted_count == 0, rounds > 0);
}

static void forget_all(void)
{
    buf_release(&job_bytes);
    buf_release(&reference_bytes);
    buf_release(&message_text);
    arena_free(&reference_arena);
}

/* ---- what is told */

static bool same(const struct type *type, const struct value *a, const struct value *b)
{
    struct buf one = buf_init(SCAN_ANSWER_MAX), other = buf_init(SCAN_ANSWER_MAX);
    assert_true(value_encode(&one, type, a) && value_encode(&other, type, b));
    bool equal = slice_eq(buf_slice(&one), buf_slice(&other));
    buf_release(&one);
    buf_release(&other);
    return equal;
}

static bool something_is_unscannable(const struct value *attachments)
{
    for (size_t i = 0; i < attachments->list.count; i++)
        if (attachments->list.items[i].fields[attachment_unscannable].truth)
            return true;
    return false;
}

static bool is_too_much_work(const struct facts *told)
{
    const struct list *odd = &told->fact[FACT_MESSAGE_MALFORMATIONS].list;
    for (size_t i = 0; i < odd->count; i++)
        if (slice_eq(odd->items[i].text, SLICE("too-much-work")))
            return true;
    return false;
}

/* What was found out, or a value that no rule takes for less than that. */
static bool honest(enum fact fact, const struct value *told, const struct value *found)
{
    const struct type *type = &fact_info(fact)->type;
    if (told->state == VALUE_UNKNOWN || same(type, told, found))
        return true;
    if (told->state != VALUE_KNOWN || type->kind != TYPE_LIST)
        return false;
    return told->list.cut || (fact == FACT_ATTACHMENTS && something_is_unscannable(told));
}

static void check_value(enum fact fact, const struct value *told, const struct value *found)
{
    if (honest(fact, told, found))
        return;
    struct buf json = buf_init(SCAN_ANSWER_MAX);
    const struct type *type = &fact_info(fact)->type;
    value_json(&json, type, told);
    buf_cstr(&json, " instead of ");
    value_json(&json, type, found);
    buf_char(&json, '\0');
    fprintf(stderr, "%s: %s\n", fact_info(fact)->name, buf_slice(&json).ptr);
    fail();
}

static void check_answer(struct arena *arena, struct slice bytes)
{
    struct scan_answer told;
    assert_true(scan_answer_decode(bytes, arena, HEADERS, &told));
    bool hides = is_too_much_work(&told.facts);
    for (enum fact fact = 0; fact < FACT_COUNT; fact++)
        if (!fact_info(fact)->keyed &&
            !(hides && (fact == FACT_MESSAGE_MALFORMATIONS || fact == FACT_MESSAGE_HIDES)))
            check_value(fact, &told.facts.fact[fact], &reference.facts.fact[fact]);
    for (size_t i = 0; i < HEADERS; i++)
        check_value(FACT_HEADER, &told.facts.keyed[i], &reference.facts.keyed[i]);
    assert_true(slice_eq(told.outline->text, reference.outline->text));
    assert_int_equal(told.outline->text_cut, reference.outline->text_cut);
    assert_true(told.part_count <= reference.part_count);
    for (size_t i = 0; i < told.part_count; i++)
        assert_memory_equal(&told.parts[i], &reference.parts[i], sizeof told.parts[i]);
}

static void scan_and_check(void)
{
    struct arena *arena = arena_new(SCAN_ARENA);
    struct buf out = buf_init(SCAN_ANSWER_MAX);
    bool told = scan(arena, &out);
    allowed = -1;
    assert_true(told || hit);
    if (told)
        check_answer(arena, buf_slice(&out));
    buf_release(&out);
    arena_free(&arena);
}

static void warm_up(void)
{
    const char *reason;
    assert_true(examine_warm_up(&reason));
}

ALL_TESTS(warm_up, NULL);
EACH_TEST(NULL, forget_all);

#define NEVER_CLEAN(name, make, rounds, least)                                                     \
    TEST(name)                                                                                     \
    {                                                                                              \
        make();                                                                                    \
        take_reference(rounds);                                                                    \
        memory_fails_everywhere(scan_and_check, least);                                            \
    }

NEVER_CLEAN(test_archives_are_looked_into_or_said_not_to_be, make_archives, ROUNDS, 300)
NEVER_CLEAN(test_documents_are_looked_into_or_said_not_to_be, make_documents, ROUNDS, 300)
NEVER_CLEAN(test_messages_in_files_are_looked_into_or_said_not_to_be, make_messages_in_files,
            ROUNDS, 300)
NEVER_CLEAN(test_a_sender_is_judged_or_unknown, make_signed, ROUNDS, 200)
NEVER_CLEAN(test_names_are_asked_for_or_the_sender_is_unknown, make_signed, 0, 100)
