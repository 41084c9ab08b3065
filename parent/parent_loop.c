/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/log.h"
#include "common/metrics.h"
#include "parent/parent_metrics.h"
#include "parent/parent_notify.h"
#include "parent/parent_sessions.h"
#include "parent/parent_slot.h"
#include "parent/parent_status.h"
#include "parent/parent_tell.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SINGLE_ONES = 6,       /* signals, keeper, and gatepost-release, -learn, -sign and -source */
    STOP_GRACE = 30000,    /* most that sessions get to finish after SIGTERM, milliseconds */
    SCANNERS_GRACE = 3000, /* and scanners after them */
    POLLED_MAX = SINGLE_ONES + MILTERS_MOST + SHARED_ROWS + SCANNER_KINDS * (SCANNERS_HEADS + 1),
    LONGEST_WAIT = 60000,
};

/* What poll watches, and whose it is. */
struct polled {
    struct slot *slot;
    struct scanners *scanners;
    struct head *head;
    struct keeper *keeper;
    struct release *release;
    struct learn *learn;
    struct sign *sign;
    struct source_process *source;
    struct milter *milter;
};

struct poll_set {
    struct pollfd fds[POLLED_MAX];
    struct polled whose[POLLED_MAX];
    nfds_t count;
};

static void add_polled(struct poll_set *set, int fd, short events, struct polled whose)
{
    if (fd < 0 || set->count == POLLED_MAX)
        return;
    set->fds[set->count] = (struct pollfd){.fd = fd, .events = events};
    set->whose[set->count++] = whose;
}

static void add_generation(struct poll_set *set, struct generation *generation)
{
    for (unsigned number = 0; number < generation->slot_count; number++) {
        struct slot *slot = &generation->slots[number];
        bool telling = slot->state == PROXY_CONFIGURING;
        add_polled(set, slot->control, (short)(POLLIN | (telling ? POLLOUT : 0)),
                   (struct polled){.slot = slot});
    }
}

static void collect(struct parent *parent, struct poll_set *set)
{
    struct generation *generation;
    set->count = 0;
    add_polled(set, parent->signals, POLLIN, (struct polled){0});
    add_polled(set, parent->keeper.process.control, POLLIN,
               (struct polled){.keeper = &parent->keeper});
    add_polled(set, parent->release.process.control, POLLIN,
               (struct polled){.release = &parent->release});
    add_polled(set, parent->learn.process.control, POLLIN,
               (struct polled){.learn = &parent->learn});
    add_polled(set, parent->sign.process.control, POLLIN, (struct polled){.sign = &parent->sign});
    add_polled(set, parent->source.process.control, POLLIN,
               (struct polled){.source = &parent->source});
    for (size_t i = 0; i < parent->milters.count; i++)
        add_polled(set, parent->milters.all[i].process.control, POLLIN,
                   (struct polled){.milter = &parent->milters.all[i]});
    FOR_EACH_GENERATION(generation, parent)
        add_generation(set, generation);
    for (int kind = 0; kind < SCANNER_KINDS; kind++) {
        struct scanners *scanners = &parent->scanners[kind];
        if (scanners->watched)
            add_polled(set, scanners->receiving, POLLRDHUP, (struct polled){.scanners = scanners});
        for (size_t i = 0; i < SCANNERS_HEADS; i++)
            if (scanners->heads[i].state != HEAD_NONE)
                add_polled(set, scanners->heads[i].control, POLLIN,
                           (struct polled){.scanners = scanners, .head = &scanners->heads[i]});
    }
}

static void tell_status(struct parent *parent)
{
    struct buf json = buf_init(IPC_PAYLOAD_MAX);
    parent_status(parent, &json);
    keeper_tell_status(&parent->keeper, json.failed ? SLICE("null") : buf_slice(&json));
    buf_release(&json);
}

static void tell_metrics(struct parent *parent)
{
    struct buf text = buf_init(METRICS_MOST);
    bool all = parent_metrics(parent, &text);
    keeper_tell_metrics(&parent->keeper, all ? buf_slice(&text) : SLICE(""));
    buf_release(&text);
}

static void tell_sessions(struct parent *parent)
{
    struct buf lines = buf_init(KEEPING_SESSIONS_MAX);
    bool all = parent_sessions(parent, &lines);
    keeper_tell_sessions(&parent->keeper, all ? buf_slice(&lines) : SLICE(""));
    buf_release(&lines);
}

