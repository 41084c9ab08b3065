/* SPDX-License-Identifier: ISC
 * Jobs with their DNS answers, and what an answer wants, as bytes. */
#include "filters/scanner/scan_ask.h"
#include "filters/scanner/scan_serve.h"
#include "tests/harness/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARENA_MAX = 64 << 20 };

ARENA(ARENA_MAX);
static struct dns_answers *dns;

static void set_up(void)
{
    make_arena();
    dns = dns_answers_new(arena);
    assert_non_null(dns);
}

EACH_TEST(set_up, free_arena);

static struct ip ip_of(const char *text)
{
    struct ip ip;
    assert_true(ip_parse(slice_of(text), &ip));
    return ip;
}

static void add(const char *name, enum dns_type type, enum dns_status status,
                const struct dns_record *records, size_t count)
{
    struct dns_answer answer = {.status = status,
                                .records = (struct dns_record *)(uintptr_t)records,
                                .count = count,
                                .authenticated = type == DNS_TXT};
    assert_true(dns_answers_add(dns, slice_of(name), type, &answer));
}

static const struct slice mark_fields[] = {SLICE("X-Site"), SLICE("X-Note")};
static const struct mark_piece mark_pieces[] = {
    {SLICE("[size "), true, false}, {SLICE("] "), false, true}, {SLICE("[spam] "), false, true}};
static const struct marks some_marks = {mark_fields, 2, mark_pieces, 3};

static struct scan_job a_job(void)
{
    static const struct slice headers[] = {{"precedence", 10}, {"x-spam", 6}};
    static const struct dns_record texts[] = {{.text = {"v=spf1 -all", 11}}, {.text = {"", 0}}};
    static const struct dns_record mx[] = {{.text = {"mx.example", 10}, .preference = 65535}};
    static struct dns_record v4, v6;
    v4.ip = ip_of("192.0.2.7");
    v6.ip = ip_of("2001:db8::7");
    add("example.com", DNS_TXT, DNS_FOUND, texts, 2);
    add("example.com", DNS_MX, DNS_FOUND, mx, 1);
    add("mx.example", DNS_A, DNS_FOUND, &v4, 1);
    add("mx.example", DNS_AAAA, DNS_FOUND, &v6, 1);
    add("7.2.0.192.in-addr.arpa", DNS_PTR, DNS_FOUND, mx, 1);
    add("gone.example", DNS_A, DNS_NO_NAME, NULL, 0);
    add("slow.example", DNS_TXT, DNS_TIMED_OUT, NULL, 0);
    return (struct scan_job){
        .message = true,
        .links = true,
        .text = true,
        .spam = true,
        .vector = true,
        .attached = 3,
        .marks = &some_marks,
        .sketch = true,
        .digest = true,
        .outline = true,
        .authentication = true,
        .from = {.client = ip_of("2001:db8::1"),
                 .helo = SLICE("mail.example"),
                 .sender = SLICE("a@example.com"),
                 .receiver = SLICE("gw.example"),
                 .now = 1700000000},
        .dns = dns,
        .headers = headers,
        .header_count = 2,
        .limits = {1, 2, 3, 1ULL << 40, 2000, 200, 77},
    };
}

static struct slice encoded(const struct scan_job *job)
{
    struct buf out = buf_init(SCAN_JOB_MAX);
    assert_true(scan_job_encode(&out, job));
    struct slice copy = arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    return copy;
}

static const struct dns_answer *answer_in(const struct scan_job *job, const char *name,
                                          enum dns_type type)
{
    static struct dns_answer answer;
    assert_true(dns_look_up(job->dns, slice_of(name), type, &answer));
    return &answer;
}

TEST(test_marks_are_as_many_as_there_may_be_or_the_job_does_not_fit)
{
    static struct slice fields[MARKS_MOST + 1];
    struct marks marks = {fields, MARKS_MOST, NULL, 0};
    struct scan_job job = {.vector = true, .marks = &marks}, got;
    assert_true(scan_job_decode(encoded(&job), arena, &got));
    assert_int_equal(got.marks->field_count, MARKS_MOST);
    marks.field_count++;
    struct buf out = buf_init(SCAN_JOB_MAX);
    assert_false(scan_job_encode(&out, &job));
    buf_release(&out);
}

