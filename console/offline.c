/* SPDX-License-Identifier: ISC */
#include "console/offline.h"

#include "base/clock.h"
#include "console/interrupt.h"
#include "console/sender.h"
#include "filters/likeness/likeness.h"
#include "filters/scanner/family_control.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ARENA_MAX = 1024 * 1024,
    START_MS = 120000,
    END_MS = 5000,
    ROUNDS_MAX = 200, /* in which a scanner may ask for more of the DNS */
};

/* ---- starting ---- */

/* As root the scanners need a user to become, and an empty folder. */
static void fit_to_machine(struct offline *offline, struct settings *settings)
{
    char user[64];
    settings->process_chroot = SLICE("");
    if (geteuid() != 0)
        return;
    snprintf(user, sizeof user, "%.*s", SLICE_ARGS(settings->process_user));
    if (!getpwnam(user))
        settings->process_user = SLICE("nobody");
    strcpy(offline->folder, "/tmp/gatepostctl-XXXXXX");
    if (mkdtemp(offline->folder) && chmod(offline->folder, 0755) == 0)
        settings->process_chroot = slice_of(offline->folder);
    else
        offline->folder[0] = '\0';
}

static void failed(struct offline *offline, enum scanner_kind kind, const char *why)
{
    struct offline_family *family = &offline->families[kind];
    snprintf(family->failure, sizeof family->failure, "%s", why);
    fprintf(stderr, "gatepostctl: %s: %s\n", family_program(kind), why);
}

static void start(struct offline *offline, enum scanner_kind kind, const struct settings *settings)
{
    struct offline_family *family = &offline->families[kind];
    struct family_command command;
    int queue[2];
    if (ipc_pair(queue) != 0) {
        failed(offline, kind, strerror(errno));
        return;
    }
    family_command(kind, settings, &command);
    const struct family_descriptors with = {queue[1], -1,
                                            kind == SCANNER_SCAN ? offline->model : -1};
    pid_t pid = family_start(kind, &command, &with, &family->control);
    int error = errno;
    close(queue[1]); /* once all scanners are dead, nobody holds a message */
    if (pid > 0) {
        family->pid = pid;
        family->queue = queue[0];
        return;
    }
    close(queue[0]);
    failed(offline, kind, strerror(error));
}

