/* SPDX-License-Identifier: ISC */
#include "proxy/examine/labelling.h"

#include "filters/scanner/scan_ask.h"
#include "filters/unmarked.h"
#include "proxy/examine/opinion_told.h"
#include "proxy/examine/spool.h"
#include "proxy/process/recorder.h"

#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

enum {
    ARENA_MAX = 4 * 1024 * 1024,
    AT_ONCE = 1, /* with scanners: mail that comes in does not wait for more than that */
    OCTETS_MOST = 32 * 1024 * 1024, /* of messages that wait, or are with a scanner */
};

/* What anybody can bring, as to a trap, comes after all that users say: who knows a trap could make
 * them wait. */
enum line { LINE_USERS, LINE_ANYBODY, LINES };

TAILQ_HEAD(labellings, labelling);

struct labelling {
    struct proxy *proxy;
    struct label label; /* texts in the arena */
    struct slice
        mailbox; /* where it was read, in the arena; empty: somebody says something of it */
    uint32_t uid;
    struct campaign_sketch sketch;
    struct slice author; /* the address of From, in the arena; empty: there is none */
    void (*then)(void *ctx, const struct scan_answer *answer); /* NULL: nobody waits */
    void *ctx;
    struct event *patience; /* of who waits; also where there is no answer */
    uint32_t attached;
    bool marked; /* it may have marks of ours, which a scanner is to take off */
    struct arena *arena;
    int message; /* while it stands in line; else -1 */
    TAILQ_ENTRY(labelling) line;
    enum line in;
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
    struct labellings lines[LINES];
} all = {.lines = {TAILQ_HEAD_INITIALIZER(all.lines[LINE_USERS]),
                   TAILQ_HEAD_INITIALIZER(all.lines[LINE_ANYBODY])}};

bool labelling_wanted(const struct proxy *proxy)
{
    return proxy->config->settings.learn_enabled && recorder_wants(proxy);
}

static void let_message_go(struct labelling *l)
{
    if (l->message >= 0)
        close(l->message);
    l->message = -1;
}

static void end(struct labelling *l)
{
    let_message_go(l);
    if (l->patience)
        event_free(l->patience);
    arena_free(&l->arena);
    free(l);
}

static void tell(struct labelling *l)
{
    const struct left_read read = {l->label, l->mailbox, l->uid};
    if (l->mailbox.len == 0)
        opinion_tell(l->proxy, l->arena, &l->label, &l->sketch, l->author);
    if (l->label.vector.len && l->mailbox.len)
        recorder_send_read(l->proxy, &read);
    else if (l->label.vector.len)
        recorder_send_label(l->proxy, &l->label);
    end(l);
}

/* ---- with a scanner ---- */

/* Who waits is told that there is none from the loop, as he may have asked just now. */
static void tell_waiter(struct labelling *l, const struct scan_answer *answer)
{
    if (answer) {
        l->then(l->ctx, answer);
        end(l);
    } else {
        event_active(l->patience, EV_TIMEOUT, 0);
    }
}

/* There is an answer, or (NULL) there will be none. */
static void looked_at(struct labelling *l, const struct scan_answer *answer)
{
    all.count--;
    all.octets -= l->octets;
    if (l->dropped)
        end(l);
    else if (l->then)
        tell_waiter(l, answer);
    else if (l->said)
        tell(l);
}

static void take(struct labelling *l, const struct scan_answer *answer)
{
    if (l->marked && !answer->attached.there)
        return;
    if (l->marked)
        memcpy(l->label.message, answer->attached.digest, sizeof l->label.message);
    l->label.vector = answer->vector;
    l->sketch = answer->sketch;
    l->author = opinion_author(answer);
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
        take(l, &answer);
    event_free(l->event);
    close(l->sock);
    l->event = NULL;
    all.scanned--;
    looked_at(l, got > 0 ? &answer : NULL);
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
    bool asked = opinion_is_asked(l->proxy);
    const struct scan_job job = {.vector = true,
                                 .sketch = asked,
                                 .message = asked,
                                 .attached = l->attached,
                                 .marks = l->marked ? policy_marks(l->proxy->config->policy) : NULL,
                                 .limits = l->proxy->job.limits};
    l->sock = scan_submit(l->proxy->queue[SCANNER_SCAN], l->message, &job);
    let_message_go(l);
    if (l->sock < 0 || wait_for_answer(l))
        return l->sock >= 0;
    close(l->sock);
    return false;
}

/* NULL: nobody waits. */
static struct labelling *next_in_line(void)
{
    struct labelling *first = TAILQ_FIRST(&all.lines[LINE_USERS]);
    return first ? first : TAILQ_FIRST(&all.lines[LINE_ANYBODY]);
}

static void leave_line(struct labelling *l)
{
    TAILQ_REMOVE(&all.lines[l->in], l, line);
}