static void hear(struct parent *parent, const struct poll_set *set, int64_t now)
{
    for (nfds_t i = 1; i < set->count; i++) {
        const struct polled *polled = &set->whose[i];
        if (set->fds[i].revents == 0)
            continue;
        if (polled->slot) {
            slot_hear(parent, polled->slot, now);
            slot_tell(parent, polled->slot);
        } else if (polled->keeper) {
            keeper_hear(polled->keeper, now);
            if (polled->keeper->asks)
                tell_status(parent);
            if (polled->keeper->asks_metrics)
                tell_metrics(parent);
            if (polled->keeper->asks_sessions)
                tell_sessions(parent);
            if (polled->keeper->asks_reload)
                parent_wish_reload(parent);
            if (polled->keeper->asks_sample)
                sample_begin(parent, now);
        } else if (polled->release) {
            release_hear(polled->release, now);
        } else if (polled->learn) {
            learn_hear(polled->learn, now);
        } else if (polled->sign) {
            sign_hear(polled->sign, now);
        } else if (polled->source) {
            source_hear(polled->source, now);
        } else if (polled->milter) {
            milter_hear(polled->milter, now);
        } else if (polled->head) { /* of a queue's end scanners_settle hears */
            scanners_hear(polled->scanners, polled->head, now);
        }
    }
}

static struct slot *find_slot(struct parent *parent, pid_t pid)
{
    struct generation *generation;
    FOR_EACH_GENERATION(generation, parent)
        for (unsigned number = 0; number < generation->slot_count; number++)
            if (generation->slots[number].pid == pid)
                return &generation->slots[number];
    return NULL;
}

static void reap(struct parent *parent, int64_t now)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        struct slot *slot = find_slot(parent, pid);
        bool known = slot != NULL;
        if (slot)
            slot_died(parent, slot, status, now);
        for (int kind = 0; kind < SCANNER_KINDS && !known; kind++)
            known = scanners_died(&parent->scanners[kind], pid, status, now);
        known = known || release_died(&parent->release, pid, status, now) ||
                learn_died(&parent->learn, pid, status, now) ||
                sign_died(&parent->sign, pid, status, now) ||
                source_died(&parent->source, pid, status, now) ||
                milters_died(&parent->milters, pid, status, now);
        if (!known && !keeper_died(&parent->keeper, pid, status, now))
            private_redis_died(&parent->redis, pid, status, now);
    }
}

static void reopen(struct parent *parent)
{
    log_at(LEVEL_INFO, "", "reopening the file of decisions");
    keeper_reopen(&parent->keeper);
}

/* What counts for the administrator, in one line. */
static void log_metrics(const struct parent *parent)
{
    struct log_field fields[COUNTER_COUNT + 4];
    size_t n = 0;
    fields[n++] = field_num("sessions", (int64_t)shared_sessions(parent->shared));
    fields[n++] = field_num("spool", (int64_t)shared_spool(parent->shared));
    fields[n++] = field_num("scans", (int64_t)shared_scans(parent->shared));
    for (enum counter c = 0; c < COUNTER_COUNT; c++)
        fields[n++] = field_num(shared_counter_name(c), (int64_t)shared_counter(parent->shared, c));
    fields[n] = (struct log_field){.kind = FIELD_END};
    if (log_wants(LEVEL_INFO))
        log_write(LEVEL_INFO, "", "metrics", fields);
}

static void take_signals(struct parent *parent, int64_t now)
{
    struct signalfd_siginfo info;
    while (read(parent->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            parent->wish.why = "SIGHUP";
            parent->wish.not_before = 0;
        }
        if (info.ssi_signo == SIGUSR1) {
            reopen(parent);
            log_metrics(parent);
        } else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
            parent_stop(parent, now);
    }
}

/* Of those that drain already, whatever they wait for; until 0: they are being killed. */
static void hurry_drains(struct parent *parent)
{
    for (struct generation *old = parent->old; old; old = old->next)
        if (old->until)
            generation_drain(old, true,
                             old->until < parent->stop_until ? old->until : parent->stop_until);
}

/* The second time it means: at once. */
void parent_stop(struct parent *parent, int64_t now)
{
    int64_t grace = STOP_GRACE;
    if (parent->current && parent->current->loaded.config->settings.timeouts_drain < grace)
        grace = parent->current->loaded.config->settings.timeouts_drain;
    parent->stop_until = parent->stopping ? now : now + grace;
    hurry_drains(parent);
    struct generation *active[] = {parent->starting, parent->current};
    parent->starting = parent->current = NULL;
    for (size_t i = 0; i < sizeof active / sizeof *active; i++) {
        if (!active[i])
            continue;
        generation_drain(active[i], true, parent->stop_until);
        active[i]->next = parent->old;
        parent->old = active[i];
    }
    sockets_prune(&parent->sockets, NULL);
    milters_configure(&parent->milters, NULL, now);
    if (parent->stopping)
        return;
    parent->stopping = true;
    notify_stopping();
    log_at(LEVEL_INFO, "", "stopping");
}

/* Scanners, Redis, gatepost-release and the keeper are needed until the last session has ended. */
static void settle_stop(struct parent *parent, int64_t now)
{
    if (!parent->stopping || parent->old)
        return;
    for (int kind = 0; kind < SCANNER_KINDS; kind++) {
        if (parent->scanners[kind].wanted) {
            scanners_configure(&parent->scanners[kind], NULL);
            parent->stop_until = now + SCANNERS_GRACE;
        }
        if (parent->stop_until <= now)
            scanners_kill(&parent->scanners[kind]);
    }
    private_redis_configure(&parent->redis, NULL, now);
    release_configure(&parent->release, NULL, now);
    learn_configure(&parent->learn, NULL, now);
    sign_configure(&parent->sign, NULL, 0, now);
    keeper_configure(&parent->keeper, NULL, now);
}

