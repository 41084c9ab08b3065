/* SPDX-License-Identifier: ISC
 * What somebody says of messages: how much of it scanners are given at once. */
#include "proxy/examine/labelling.h"

#include "filters/scanner/scan_serve.h"
#include "tests/harness/memory_loader.h"
#include "tests/harness/unit.h"

#include <event2/event.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MS = 60000 };

static struct config *config;
static struct proxy proxy;
static int queue[2];
static char room[IPC_PAYLOAD_MAX + 2];

static void start(void)
{
    assert_int_equal(ipc_pair(queue), 0);
    config = load_good("timeouts { scan 1min }\n"); /* MS */
    proxy =
        (struct proxy){.config = config, .base = event_base_new(), .queue[SCANNER_SCAN] = queue[0]};
    assert_non_null(proxy.base);
}

static void stop(void)
{
    event_base_free(proxy.base);
    config_free(&config);
    close(queue[0]);
    close(queue[1]);
}

EACH_TEST(start, stop);

static struct labelling *begin(void)
{
    const struct label label = {.account = SLICE("a@example.org"), .reference = SLICE("1.2")};
    return labelling_begin(&proxy, SLICE("Subject: hello\r\n\r\nhello\r\n"), &label);
}

static void take_job(struct ipc_message *job)
{
    assert_int_equal(ipc_recv(queue[1], job, room, sizeof room, true), 1);
}

/* Behind its number, where it is answered, and where the message is. */
static struct slice octets_of(const struct ipc_message *job)
{
    struct unpack in = {.left = slice_from(job->payload, 8 + 4 + 4 + 1)};
    return unpack_slice(&in);
}

static struct scan_job job_of(const struct ipc_message *job)
{
    struct arena *arena = arena_new(1 << 20);
    struct scan_job asked;
    assert_true(scan_job_decode(octets_of(job), arena, &asked));
    arena_free(&arena);
    return asked;
}

static bool no_job(void)
{
    struct ipc_message job;
    return ipc_recv(queue[1], &job, room, sizeof room, false) == 0;
}

/* As a scanner that has died. */
static void give_up(struct ipc_message *job)
{
    ipc_close_fds(job);
    event_base_loop(proxy.base, EVLOOP_NONBLOCK);
}

TEST(test_one_message_at_a_time_is_with_a_scanner_and_the_others_come_after_it)
{
    struct labelling *labels[3];
    struct ipc_message job;
    for (size_t i = 0; i < 3; i++)
        assert_non_null(labels[i] = begin());
    for (size_t i = 0; i < 3; i++) {
        take_job(&job);
        assert_true(no_job());
        give_up(&job);
    }
    assert_true(no_job());
    for (size_t i = 0; i < 3; i++)
        labelling_drop(labels[i]);
}

TEST(test_a_job_counts_until_a_scanner_is_through_with_it_whoever_has_gone)
{
    struct ipc_message job;
    labelling_drop(begin());
    take_job(&job);
    struct labelling *next = begin();
    assert_non_null(next);
    assert_true(no_job());
    give_up(&job);
    take_job(&job);
    labelling_drop(next);
    give_up(&job);
}

TEST(test_who_is_taken_back_while_he_waits_makes_room)
{
    struct labelling *labels[LABELLING_MOST];
    struct ipc_message job;
    for (size_t i = 0; i < LABELLING_MOST; i++)
        assert_non_null(labels[i] = begin());
    assert_null(begin());
    labelling_drop(labels[LABELLING_MOST - 1]);
    assert_non_null(labels[LABELLING_MOST - 1] = begin());
    take_job(&job);
    for (size_t i = 0; i < LABELLING_MOST; i++)
        labelling_drop(labels[i]);
    give_up(&job);
    assert_true(no_job());
}

TEST(test_what_rules_ask_of_opinions_decides_what_is_looked_for)
{
    static const enum producer asking[] = {PRODUCER_CAMPAIGN, PRODUCER_REPORTED};
    struct ipc_message job;
    for (size_t i = 0; i < 3; i++) {
        if (i < 2)
            proxy.wants[asking[i]] = true;
        proxy.state = i < 2 ? (struct state *)&config : NULL; /* which nobody looks into */
        struct labelling *label = begin();
        take_job(&job);
        struct scan_job asked = job_of(&job);
        assert_true(asked.vector);
        assert_int_equal(asked.sketch, i < 2);
        assert_int_equal(asked.message, i < 2);
        labelling_drop(label);
        give_up(&job);
    }
}

TEST(test_a_scanner_is_given_the_message_without_what_rules_have_put_on_it)
{
    static const struct slice marked =
        SLICE("X-Site: spam\r\nSubject: [spam] hello\r\n\r\nhello\r\n");
    static const char as_it_came[] = "Subject: hello\r\n\r\nhello\r\n";
    const struct label label = {.account = SLICE("a@example.org")};
    struct ipc_message job;
    char text[100];
    bool found = false;
    config_free(&config);
    config = load_good("timeouts { scan 1min }\nrule \"a\" when message.size > 1MiB then "
                       "header add \"X-Site\" \"spam\", subject prefix \"[spam] \"\n");
    proxy.config = config;
    struct labelling *labelling = labelling_begin(&proxy, marked, &label);
    take_job(&job);
    for (size_t i = 0; i < job.fd_count; i++) {
        ssize_t len = pread(job.fds[i], text, sizeof text, 0);
        found |= len == sizeof as_it_came - 1 && memcmp(text, as_it_came, (size_t)len) == 0;
    }
    assert_true(found);
    labelling_drop(labelling);
    give_up(&job);
}

TEST(test_where_there_is_no_scanner_nothing_is_begun)
{
    proxy.queue[SCANNER_SCAN] = -1;
    assert_null(begin());
}

