/* SPDX-License-Identifier: ISC */
#include "filters/scanner/scan_ask.h"
#include "filters/scanner/scan_serve.h"

#include "filters/mime/charset.h"
#include "policy/types.h"
#include "tests/harness/unit.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARENA_MAX = 64 << 20, PAYLOAD = IPC_PAYLOAD_MAX, WAIT_MS = 10000 };

ARENA_TESTS(ARENA_MAX);

static struct value list_of_texts(size_t count, struct slice text)
{
    struct value list = {.state = VALUE_KNOWN,
                         .list = {arena_array(arena, count, sizeof(struct value)), count, false}};
    for (size_t i = 0; i < count; i++)
        list.list.items[i] = value_text(text);
    return list;
}

static struct value attachment(struct slice name)
{
    struct value *fields =
        arena_array(arena, record_types[RECORD_attachment].count, sizeof *fields);
    fields[attachment_name] = value_text(name);
    fields[attachment_names] = list_of_texts(1, name);
    fields[attachment_extension] = value_text(SLICE("exe"));
    fields[attachment_type] = value_text(SLICE("application/x-dosexec"));
    fields[attachment_declared_type] = value_absent();
    fields[attachment_size] = value_integer(5);
    fields[attachment_depth] = value_number(1);
    fields[attachment_path] = value_text(SLICE("a.zip/"));
    fields[attachment_encrypted] = value_bool(true);
    fields[attachment_macros] = value_bool(false);
    fields[attachment_unscannable] = value_unknown();
    fields[attachment_part] = value_number(3);
    return (struct value){.state = VALUE_KNOWN, .fields = fields};
}

static struct value attachments(size_t count, struct slice name)
{
    struct value list = {.state = VALUE_KNOWN,
                         .list = {arena_array(arena, count, sizeof(struct value)), count, false}};
    for (size_t i = 0; i < count; i++)
        list.list.items[i] = attachment(name);
    return list;
}

static struct scan_answer an_answer(void)
{
    static struct part_range ranges[] = {{1, 0, 20, 30, false}, {4, 30, 40, 50, true}};
    struct scan_answer answer = {.parts = ranges, .part_count = 2};
    struct value *fact = answer.facts.fact;
    fact[FACT_MESSAGE_SUBJECT] = value_text(SLICE("a subject"));
    fact[FACT_MESSAGE_REPLY_TO] = value_absent();
    fact[FACT_MESSAGE_PARTS] = value_number(4);
    fact[FACT_MESSAGE_HIDES] = value_bool(true);
    fact[FACT_MESSAGE_FROM_ALL] = list_of_texts(2, SLICE("a@example.com"));
    fact[FACT_ATTACHMENTS] = attachments(2, SLICE("run.exe"));
    fact[FACT_AV_RESULT] = value_integer(AV_RESULT_INFECTED);
    answer.facts.keyed = arena_array(arena, 2, sizeof(struct value));
    answer.facts.keyed[0] = list_of_texts(1, SLICE("bulk"));
    answer.facts.keyed[1] = list_of_texts(0, SLICE(""));
    return answer;
}

static struct slice encoded_in(size_t most, size_t header_count, const struct scan_answer *answer)
{
    struct buf out = buf_init(most);
    assert_true(scan_answer_encode(&out, header_count, answer));
    struct slice copy = arena_copy(arena, buf_slice(&out));
    buf_release(&out);
    return copy;
}

static struct slice encoded(size_t header_count, const struct scan_answer *answer)
{
    return encoded_in(PAYLOAD, header_count, answer);
}

static void assert_text(const struct value *value, const char *expected)
{
    assert_int_equal(value->state, VALUE_KNOWN);
    assert_true(slice_eq(value->text, slice_of(expected)));
}

