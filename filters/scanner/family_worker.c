/* SPDX-License-Identifier: ISC */
#include "filters/scanner/family_worker.h"

#include "base/clock.h"
#include "base/sealed_map.h"
#include "filters/scanner/scan_serve.h"
#include "filters/scanner/worker_time.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 64, WORD_MS = 1000 };
enum { DESCRIPTORS_MAX = SCAN_CHANNELS + 64, KEPT_FILE = 1024 * 1024, LOG_MAX = 2 * 1024 * 1024 };

_Noreturn static void fail(const struct worker_start *start, const char *step, const char *reason)
{
    snprintf(start->page->reason, sizeof start->page->reason, "%s: %s", step, reason);
    _exit(WORKER_FAILED);
}

static void die_with_head(const struct worker_start *start)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != start->head)
        fail(start, "start", "the head is gone");
}

static void limit_resources(const struct worker_start *start)
{
    rlim_t data = start->inherited + start->family->memory;
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){DESCRIPTORS_MAX, DESCRIPTORS_MAX});
    if (start->family->jail == JAIL_PURE) /* the only file that it may write is a log */
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){LOG_MAX, LOG_MAX});
    signal(SIGXFSZ, SIG_IGN);
#ifdef SANITIZED
    (void)data; /* shadow memory has no sensible bound */
#else
    if (start->family->memory && setrlimit(RLIMIT_DATA, &(struct rlimit){data, data}) != 0)
        fail(start, "RLIMIT_DATA", strerror(errno));
#endif
}

/* What is unpacked comes and goes: its memory is kept for the next,
 * instead of being mapped and zeroed again. */
static void keep_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, KEPT_FILE);
    mallopt(M_TRIM_THRESHOLD, 4 * KEPT_FILE);
}

/* One epoll a worker, so that a job wakes one of them and not all. */
static int make_poll(const struct worker_start *start)
{
    int poll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event job = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = FAMILY_QUEUE_FD},
                       end = {.events = EPOLLIN, .data.fd = start->line};
    if (poll < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, FAMILY_QUEUE_FD, &job) != 0 ||
        epoll_ctl(poll, EPOLL_CTL_ADD, start->line, &end) != 0)
        fail(start, "epoll", strerror(errno));
    return poll;
}

static void enter_jail(const struct worker_start *start)
{
    /* else each look at local time, as archives ask for,
     * would look whether /etc/localtime has changed */
    setenv("TZ", "UTC0", 1);
    tzset();
    const struct family *family = start->family;
    const char *folder = NULL, *reason = "";
    if (family->enter && !family->enter(start->number, &folder, &reason))
        fail(start, "start", reason);
    if (!sandbox_enter(family->jail, folder, &reason))
        fail(start, "jail", reason);
    if (family->check && !family->check(&reason))
        fail(start, "check", reason);
}

/* ---- channels ---- */

/* What the head has told so far. False: it retires us, or is gone. */
static bool hear_head(const struct worker_start *start, bool wait)
{
    char room[LINE_BYTES];
    struct ipc_message message;
    int got;
    while ((got = ipc_recv(start->line, &message, room, sizeof room, wait)) > 0) {
        if (!scan_channels_take(start->channels, &message))
            ipc_close_fds(&message);
        wait = false;
    }
    return got == 0;
}

/* A job may come before the word of its channel, which is then on its way. One of a proxy that is dead,
 * and has left many, is not waited for. */
static bool find_channel(const struct worker_start *start, struct scan_taken *taken)
{
    struct scan_channel *channel = scan_channels_find(start->channels, &taken->address);
    for (bool hears = true;
         !channel && hears && scan_channels_may_come(start->channels, &taken->address);
         channel = scan_channels_find(start->channels, &taken->address)) {
        int64_t before = clock_ms();
        hears = hear_head(start, true) && clock_ms() - before < WORD_MS;
    }
    taken->reply.channel = channel;
    taken->reply.sock = channel ? channel->sock : -1;
    return channel;
}

/* ---- jobs ---- */

