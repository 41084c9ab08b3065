/* SPDX-License-Identifier: ISC */
#include "proxy/examine/labelling.h"

#include "filters/scanner/scan_job.h"
#include "proxy/examine/spool.h"
#include "proxy/process/recorder.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ARENA_MAX = 4 * 1024 * 1024,
    AT_ONCE = 64,                      /* in a proxy, */
    OCTETS_AT_ONCE = 32 * 1024 * 1024, /* of messages as large in all */
};

struct labelling {
    struct proxy *proxy;
    struct label label; /* texts in the arena */
    struct arena *arena;
    struct scan_pieces pieces;
    struct event *event; /* NULL: the scanner has answered, or never will */
    int sock;
    size_t octets;
    bool said;    /* the keeper is to be told */
    bool dropped; /* nobody is: it is the scanner that is waited for */
};

static struct {
    unsigned count;
    size_t octets;
} under_way;

bool labelling_wanted(const struct proxy *proxy)
{
    return proxy->config->settings.learn_enabled && recorder_wants(proxy);
}

static void stop_waiting(struct labelling *l)
{
    if (!l->event)
        return;
    event_free(l->event);
    close(l->sock);
    l->event = NULL;
    under_way.count--;
    under_way.octets -= l->octets;
}

static void end(struct labelling *l)
{
    stop_waiting(l);
    arena_free(&l->arena);
    free(l);
}

static void tell(struct labelling *l)
{
    if (l->label.vector.len)
        recorder_send_label(l->proxy, &l->label);
    end(l);
}

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
    l->label.vector = got > 0 ? answer.vector : (struct slice){NULL, 0};
    stop_waiting(l);
    if (l->dropped)
        end(l);
    else if (l->said)
        tell(l);
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

static int submit(const struct labelling *l, struct slice message)
{
    const struct scan_job job = {.vector = true, .limits = l->proxy->job.limits};
    struct spool *spool = spool_new(0);
    int sock = -1;
    if (spool && spool_append(spool, message) && spool_fd(spool) >= 0)
        sock = scan_submit(l->proxy->queue[SCANNER_SCAN], spool_fd(spool), &job);
    spool_free(&spool);
    return sock;
}

static bool wait_for_answer(struct labelling *l)
{
    int64_t ms = l->proxy->config->settings.timeouts_scan;
    struct timeval limit = {ms / 1000, (ms % 1000) * 1000};
    l->event = event_new(l->proxy->base, l->sock, EV_READ | EV_PERSIST, on_answer, l);
    if (!l->event)
        return false;
    event_add(l->event, &limit);
    under_way.count++;
    under_way.octets += l->octets;
    return true;
}

static bool begin(struct labelling *l, struct slice message, const struct label *label)
{
    l->arena = arena_new(ARENA_MAX);
    if (!l->arena || !copy_texts(l, label) || (l->sock = submit(l, message)) < 0)
        return false;
    if (wait_for_answer(l))
        return true;
    close(l->sock);
    return false;
}

struct labelling *labelling_begin(struct proxy *proxy, struct slice message,
                                  const struct label *label)
{
    if (proxy->queue[SCANNER_SCAN] < 0 || under_way.count == AT_ONCE ||
        message.len > OCTETS_AT_ONCE - under_way.octets)
        return NULL;
    struct labelling *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    *l = (struct labelling){.proxy = proxy, .octets = message.len};
    if (begin(l, message, label))
        return l;
    end(l);
    return NULL;
}

/* ---- over ---- */

void labelling_say(struct labelling *l)
{
    l->said = true;
    if (!l->event)
        tell(l);
}

/* Its job is on the queue, or in a scanner, all the same, and counts until it is through. */
void labelling_drop(struct labelling *l)
{
    if (l && l->event)
        l->dropped = true;
    else if (l)
        end(l);
}
