/* SPDX-License-Identifier: ISC */
#include "filters/scanner/family_control.h"
#include "filters/scanner/family_options.h"
#include "filters/scanner/family_worker.h"
#include "filters/scanner/worker_time.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
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

struct worker {
    pid_t pid; /* 0: none */
    int line;  /* its end wakes the worker when it is to retire; -1 */
    struct worker_page *page;
    int64_t started, restart_at;
    int64_t backoff;
    bool overdue; /* and told so: we end it for hanging */
};

struct family_head {
    const struct family *family;
    struct family_options options;
    struct worker workers[FAMILY_WORKERS_MAX];
    struct scan_channels channels;
    int memory;    /* /proc/self/statm, opened while there is a /proc */
    int signals;   /* SIGCHLD */
    int report[2]; /* a worker that became ready writes a byte */
    bool announced, retiring, ended;
    const char *failure;
};

static bool fail(const char **reason, const char *step)
{
    static char text[SCAN_REASON_MAX];
    snprintf(text, sizeof text, "%s: %s", step, strerror(errno));
    *reason = text;
    return false;
}

/* -- starting -- */

static bool make_pages(struct family_head *head, const char **reason)
{
    unsigned given = head->options.pages;
    int pages = given ? (int)given : worker_pages_new(head->options.workers);
    bool made = pages >= 0;
    for (unsigned i = 0; made && i < head->options.workers; i++) {
        head->workers[i].line = -1;
        head->workers[i].page = worker_page_map(pages, i);
        made = head->workers[i].page;
    }
    if (!made)
        fail(reason, "shared memory");
    if (pages >= 0)
        close(pages);
    return made;
}

static bool make_descriptors(struct family_head *head, const char **reason)
{
    sigset_t children;
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    child_ignore_signals();
    head->signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    if (head->signals < 0)
        return fail(reason, "signalfd");
    if (pipe2(head->report, O_CLOEXEC) != 0)
        return fail(reason, "pipe");
    return true;
}

static bool open_log(const struct family *family, const struct family_options *options,
                     const char **reason)
{
    struct log_words words = {slice_of(options->log_to), slice_of(options->log_format),
                              slice_of(options->log_level)};
    *reason = "unknown words for the log";
    return log_open_as(family->name, &words);
}

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

static bool set_up(struct family_head *head, int argc, char *argv[], const char **reason)
{
    const struct family *family = head->family;
    struct family_options *options = &head->options;
    if (!family_options_parse(argc, argv, options, reason) || !open_log(family, options, reason))
        return false;
    head->memory = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (geteuid() == 0 && unshare(CLONE_NEWNET | CLONE_NEWIPC) != 0)
        log_at(LEVEL_WARNING, "", "network namespace is shared",
               field_str("error", strerror(errno)));
    if (family->prepare && !family->prepare(options, reason))
        return false;
    if (!process_drop(options->user, options->chroot, reason))
        return false;
    if (family->warm_up && !family->warm_up(options, reason))
        return false;
    return make_descriptors(head, reason) && make_pages(head, reason);
}

/* -- workers -- */

static void hang_up(struct worker *worker)
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
        hang_up(&head->workers[i]);
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
    hang_up(worker);
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
    hang_up(worker);
    log_death(head, worker, status);
    if (!head->announced && !head->retiring && !atomic_load(&worker->page->ready))
        head->failure = failure_of(worker, status);
    int64_t now = clock_ms();
    worker->backoff = next_backoff(worker, status, now - worker->started);
    worker->restart_at = now + worker->backoff;
    worker->pid = 0;
}

static void reap(struct family_head *head)
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

/* Restarts and kills what is due. Returns milliseconds until the next look. */
static int64_t supervise(struct family_head *head)
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

/* -- the head's loop -- */

