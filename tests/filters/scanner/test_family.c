/* SPDX-License-Identifier: ISC
 * A family of small workers that do what their message says: this program is also its head. */
#include "base/clock.h"
#include "base/process.h"
#include "filters/scanner/family_control.h"
#include "filters/scanner/scan_ask.h"
#include "filters/scanner/worker_page.h"
#include "tests/harness/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LEAK = 2 << 20,
    LEAK_MUCH = 40 << 20,
    SWOLLEN = 48 << 20,
    SWOLLEN_PIECES = 64,
};
enum { WAIT_MS = 20000, HANG_MS = 400, CPU_MS = 5, ARENA = 1 << 20, OPTIONS_MAX = 22 };

/* -- the family -- */

static bool start_fails(const struct family_options *options, const char **reason)
{
    *reason = "nothing to scan with";
    return !options->database || strcmp(options->database, "missing") != 0;
}

static bool enter(unsigned number, const char **folder, const char **reason)
{
    (void)number;
    *folder = NULL;
    *reason = "this worker will not";
    return !getenv("TEST_WORKER_REFUSES");
}

/* Kept for ever. In one piece it is a mapping of its own, in many it grows the heap. */
static void *leaked;

static void leak(size_t size)
{
    size_t piece = size == LEAK_MUCH ? size : size / 64;
    for (size_t done = 0; done < size; done += piece) {
        void **more = malloc(piece);
        if (!more)
            return;
        memset(more, 1, piece);
        *more = leaked;
        leaked = more;
    }
}

/* What a large message takes while it is looked at, and gives back. */
static void swell(void)
{
    char *volatile pieces[SWOLLEN_PIECES];
    for (size_t i = 0; i < SWOLLEN_PIECES; i++)
        pieces[i] = malloc(SWOLLEN / SWOLLEN_PIECES);
    for (size_t i = 0; i < SWOLLEN_PIECES; i++)
        free(pieces[i]);
}

static enum family_outcome act(struct arena *arena, struct slice message,
                               const struct scan_job *job, struct scan_answer *answer,
                               const char **reason)
{
    if (slice_eq(message, SLICE("crash")))
        raise(SIGKILL);
    while (slice_eq(message, SLICE("hang")))
        clock_ms();
    if (slice_eq(message, SLICE("leak")) || slice_eq(message, SLICE("leak much")))
        leak(message.len == 4 ? LEAK : LEAK_MUCH);
    if (slice_eq(message, SLICE("swell")))
        swell();
    *reason = "not this one";
    if (slice_eq(message, SLICE("refuse")))
        return FAMILY_REFUSED;
    answer->facts.fact[FACT_MESSAGE_SUBJECT] = value_text(arena_copy(arena, message));
    answer->facts.fact[FACT_MESSAGE_PARTS] = value_number(getpid());
    answer->facts.fact[FACT_MESSAGE_HIDES] = value_bool(job->attachments);
    return slice_eq(message, SLICE("odd")) ? FAMILY_ANSWERED_ODDLY : FAMILY_ANSWERED;
}

static const struct family obedient = {
    .name = "test_family",
    .jail = JAIL_PURE,
    .memory = 64 << 20,
    .arena = ARENA,
    .warm_up = start_fails,
    .enter = enter,
    .scan = act,
};

/* -- what the tests do with it -- */

static struct {
    pid_t head;
    int control, queue, pages;
} up;
static char self[512];