TEST(test_a_job_comes_back_whole)
{
    struct scan_job job = a_job(), got;
    assert_true(scan_job_decode(encoded(&job), arena, &got));
    assert_true(got.message && got.links && got.digest && got.outline && got.authentication);
    assert_true(got.text && got.spam && got.vector && got.sketch);
    assert_int_equal(got.attached, 3);
    assert_true(marks_have_field(got.marks, SLICE("x-site")));
    assert_false(marks_have_field(got.marks, SLICE("X-Other")));
    assert_int_equal(marks_prefix_of(got.marks, SLICE("[size 12] hello")), 10);
    assert_int_equal(marks_prefix_of(got.marks, SLICE("[spam] hello")), 7);
    assert_false(got.attachments || got.spf || got.dns_complete || got.urls || got.alternatives ||
                 got.reasons);
    assert_memory_equal(&got.from.client, &job.from.client, sizeof got.from.client);
    assert_true(slice_eq(got.from.helo, SLICE("mail.example")));
    assert_true(slice_eq(got.from.sender, SLICE("a@example.com")));
    assert_true(slice_eq(got.from.receiver, SLICE("gw.example")));
    assert_int_equal(got.from.now, 1700000000);
    assert_int_equal(got.header_count, 2);
    assert_true(slice_eq(got.headers[1], SLICE("x-spam")));
    assert_int_equal(got.limits.unpacked, 1ULL << 40);
}

TEST(test_dns_answers_travel_with_it)
{
    struct scan_job job = a_job(), got;
    assert_true(scan_job_decode(encoded(&job), arena, &got));
    const struct dns_answer *answer = answer_in(&got, "example.com", DNS_TXT);
    assert_true(answer->authenticated);
    assert_int_equal(answer->count, 2);
    assert_true(slice_eq(answer->records[0].text, SLICE("v=spf1 -all")));
    answer = answer_in(&got, "Example.COM", DNS_MX);
    assert_false(answer->authenticated);
    assert_int_equal(answer->records[0].preference, 65535);
    assert_true(slice_eq(answer->records[0].text, SLICE("mx.example")));
    struct ip v4 = ip_of("192.0.2.7"), v6 = ip_of("2001:db8::7");
    assert_memory_equal(&answer_in(&got, "mx.example", DNS_A)->records[0].ip, &v4, sizeof v4);
    assert_memory_equal(&answer_in(&got, "mx.example", DNS_AAAA)->records[0].ip, &v6, sizeof v6);
    assert_int_equal(answer_in(&got, "gone.example", DNS_A)->status, DNS_NO_NAME);
    assert_int_equal(answer_in(&got, "slow.example", DNS_TXT)->status, DNS_TIMED_OUT);
    struct dns_answer none;
    assert_false(dns_look_up(got.dns, SLICE("other.example"), DNS_A, &none));
}

TEST(test_a_truncated_or_longer_job_is_refused)
{
    struct scan_job job = a_job(), got;
    struct slice whole = encoded(&job);
    struct arena *scratch = arena_new(ARENA_MAX);
    for (size_t n = 0; n < whole.len; n++) {
        arena_reset(scratch);
        assert_false(scan_job_decode(slice_sub(whole, 0, n), scratch, &got));
        assert_null(got.dns);
    }
    struct slice longer = {arena_cstr(arena, whole), whole.len + 1};
    assert_false(scan_job_decode(longer, scratch, &got));
    arena_free(&scratch);
}