static bool refuse(const struct scan_reply *reply, enum scan_failing failing, const char *reason)
{
    struct scan_failure failure = {.reason = reason, .failing = failing, .cpu = worker_time_used()};
    if (failing == SCAN_FAILS_NOW && worker_time_is_excessive())
        failure.failing = SCAN_FAILS_BY_IT;
    return scan_refuse(reply, &failure);
}

static bool is_refusal(enum family_outcome outcome)
{
    return outcome >= FAMILY_REFUSED;
}

/* True when the worker may serve on. */
static bool answer(const struct family *family, struct arena *arena, const struct scan_taken *taken,
                   struct slice message)
{
    struct scan_answer answer = {0};
    const char *reason = "unknown";
    enum family_outcome outcome = family->scan(arena, message, &taken->job, &answer, &reason);
    answer.cpu = worker_time_used();
    if (is_refusal(outcome))
        refuse(&taken->reply, (enum scan_failing)(outcome - FAMILY_REFUSED), reason);
    else if (!scan_answer(&taken->reply, &taken->job, &answer))
        refuse(&taken->reply, SCAN_FAILS_NOW,
               "nobody listens to the answer, or there is no memory");
    return outcome == FAMILY_ANSWERED;
}

/* The same. */
static bool serve(const struct worker_start *start, struct arena *arena,
                  const struct scan_taken *taken)
{
    struct slice bytes = taken->octets;
    if (taken->file >= 0) {
        bytes = sealed_map(taken->file, INT32_MAX);
        if (!bytes.ptr)
            return refuse(&taken->reply, SCAN_FAILS_NOW, "not a sealed message");
    }
    worker_time_begin(&taken->reply, bytes.len, &taken->job.limits, start->options->timeout);
    bool goes_on = answer(start->family, arena, taken, bytes);
    worker_time_end();
    if (taken->file >= 0)
        sealed_unmap(bytes);
    return goes_on;
}

/* 1: served one; 0: the queue is empty; -1: this worker is done. */
static int take_and_serve(const struct worker_start *start)
{
    struct arena *arena = arena_new(start->family->arena);
    if (!arena)
        fail(start, "arena", "out of memory");
    struct scan_taken taken;
    int result = scan_take(FAMILY_QUEUE_FD, false, arena, &taken);
    if (result < 0)
        fail(start, "queue", strerror(errno));
    if (result > 0) {
        worker_page_begin(start->page, &taken.address);
        if ((taken.address.number == 0 || find_channel(start, &taken)) &&
            !serve(start, arena, &taken))
            result = -1;
        worker_page_end(start->page);
        scan_taken_end(&taken);
    }
    arena_free(&arena);
    return result;
}

/* Bytes that malloc has of the system's, in use or kept for later: some tens of nanoseconds. */
static size_t memory_held(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.arena + info.hblkhd;
}

static bool has_grown(const struct worker_start *start, size_t began_with)
{
    return memory_held() > began_with + (size_t)start->options->growth * 1024;
}

_Noreturn void family_worker(const struct worker_start *start)
{
    die_with_head(start);
    limit_resources(start);
    keep_memory();
    if (!worker_time_init())
        fail(start, "signals", strerror(errno));
    int poll = make_poll(start);
    enter_jail(start);
    atomic_store(&start->page->busy_since, 0);
    atomic_store(&start->page->ready, true);
    if (write(start->report, "", 1) != 1)
        fail(start, "start", "the head does not listen");
    close(start->report);
    unsigned served = 0;
    size_t began_with = memory_held();
    while (served < start->options->recycle && !has_grown(start, began_with) &&
           !atomic_load(&start->page->retire)) {
        int got = take_and_serve(start);
        if (got < 0)
            break;
        served += (unsigned)got;
        struct epoll_event event = {.data.fd = -1};
        if (got == 0 && epoll_wait(poll, &event, 1, -1) < 0 && errno != EINTR)
            break;
        if (got == 0 && event.data.fd == start->line && !hear_head(start, false))
            break;
    }
    _exit(WORKER_RECYCLED);
}
