/* SPDX-License-Identifier: ISC */
#include "parent/parent_scanners.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/log.h"
#include "common/shared.h"
#include "filters/pipeline.h"
#include "filters/scanner/family_control.h"
#include "filters/scanner/worker_page.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    GRACE = 10000,         /* beyond the time-out of a scan, milliseconds */
    DROPPED_MOST = 100000, /* more jobs than the kernel queues */
    NOTHING_MOST = 1000,   /* packets in a row that are no job, on a queue that has ended */
    QUEUE_AGAIN = 1000,    /* so long one lives that somebody closes again and again */
    QUEUE_OCTETS = 4 * 1024 * 1024, /* small messages stand in it */
};

_Static_assert((int)SCAN_CHANNELS >= (int)SHARED_ROWS, "each proxy has its channel");

static bool make_queue(int out[static 2])
{
    if (ipc_pair(out) != 0)
        return false;
    ipc_widen(out[0], QUEUE_OCTETS);
    return true;
}

bool scanners_init(struct scanners *scanners, enum scanner_kind kind)
{
    int pair[2];
    *scanners = (struct scanners){.kind = kind, .sending = -1, .receiving = -1, .model = -1};
    scan_channels_init(&scanners->channels);
    if (!make_queue(pair))
        return false;
    scanners->sending = pair[0];
    scanners->receiving = pair[1];
    return true;
}

static void set_down(struct scanners *scanners, const char *reason)
{
    if (strcmp(scanners->down, reason) == 0)
        return;
    scanners->news = true;
    snprintf(scanners->down, sizeof scanners->down, "%s", reason);
}

void scanners_configure(struct scanners *scanners, const struct config *config)
{
    scanners->wanted = config && pipeline_needs(config, scanners->kind);
    if (!scanners->wanted) {
        set_down(scanners, "");
        return;
    }
    struct family_command fresh;
    family_command(scanners->kind, &config->settings, &fresh);
    if (memcmp(&fresh, &scanners->command, sizeof fresh) != 0)
        scanners_renew(scanners);
    scanners->command = fresh;
    scanners->workers = family_workers(scanners->kind, &config->settings);
    scanners->patience = config->settings.timeouts_scan + GRACE;
}

void scanners_renew(struct scanners *scanners)
{
    scanners->renew = true;
    scanners->start_at = 0;
}

void scanners_take_model(struct scanners *scanners, int model)
{
    if (scanners->model >= 0)
        close(scanners->model);
    scanners->model = model;
    scanners_renew(scanners);
}

static struct head *find(struct scanners *scanners, enum head_state state)
{
    for (size_t i = 0; i < SCANNERS_HEADS; i++)
        if (scanners->heads[i].state == state)
            return &scanners->heads[i];
    return NULL;
}

static void kill_head(struct head *head)
{
    head->kill_at = 0;
    if (head->pid > 0)
        kill(head->pid, SIGKILL);
}

/* One that does not listen is not well. */
static void tell_channel(struct scanners *scanners, struct head *head, uint32_t row)
{
    if (!scan_channel_tell(head->control, FAMILY_CHANNEL, row, &scanners->channels.of[row]))
        kill_head(head);
}

static void no_pages(struct head *head)
{
    if (head->pages >= 0)
        close(head->pages);
    head->pages = -1;
}

static bool spawn(struct scanners *scanners, struct head *head)
{
    *head = (struct head){
        .control = -1, .pages = worker_pages_new(scanners->workers), .workers = scanners->workers};
    const struct family_descriptors with = {scanners->receiving, head->pages, scanners->model};
    head->pid = head->pages < 0
                    ? -1
                    : family_start(scanners->kind, &scanners->command, &with, &head->control);
    if (head->pid <= 0) {
        no_pages(head);
        return false;
    }
    head->state = HEAD_STARTING;
    for (uint32_t row = 0; row < SCAN_CHANNELS; row++)
        if (scanners->channels.of[row].sock >= 0)
            tell_channel(scanners, head, row);
    return true;
}

/* ---- where they answer ---- */

bool scanners_introduce(struct scanners *scanners, unsigned row, int *sock)
{
    int pair[2];
    if (scan_channel_pair(pair) != 0)
        return false;
    *sock = pair[0];
    scan_channels_put(&scanners->channels, row, ++scanners->last_serial, pair[1]);
    for (size_t i = 0; i < SCANNERS_HEADS; i++)
        if (scanners->heads[i].state != HEAD_NONE && scanners->heads[i].control >= 0)
            tell_channel(scanners, &scanners->heads[i], row);
    return true;
}

void scanners_dismiss(struct scanners *scanners, unsigned row)
{
    scan_channels_drop(&scanners->channels, row);
}

/* With the head its workers have died, and what they had at hand. */
static void tell_deaths(struct scanners *scanners, const struct head *head)
{
    for (unsigned i = 0; head->pages >= 0 && i < head->workers; i++) {
        struct worker_page *page = worker_page_map(head->pages, i);
        if (!page)
            continue;
        worker_page_tell_death(page, &scanners->channels);
        worker_page_unmap(page);
    }
}