TEST(test_any_flipped_bit_is_survived)
{
    struct scan_job job = a_job(), got;
    struct slice whole = encoded(&job);
    char *bytes = arena_cstr(arena, whole);
    struct arena *scratch = arena_new(ARENA_MAX);
    for (size_t bit = 0; bit < whole.len * 8; bit++) {
        arena_reset(scratch);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        scan_job_decode((struct slice){bytes, whole.len}, scratch, &got);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    arena_free(&scratch);
}

TEST(test_what_no_proxy_says_is_refused)
{
    struct scan_job got;
    const struct dns_record nowhere = {.ip = {0}};
    add("a.example", DNS_A, DNS_FOUND, &nowhere, 1);
    struct scan_job without_address = {.dns = dns};
    assert_false(scan_job_decode(encoded(&without_address), arena, &got));
    dns = dns_answers_new(arena);
    add("a.example", (enum dns_type)99, DNS_FOUND, NULL, 0);
    struct scan_job of_odd_type = {.dns = dns};
    assert_false(scan_job_decode(encoded(&of_odd_type), arena, &got));
}

/* -- over sockets -- */

TEST(test_a_job_without_a_message_travels)
{
    int queue[2];
    struct scan_taken got;
    assert_int_equal(ipc_pair(queue), 0);
    struct scan_job job = {.spf = true, .from.sender = SLICE("a@example.com"), .dns = dns};
    int sock = scan_submit(queue[0], -1, &job);
    assert_true(sock >= 0);
    assert_int_equal(scan_take(queue[1], true, arena, &got), 1);
    assert_int_equal(got.file, -1);
    assert_null(got.octets.ptr);
    assert_true(got.job.spf);
    struct scan_answer answer = {.wanted = &(struct dns_wanted){.name = SLICE("example.com"),
                                                                .type = DNS_TXT},
                                 .wanted_count = 1},
                       collected;
    struct scan_failure failure = {.reason = ""};
    struct scan_pieces pieces = {0};
    answer.facts.fact[FACT_MESSAGE_SUBJECT] = value_text(SLICE("known at once"));
    assert_true(scan_answer(&got.reply, &got.job, &answer));
    assert_int_equal(scan_collect(sock, arena, 0, &pieces, &collected, &failure), 1);
    assert_int_equal(collected.wanted_count, 1);
    assert_int_equal(collected.wanted[0].type, DNS_TXT);
    assert_true(slice_eq(collected.wanted[0].name, SLICE("example.com")));
    assert_int_equal(collected.facts.fact[FACT_SPF_RESULT].state, VALUE_PENDING);
    assert_int_equal(collected.facts.fact[FACT_MESSAGE_SUBJECT].state, VALUE_KNOWN);
    close(sock);
    scan_taken_end(&got);
    close(queue[0]);
    close(queue[1]);
}

/* In front of a job of so many octets without number and message. */
static struct slice form_of(size_t octets)
{
    static char room[21];
    struct buf form = buf_over(room, sizeof room);
    pack_u64(&form, 0);
    pack_u64(&form, 0);
    pack_u8(&form, 0);
    pack_u32(&form, (uint32_t)octets);
    return buf_slice(&form);
}

TEST(test_a_job_that_needs_a_message_is_not_sent_without)
{
    const struct scan_job jobs[] = {{.message = true}, {.attachments = true},
                                    {.links = true},   {.digest = true},
                                    {.outline = true}, {.authentication = true}};
    int queue[2];
    assert_int_equal(ipc_pair(queue), 0);
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        struct scan_taken got;
        assert_int_equal(scan_submit(queue[0], -1, &jobs[i]), -1);
        assert_int_equal(errno, EINVAL);
        const struct slice parts[] = {form_of(encoded(&jobs[i]).len), encoded(&jobs[i])};
        assert_int_equal(ipc_send_parts(queue[0], 1, parts, 2, (int[]){queue[0]}, 1, false), 1);
        assert_int_equal(scan_take(queue[1], false, arena, &got), 0);
    }
    close(queue[0]);
    close(queue[1]);
}

static void answers_of(size_t octets)
{
    char *large = arena_alloc(arena, octets);
    memset(large, 'x', octets);
    static struct dns_record text;
    text.text = (struct slice){large, octets};
    add("a.example", DNS_TXT, DNS_FOUND, &text, 1);
}

/* As many, and as large ones, as a hostile zone can have asked for: none may keep the rest from
 * being looked at. */
TEST(test_large_answers_of_the_dns_travel)
{
    enum { LARGE = 6 << 20 };
    int queue[2], file = memfd_create("message", MFD_CLOEXEC);
    struct scan_taken got;
    assert_int_equal(ipc_pair(queue), 0);
    answers_of(LARGE);
    struct scan_job job = {.spf = true, .authentication = true, .dns = dns};
    int sock = scan_submit(queue[0], file, &job);
    assert_true(sock >= 0);
    assert_int_equal(scan_take(queue[1], false, arena, &got), 1);
    struct dns_answer answer;
    assert_true(dns_look_up(got.job.dns, SLICE("a.example"), DNS_TXT, &answer));
    assert_int_equal(answer.records[0].text.len, LARGE);
    assert_true(scan_refuse(&got.reply, &(struct scan_failure){.reason = "seen"}));
    struct stat of_file, of_message;
    assert_int_equal(fstat(file, &of_file), 0);
    assert_int_equal(fstat(got.file, &of_message), 0);
    assert_int_equal(of_message.st_ino, of_file.st_ino);
    scan_taken_end(&got);
    const int open_now[] = {sock, file, queue[0], queue[1]};
    for (size_t i = 0; i < sizeof open_now / sizeof *open_now; i++)
        close(open_now[i]);
}

TEST(test_answers_that_do_not_fit_are_told)
{
    int queue[2];
    assert_int_equal(ipc_pair(queue), 0);
    answers_of(SCAN_JOB_MAX);
    struct scan_job job = {.spf = true, .dns = dns};
    assert_int_equal(scan_submit(queue[0], -1, &job), -1);
    assert_int_equal(errno, EMSGSIZE);
    close(queue[0]);
    close(queue[1]);
}

/* -- answers -- */