static void announce(struct family_head *head)
{
    char bytes[FAMILY_WORKERS_MAX];
    ssize_t n = read(head->report[0], bytes, sizeof bytes);
    if (n <= 0 || head->announced)
        return;
    for (unsigned i = 0; i < head->options.workers; i++)
        if (!head->workers[i].pid || !atomic_load(&head->workers[i].page->ready))
            return;
    head->announced = true;
    log_at(LEVEL_INFO, "", "ready", field_num("workers", head->options.workers));
    if (!family_say_ready(FAMILY_CONTROL_FD, head->options.workers))
        head->ended = true;
}

static void retire(struct family_head *head)
{
    head->retiring = true;
    for (unsigned i = 0; i < head->options.workers; i++) {
        atomic_store(&head->workers[i].page->retire, true);
        hang_up(&head->workers[i]);
    }
}

/* A worker that cannot be told is replaced by one that is born with it. */
static void pass_on(struct family_head *head, struct ipc_message *message)
{
    struct unpack in = {.left = message->payload};
    uint32_t row = unpack_u32(&in);
    if (!scan_channels_take(&head->channels, message)) {
        ipc_close_fds(message);
        head->ended = true;
        return;
    }
    for (unsigned i = 0; i < head->options.workers; i++) {
        struct worker *worker = &head->workers[i];
        if (worker->line < 0 ||
            scan_channel_tell(worker->line, FAMILY_CHANNEL, row, &head->channels.of[row]))
            continue;
        atomic_store(&worker->page->retire, true);
        hang_up(worker);
    }
}

static void hear_starter(struct family_head *head)
{
    enum family_message message;
    struct family_heard heard;
    int got = family_hear(FAMILY_CONTROL_FD, &message, &heard);
    if (got > 0 && message == FAMILY_CHANNEL)
        pass_on(head, &heard.channel);
    else if (got < 0 || (got > 0 && message != FAMILY_RETIRE))
        head->ended = true;
    else if (got > 0 && !head->retiring)
        retire(head);
}

static bool any_alive(const struct family_head *head)
{
    for (unsigned i = 0; i < head->options.workers; i++)
        if (head->workers[i].pid)
            return true;
    return false;
}

static void run(struct family_head *head)
{
    while (!head->ended && !head->failure && !(head->retiring && !any_alive(head))) {
        int64_t wait = supervise(head);
        struct pollfd fds[] = {
            {.fd = FAMILY_CONTROL_FD, .events = POLLIN},
            {.fd = head->signals, .events = POLLIN},
            {.fd = head->report[0], .events = POLLIN},
        };
        if (poll(fds, 3, (int)wait) < 0 && errno != EINTR)
            break;
        if (fds[0].revents)
            hear_starter(head);
        if (fds[1].revents)
            reap(head);
        if (fds[2].revents)
            announce(head);
    }
}

static void kill_workers(struct family_head *head)
{
    for (unsigned i = 0; i < head->options.workers; i++)
        if (head->workers[i].pid)
            kill(head->workers[i].pid, SIGKILL);
    for (unsigned i = 0; i < head->options.workers; i++)
        if (head->workers[i].pid)
            waitpid(head->workers[i].pid, NULL, 0);
}

int family_main(const struct family *family, int argc, char *argv[])
{
    static struct family_head head;
    head = (struct family_head){.family = family, .memory = -1, .signals = -1, .report = {-1, -1}};
    scan_channels_init(&head.channels);
    fcntl(FAMILY_CONTROL_FD, F_SETFD, FD_CLOEXEC);
    fcntl(FAMILY_QUEUE_FD, F_SETFD, FD_CLOEXEC);
    const char *reason = "unknown";
    if (set_up(&head, argc, argv, &reason)) {
        run(&head);
        kill_workers(&head);
    } else {
        head.failure = reason;
    }
    if (family->finish)
        family->finish();
    if (!head.failure)
        return EXIT_SUCCESS;
    if (!family_say_failed(FAMILY_CONTROL_FD, head.failure)) /* else the starter says it */
        log_at(LEVEL_ERROR, "", "cannot serve", field_str("reason", head.failure));
    return EXIT_FAILURE;
}