static void assert_is_the_answer(const struct scan_answer *got)
{
    const struct value *fact = got->facts.fact;
    assert_text(&fact[FACT_MESSAGE_SUBJECT], "a subject");
    assert_int_equal(fact[FACT_MESSAGE_REPLY_TO].state, VALUE_ABSENT);
    assert_int_equal(fact[FACT_MESSAGE_ID].state, VALUE_PENDING);
    assert_int_equal(fact[FACT_CLIENT_IP].state, VALUE_PENDING);
    assert_true(fact[FACT_MESSAGE_HIDES].truth);
    assert_int_equal(fact[FACT_AV_RESULT].integer, AV_RESULT_INFECTED);
    assert_int_equal(fact[FACT_ATTACHMENTS].list.count, 2);
    const struct value *fields = fact[FACT_ATTACHMENTS].list.items[1].fields;
    assert_text(&fields[attachment_name], "run.exe");
    assert_int_equal(fields[attachment_unscannable].state, VALUE_UNKNOWN);
    assert_text(&got->facts.keyed[0].list.items[0], "bulk");
    assert_int_equal(got->facts.keyed[1].list.count, 0);
    assert_int_equal(got->part_count, 2);
    assert_int_equal(got->parts[1].part, 4);
    assert_int_equal(got->parts[1].end, 50);
    assert_true(got->parts[1].sealed);
}

static struct scan_answer with_places(void)
{
    struct scan_answer answer = an_answer();
    answer.banners.of[BANNER_TOP] = (struct banner_places){.state = BANNER_PLACED, .count = 2};
    answer.banners.of[BANNER_TOP].items[0] =
        (struct banner_place){.at = 20, .part = 1, .encoding = MIME_QP, .charset = 3, .high = true};
    answer.banners.of[BANNER_TOP].items[1] = (struct banner_place){.at = 40,
                                                                   .part = 4,
                                                                   .encoding = MIME_BASE64,
                                                                   .kept = 2,
                                                                   .charset = CHARSETS - 1,
                                                                   .html = true};
    return answer;
}

TEST(test_places_for_a_banner_come_back)
{
    struct scan_answer answer = with_places(), got;
    assert_true(scan_answer_decode(encoded(2, &answer), arena, 2, &got));
    assert_int_equal(got.banners.of[BANNER_TOP].state, BANNER_PLACED);
    assert_int_equal(got.banners.of[BANNER_TOP].count, 2);
    const struct banner_place *first = &got.banners.of[BANNER_TOP].items[0], *second = first + 1;
    assert_true(first->at == 20 && first->part == 1 && first->encoding == MIME_QP &&
                first->kept == 0 && first->charset == 3 && first->high && !first->html);
    assert_true(second->at == 40 && second->part == 4 && second->encoding == MIME_BASE64 &&
                second->kept == 2 && second->charset == CHARSETS - 1 && !second->high &&
                second->html);
    answer.banners.of[BANNER_TOP] = (struct banner_places){.state = BANNER_SEALED};
    assert_true(scan_answer_decode(encoded(2, &answer), arena, 2, &got));
    assert_int_equal(got.banners.of[BANNER_TOP].state, BANNER_SEALED);
}

TEST(test_places_for_a_disclaimer_come_back_beside_them)
{
    struct scan_answer answer = with_places(), got;
    struct banner_places *bottom = &answer.banners.of[BANNER_BOTTOM];
    *bottom = (struct banner_places){.state = BANNER_PLACED, .count = 1};
    bottom->items[0] = (struct banner_place){.at = 30, .part = 1, .last = true};
    assert_true(scan_answer_decode(encoded(2, &answer), arena, 2, &got));
    assert_int_equal(got.banners.of[BANNER_TOP].count, 2);
    assert_false(got.banners.of[BANNER_TOP].items[0].last);
    assert_int_equal(got.banners.of[BANNER_BOTTOM].count, 1);
    assert_int_equal(got.banners.of[BANNER_BOTTOM].items[0].at, 30);
    assert_true(got.banners.of[BANNER_BOTTOM].items[0].last);
    bottom->count = 0;
    assert_false(scan_answer_decode(encoded(2, &answer), arena, 2, &got));
}

TEST(test_a_sketch_comes_back_as_far_as_there_is_one)
{
    for (int there = 0; there < 4; there++) {
        struct scan_answer answer = an_answer(), got;
        answer.sketch = (struct campaign_sketch){
            .made = there >= 1, .text = there >= 2, .structure = there >= 3};
        for (size_t i = 0; i < CAMPAIGN_DIGESTS; i++)
            answer.sketch.digests[i] = UINT64_MAX - i;
        assert_true(scan_answer_decode(encoded(2, &answer), arena, 2, &got));
        assert_true(got.sketch.made == (there >= 1) && got.sketch.text == (there >= 2) &&
                    got.sketch.structure == (there >= 3));
        if (there >= 2)
            assert_int_equal(got.sketch.digests[CAMPAIGN_TEXT - 1], UINT64_MAX - 15);
        if (there >= 3)
            assert_int_equal(got.sketch.digests[CAMPAIGN_DIGESTS - 1], UINT64_MAX - 23);
    }
}