static bool is_over(const struct parent *parent)
{
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        if (!scanners_gone(&parent->scanners[kind]))
            return false;
    return parent->stopping && !parent->old && parent->redis.pid == 0 &&
           parent->keeper.process.pid == 0 && parent->release.process.pid == 0 &&
           parent->learn.process.pid == 0 && parent->sign.process.pid == 0 &&
           parent->source.process.pid == 0 && milters_gone(&parent->milters);
}

static void sooner(int64_t *next, int64_t at)
{
    if (at > 0 && at < *next)
        *next = at;
}

static void sooner_in(int64_t *next, const struct generation *generation)
{
    sooner(next, generation->until);
    for (unsigned number = 0; number < generation->slot_count; number++) {
        const struct slot *slot = &generation->slots[number];
        sooner(next, slot->kill_at);
        sooner(next, slot->pid != 0 ? slot->pulse.look_at : slot->start_at);
        if (slot->wants_redis && slot->control >= 0)
            sooner(next, slot->redis_at);
    }
}

static void connect_redis(struct parent *parent, struct generation *generation, int64_t now)
{
    for (unsigned number = 0; number < generation->slot_count; number++)
        slot_connect_redis(parent, &generation->slots[number], now);
}

static void hear_distrust(struct parent *parent, struct scanners *scanners)
{
    struct generation *generation;
    FOR_EACH_GENERATION(generation, parent)
        for (unsigned number = 0; number < generation->slot_count; number++) {
            bool *distrusts = &generation->slots[number].distrusts[scanners->kind];
            if (*distrusts)
                scanners_distrust(scanners);
            *distrusts = false;
        }
}

/* As long as any generation has sessions that need it. */
static void want_source(struct parent *parent, int64_t now)
{
    const struct config *config = NULL;
    struct generation *generation;
    FOR_EACH_GENERATION(generation, parent)
        if (!config && config_sources_clients(generation->loaded.config))
            config = generation->loaded.config;
    if (config || parent->source.wanted)
        source_configure(&parent->source, config, now);
}

/* Does everything that is due; returns when the next is. */
static int64_t settle(struct parent *parent, int64_t now)
{
    struct generation *generation;
    int64_t next = now + LONGEST_WAIT, alive = notify_alive_interval();
    generation_settle(parent, now);
    if (parent->current && !parent->starting) {
        parent_look(parent, now);
        sooner(&next, parent->wish.not_before);
        sooner(&next, parent->files_at);
        sooner(&next, parent->signatures_at);
        sooner(&next, parent->expiry_at);
    }
    if (parent->current)
        sooner(&next, troubles_look(parent, now));
    if (tickets_rotate(&parent->tickets, now))
        tell_tickets(parent);
    if (alive && parent->alive_at <= now) {
        notify_alive();
        parent->alive_at = now + alive;
    }
    sooner(&next, parent->alive_at);
    settle_stop(parent, now);
    tell_model(parent);
    for (int kind = 0; kind < SCANNER_KINDS; kind++) {
        hear_distrust(parent, &parent->scanners[kind]);
        sooner(&next, scanners_settle(&parent->scanners[kind], now));
        tell_family(parent, &parent->scanners[kind]);
    }
    sooner(&next, private_redis_settle(&parent->redis, now));
    sooner(&next, keeper_settle(&parent->keeper, now));
    sooner(&next, release_settle(&parent->release, now));
    sooner(&next, learn_settle(&parent->learn, now));
    sooner(&next, sign_settle(&parent->sign, now));
    want_source(parent, now);
    sooner(&next, source_settle(&parent->source, now));
    sooner(&next, milters_settle(&parent->milters, now));
    tell_helpers(parent, now);
    sooner(&next, sample_settle(parent, now));
    FOR_EACH_GENERATION(generation, parent) {
        connect_redis(parent, generation, now);
        sooner_in(&next, generation);
    }
    if (parent->stopping && !parent->old)
        sooner(&next, parent->stop_until);
    return next;
}

bool parent_open_signals(struct parent *parent)
{
    static const int wanted[] = {SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGCHLD};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        sigaddset(&set, wanted[i]);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return false;
    parent->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return parent->signals >= 0;
}

int parent_run(struct parent *parent)
{
    static struct poll_set set;
    for (;;) {
        int64_t now = clock_ms(), next = settle(parent, now);
        if (is_over(parent))
            break;
        collect(parent, &set);
        int64_t wait = next > now ? next - now : 0;
        if (poll(set.fds, set.count, (int)wait) < 0 && errno != EINTR)
            continue;
        now = clock_ms();
        hear(parent, &set, now);
        take_signals(parent, now);
        reap(parent, now);
    }
    close(parent->signals);
    log_metrics(parent);
    log_at(LEVEL_INFO, "", "stopped", field_num("status", parent->status));
    return parent->status;
}
