/* SPDX-License-Identifier: ISC */
#include "proxy/examine/labelling.h"

#include "filters/scanner/scan_job.h"
#include "proxy/examine/spool.h"
#include "proxy/process/recorder.h"

#include <event2/event.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <unistd.h>

enum {
    ARENA_MAX = 4 * 1024 * 1024,
    AT_ONCE = 1, /* with scanners: mail that comes in does not wait for more than that */
    OCTETS_MOST = 32 * 1024 * 1024, /* of messages that wait, or are with a scanner */
};

struct labelling {
    struct proxy *proxy;
    struct label label; /* texts in the arena */
    struct arena *arena;
    struct spool *spool; /* while it stands in line */
    TAILQ_ENTRY(labelling) line;
    struct scan_pieces pieces;
    struct event *event; /* while it is with a scanner */
    int sock;
    size_t octets;
    bool said;    /* the keeper is to be told */
    bool dropped; /* nobody is: it is the scanner that is waited for */
};

static struct {
    unsigned count, scanned;
    size_t octets;
    TAILQ_HEAD(, labelling) line;
} all = {.line = TAILQ_HEAD_INITIALIZER(all.line)};

bool labelling_wanted(const struct proxy *proxy)
{
    return proxy->config->settings.learn_enabled && recorder_wants(proxy);
}

static void end(struct labelling *l)
{
    spool_free(&l->spool);
    arena_free(&l->arena);
    free(l);
}

static void tell(struct labelling *l)
{
    if (l->label.vector.len)
        recorder_send_label(l->proxy, &l->label);
    end(l);
}

/* ---- with a scanner ---- */

/* There is a vector, or there will be none. */
static void looked_at(struct labelling *l)
{
    all.count--;
    all.octets -= l->octets;
    if (l->dropped)
        end(l);
    else if (l->said)
        tell(l);
}

static void move_on(void);

static void on_answer(evutil_socket_t fd, short what, void *arg)
{
    struct labelling *l = arg;
    struct scan_answer answer = {.vector = {NULL, 0}};
    struct scan_failure failure;
    int got = -1;
    if (!(what & EV_TIMEOUT))
        got = scan_collect((int)fd, l->arena, 0, &l->pieces, &answer, &failure);
    if (got == 0)
        return;
    if (got > 0)
        l->label.vector = answer.vector;
    event_free(l->event);
    close(l->sock);
    l->event = NULL;
    all.scanned--;
    looked_at(l);
    move_on();
}

static bool wait_for_answer(struct labelling *l)
{
    int64_t ms = l->proxy->config->settings.timeouts_scan;
    struct timeval limit = {ms / 1000, (ms % 1000) * 1000};
    l->event = event_new(l->proxy->base, l->sock, EV_READ | EV_PERSIST, on_answer, l);
    if (!l->event)
        return false;
    event_add(l->event, &limit);
    all.scanned++;
    return true;
}

static bool submit(struct labelling *l)
{
    const struct scan_job job = {.vector = true, .limits = l->proxy->job.limits};
    int message = spool_fd(l->spool);
    l->sock = message >= 0 ? scan_submit(l->proxy->queue[SCANNER_SCAN], message, &job) : -1;
    spool_free(&l->spool);
    if (l->sock < 0 || wait_for_answer(l))
        return l->sock >= 0;
    close(l->sock);
    return false;
}

static void move_on(void)
{
    struct labelling *l;
    while (all.scanned < AT_ONCE && (l = TAILQ_FIRST(&all.line))) {
        TAILQ_REMOVE(&all.line, l, line);
        if (!submit(l))
            looked_at(l);
    }
}

/* ---- begun ---- */

static bool copy_texts(struct labelling *l, const struct label *label)
{
    l->label = *label;
    l->label.account = arena_copy(l->arena, label->account);
    l->label.reference = arena_copy(l->arena, label->reference);
    l->label.vector = (struct slice){NULL, 0};
    return l->label.account.ptr && l->label.reference.ptr;
}

static bool prepare(struct labelling *l, struct slice message, const struct label *label)
{
    l->arena = arena_new(ARENA_MAX);
    l->spool = spool_new(0);
    return l->arena && l->spool && copy_texts(l, label) && spool_append(l->spool, message);
}

struct labelling *labelling_begin(struct proxy *proxy, struct slice message,
                                  const struct label *label)
{
    if (proxy->queue[SCANNER_SCAN] < 0 || all.count == LABELLING_MOST ||
        message.len > OCTETS_MOST - all.octets)
        return NULL;
    struct labelling *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    *l = (struct labelling){.proxy = proxy, .octets = message.len};
    if (!prepare(l, message, label)) {
        end(l);
        return NULL;
    }
    all.count++;
    all.octets += l->octets;
    TAILQ_INSERT_TAIL(&all.line, l, line);
    move_on();
    return l;
}

/* ---- over ---- */

void labelling_say(struct labelling *l)
{
    l->said = true;
    if (!l->event && !l->spool)
        tell(l);
}

void labelling_drop(struct labelling *l)
{
    if (!l)
        return;
    l->dropped = true;
    if (l->spool) {
        TAILQ_REMOVE(&all.line, l, line);
        looked_at(l);
    } else if (!l->event) {
        end(l);
    }
}