TEST(test_a_sketch_of_an_unknown_kind_is_refused)
{
    char octets[SCAN_SKETCH_BYTES] = {4};
    struct unpack in = {.left = {octets, sizeof octets}};
    struct campaign_sketch sketch;
    assert_false(scan_sketch_unpack(&in, &sketch));
}

TEST(test_places_that_are_none_are_refused)
{
    for (int i = 0; i < 8; i++) {
        struct scan_answer answer = with_places(), got;
        struct banner_place *place = &answer.banners.of[BANNER_TOP].items[1];
        switch (i) {
        case 0:
            place->at = 20;
            break;
        case 1:
            place->kept = 3;
            break;
        case 2:
            place->encoding = MIME_UUENCODE;
            break;
        case 3:
            place->charset = CHARSETS;
            break;
        case 4:
            place->encoding = MIME_QP;
            break;
        case 5:
            answer.banners.of[BANNER_TOP].state = BANNER_NO_TEXT;
            break;
        case 6:
            answer.banners.of[BANNER_TOP].state = BANNER_CHARSET;
            answer.banners.of[BANNER_TOP].count = 0;
            break;
        default:
            answer.banners.of[BANNER_TOP].count = 0;
        }
        assert_false(scan_answer_decode(encoded(2, &answer), arena, 2, &got));
    }
}

TEST(test_an_answer_comes_back_whole)
{
    struct scan_answer answer = an_answer(), got;
    assert_true(scan_answer_decode(encoded(2, &answer), arena, 2, &got));
    assert_is_the_answer(&got);
}

TEST(test_a_truncated_or_longer_answer_is_refused)
{
    struct scan_answer answer = an_answer(), got;
    struct slice whole = encoded(2, &answer);
    struct arena *scratch = arena_new(ARENA_MAX);
    for (size_t n = 0; n < whole.len; n++) {
        arena_reset(scratch);
        assert_false(scan_answer_decode(slice_sub(whole, 0, n), scratch, 2, &got));
        assert_int_equal(got.part_count, 0);
    }
    struct buf longer = buf_init(PAYLOAD);
    buf_append(&longer, whole);
    buf_char(&longer, '\0');
    assert_false(scan_answer_decode(buf_slice(&longer), scratch, 2, &got));
    buf_release(&longer);
    arena_free(&scratch);
}

TEST(test_an_answer_to_other_headers_is_refused)
{
    struct scan_answer answer = an_answer(), got;
    assert_false(scan_answer_decode(encoded(2, &answer), arena, 3, &got));
    assert_false(scan_answer_decode(encoded(1, &answer), arena, 2, &got));
}

TEST(test_ranges_that_overlap_or_run_backwards_are_refused)
{
    struct part_range wrong[][2] = {
        {{1, 20, 10, 30, false}, {2, 30, 40, 50, false}},
        {{1, 0, 40, 30, false}, {2, 30, 40, 50, false}},
        {{2, 0, 10, 30, false}, {2, 30, 40, 50, false}},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct scan_answer answer = an_answer(), got;
        answer.parts = wrong[i];
        assert_false(scan_answer_decode(encoded(2, &answer), arena, 2, &got));
    }
}