/* ---- where they are asked ---- */

/* What was asked before waits on. Nobody can add to it, and there is as much room as there was. */
static void move_jobs(int from, int to)
{
    static char inbox[IPC_PAYLOAD_MAX + sizeof(uint16_t)];
    struct ipc_message job;
    for (int i = 0, got; i<NOTHING_MOST; i = got> 0 ? 0 : i + 1) {
        got = ipc_recv(from, &job, inbox, sizeof inbox, false);
        if (got > 0) { /* empty packets and the end are alike: hence the count */
            ipc_send(to, job.type, job.payload, job.fds, job.fd_count, false);
            ipc_close_fds(&job);
        }
    }
}

/* A family that retires takes nothing more anyway. */
static void move_to(struct scanners *scanners, const int queue[static 2])
{
    move_jobs(scanners->receiving, queue[0]);
    close(scanners->sending);
    close(scanners->receiving);
    scanners->sending = queue[0];
    scanners->receiving = queue[1];
    scanners->moved = true;
    for (size_t i = 0; i < SCANNERS_HEADS; i++) {
        struct head *head = &scanners->heads[i];
        bool takes = head->state == HEAD_READY || head->state == HEAD_STARTING;
        if (takes && head->control >= 0 && !family_tell_queue(head->control, scanners->receiving))
            kill_head(head);
    }
}

/* A proxy that was taken over can shut the queue for all. Returns when that is looked at again. */
static int64_t replace_closed(struct scanners *scanners, int64_t now)
{
    int queue[2];
    if (scanners->look_at <= now && ipc_has_ended(scanners->receiving)) {
        scanners->look_at = now + QUEUE_AGAIN;
        log_at(LEVEL_ERROR, "", "the scanners' queue was closed, and is made anew",
               field_str("program", family_program(scanners->kind)));
        if (make_queue(queue))
            move_to(scanners, queue);
    }
    scanners->watched = scanners->look_at <= now;
    return scanners->watched ? 0 : scanners->look_at;
}

/* ---- whether they serve ---- */

/* Nobody will take these jobs soon: whoever waits for one sees the end of its socket, or is a proxy, which
 * is told that these scanners are down (MESSAGE_SCANNERS_DOWN). Nothing of them is read. */
static void drop_jobs(const struct scanners *scanners)
{
    char octet;
    for (int i = 0; i < DROPPED_MOST; i++)
        if (recv(scanners->receiving, &octet, 1, MSG_DONTWAIT) < 0)
            return;
}

static void serve_no_more(struct scanners *scanners, const char *reason)
{
    if (find(scanners, HEAD_READY))
        return;
    if (!scanners->down[0])
        scanners->down_since = clock_ms();
    if (!scanners->down[0])
        log_at(LEVEL_ERROR, "", "scanners down, messages that need them are deferred",
               field_str("program", family_program(scanners->kind)), field_str("reason", reason));
    set_down(scanners, reason);
    drop_jobs(scanners);
}

static void start(struct scanners *scanners, int64_t now)
{
    struct head *head = find(scanners, HEAD_NONE);
    if (!head) { /* all places are taken by old ones that do not end */
        scanners->start_at = now + BACKOFF_FIRST;
        return;
    }
    scanners->start_at = 0;
    scanners->renew = false;
    if (spawn(scanners, head))
        return;
    const char *reason = strerror(errno);
    log_at(LEVEL_ERROR, "", "scanners not started",
           field_str("program", family_program(scanners->kind)), field_str("reason", reason));
    serve_no_more(scanners, reason);
    scanners->start_at = backoff_after(&scanners->backoff, 0, now);
}

static void retire(const struct scanners *scanners, struct head *head, int64_t now)
{
    if (head->state == HEAD_STARTING || !family_retire(head->control))
        kill_head(head);
    else
        head->kill_at = now + scanners->patience;
    head->state = HEAD_RETIRING;
}

/* One that is ready stays; what came before it goes. Without any need all go. */
static void retire_surplus(struct scanners *scanners, int64_t now)
{
    struct head *newest = NULL;
    for (size_t i = 0; i < SCANNERS_HEADS; i++) {
        struct head *head = &scanners->heads[i];
        if (head->state == HEAD_READY && (!newest || head->ready_since >= newest->ready_since))
            newest = head;
    }
    for (size_t i = 0; i < SCANNERS_HEADS; i++) {
        struct head *head = &scanners->heads[i];
        bool surplus = head->state == HEAD_READY && head != newest;
        bool unwanted = head->state == HEAD_READY || head->state == HEAD_STARTING;
        if (surplus || (!scanners->wanted && unwanted))
            retire(scanners, head, now);
    }
}

static int64_t kill_overdue(struct scanners *scanners, int64_t now)
{
    int64_t next = 0;
    for (size_t i = 0; i < SCANNERS_HEADS; i++) {
        struct head *head = &scanners->heads[i];
        if (head->kill_at && head->kill_at <= now)
            kill_head(head);
        if (head->kill_at && (!next || head->kill_at < next))
            next = head->kill_at;
    }
    return next;
}