static bool survives(const struct scan_answer *answer, struct scan_answer *got)
{
    struct buf out = buf_init(IPC_PAYLOAD_MAX);
    assert_true(scan_answer_encode(&out, 0, answer));
    struct slice copy = arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    return scan_answer_decode(copy, arena, 0, got);
}

TEST(test_names_that_cannot_exist_are_not_wanted)
{
    static const struct dns_wanted wrong[] = {
        {.name = {"", 0}, .type = DNS_A},
        {.name = {"a..b", 4}, .type = DNS_A},
        {.name = {"a.example", 9}, .type = (enum dns_type)255}};
    struct scan_answer got;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct scan_answer answer = {.wanted = &wrong[i], .wanted_count = 1};
        assert_false(survives(&answer, &got));
        assert_int_equal(got.wanted_count, 0);
    }
}

TEST(test_a_long_list_of_names_is_told_in_part)
{
    struct dns_wanted wanted[DNS_WANTED_MAX];
    for (size_t i = 0; i < DNS_WANTED_MAX; i++) {
        struct slice name = arena_printf(arena, "%060zu.%060zu.%060zu.%060zu", i, i, i, i);
        wanted[i] = (struct dns_wanted){.name = name, .type = DNS_TXT, .reserved = i % 2};
    }
    struct scan_answer answer = {.wanted = wanted, .wanted_count = DNS_WANTED_MAX}, got;
    assert_true(survives(&answer, &got));
    assert_in_range(got.wanted_count, 60, DNS_WANTED_MAX - 1);
    assert_true(got.wanted[1].reserved && !got.wanted[2].reserved);
}

TEST(test_a_message_cannot_crowd_out_its_sender)
{
    struct scan_answer answer = {0}, got;
    char *large = arena_alloc(arena, 40000);
    memset(large, 'x', 40000);
    const struct slice text = {large, 32000};
    answer.facts.fact[FACT_MESSAGE_SUBJECT] = value_text((struct slice){large, 25000});
    answer.facts.fact[FACT_MESSAGE_FROM_NAME] = value_text(text);
    answer.facts.fact[FACT_MESSAGE_ID] = value_text(text);
    answer.facts.fact[FACT_SPF_EXPLANATION] = value_text(text);
    answer.facts.fact[FACT_DMARC_DOMAIN] = value_text((struct slice){large, 253});
    answer.facts.fact[FACT_DMARC_RESULT] = value_integer(2);
    assert_true(survives(&answer, &got));
    assert_int_equal(got.facts.fact[FACT_MESSAGE_ID].state, VALUE_UNKNOWN);
    assert_int_equal(got.facts.fact[FACT_SPF_EXPLANATION].state, VALUE_UNKNOWN);
    assert_int_equal(got.facts.fact[FACT_DMARC_DOMAIN].text.len, 253);
    assert_int_equal(got.facts.fact[FACT_DMARC_RESULT].integer, 2);
}

/* -- outlines -- */

static struct slice many(size_t count)
{
    char *text = arena_alloc(arena, count);
    memset(text, 'x', count);
    return (struct slice){text, count};
}

/* The largest that there can be. */
static struct outline an_outline(void)
{
    struct outline_field *fields = arena_array(arena, OUTLINE_FIELDS_MAX + 1, sizeof *fields);
    struct outline_part *parts = arena_array(arena, OUTLINE_PARTS_MAX + 1, sizeof *parts);
    for (size_t i = 0; i <= OUTLINE_FIELDS_MAX; i++)
        fields[i] = (struct outline_field){many(OUTLINE_WORD_MAX), many(OUTLINE_VALUE_MAX), i == 1};
    for (size_t i = 0; i <= OUTLINE_PARTS_MAX; i++)
        parts[i] = (struct outline_part){.depth = (uint32_t)i,
                                         .kind = MIME_MESSAGE,
                                         .encoding = MIME_BASE64,
                                         .size = UINT64_MAX,
                                         .type = many(OUTLINE_WORD_MAX),
                                         .charset = many(OUTLINE_WORD_MAX),
                                         .name = many(OUTLINE_NAME_MAX)};
    return (struct outline){.fields = fields,
                            .field_count = OUTLINE_FIELDS_MAX,
                            .parts = parts,
                            .part_count = OUTLINE_PARTS_MAX,
                            .parts_cut = true,
                            .text = many(OUTLINE_TEXT_MAX),
                            .text_was_html = true};
}

static bool outline_survives(const struct outline *outline, struct scan_answer *got)
{
    struct scan_answer answer = {.outline = outline};
    struct buf out = buf_init(SCAN_ANSWER_MAX);
    assert_true(scan_answer_encode(&out, 0, &answer));
    struct slice copy = arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    return scan_answer_decode(copy, arena, 0, got);
}