TEST(test_any_flipped_bit_is_survived)
{
    struct scan_answer answer = an_answer(), got;
    struct slice whole = encoded(2, &answer);
    char *bytes = arena_cstr(arena, whole);
    struct arena *scratch = arena_new(ARENA_MAX);
    for (size_t bit = 0; bit < whole.len * 8; bit++) {
        arena_reset(scratch);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        scan_answer_decode((struct slice){bytes, whole.len}, scratch, 2, &got);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    arena_free(&scratch);
}

TEST(test_what_does_not_fit_is_cut_and_says_so)
{
    struct scan_answer answer = an_answer(), got;
    char *large = arena_alloc(arena, 100000);
    memset(large, 'x', 100000);
    answer.facts.fact[FACT_ATTACHMENTS] = attachments(5000, SLICE("run.exe"));
    answer.facts.fact[FACT_MESSAGE_SUBJECT] = value_text((struct slice){large, 100000});
    answer.facts.keyed[0] = list_of_texts(3, (struct slice){large, 30000});
    assert_true(scan_answer_decode(encoded(2, &answer), arena, 2, &got));
    const struct list *list = &got.facts.fact[FACT_ATTACHMENTS].list;
    assert_true(list->cut);
    assert_in_range(list->count, 300, 4999);
    assert_int_equal(got.facts.fact[FACT_MESSAGE_SUBJECT].state, VALUE_UNKNOWN);
    assert_true(got.facts.keyed[0].list.cut);
    assert_int_equal(got.facts.keyed[0].list.count, 1);
    assert_false(got.facts.keyed[1].list.cut);
}

TEST(test_everything_at_once_still_fits)
{
    struct scan_answer answer = {.part_count = 5000}, got;
    char *large = arena_alloc(arena, 60000);
    memset(large, 'x', 60000);
    for (enum fact fact = 0; fact < FACT_COUNT; fact++) {
        const struct type *type = &fact_info(fact)->type;
        if (type->kind == TYPE_TEXT || type->kind == TYPE_ADDRESS)
            answer.facts.fact[fact] = value_text((struct slice){large, 9000});
        else if (type->kind == TYPE_LIST && type->element->kind != TYPE_RECORD)
            answer.facts.fact[fact] = list_of_texts(50, (struct slice){large, 2000});
    }
    answer.facts.fact[FACT_ATTACHMENTS] = attachments(3000, (struct slice){large, 100});
    answer.facts.keyed = arena_array(arena, SCAN_HEADERS_MAX, sizeof(struct value));
    for (size_t i = 0; i < SCAN_HEADERS_MAX; i++)
        answer.facts.keyed[i] = list_of_texts(2, (struct slice){large, 3000});
    answer.parts = arena_array(arena, 5000, sizeof *answer.parts);
    for (uint32_t i = 0; i < 5000; i++)
        answer.parts[i] = (struct part_range){i, i, i, i, false};
    assert_true(scan_answer_decode(encoded_in(SCAN_ANSWER_MAX, SCAN_HEADERS_MAX, &answer), arena,
                                   SCAN_HEADERS_MAX, &got));
    assert_in_range(got.part_count, 1000, 4999);
    assert_true(got.facts.keyed[SCAN_HEADERS_MAX - 1].list.cut);
}

/* -- over sockets -- */

TEST(test_a_job_travels_and_its_answer_comes_back)
{
    int queue[2], message = memfd_create("message", MFD_CLOEXEC);
    struct scan_taken taken;
    assert_int_equal(ipc_pair(queue), 0);
    struct slice headers[] = {SLICE("precedence"), SLICE("x-spam")};
    struct scan_job job = {.message = true,
                           .from = {.sender = SLICE("a@example.com")},
                           .headers = headers,
                           .header_count = 2,
                           .limits = {1, 2, 3, 1ULL << 40, 2000, 200, 0}};
    assert_int_equal(scan_take(queue[1], false, arena, &taken), 0);
    int sock = scan_submit(queue[0], message, &job);
    assert_true(sock >= 0);
    assert_int_equal(scan_take(queue[1], true, arena, &taken), 1);
    struct scan_job got = taken.job;
    assert_true(got.message && !got.attachments);
    assert_true(slice_eq(got.from.sender, SLICE("a@example.com")));
    assert_int_equal(got.header_count, 2);
    assert_true(slice_eq(got.headers[1], SLICE("x-spam")));
    assert_int_equal(got.limits.unpacked, 1ULL << 40);
    assert_int_equal(got.limits.cpu, 2000);
    assert_int_equal(got.limits.cpu_per_mib, 200);

    struct scan_answer answer = an_answer(), collected;
    struct scan_pieces pieces = {0};
    struct scan_failure failure = {0};
    assert_int_equal(scan_collect(sock, arena, 2, &pieces, &collected, &failure), 0);
    assert_true(scan_answer(&taken.reply, &got, &answer));
    assert_int_equal(scan_collect(sock, arena, 2, &pieces, &collected, &failure), 1);
    assert_is_the_answer(&collected);
    close(sock);
    scan_taken_end(&taken);
    close(message);
    close(queue[0]);
    assert_int_equal(scan_take(queue[1], true, arena, &taken), 0); /* the parent sees to that */
    close(queue[1]);
}

/* As a worker that may have no more descriptors. */
static pid_t answer_beside(int reply, const struct scan_answer *answer)
{
    struct scan_job job = {.header_count = 2};
    pid_t pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, 0});
        _exit(scan_answer(&(struct scan_reply){.sock = reply}, &job, answer) ? 0 : 1);
    }
    return pid;
}