static void find_self(void)
{
    assert_true(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
}

ALL_TESTS(find_self, NULL);

/* The head and its workers are this program as well. */
static int be_a_head(int argc, char *argv[])
{
    return family_main(&obedient, argc, argv);
}

WITH_ARGUMENTS(be_a_head);

static void start(const char *database, const char *timeout, const char *recycle)
{
    int control[2], queue[2];
    assert_int_equal(ipc_pair(control), 0);
    assert_int_equal(ipc_pair(queue), 0);
    up.pages = worker_pages_new(2);
    assert_true(up.pages >= 0);
    const char *argv[OPTIONS_MAX] = {
        self,    "--workers",  "2",      "--user",      "nobody", "--timeout", timeout, "--recycle",
        recycle, "--database", database, "--log-level", "error",  "--pages",   "5",     NULL};
    const char *const environment[] = {"TEST_WORKER_REFUSES", "GATEPOST_SANDBOX", "ASAN_OPTIONS",
                                       NULL};
    up.head = process_spawn(self, (char *const *)(uintptr_t)argv, environment,
                            (int[]){control[1], queue[1], up.pages}, 3, true);
    assert_true(up.head > 0);
    close(control[1]);
    close(queue[1]);
    up.control = control[0];
    up.queue = queue[0];
}

static enum family_message hear(struct family_heard *heard)
{
    enum family_message message = FAMILY_NONE;
    struct pollfd control = {.fd = up.control, .events = POLLIN};
    assert_int_equal(poll(&control, 1, WAIT_MS), 1);
    int got = family_hear(up.control, FAMILY_HEAD, &message, heard);
    return got == 1 ? message : FAMILY_NONE;
}

static void start_ready(const char *timeout, const char *recycle)
{
    struct family_heard heard;
    start("", timeout, recycle);
    assert_int_equal(hear(&heard), FAMILY_READY);
    assert_int_equal(heard.workers, 2);
}

static int end_status(void)
{
    int status = -1;
    assert_int_equal(waitpid(up.head, &status, 0), up.head);
    close(up.control);
    close(up.queue);
    close(up.pages);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void stop(void)
{
    close(up.control);
    up.control = -1;
    assert_int_equal(end_status(), 0);
}

static int sealed(const char *text, int seals)
{
    int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static int submit(const char *text, int seals)
{
    int message = sealed(text, seals),
        sock = scan_submit(up.queue, message,
                           &(struct scan_job){.message = true, .limits = {.cpu = CPU_MS}});
    assert_true(sock >= 0);
    close(message);
    return sock;
}

enum { SEALS = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW };

/* The pid of the worker that answered; or -1 and *reason. */
static int answer_of(int sock, struct arena *arena, const char **reason)
{
    struct pollfd wait = {.fd = sock, .events = POLLIN};
    struct scan_answer answer;
    struct scan_pieces pieces = {0};
    assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
    struct scan_failure failure = {.reason = ""};
    int got = scan_collect(sock, arena, 0, &pieces, &answer, &failure);
    *reason = failure.reason;
    assert_int_not_equal(got, 0);
    close(sock);
    return got == 1 ? (int)answer.facts.fact[FACT_MESSAGE_PARTS].number : -1;
}

static int ask(const char *text, int seals, char *reason, size_t size)
{
    struct arena *arena = arena_new(ARENA);
    const char *why = "";
    int pid = answer_of(submit(text, seals), arena, &why);
    snprintf(reason, size, "%s", why);
    arena_free(&arena);
    return pid;
}

static void assert_refused(const char *text, int seals, const char *expected)
{
    char reason[256];
    assert_int_equal(ask(text, seals, reason, sizeof reason), -1);
    assert_string_equal(reason, expected);
}

static int served(const char *text)
{
    char reason[256];
    int pid = ask(text, SEALS, reason, sizeof reason);
    if (pid <= 0)
        fail_msg("not served: %s", reason);
    return pid;
}

static bool gone(int pid)
{
    return kill(pid, 0) != 0 && errno == ESRCH;
}

static void wait_until_gone(int pid)
{
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    if (end.fd < 0)
        return;
    assert_int_equal(poll(&end, 1, WAIT_MS), 1);
    close(end.fd);
}

static void wait_until_taken(void)
{
    int unread = 1;
    for (int64_t end = clock_ms() + WAIT_MS; unread && clock_ms() < end; sched_yield())
        assert_int_equal(ioctl(up.queue, SIOCOUTQ, &unread), 0);
    assert_int_equal(unread, 0);
}

TEST(test_jobs_are_served)
{
    start_ready("5000", "1000");
    int pid = served("hello");
    assert_int_not_equal(pid, up.head);
    for (int i = 0; i < 50; i++)
        served("hello again");
    stop();
    wait_until_gone(pid);
}

TEST(test_a_dead_worker_costs_one_message)
{
    start_ready("5000", "1000");
    assert_refused("crash", SEALS, "the scanner died");
    for (int i = 0; i < 6; i++)
        assert_refused("crash", SEALS, "the scanner died");
    assert_true(served("hello") > 0);
    stop();
}

TEST(test_a_hung_worker_is_killed_and_replaced)
{
    char timeout[16];
    snprintf(timeout, sizeof timeout, "%d", HANG_MS);
    start_ready(timeout, "1000");
    int64_t before = clock_ms();
    int other = submit("hang", SEALS);
    assert_refused("hang", SEALS, "it takes too much time");
    assert_in_range(clock_ms() - before, HANG_MS, WAIT_MS / 2);
    struct arena *arena = arena_new(ARENA);
    const char *reason = "";
    assert_int_equal(answer_of(other, arena, &reason), -1);
    arena_free(&arena);
    assert_true(served("hello") > 0);
    stop();
}

TEST(test_a_worker_is_fresh_after_so_many_messages)
{
    start_ready("5000", "1");
    int pids[4];
    for (int i = 0; i < 4; i++) {
        pids[i] = served("hello");
        for (int before = 0; before < i; before++)
            assert_int_not_equal(pids[i], pids[before]);
    }
    wait_until_gone(pids[0]);
    stop();
}

#ifndef SANITIZED /* its malloc tells nothing of itself */
/* 32 MiB are let pass. */
TEST(test_a_worker_that_keeps_memory_is_replaced)
{
    start_ready("5000", "1000000");
    int leaky = served("leak"), leaks = 1;
    while (!gone(leaky) && leaks < 100) {
        leaks += served("leak") == leaky;
        assert_true(leaks <= 40);
    }
    assert_in_range(leaks, 10, 18);
    stop();
}

TEST(test_memory_beside_the_heap_counts_as_well)
{
    start_ready("5000", "1000000");
    wait_until_gone(served("leak much"));
    assert_true(served("hello") > 0);
    stop();
}

TEST(test_a_worker_that_gives_all_back_is_kept)
{
    start_ready("5000", "1000000");
    int first = served("swell"), other = -1;
    for (int i = 0; i < 20; i++) {
        int pid = served("swell");
        if (pid != first && other < 0)
            other = pid;
        assert_true(pid == first || pid == other);
    }
    assert_false(gone(first));
    stop();
}
#endif

TEST(test_an_oddity_is_answered_and_the_worker_replaced)
{
    start_ready("5000", "1000");
    wait_until_gone(served("odd"));
    assert_refused("refuse", SEALS, "not this one");
    assert_true(served("hello") > 0);
    stop();
}

TEST(test_an_empty_message_is_read_too)
{
    start_ready("5000", "1000");
    assert_true(served("") > 0);
    stop();
}

TEST(test_only_sealed_messages_are_read)
{
    start_ready("5000", "1000");
    assert_refused("hello", F_SEAL_SHRINK | F_SEAL_GROW, "not a sealed message");
    assert_refused("hello", F_SEAL_WRITE | F_SEAL_GROW, "not a sealed message");
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    struct arena *arena = arena_new(ARENA);
    const char *reason = "";
    int sock = scan_submit(up.queue, pipes[0], &(struct scan_job){.message = true});
    assert_int_equal(answer_of(sock, arena, &reason), -1);
    assert_string_equal(reason, "not a sealed message");
    arena_free(&arena);
    close(pipes[0]);
    close(pipes[1]);
    stop();
}

TEST(test_retiring_finishes_what_runs_and_takes_no_more)
{
    start_ready("600", "1000");
    int running[2] = {submit("hang", SEALS), submit("hang", SEALS)};
    wait_until_taken();
    int waiting = submit("hello", SEALS);
    assert_true(family_retire(up.control));
    struct arena *arena = arena_new(ARENA);
    const char *reason = "";
    for (int i = 0; i < 2; i++)
        assert_int_equal(answer_of(running[i], arena, &reason), -1);
    /* nobody took it, and with the last worker the queue has no reader */
    assert_int_equal(answer_of(waiting, arena, &reason), -1);
    arena_free(&arena);
    assert_int_equal(end_status(), 0);
}

TEST(test_idle_workers_retire_at_once)
{
    start_ready("60000", "1000");
    served("hello");
    assert_true(family_retire(up.control));
    assert_int_equal(end_status(), 0);
}

TEST(test_a_family_that_cannot_start_says_why)
{
    struct family_heard heard;
    start("missing", "5000", "1000");
    assert_int_equal(hear(&heard), FAMILY_FAILED);
    assert_string_equal(heard.text, "nothing to scan with");
    assert_int_equal(end_status(), 1);

    setenv("TEST_WORKER_REFUSES", "1", 1);
    start("", "5000", "1000");
    unsetenv("TEST_WORKER_REFUSES");
    assert_int_equal(hear(&heard), FAMILY_FAILED);
    assert_string_equal(heard.text, "start: this worker will not");
    assert_int_equal(end_status(), 1);

    start("", "1", "1000");
    assert_int_equal(hear(&heard), FAMILY_FAILED);
    assert_string_equal(heard.text, "bad value of option: --timeout");
    assert_int_equal(end_status(), 1);
}

TEST(test_workers_die_with_their_head)
{
    start_ready("60000", "1000");
    int pid = served("hello");
    assert_int_equal(kill(up.head, SIGKILL), 0);
    assert_int_equal(end_status(), -SIGKILL);
    wait_until_gone(pid);
}

TEST(test_termination_is_the_starters_to_say)
{
    start_ready("5000", "1000");
    int pid = served("hello");
    assert_int_equal(kill(up.head, SIGTERM), 0);
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_true(served("hello") > 0);
    assert_false(gone(pid));
    stop();
}

/* -- answers on channels -- */

enum { ROW = 3, OTHER_ROW = SCAN_CHANNELS - 1, DIED = 7 };

/* As a proxy: where it reads its answers. */
struct asker {
    int sock;
    uint32_t row, serial;
};

static struct asker introduced(uint32_t row, uint32_t serial)
{
    int pair[2];
    assert_int_equal(scan_channel_pair(pair), 0);
    const struct scan_channel channel = {.sock = pair[1], .serial = serial};
    assert_true(scan_channel_tell(up.control, FAMILY_CHANNEL, row, &channel));
    close(pair[1]);
    return (struct asker){pair[0], row, serial};
}

static void post(const struct asker *asker, uint64_t number, const char *text)
{
    const struct scan_content content = {.file = -1, .octets = slice_of(text)};
    const struct scan_job job = {.message = true, .limits = {.cpu = CPU_MS}};
    const struct scan_address address = {number, asker->row, asker->serial};
    assert_int_equal(scan_post(up.queue, &content, &job, &address), 0);
}

/* Of this job: who has told why it gives up is told to be dead afterwards, which nobody awaits. */
static struct scan_packet packet_for(const struct asker *asker, uint64_t number)
{
    struct scan_packet packet;
    struct pollfd wait = {.fd = asker->sock, .events = POLLIN};
    do {
        assert_int_equal(poll(&wait, 1, WAIT_MS), 1);
        assert_int_equal(scan_receive(asker->sock, &packet), 1);
    } while (packet.number != number && packet.type == DIED);
    return packet;
}

/* The pid of who answers this job; 0: its worker is dead. */
static int answered(const struct asker *asker, uint64_t number)
{
    struct scan_packet packet = packet_for(asker, number);
    struct arena *arena = arena_new(ARENA);
    struct scan_answer answer;
    struct scan_failure failure = {.reason = ""};
    struct scan_pieces pieces = {0};
    assert_int_equal(packet.number, number);
    int got = scan_read(&packet, arena, 0, &pieces, &answer, &failure);
    int pid = got == 1 ? (int)answer.facts.fact[FACT_MESSAGE_PARTS].number : -1;
    if (failure.died)
        pid = 0;
    arena_free(&arena);
    return pid;
}

static void assert_silent(const struct asker *asker)
{
    struct scan_packet packet;
    assert_int_equal(scan_receive(asker->sock, &packet), 0);
}

TEST(test_each_asker_is_answered_on_his_channel_under_the_number_of_his_job)
{
    start_ready("5000", "1000");
    struct asker one = introduced(ROW, 7), other = introduced(OTHER_ROW, 8);
    for (uint64_t i = 1; i < 50; i++) {
        post(&one, i, "hello");
        post(&other, 1000 + i, "");
        assert_true(answered(&one, i) > 0);
        assert_true(answered(&other, 1000 + i) > 0);
    }
    assert_silent(&one);
    assert_silent(&other);
    close(one.sock);
    close(other.sock);
    stop();
}

TEST(test_a_new_asker_in_a_row_hears_nothing_of_the_one_before)
{
    start_ready("5000", "1000");
    struct asker before = introduced(ROW, 7);
    post(&before, 5, "hello");
    assert_true(answered(&before, 5) > 0);
    struct asker now = introduced(ROW, 8);
    post(&now, 6, "hello");
    assert_true(answered(&now, 6) > 0);
    post(&before, 7, "hello"); /* it is not known any more: nobody answers */
    for (uint64_t i = 10; i < 14; i++) {
        post(&now, i, "hello");
        assert_true(answered(&now, i) > 0);
    }
    struct pollfd ended = {.fd = before.sock, .events = POLLIN};
    assert_int_equal(poll(&ended, 1, WAIT_MS), 1);
    close(before.sock);
    close(now.sock);
    stop();
}

TEST(test_nobody_waits_for_what_a_dead_asker_has_left_on_the_queue)
{
    enum { LEFT = 60 }; /* a second each would be more than WAIT_MS */
    start_ready("60000", "1000");
    struct asker before = introduced(ROW, 7), now = introduced(ROW, 8);
    close(before.sock);
    post(&now, 5, "hello");
    assert_true(answered(&now, 5) > 0);
    for (uint64_t i = 0; i < LEFT; i++)
        post(&before, 100 + i, "hello");
    post(&now, 6, "hello");
    assert_true(answered(&now, 6) > 0);
    close(now.sock);
    stop();
}

TEST(test_the_death_of_a_worker_is_told_at_once_to_who_asked_and_to_nobody_else)
{
    start_ready("5000", "1000");
    struct asker one = introduced(ROW, 7), other = introduced(OTHER_ROW, 8);
    for (uint64_t i = 1; i < 20; i++) {
        post(&one, i, "crash");
        post(&other, 1000 + i, "hello");
        assert_int_equal(answered(&one, i), 0);
        assert_true(answered(&other, 1000 + i) > 0);
    }
    close(one.sock);
    close(other.sock);
    stop();
}

/* -- the queue in other hands -- */

TEST(test_workers_pass_by_what_is_no_job)
{
    enum { NOTHINGS = 300 };
    start_ready("60000", "1000");
    struct asker asker = introduced(ROW, 7);
    post(&asker, 1, "hello");
    int pid = answered(&asker, 1);
    for (int i = 0; i < NOTHINGS; i++) {
        assert_int_equal(send(up.queue, "", 0, 0), 0);
        assert_int_equal(send(up.queue, "x", 1, 0), 1);
    }
    post(&asker, 2, "hello");
    assert_true(answered(&asker, 2) > 0);
    assert_false(gone(pid));
    close(asker.sock);
    stop();
}

static void move_queue(void)
{
    int queue[2];
    assert_int_equal(ipc_pair(queue), 0);
    assert_true(family_tell_queue(up.control, queue[1]));
    close(queue[1]);
    close(up.queue);
    up.queue = queue[0];
}

TEST(test_a_family_serves_on_another_queue_when_its_own_was_closed)
{
    enum { JOBS = 20 };
    start_ready("60000", "1000");
    struct asker asker = introduced(ROW, 7);
    assert_int_equal(shutdown(up.queue, SHUT_RDWR), 0);
    move_queue();
    for (uint64_t i = 1; i <= JOBS; i++) {
        post(&asker, i, "hello");
        assert_true(answered(&asker, i) > 0);
    }
    close(asker.sock);
    stop();
}

TEST(test_who_is_answered_by_a_hung_worker_hears_why_on_his_channel)
{
    char timeout[16];
    snprintf(timeout, sizeof timeout, "%d", HANG_MS);
    start_ready(timeout, "1000");
    struct asker one = introduced(ROW, 7);
    post(&one, 5, "hang");
    assert_int_equal(answered(&one, 5), -1);
    post(&one, 6, "hello");
    assert_true(answered(&one, 6) > 0);
    close(one.sock);
    stop();
}

TEST(test_workers_that_come_later_know_all_channels)
{
    start_ready("5000", "1");
    struct asker one = introduced(ROW, 7);
    int last = 0;
    for (uint64_t i = 1; i < 12; i++) {
        post(&one, i, "hello");
        int pid = answered(&one, i);
        assert_true(pid > 0);
        assert_int_not_equal(pid, last);
        last = pid;
    }
    close(one.sock);
    stop();
}

TEST(test_an_asker_that_does_not_read_keeps_nobody_else_waiting_for_long)
{
    enum { UNREAD = 20000 };
    start_ready("60000", "1000000");
    struct asker deaf = introduced(ROW, 7), other = introduced(OTHER_ROW, 8);
    const struct scan_content content = {.file = -1, .octets = SLICE("hello")};
    const struct scan_job job = {.message = true};
    int64_t before = clock_ms();
    for (uint64_t i = 1; i < UNREAD;) {
        const struct scan_address address = {i, deaf.row, deaf.serial};
        if (scan_post(up.queue, &content, &job, &address) == 0)
            i++;
        else
            sched_yield();
        assert_in_range(clock_ms() - before, 0, WAIT_MS);
    }
    wait_until_taken();
    post(&other, 5, "hello");
    assert_true(answered(&other, 5) > 0);
    uint64_t heard = 0;
    struct scan_packet packet;
    while (scan_receive(deaf.sock, &packet) == 1)
        heard++;
    assert_in_range(heard, 1, UNREAD - 2);
    post(&deaf, UNREAD + 1, "hello"); /* and is answered again once it reads */
    assert_true(answered(&deaf, UNREAD + 1) > 0);
    close(deaf.sock);
    close(other.sock);
    stop();
}

TEST(test_a_head_that_dies_leaves_word_of_what_its_workers_had_at_hand)
{
    start_ready("60000", "1000");
    struct asker one = introduced(ROW, 7);
    struct scan_channels channels;
    scan_channels_init(&channels);
    post(&one, 5, "hello");
    assert_true(answered(&one, 5) > 0);
    post(&one, 6, "hang");
    wait_until_taken();
    int pair[2];
    assert_int_equal(scan_channel_pair(pair), 0);
    assert_true(scan_channels_put(&channels, ROW, 7, pair[1]));
    struct worker_page *pages[2] = {worker_page_map(up.pages, 0), worker_page_map(up.pages, 1)};
    for (int64_t end = clock_ms() + WAIT_MS; clock_ms() < end; sched_yield())
        if (atomic_load(&pages[0]->number) == 6 || atomic_load(&pages[1]->number) == 6)
            break;
    assert_int_equal(kill(up.head, SIGKILL), 0);
    for (int i = 0; i < 2; i++) {
        worker_page_tell_death(pages[i], &channels);
        worker_page_unmap(pages[i]);
    }
    struct asker starter = {pair[0], ROW, 7};
    assert_int_equal(answered(&starter, 6), 0);
    assert_silent(&starter);
    assert_int_equal(end_status(), -SIGKILL);
    scan_channels_drop(&channels, ROW);
    close(pair[0]);
    close(one.sock);
}

TEST(test_a_head_that_says_what_is_its_starters_to_say_is_not_heard_and_leaves_no_descriptor)
{
    int control[2], pair[2];
    enum family_message message;
    struct family_heard heard;
    assert_int_equal(ipc_pair(control), 0);
    assert_int_equal(scan_channel_pair(pair), 0);
    const struct scan_channel channel = {.sock = pair[1], .serial = 7};
    assert_true(scan_channel_tell(control[1], FAMILY_CHANNEL, ROW, &channel));
    close(pair[1]);
    assert_int_equal(family_hear(control[0], FAMILY_HEAD, &message, &heard), -1);
    struct pollfd ended = {.fd = pair[0]};
    assert_int_equal(poll(&ended, 1, 0), 1);
    assert_true(ended.revents & POLLHUP);
    assert_true(family_retire(control[1]));
    assert_int_equal(family_hear(control[0], FAMILY_HEAD, &message, &heard), -1);
    assert_true(family_retire(control[1]));
    assert_int_equal(family_hear(control[0], FAMILY_STARTER, &message, &heard), 1);
    close(control[0]);
    close(control[1]);
    close(pair[0]);
}

TEST(test_pages_of_workers_cannot_be_made_shorter)
{
    int pages = worker_pages_new(2);
    assert_true(pages >= 0);
    assert_int_not_equal(ftruncate(pages, 0), 0);
    assert_int_not_equal(ftruncate(pages, 1 << 20), 0);
    close(pages);
}