static void move_on(void)
{
    struct labelling *l;
    while (all.scanned < AT_ONCE && (l = next_in_line())) {
        leave_line(l);
        if (!submit(l))
            looked_at(l, NULL);
    }
}

/* ---- begun ---- */

static bool copy_texts(struct labelling *l, const struct left_read *read)
{
    l->label = read->label;
    l->label.account = arena_copy(l->arena, read->label.account);
    l->label.reference = arena_copy(l->arena, read->label.reference);
    l->label.vector = (struct slice){NULL, 0};
    l->mailbox = arena_copy(l->arena, read->mailbox);
    l->uid = read->uid;
    return l->label.account.ptr && l->label.reference.ptr && l->mailbox.ptr;
}

/* Another descriptor of the same memfd. */
static int another(int message)
{
    return message < 0 ? -1 : fcntl(message, F_DUPFD_CLOEXEC, 0);
}

static bool append(void *ctx, struct slice octets)
{
    struct spool *spool = ctx;
    return octets.len == 0 || spool_append(spool, octets);
}

static bool copy_message(struct labelling *l, struct slice message)
{
    struct spool *spool = spool_new(0);
    bool copied = spool && unmarked(message, policy_marks(l->proxy->config->policy), append, spool);
    l->message = copied ? another(spool_fd(spool)) : -1;
    spool_free(&spool);
    return l->message >= 0;
}

/* NULL: there is no room for it. */
static struct labelling *labelling_new(struct proxy *proxy, size_t octets)
{
    if (proxy->queue[SCANNER_SCAN] < 0 || all.count == LABELLING_MOST ||
        octets > OCTETS_MOST - all.octets)
        return NULL;
    struct labelling *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    *l = (struct labelling){
        .proxy = proxy, .octets = octets, .message = -1, .arena = arena_new(ARENA_MAX)};
    return l;
}

static struct labelling *stand_in_line(struct labelling *l, bool ready)
{
    if (!ready) {
        end(l);
        return NULL;
    }
    all.count++;
    all.octets += l->octets;
    TAILQ_INSERT_TAIL(&all.lines[l->in], l, line);
    move_on();
    return l;
}

struct labelling *labelling_begin(struct proxy *proxy, struct slice message,
                                  const struct label *label)
{
    const struct left_read read = {.label = *label, .mailbox = SLICE("")};
    return labelling_begin_read(proxy, message, &read);
}

struct labelling *labelling_begin_read(struct proxy *proxy, struct slice message,
                                       const struct left_read *read)
{
    struct labelling *l = labelling_new(proxy, message.len);
    return l ? stand_in_line(l, l->arena && copy_texts(l, read) && copy_message(l, message)) : NULL;
}

struct labelling *labelling_begin_trap(struct proxy *proxy, int message, size_t octets,
                                       const struct label *label)
{
    const struct left_read read = {.label = *label, .mailbox = SLICE("")};
    struct labelling *l = labelling_new(proxy, octets);
    if (!l)
        return NULL;
    l->in = LINE_ANYBODY;
    l->marked = true;
    l->message = another(message);
    return stand_in_line(l, l->arena && l->message >= 0 && copy_texts(l, &read));
}

/* ---- begun, and waited for ---- */

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct labelling *l = arg;
    void (*then)(void *, const struct scan_answer *) = l->then;
    void *ctx = l->ctx;
    labelling_drop(l);
    then(ctx, NULL);
}

static bool be_patient(struct labelling *l, int64_t ms)
{
    struct timeval limit = {ms / 1000, (ms % 1000) * 1000};
    l->patience = evtimer_new(l->proxy->base, on_patience, l);
    return l->patience && event_add(l->patience, &limit) == 0;
}

struct labelling *labelling_look(struct proxy *proxy, int message, uint32_t attached, int64_t ms,
                                 void (*then)(void *ctx, const struct scan_answer *answer),
                                 void *ctx)
{
    struct labelling *l = labelling_new(proxy, 0);
    if (!l)
        return NULL;
    l->attached = attached;
    l->in = attached ? LINE_USERS : LINE_ANYBODY;
    l->marked = true;
    l->then = then;
    l->ctx = ctx;
    l->message = another(message);
    return stand_in_line(l, l->arena && l->message >= 0 && be_patient(l, ms));
}

bool labelling_is_busy(void)
{
    return all.count >= LABELLING_MOST / 2;
}

/* ---- over ---- */

void labelling_say(struct labelling *l)
{
    l->said = true;
    if (!l->event && l->message < 0)
        tell(l);
}

void labelling_drop(struct labelling *l)
{
    if (!l)
        return;
    l->dropped = true;
    if (l->patience)
        event_del(l->patience);
    if (l->message >= 0) {
        leave_line(l);
        looked_at(l, NULL);
    } else if (!l->event) {
        end(l);
    }
}