TEST(test_a_large_answer_comes_whole_and_needs_no_descriptor)
{
    int pair[2], status = -1, r = 0;
    assert_int_equal(ipc_answer_pair(pair), 0);
    struct scan_answer answer = an_answer(), got;
    struct scan_pieces pieces = {0};
    struct scan_failure failure = {0};
    answer.facts.fact[FACT_ATTACHMENTS] = attachments(9000, SLICE("run.exe"));
    pid_t pid = answer_beside(pair[1], &answer);
    struct pollfd wait = {.fd = pair[0], .events = POLLIN};
    while (r == 0 && poll(&wait, 1, WAIT_MS) == 1)
        r = scan_collect(pair[0], arena, 2, &pieces, &got, &failure);
    assert_int_equal(r, 1);
    assert_int_equal(got.facts.fact[FACT_ATTACHMENTS].list.count, 9000);
    assert_false(got.facts.fact[FACT_ATTACHMENTS].list.cut);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(pair[0]);
    close(pair[1]);
}

/* Of a job that has no number. */
static void say(int reply, uint16_t type, struct slice payload)
{
    const struct slice parts[] = {{"\0\0\0\0\0\0\0\0", 8}, payload};
    assert_int_equal(ipc_send_parts(reply, type, parts, 2, NULL, 0, true), 1);
}

static void says_less_than_a_number(int reply)
{
    assert_int_equal(ipc_send(reply, 2, SLICE("1234567"), NULL, 0, true), 1);
}

/* Submits a job, takes it, and lets `act` reply. */
static void collect_from(void (*act)(int reply), const char *expected)
{
    int queue[2], message = memfd_create("message", MFD_CLOEXEC);
    assert_int_equal(ipc_pair(queue), 0);
    struct scan_job job = {.message = true};
    struct scan_taken taken;
    int sock = scan_submit(queue[0], message, &job);
    assert_int_equal(scan_take(queue[1], true, arena, &taken), 1);
    act(taken.reply.sock);
    scan_taken_end(&taken);
    struct scan_answer answer;
    struct scan_pieces pieces = {0};
    struct scan_failure failure = {0};
    int r = 0;
    while (r == 0)
        r = scan_collect(sock, arena, 0, &pieces, &answer, &failure);
    assert_int_equal(r, -1);
    assert_string_equal(failure.reason, expected);
    close(sock);
    close(message);
    close(queue[0]);
    close(queue[1]);
}

static void dies(int reply)
{
    (void)reply;
}

static void refuses(int reply)
{
    assert_true(scan_refuse(&(struct scan_reply){.sock = reply},
                            &(struct scan_failure){"too odd", SCAN_FAILS_ALWAYS, false, 7}));
}

static void talks_nonsense(int reply)
{
    say(reply, 2, SLICE("nonsense"));
}

static void talks_too_much(int reply)
{
    static char large[IPC_PAYLOAD_MAX + 100];
    assert_true(send(reply, large, sizeof large, 0) > 0);
}

static void hands_over_a_pipe(int reply)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(ipc_send(reply, 3, SLICE(""), pipes, 1, true), 1);
    close(pipes[0]);
    close(pipes[1]);
}

enum { BEGINNING = 3, PIECE = 6 };

static void begins(int reply, uint32_t size)
{
    struct buf told = buf_init(8);
    pack_u32(&told, 900); /* microseconds */
    pack_u32(&told, size);
    say(reply, BEGINNING, buf_slice(&told));
    buf_release(&told);
}

static void piece(int reply, struct slice octets)
{
    say(reply, PIECE, octets);
}