TEST(test_an_answer_has_no_outline_unless_it_was_made)
{
    struct scan_answer got;
    assert_true(survives(&(struct scan_answer){0}, &got));
    assert_null(got.outline);
}

TEST(test_the_largest_outline_comes_back_whole_and_leaves_room)
{
    struct outline outline = an_outline();
    struct scan_answer got;
    assert_true(outline_survives(&outline, &got));
    assert_int_equal(got.outline->field_count, OUTLINE_FIELDS_MAX);
    assert_true(got.outline->fields[1].cut && !got.outline->fields[0].cut);
    assert_int_equal(got.outline->part_count, OUTLINE_PARTS_MAX);
    const struct outline_part *last = &got.outline->parts[OUTLINE_PARTS_MAX - 1];
    assert_int_equal(last->depth, OUTLINE_PARTS_MAX - 1);
    assert_int_equal(last->kind, MIME_MESSAGE);
    assert_int_equal(last->encoding, MIME_BASE64);
    assert_true(last->size == UINT64_MAX);
    assert_int_equal(last->name.len, OUTLINE_NAME_MAX);
    assert_int_equal(got.outline->text.len, OUTLINE_TEXT_MAX);
    assert_true(got.outline->parts_cut && got.outline->text_was_html);
    assert_false(got.outline->fields_cut || got.outline->text_cut);
    struct buf out = buf_init(SCAN_ANSWER_MAX);
    outline_pack(&out, &outline);
    assert_in_range(buf_len(&out), OUTLINE_TEXT_MAX, OUTLINE_MAX);
    buf_release(&out);
}

TEST(test_an_outline_past_its_bounds_is_refused)
{
    struct outline wrong[7];
    struct scan_answer got;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        wrong[i] = an_outline();
    wrong[0].field_count++;
    wrong[1].part_count++;
    wrong[2].text = many(OUTLINE_TEXT_MAX + 1);
    ((struct outline_part *)(uintptr_t)wrong[3].parts)->name = many(OUTLINE_NAME_MAX + 1);
    ((struct outline_field *)(uintptr_t)wrong[4].fields)->value = many(OUTLINE_VALUE_MAX + 1);
    ((struct outline_part *)(uintptr_t)wrong[5].parts)->encoding =
        (enum mime_encoding)(MIME_ENCODING_UNKNOWN + 1);
    ((struct outline_part *)(uintptr_t)wrong[6].parts)->kind = (enum mime_kind)(MIME_MESSAGE + 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(outline_survives(&wrong[i], &got));
        assert_null(got.outline);
    }
}

TEST(test_a_truncated_outline_is_refused)
{
    static const struct outline_field field = {SLICE("To"), SLICE("a@example.com"), true};
    static const struct outline_part part = {.type = SLICE("text/plain"), .size = 5};
    struct outline outline = {.fields = &field,
                              .field_count = 1,
                              .parts = &part,
                              .part_count = 1,
                              .text = SLICE("hello")};
    struct buf out = buf_init(IPC_PAYLOAD_MAX);
    outline_pack(&out, &outline);
    for (size_t n = 0; n <= buf_len(&out); n++) {
        const struct outline *got;
        struct unpack in = {.left = slice_sub(buf_slice(&out), 0, n)};
        assert_int_equal(outline_unpack(&in, arena, &got), n == buf_len(&out));
    }
    buf_release(&out);
}

TEST(test_any_flipped_bit_of_an_outline_is_survived)
{
    static const struct outline_field field = {SLICE("To"), SLICE("a@example.com"), false};
    static const struct outline_part part = {.type = SLICE("text/plain"), .name = SLICE("a.txt")};
    struct outline outline = {
        .fields = &field, .field_count = 1, .parts = &part, .part_count = 1, .text = SLICE("hi")};
    struct buf out = buf_init(IPC_PAYLOAD_MAX);
    outline_pack(&out, &outline);
    size_t size = buf_len(&out);
    char *octets = arena_cstr(arena, buf_slice(&out));
    for (size_t bit = 0; bit < 8 * size; bit++) {
        const struct outline *got;
        octets[bit / 8] = (char)(octets[bit / 8] ^ 1 << bit % 8);
        struct unpack in = {.left = {octets, size}};
        if (outline_unpack(&in, arena, &got) && got) {
            buf_clear(&out);
            outline_pack(&out, got);
            assert_false(out.failed);
        }
        octets[bit / 8] = (char)(octets[bit / 8] ^ 1 << bit % 8);
    }
    buf_release(&out);
}
