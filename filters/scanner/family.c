/* SPDX-License-Identifier: ISC */
#include "filters/scanner/family_control.h"
#include "filters/scanner/family_head.h"
#include "filters/scanner/family_options.h"

#include "base/child.h"
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
#include <sys/wait.h>
#include <unistd.h>

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
        family_hang_up(&head->workers[i]);
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
        family_hang_up(worker);
    }
}

/* Workers are born with the queue: those that have the old one make room for others. */
static void take_queue(struct family_head *head, struct ipc_message *message)
{
    if (message->fd_count != 1 || dup3(message->fds[0], FAMILY_QUEUE_FD, O_CLOEXEC) < 0)
        head->ended = true;
    ipc_close_fds(message);
    for (unsigned i = 0; i < head->options.workers; i++) {
        struct worker *worker = &head->workers[i];
        if (!worker->pid)
            continue;
        atomic_store(&worker->page->retire, true);
        family_hang_up(worker);
    }
}

static void hear_starter(struct family_head *head)
{
    enum family_message message;
    struct family_heard heard;
    int got = family_hear(FAMILY_CONTROL_FD, FAMILY_STARTER, &message, &heard);
    if (got > 0 && message == FAMILY_CHANNEL)
        pass_on(head, &heard.message);
    else if (got > 0 && message == FAMILY_QUEUE)
        take_queue(head, &heard.message);
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
        int64_t wait = family_supervise(head);
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
            family_reap(head);
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