static void forget(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* True once it has said READY. */
static bool becomes_ready(struct offline *offline, enum scanner_kind kind)
{
    struct offline_family *family = &offline->families[kind];
    int64_t deadline = clock_ms() + START_MS;
    for (int64_t left = START_MS; left > 0; left = deadline - clock_ms()) {
        struct pollfd fd = {.fd = family->control, .events = POLLIN};
        if (interrupt_poll(&fd, 1, (int)left) < 0)
            break;
        enum family_message message;
        struct family_heard heard;
        int got = family_hear(family->control, FAMILY_HEAD, &message, &heard);
        if (got == 0)
            continue;
        if (got > 0 && message == FAMILY_READY)
            return true;
        failed(offline, kind, got > 0 ? heard.text : "ended at its start");
        return false;
    }
    failed(offline, kind, "does not become ready");
    return false;
}

bool offline_open(struct offline *offline, const struct config *config, struct dns_source *dns,
                  unsigned workers, bool antivirus, int model)
{
    *offline = (struct offline){
        .config = config, .dns = dns, .antivirus = antivirus, .workers = workers, .model = model};
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        offline->families[kind].control = offline->families[kind].queue = -1;
    offline->arena = arena_new(ARENA_MAX);
    if (!offline->arena || !pipeline_job(config, offline->arena, &offline->job))
        return false;
    offline->likeness = likeness_new(config->arena, config);
    if (!offline->likeness)
        return false;
    struct settings settings = config->settings;
    fit_to_machine(offline, &settings);
    settings.process_scanners = settings.process_antivirus_scanners = workers;
    settings.process_qr_scanners = workers;
    settings.log_to = SLICE("stderr");
    settings.log_format = SLICE("text");
    settings.log_level = SLICE("error");
    start(offline, SCANNER_SCAN, &settings);
    if (antivirus)
        start(offline, SCANNER_AV, &settings);
    if (offline->job.codes)
        start(offline, SCANNER_QR, &settings);
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        if (offline->families[kind].pid && !becomes_ready(offline, (enum scanner_kind)kind))
            forget(&offline->families[kind].queue);
    return true;
}

/* ---- ending ---- */

static void await_end(struct offline_family *family)
{
    struct pollfd end = {.fd = pidfd_open(family->pid, 0), .events = POLLIN};
    int64_t deadline = clock_ms() + END_MS;
    int ready = 0;
    while (end.fd >= 0 && ready <= 0 && clock_ms() < deadline)
        ready = poll(&end, 1, (int)(deadline - clock_ms()));
    if (ready <= 0)
        kill(family->pid, SIGKILL);
    while (waitpid(family->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (end.fd >= 0)
        close(end.fd);
    family->pid = 0;
}

void offline_close(struct offline *offline)
{
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        forget(&offline->families[kind].control);
    for (int kind = 0; kind < SCANNER_KINDS; kind++) {
        if (offline->families[kind].pid > 0)
            await_end(&offline->families[kind]);
        forget(&offline->families[kind].queue); /* last, or they would complain */
    }
    if (offline->folder[0])
        rmdir(offline->folder);
    arena_free(&offline->arena);
}

/* ---- messages ---- */

static void codes_over(struct trial *e, const struct scan_answer *answer)
{
    codes_wait_end(&e->codes, e->arena, answer, &e->facts);
    study_known(&e->study, PRODUCER_LINKS);
}

static void has_failed(struct offline *offline, struct trial *e, enum scanner_kind kind,
                       const struct scan_failure *failure)
{
    struct slice copy = arena_copy(e->arena, slice_of(failure->reason));
    e->failed[kind] = copy.ptr ? copy.ptr : "out of memory";
    if (kind == SCANNER_QR)
        codes_over(e, NULL);
    else if (failure->failing == SCAN_FAILS_ALWAYS)
        pipeline_never(offline->config->policy, &e->facts, kind);
    else
        pipeline_fail(offline->config->policy, &e->facts, kind);
    if (kind != SCANNER_SCAN)
        return;
    e->facts.unexamined = true;
    study_scanner_failed(&e->study);
    sender_content_over(e);
}

static void no_answer(struct offline *offline, struct trial *e, enum scanner_kind kind,
                      const char *why)
{
    has_failed(offline, e, kind, &(struct scan_failure){.reason = why});
}

static bool answers_are_due(const struct trial *e)
{
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        if (e->sockets[kind] >= 0)
            return true;
    return e->inquiry.pending > 0;
}

static void finish(struct offline *offline, struct trial *e)
{
    if (answers_are_due(e))
        return;
    e->decided = true;
    likeness_facts(offline->likeness, e->arena, &e->facts);
    if (!trial_decide(e, offline->config))
        e->error = "out of memory";
}

/* What is asked of a scanner: all that is for the report, or once more what lacked answers. */
static struct scan_job job_for(const struct offline *offline, struct trial *e,
                               enum scanner_kind kind)
{
    struct scan_job job = offline->job;
    bool has_message = e->message >= 0;
    if (kind == SCANNER_QR)
        return (struct scan_job){.limits = job.limits, .pictures = e->codes.pictures, .urls = true};
    job.codes = job.codes && has_message && e->rounds == 0;
    job.banners = job.banners && has_message && e->rounds == 0;
    job.message = job.attachments = job.links = job.digest = has_message && e->rounds == 0;
    job.sketch = false; /* Redis is not asked */
    job.urls = job.text = job.alternatives = job.spam = job.reasons = job.message;
    if (!e->dns || kind != SCANNER_SCAN) {
        study_describe_none(&e->study, &job);
        return job;
    }
    study_describe(&e->study, has_message, &job);
    job.dns_complete = !e->told;
    if (e->told)
        job.dns = e->told;
    return job;
}

static void submit(struct offline *offline, struct trial *e, enum scanner_kind kind)
{
    struct offline_family *family = &offline->families[kind];
    e->asked[kind] = true;
    if (family->queue < 0) {
        no_answer(offline, e, kind, family->failure);
        return;
    }
    struct scan_job job = job_for(offline, e, kind);
    e->deadline = clock_ms() + offline->config->settings.timeouts_scan;
    e->pieces[kind] = (struct scan_pieces){0};
    e->sockets[kind] = scan_submit(family->queue, e->message, &job);
    if (e->sockets[kind] < 0 && (errno == EMSGSIZE || errno == EAGAIN) && job.dns_complete) {
        job.dns = e->told = dns_answers_new(e->arena);
        job.dns_complete = false;
        e->sockets[kind] = scan_submit(family->queue, e->message, &job);
    }
    if (e->sockets[kind] < 0)
        no_answer(offline, e, kind, strerror(errno));
}

/* ---- the DNS ---- */

static void answers_came(void *ctx)
{
    (void)ctx; /* offline_hear sees that nothing is pending */
}

static bool begin_dns(struct offline *offline, struct trial *e)
{
    struct dns_source *source = offline->dns;
    if (e->dns || !source->answers)
        return true;
    e->dns = source->answers;
    if (source->resolver)
        inquiry_begin(&e->inquiry, source->resolver, source->arena, e->dns, answers_came, e);
    if (!source->at_once)
        e->told = dns_answers_new(e->arena);
    return e->told || source->at_once;
}

/* What the scanner wanted is there. */
static bool tell(struct trial *e)
{
    struct dns_answer answer;
    dns_answers_restart(e->dns);
    for (size_t i = 0; i < e->wanted_count; i++) {
        const struct dns_wanted *wanted = &e->wanted[i];
        if (!dns_look_up(e->dns, wanted->name, wanted->type, &answer) ||
            !dns_answers_add(e->told, wanted->name, wanted->type, &answer))
            return false;
    }
    e->wanted_count = 0;
    return true;
}

static void ask_again(struct offline *offline, struct trial *e)
{
    if (++e->rounds > ROUNDS_MAX)
        no_answer(offline, e, SCANNER_SCAN, "it asks without end");
    else if (!tell(e))
        no_answer(offline, e, SCANNER_SCAN, "out of memory");
    else
        submit(offline, e, SCANNER_SCAN);
    e->wanted_count = 0;
}

static void advance(struct offline *offline, struct trial *e)
{
    if (e->inquiry.pending && clock_ms() >= e->patience)
        sender_hurry(e);
    sender_advance(e);
    if (e->wanted_count && !e->inquiry.pending)
        ask_again(offline, e);
}

/* ---- from the envelope to the verdict ---- */

void offline_submit(struct offline *offline, struct trial *e)
{
    if (!trial_envelope(e, offline->config) || !begin_dns(offline, e)) {
        e->error = "out of memory";
        return;
    }
    e->began = clock_ms();
    sender_begin(e, offline->config);
    e->patience = e->began + offline->config->settings.resolver_patience;
    if (e->message >= 0 || e->dns)
        submit(offline, e, SCANNER_SCAN);
    if (e->message >= 0 && offline->antivirus)
        submit(offline, e, SCANNER_AV);
    else if (e->message >= 0)
        pipeline_without(&e->facts, PRODUCER_ANTIVIRUS);
    if (e->message >= 0 && !offline->config->settings.qr_enabled)
        pipeline_without(&e->facts, PRODUCER_CODES);
    advance(offline, e);
    finish(offline, e);
}

bool offline_waits(const struct trial *e)
{
    return !e->decided && !e->error;
}

int64_t offline_deadline(const struct trial *e)
{
    bool scanned = false;
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        scanned = scanned || e->sockets[kind] >= 0;
    bool asks = e->inquiry.pending > 0;
    return asks && !(scanned && e->deadline < e->patience) ? e->patience : e->deadline;
}

size_t offline_fds(const struct trial *e, struct pollfd *fds)
{
    size_t count = 0;
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        if (e->sockets[kind] >= 0)
            fds[count++] = (struct pollfd){.fd = e->sockets[kind], .events = POLLIN};
    return count;
}

static void take_answer(struct offline *offline, struct trial *e, enum scanner_kind kind,
                        const struct scan_answer *answer)
{
    if (kind == SCANNER_QR) {
        codes_over(e, answer);
        return;
    }
    pipeline_merge(offline->config->policy, &e->facts, kind, answer);
    if (kind != SCANNER_SCAN)
        return;
    if (e->rounds == 0) {
        e->parts = answer->parts;
        e->part_count = answer->part_count;
        e->banners = answer->banners;
        if (codes_wait_begin(&e->codes, answer, &e->facts))
            submit(offline, e, SCANNER_QR);
    }
    sender_content_over(e);
    study_hear(&e->study, answer);
    e->wanted = answer->wanted;
    e->wanted_count = answer->wanted_count;
}

static void hear(struct offline *offline, struct trial *e, enum scanner_kind kind, int64_t now)
{
    struct scan_answer answer;
    struct scan_failure failure = {.reason = "no answer in time"};
    size_t headers = kind == SCANNER_QR ? 0 : offline->job.header_count;
    int got =
        scan_collect(e->sockets[kind], e->arena, headers, &e->pieces[kind], &answer, &failure);
    if (got == 0 && now < e->deadline)
        return;
    if (got > 0)
        take_answer(offline, e, kind, &answer);
    else
        has_failed(offline, e, kind, &failure);
    e->took[kind] = now - e->began;
    close(e->sockets[kind]);
    e->sockets[kind] = -1;
}

void offline_hear(struct offline *offline, struct trial *e)
{
    int64_t now = clock_ms();
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        if (e->sockets[kind] >= 0)
            hear(offline, e, (enum scanner_kind)kind, now);
    advance(offline, e);
    finish(offline, e);
}