/* ---- who waits ---- */

static struct {
    unsigned told;
    bool any;
    uint32_t attached;
} heard;

static void hear(void *ctx, const struct scan_answer *answer)
{
    (void)ctx;
    heard.told++;
    heard.any = answer != NULL;
    heard.attached = answer ? answer->attached.count : 0;
}

static struct labelling *look(uint32_t attached, int64_t ms)
{
    static int file = -1;
    if (file < 0)
        file = memfd_create("message", MFD_CLOEXEC);
    heard.told = 0;
    return labelling_look(&proxy, file, attached, ms, hear, NULL);
}

static void answer_job(struct ipc_message *packet)
{
    struct arena *arena = arena_new(1 << 20);
    struct scan_answer answer = {.attached.count = 7};
    struct scan_job job;
    assert_true(scan_job_decode(octets_of(packet), arena, &job));
    assert_true(job.vector);
    answer.attached.count += job.attached;
    assert_true(scan_answer(&(struct scan_reply){.sock = packet->fds[0]}, &job, &answer));
    ipc_close_fds(packet);
    arena_free(&arena);
    event_base_loop(proxy.base, EVLOOP_NONBLOCK);
}

TEST(test_who_waits_is_told_what_a_scanner_says_of_the_attached_message_that_he_asks_for)
{
    struct ipc_message job;
    assert_non_null(look(3, MS));
    take_job(&job);
    assert_int_equal(heard.told, 0);
    answer_job(&job);
    assert_int_equal(heard.told, 1);
    assert_true(heard.any);
    assert_int_equal(heard.attached, 10);
}

TEST(test_a_scanner_is_told_what_rules_put_on_messages_that_are_looked_at)
{
    struct ipc_message packet;
    config_free(&config);
    config = load_good("timeouts { scan 1min }\nrule \"a\" when message.size > 1MiB then "
                       "header add \"X-Site\" \"spam\"\n");
    proxy.config = config;
    for (uint32_t attached = 0; attached < 2; attached++) {
        struct arena *arena = arena_new(1 << 20);
        struct scan_job job;
        assert_non_null(look(attached, MS));
        take_job(&packet);
        assert_true(scan_job_decode(octets_of(&packet), arena, &job));
        assert_true(job.marks && marks_have_field(job.marks, SLICE("X-Site")));
        arena_free(&arena);
        give_up(&packet);
        event_base_loop(proxy.base, EVLOOP_NONBLOCK);
    }
}

TEST(test_who_waits_is_told_that_there_is_no_answer_once_and_from_the_loop)
{
    struct ipc_message job;
    assert_non_null(look(0, MS));
    take_job(&job);
    give_up(&job);
    event_base_loop(proxy.base, EVLOOP_NONBLOCK);
    assert_true(heard.told == 1 && !heard.any);
    close(queue[1]);
    assert_non_null(look(0, MS)); /* nobody takes the job */
    assert_int_equal(heard.told, 0);
    event_base_loop(proxy.base, EVLOOP_NONBLOCK);
    event_base_loop(proxy.base, EVLOOP_NONBLOCK);
    assert_true(heard.told == 1 && !heard.any);
    queue[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

TEST(test_who_waits_has_so_much_patience_in_line_as_well)
{
    struct ipc_message job;
    struct labelling *before = begin();
    assert_non_null(look(0, 1));
    event_base_loop(proxy.base, EVLOOP_ONCE);
    assert_true(heard.told == 1 && !heard.any);
    take_job(&job);
    give_up(&job);
    assert_true(no_job());
    labelling_drop(before);
}

TEST(test_who_waits_no_more_is_told_nothing)
{
    struct ipc_message job;
    struct labelling *before = begin();
    labelling_drop(look(0, MS)); /* it stands in line */
    take_job(&job);
    give_up(&job);
    labelling_drop(before);
    assert_true(no_job());
    labelling_drop(look(0, MS)); /* a scanner has it */
    take_job(&job);
    give_up(&job);
    assert_int_equal(heard.told, 0);
}

TEST(test_what_anybody_brings_is_looked_at_when_nothing_of_users_waits)
{
    const struct label trapped = {.how = LABEL_TRAP, .account = SLICE("@example.org")};
    int message = memfd_create("message", MFD_CLOEXEC);
    struct ipc_message job;
    struct labelling *first = begin();
    struct labelling *trap = labelling_begin_trap(&proxy, message, 0, &trapped);
    close(message);
    assert_non_null(look(0, MS));
    assert_non_null(look(3, MS));
    struct labelling *last = begin();
    take_job(&job);
    give_up(&job);
    take_job(&job);
    assert_int_equal(job_of(&job).attached, 3);
    answer_job(&job);
    assert_int_equal(heard.attached, 10);
    take_job(&job);
    labelling_drop(last);
    labelling_drop(trap);
    heard.told = 0;
    give_up(&job);
    take_job(&job);
    assert_int_equal(heard.told, 0);
    answer_job(&job);
    assert_true(heard.told == 1 && heard.attached == 7);
    assert_true(no_job());
    labelling_drop(first);
}

TEST(test_half_of_the_room_is_left_to_users)
{
    struct labelling *labels[LABELLING_MOST / 2];
    struct ipc_message job;
    for (size_t i = 0; i < LABELLING_MOST / 2; i++) {
        assert_false(labelling_is_busy());
        assert_non_null(labels[i] = begin());
    }
    assert_true(labelling_is_busy());
    take_job(&job);
    for (size_t i = 0; i < LABELLING_MOST / 2; i++)
        labelling_drop(labels[i]);
    give_up(&job);
    assert_false(labelling_is_busy());
}
