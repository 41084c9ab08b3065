/* SPDX-License-Identifier: ISC */
#include "proxy/examine/scan_answers.h"

#include "base/ipc.h"
#include "base/siphash.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    BUCKETS = 256,
    AT_ONCE = 64,         /* packets, before others have their turn */
    STRAY_A_JOB = 32,     /* a large answer has fewer, and may come when nobody waits any more */
    STRAY_ANYWAY = 1000,  /* before any job, */
    STRAY_MOST = 1000000, /* however many jobs there were, */
    STRAY_AGAIN = 100000, /* and more than come while whoever was told ends a flood */
};

LIST_HEAD(bucket, scan_ticket);

struct channel {
    struct scan_answers *of;
    enum scanner_kind kind;
    int sock; /* -1: none */
    uint32_t row, serial;
    struct event *event;
    int64_t bearable; /* packets that nobody awaited */
};

struct scan_answers {
    struct event_base *base;
    struct scan_answers_owner owner;
    struct channel channels[SCANNER_KINDS];
    struct bucket buckets[BUCKETS];
    uint64_t key[2], drawn; /* numbers are a keyed hash of a count */
};

struct scan_answers *scan_answers_new(struct event_base *base,
                                      const struct scan_answers_owner *owner)
{
    struct scan_answers *answers = calloc(1, sizeof *answers);
    if (!answers)
        return NULL;
    answers->base = base;
    answers->owner = *owner;
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        answers->channels[kind] = (struct channel){
            .of = answers, .kind = (enum scanner_kind)kind, .sock = -1, .bearable = STRAY_ANYWAY};
    if (getrandom(answers->key, sizeof answers->key, 0) != (ssize_t)sizeof answers->key)
        scan_answers_free(&answers);
    return answers;
}

static void shut(struct channel *channel)
{
    if (channel->event)
        event_free(channel->event);
    if (channel->sock >= 0)
        close(channel->sock);
    channel->event = NULL;
    channel->sock = -1;
}

void scan_answers_free(struct scan_answers **answers)
{
    if (!*answers)
        return;
    for (int kind = 0; kind < SCANNER_KINDS; kind++)
        shut(&(*answers)->channels[kind]);
    for (int i = 0; i < BUCKETS; i++)
        for (struct scan_ticket *t = LIST_FIRST(&(*answers)->buckets[i]), *next; t; t = next) {
            next = LIST_NEXT(t, link);
            t->heard(t->ctx, NULL);
        }
    free(*answers);
    *answers = NULL;
}

/* ---- numbers ---- */

static uint64_t draw(struct scan_answers *answers)
{
    uint64_t number;
    do {
        struct slice count = {(const char *)&answers->drawn, sizeof answers->drawn};
        answers->drawn++;
        number = siphash(answers->key, count);
    } while (number == 0);
    return number;
}

static struct bucket *bucket_of(struct scan_answers *answers, uint64_t number)
{
    return &answers->buckets[number % BUCKETS];
}

static struct scan_ticket *find(struct scan_answers *answers, enum scanner_kind kind,
                                uint64_t number)
{
    struct scan_ticket *ticket;
    LIST_FOREACH(ticket, bucket_of(answers, number), link)
        if (ticket->number == number && ticket->kind == kind)
            return ticket;
    return NULL;
}

/* ---- what comes ---- */

/* Late answers are few; who writes without end would keep us from hearing the others. */
static void count_stray(struct channel *channel)
{
    struct scan_answers *answers = channel->of;
    if (--channel->bearable > 0)
        return;
    channel->bearable = STRAY_AGAIN;
    answers->owner.overrun(answers->owner.ctx, channel->kind);
}

static void bear_more(struct channel *channel)
{
    if (channel->bearable <= STRAY_MOST - STRAY_A_JOB)
        channel->bearable += STRAY_A_JOB;
}

static void on_packet(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct channel *channel = arg;
    for (int i = 0; i < AT_ONCE; i++) {
        struct scan_packet packet;
        int got = scan_receive(fd, &packet);
        if (got == 0)
            return;
        if (got < 0 && errno != EBADMSG &&
            ipc_has_ended(fd)) { /* the parent is gone, and so are we */
            event_del(channel->event);
            return;
        }
        struct scan_ticket *ticket =
            got > 0 ? find(channel->of, channel->kind, packet.number) : NULL;
        if (ticket)
            ticket->heard(ticket->ctx, &packet);
        else
            count_stray(channel);
    }
}

bool scan_answers_open(struct scan_answers *answers, enum scanner_kind kind, int sock, uint32_t row,
                       uint32_t serial)
{
    struct channel *channel = &answers->channels[kind];
    shut(channel);
    channel->sock = sock;
    channel->row = row;
    channel->serial = serial;
    channel->event = event_new(answers->base, sock, EV_READ | EV_PERSIST, on_packet, channel);
    return channel->event && event_add(channel->event, NULL) == 0;
}

/* ---- tickets ---- */

static void on_patience(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct scan_ticket *ticket = arg;
    ticket->heard(ticket->ctx, NULL);
}

static bool be_patient(struct scan_answers *answers, struct scan_ticket *ticket, int64_t ms)
{
    struct timeval limit = {ms / 1000, (ms % 1000) * 1000};
    ticket->patience = evtimer_new(answers->base, on_patience, ticket);
    return ticket->patience && event_add(ticket->patience, &limit) == 0;
}

int scan_answers_ask(struct scan_answers *answers, enum scanner_kind kind, int queue,
                     const struct scan_content *message, const struct scan_job *job, int64_t ms,
                     struct scan_ticket *ticket)
{
    struct channel *channel = &answers->channels[kind];
    const struct scan_address address = {draw(answers), channel->row, channel->serial};
    ticket->number = address.number;
    ticket->kind = kind;
    LIST_INSERT_HEAD(bucket_of(answers, ticket->number), ticket, link);
    errno = ENOMEM;
    if (be_patient(answers, ticket, ms) && scan_post(queue, message, job, &address) == 0) {
        bear_more(channel);
        return 0;
    }
    int failure = errno;
    scan_ticket_drop(ticket);
    errno = failure;
    return -1;
}

void scan_ticket_drop(struct scan_ticket *ticket)
{
    if (!ticket->number)
        return;
    LIST_REMOVE(ticket, link);
    if (ticket->patience)
        event_free(ticket->patience);
    ticket->patience = NULL;
    ticket->number = 0;
}

bool scan_ticket_move(struct scan_ticket *from, struct scan_ticket *to, int64_t ms)
{
    struct timeval limit = {ms / 1000, (ms % 1000) * 1000};
    struct event_base *base = event_get_base(from->patience);
    to->number = from->number;
    to->kind = from->kind;
    LIST_INSERT_AFTER(from, to, link);
    scan_ticket_drop(from);
    to->patience = evtimer_new(base, on_patience, to);
    if (to->patience && event_add(to->patience, &limit) == 0)
        return true;
    scan_ticket_drop(to);
    return false;
}