int64_t scanners_settle(struct scanners *scanners, int64_t now)
{
    int64_t look = replace_closed(scanners, now);
    bool starting = find(scanners, HEAD_STARTING) != NULL;
    bool lacking = scanners->renew || (!starting && !find(scanners, HEAD_READY));
    if (scanners->wanted && lacking && !starting && scanners->start_at <= now)
        start(scanners, now);
    retire_surplus(scanners, now);
    int64_t next = kill_overdue(scanners, now);
    if (look && (!next || look < next))
        next = look;
    if (scanners->wanted && scanners->start_at > now && (!next || scanners->start_at < next))
        next = scanners->start_at;
    return next;
}

static void forget(struct head *head)
{
    if (head->control >= 0)
        close(head->control);
    head->control = -1;
}

static void heard(struct scanners *scanners, struct head *head, enum family_message message,
                  const struct family_heard *words, int64_t now)
{
    struct log_field program = field_str("program", family_program(scanners->kind));
    if (message == FAMILY_READY && head->state == HEAD_STARTING) {
        head->state = HEAD_READY;
        head->ready_since = now;
        log_at(LEVEL_INFO, "", "scanners ready", program, field_num("pid", head->pid),
               field_num("workers", words->workers));
        if (scanners->down[0])
            log_at(LEVEL_INFO, "", "scanners are back", program,
                   field_num("seconds", (now - scanners->down_since) / 1000));
        set_down(scanners, "");
        scanners->news = true; /* it may know other signatures */
        scanners->changed = true;
    } else if (message == FAMILY_FAILED) {
        snprintf(head->failure, sizeof head->failure, "%s", words->text);
    }
}

void scanners_hear(struct scanners *scanners, struct head *head, int64_t now)
{
    enum family_message message;
    struct family_heard words;
    int got = 0;
    while (head->control >= 0 &&
           (got = family_hear(head->control, FAMILY_HEAD, &message, &words)) > 0)
        heard(scanners, head, message, &words, now);
    if (got < 0) {
        forget(head);
        head->kill_at = now + CHILD_LINGER;
    }
}

/* Each try may fail for the same reason: that is said once. */
static void log_death(const struct scanners *scanners, const struct head *head, const char *how)
{
    struct log_field program = field_str("program", family_program(scanners->kind)),
                     pid = field_num("pid", head->pid);
    const char *reason = head->failure[0] ? head->failure : how;
    enum log_level level = strcmp(reason, scanners->down) == 0 ? LEVEL_DEBUG : LEVEL_ERROR;
    if (head->state == HEAD_RETIRING)
        log_at(LEVEL_INFO, "", "scanners retired", program, pid, field_str("how", how));
    else if (head->failure[0])
        log_at(level, "", "scanners failed", program, pid, field_str("reason", reason));
    else
        log_at(level, "", "scanners died", program, pid, field_str("how", how));
}

/* One that served is started anew at once, and its jobs wait for that. */
static void try_again(struct scanners *scanners, const struct head *head, const char *how,
                      int64_t now)
{
    scanners->start_at = backoff_after(&scanners->backoff, head->ready_since, now);
    if (head->failure[0])
        serve_no_more(scanners, head->failure);
    else if (scanners->start_at > now)
        serve_no_more(scanners, how);
}

bool scanners_died(struct scanners *scanners, pid_t pid, int status, int64_t now)
{
    struct head *head = NULL;
    for (size_t i = 0; i < SCANNERS_HEADS; i++)
        if (scanners->heads[i].state != HEAD_NONE && scanners->heads[i].pid == pid)
            head = &scanners->heads[i];
    if (!head)
        return false;
    scanners_hear(scanners, head, now); /* its last words */
    const char *how = child_death(status);
    struct head was = *head;
    log_death(scanners, head, how);
    forget(head);
    tell_deaths(scanners, head);
    no_pages(head);
    *head = (struct head){.control = -1, .pages = -1};
    scanners->changed = true;
    if (was.state != HEAD_RETIRING)
        try_again(scanners, &was, how, now);
    scanners->renew = scanners->renew || was.state == HEAD_STARTING;
    return true;
}

void scanners_kill(struct scanners *scanners)
{
    for (size_t i = 0; i < SCANNERS_HEADS; i++)
        if (scanners->heads[i].state != HEAD_NONE)
            kill_head(&scanners->heads[i]);
}

void scanners_distrust(struct scanners *scanners)
{
    log_at(LEVEL_ERROR, "", "scanners answer what they were not asked, and are replaced",
           field_str("program", family_program(scanners->kind)));
    for (size_t i = 0; i < SCANNERS_HEADS; i++)
        if (scanners->heads[i].state != HEAD_NONE && scanners->heads[i].state != HEAD_STARTING)
            kill_head(&scanners->heads[i]);
}

bool scanners_gone(const struct scanners *scanners)
{
    for (size_t i = 0; i < SCANNERS_HEADS; i++)
        if (scanners->heads[i].state != HEAD_NONE)
            return false;
    return true;
}