static void begins_what_is_too_large(int reply)
{
    begins(reply, SCAN_ANSWER_MAX + 1);
}

static void begins_nothing(int reply)
{
    begins(reply, 0);
}

static void begins_twice(int reply)
{
    begins(reply, 10);
    begins(reply, 10);
}

static void ends_what_never_began(int reply)
{
    piece(reply, SLICE("end"));
}

static void gives_more_than_it_said(int reply)
{
    begins(reply, 5);
    piece(reply, SLICE("abc"));
    piece(reply, SLICE("def"));
}

static void gives_pieces_of_nothing(int reply)
{
    begins(reply, 5);
    piece(reply, SLICE(""));
}

static void answers_among_pieces(int reply)
{
    begins(reply, 5);
    piece(reply, SLICE("abc"));
    say(reply, 2, SLICE("de"));
}

static void dies_among_pieces(int reply)
{
    begins(reply, 5);
    piece(reply, SLICE("abc"));
}

static void gives_nonsense_in_pieces(int reply)
{
    begins(reply, 5);
    piece(reply, SLICE("abc"));
    piece(reply, SLICE("de"));
}

static void answers_of_an_unknown_kind(int reply)
{
    assert_int_equal(ipc_send(reply, 99, SLICE(""), (int[]){0, 1}, 2, true), 1);
}

TEST(test_failures_have_their_reason)
{
    collect_from(dies, "the scanner died");
    collect_from(refuses, "too odd");
    collect_from(talks_nonsense, "the scanner talked nonsense");
    collect_from(says_less_than_a_number, "the scanner talked nonsense");
    collect_from(talks_too_much, "the scanner talked nonsense");
    collect_from(hands_over_a_pipe, "the scanner talked nonsense");
    collect_from(begins_what_is_too_large, "the scanner talked nonsense");
    collect_from(begins_nothing, "the scanner talked nonsense");
    collect_from(begins_twice, "the scanner talked nonsense");
    collect_from(ends_what_never_began, "the scanner talked nonsense");
    collect_from(gives_more_than_it_said, "the scanner talked nonsense");
    collect_from(gives_pieces_of_nothing, "the scanner talked nonsense");
    collect_from(answers_among_pieces, "the scanner talked nonsense");
    collect_from(gives_nonsense_in_pieces, "the scanner talked nonsense");
    collect_from(dies_among_pieces, "the scanner died");
    collect_from(answers_of_an_unknown_kind, "the scanner talked nonsense");
}

TEST(test_malformed_jobs_are_dropped_and_their_senders_told)
{
    int queue[2], pair[2];
    struct scan_taken got;
    assert_int_equal(ipc_pair(queue), 0);
    assert_int_equal(ipc_pair(pair), 0);
    assert_int_equal(ipc_send(queue[0], 1, SLICE("junk"), (int[]){0, pair[1]}, 2, false), 1);
    assert_int_equal(ipc_send(queue[0], 1, SLICE("junk"), NULL, 0, false), 1);
    close(pair[1]);
    assert_int_equal(scan_take(queue[1], false, arena, &got), 0);
    char c;
    assert_int_equal(recv(pair[0], &c, 1, 0), 0);
    close(pair[0]);
    close(queue[0]);
    close(queue[1]);
}

TEST(test_a_full_queue_says_try_again)
{
    int queue[2], message = memfd_create("message", MFD_CLOEXEC), socks[20000], n = 0;
    assert_int_equal(ipc_pair(queue), 0);
    struct slice header = SLICE("x");
    struct scan_job job = {.message = true, .headers = &header, .header_count = 1};
    char *large = arena_alloc(arena, 15000);
    job.from.sender = (struct slice){large, 15000};
    while (n < 20000 && (socks[n] = scan_submit(queue[0], message, &job)) >= 0)
        n++;
    assert_int_equal(errno, EAGAIN);
    assert_in_range(n, 4, 1000);
    while (n > 0)
        close(socks[--n]);
    job.from.sender.len = SCAN_JOB_MAX;
    assert_int_equal(scan_submit(queue[0], message, &job), -1);
    assert_int_equal(errno, EMSGSIZE);
    close(queue[0]);
    close(queue[1]);
    close(message);
}
