/* SPDX-License-Identifier: ISC */
#include "filters/scanner/family_head.h"

#include "base/clock.h"
#include "base/log.h"
#include "filters/scanner/family_worker.h"
#include "filters/scanner/worker_time.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* One that is overdue has LAST_WORDS_MS to say so. */
enum {
    AT_ONCE_MS = 200,
    BACKOFF_FIRST_MS = 100,
    BACKOFF_LAST_MS = 10000,
    LAST_WORDS_MS = 500,
    LINE_PATIENCE_S = 1,
};

/* Bytes of writable memory that the head has by now. 0 where it cannot be told. */
static uint64_t memory_used(int statm)
{
    char line[256] = "", *field = line;
    if (pread(statm, line, sizeof line - 1, 0) < 0)
        return 0;
    unsigned long pages = 0;
    for (int i = 0; i < 6; i++) /* the sixth is data and stack */
        pages = strtoul(field, &field, 10);
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void family_hang_up(struct worker *worker)
{
    if (worker->line >= 0)
        close(worker->line);
    worker->line = -1;
}

_Noreturn static void become_worker(struct family_head *head, unsigned number, pid_t parent,
                                    int line)
{
    struct worker_start start = {
        .family = head->family,
        .options = &head->options,
        .page = head->workers[number].page,
        .channels = &head->channels,
        .number = number,
        .head = parent,
        .inherited = memory_used(head->memory),
        .line = line,
        .report = head->report[1],
    };
    for (unsigned i = 0; i < head->options.workers; i++) {
        family_hang_up(&head->workers[i]);
        if (i != number)
            worker_page_unmap(head->workers[i].page);
    }
    close(FAMILY_CONTROL_FD);
    close(head->memory);
    close(head->signals);
    close(head->report[0]);
    family_worker(&start);
}

/* A pair of which the worker's end lets it wait for a word, but not for long. */
static bool make_line(int out[static 2])
{
    static const struct timeval patience = {.tv_sec = LINE_PATIENCE_S};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, out) != 0)
        return false;
    setsockopt(out[1], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return true;
}

static void cannot_fork(struct worker *worker)
{
    log_at(LEVEL_ERROR, "", "cannot fork a worker", field_str("error", strerror(errno)));
    worker->pid = 0;
    worker->restart_at = clock_ms() + BACKOFF_LAST_MS;
}

static void start_worker(struct family_head *head, unsigned number)
{
    struct worker *worker = &head->workers[number];
    int line[2];
    family_hang_up(worker);
    if (!make_line(line)) {
        cannot_fork(worker);
        return;
    }
    worker->line = line[0];
    memset(worker->page, 0, sizeof *worker->page);
    worker->started = clock_ms();
    worker->overdue = false;
    atomic_store(&worker->page->busy_since, worker->started);
    pid_t head_pid = getpid();
    worker->pid = fork();
    if (worker->pid == 0)
        become_worker(head, number, head_pid, line[1]);
    if (worker->pid < 0)
        cannot_fork(worker);
    close(line[1]);
}

static void log_death(const struct family_head *head, const struct worker *worker, int status)
{
    const char *why = worker->page->reason;
    if (worker->overdue)
        log_at(LEVEL_WARNING, "", "worker hung and was killed", field_num("pid", worker->pid),
               field_num("timeout", head->options.timeout));
    else if (WIFSIGNALED(status))
        log_at(LEVEL_WARNING, "", "worker died", field_num("pid", worker->pid),
               field_num("signal", WTERMSIG(status)));
    else if (WEXITSTATUS(status) != WORKER_RECYCLED)
        log_at(LEVEL_ERROR, "", "worker failed", field_num("pid", worker->pid),
               field_num("status", WEXITSTATUS(status)), field_str("reason", why));
    else
        log_at(LEVEL_DEBUG, "", "worker recycled", field_num("pid", worker->pid));
}

/* A worker that a message killed is replaced at once, or hostile mail could stop the family; one
 * that dies by itself, soon after its start, would only do so again. */
static int64_t next_backoff(const struct worker *worker, int status, int64_t lived)
{
    bool clean = WIFEXITED(status) && WEXITSTATUS(status) == WORKER_RECYCLED;
    bool ready = atomic_load(&worker->page->ready);
    bool busy = ready && atomic_load(&worker->page->busy_since) != 0;
    if (clean || busy || (ready && lived >= AT_ONCE_MS && WIFSIGNALED(status)))
        return 0;
    int64_t longer = worker->backoff ? worker->backoff * 2 : BACKOFF_FIRST_MS;
    return longer < BACKOFF_LAST_MS ? longer : BACKOFF_LAST_MS;
}

static const char *failure_of(const struct worker *worker, int status)
{
    static char text[SCAN_REASON_MAX];
    if (worker->overdue)
        return "a worker hung at its start";
    if (!WIFSIGNALED(status))
        return worker->page->reason[0] ? worker->page->reason : "a worker ended at its start";
    snprintf(text, sizeof text, "a worker died at its start by signal %d", WTERMSIG(status));
    return text;
}

static void worker_ended(struct family_head *head, struct worker *worker, int status)
{
    /* It wrote this, and is dead now. */
    worker->page->reason[sizeof worker->page->reason - 1] = '\0';
    worker_page_tell_death(worker->page, &head->channels);
    family_hang_up(worker);
    log_death(head, worker, status);
    if (!head->announced && !head->retiring && !atomic_load(&worker->page->ready))
        head->failure = failure_of(worker, status);
    int64_t now = clock_ms();
    worker->backoff = next_backoff(worker, status, now - worker->started);
    worker->restart_at = now + worker->backoff;
    worker->pid = 0;
}

void family_reap(struct family_head *head)
{
    struct signalfd_siginfo info;
    while (read(head->signals, &info, sizeof info) > 0)
        ;
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
        for (unsigned i = 0; i < head->options.workers; i++)
            if (head->workers[i].pid == pid)
                worker_ended(head, &head->workers[i], status);
}

/* When something is to be done about it. */
static int64_t due_at(const struct family_head *head, const struct worker *worker)
{
    if (!worker->pid)
        return worker->restart_at;
    int64_t since = atomic_load(&worker->page->busy_since);
    int64_t words = worker->overdue ? LAST_WORDS_MS : 0;
    return since ? since + head->options.timeout + words : INT64_MAX;
}

static void end_overdue(struct worker *worker)
{
    kill(worker->pid, worker->overdue ? SIGKILL : WORKER_OVERDUE);
    worker->overdue = true;
}

int64_t family_supervise(struct family_head *head)
{
    int64_t now = clock_ms(), next = head->options.timeout;
    for (unsigned i = 0; i < head->options.workers; i++) {
        struct worker *worker = &head->workers[i];
        if (worker->pid == 0 && !head->retiring && worker->restart_at <= now)
            start_worker(head, i);
        if (worker->pid && due_at(head, worker) <= now)
            end_overdue(worker);
        int64_t due = due_at(head, worker);
        if (due > now && due - now < next)
            next = due - now;
    }
    return next;
}
