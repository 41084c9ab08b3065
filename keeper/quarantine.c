/* SPDX-License-Identifier: ISC */
#include "keeper/quarantine.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/sealed_map.h"
#include "common/keeping.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ARENA_MAX = 16 * 1024 * 1024,
    ANSWERS_MOST = 64, /* that wait for one write */
    OCTETS_MOST = 64 * 1024 * 1024,
    MESSAGE_MOST = INT32_MAX,
    SENT_AT_ONCE = 8,
    HEARD_MOST = 2000,  /* of the news of one look: more than is away */
    AWAY_MOST = 64,     /* errands: proxies take some at once, and each has its deadline */
    LOOK_MS = 1000,     /* between two looks for what is due */
    LOOK_AGAIN_MS = 20, /* while there is more */
    PRUNE_MS = 60000,
    PRUNE_AGAIN_MS = 50,
    NOTHING_MOST = 100,
};

struct waiting {
    int reply;
    enum held_place place;
    struct hold_answer answer;
};

struct quarantine {
    struct held *places[HELD_PLACES];
    struct held *held; /* that of the quarantine, which alone sends */
    struct arena *arena;
    int opener, errands;
    bool learns;
    struct event *opener_news, *errand_news, *look, *prune;
    const struct quarantine_owner *owner;
    void *ctx;
    struct waiting waiting[ANSWERS_MOST];
    size_t waiting_count, octets;
    struct buf helpdesk; /* words that it may release, as they came */
    unsigned nothing;    /* was heard so often in a row */
};

static char inbox[IPC_PAYLOAD_MAX + 2];

static void after(struct event *event, int64_t ms)
{
    struct timeval wait = {ms / 1000, (ms % 1000) * 1000};
    event_add(event, &wait);
}

static bool tell_owner(void *ctx, const struct held_entry *entry)
{
    struct quarantine *q = ctx;
    q->owner->happened(q->ctx, entry);
    return true;
}

/* ---- taking in ---- */

/* What the message itself does not wait for is wanted however late. */
static bool is_kept_beside(const struct hold_request *request)
{
    return request->place == HELD_IN_JOURNAL ||
           (request->recipient_count && request->recipients[0].copy);
}

/* The proxy waits no longer, and its client has been told to come again. */
static bool is_given_up(int reply, const struct hold_request *request)
{
    char octet;
    return !is_kept_beside(request) && recv(reply, &octet, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void hold(struct quarantine *q, const struct ipc_message *packet)
{
    struct hold_request request;
    struct slice octets, message;
    int file, reply;
    struct waiting *waiting = &q->waiting[q->waiting_count];
    arena_reset(q->arena);
    bool read = hold_take(packet, q->arena, &octets, &request, &file, &reply);
    message = read ? sealed_map(file, MESSAGE_MOST) : (struct slice){NULL, 0};
    if (!message.ptr) {
        log_at(LEVEL_PANIC, "", "what is to be held cannot be read");
        return;
    }
    if (is_given_up(reply, &request)) {
        sealed_unmap(message);
        return;
    }
    waiting->place = request.place;
    held_add(q->places[request.place], octets, &request, message, &waiting->answer);
    q->octets += message.len;
    sealed_unmap(message);
    waiting->reply = fcntl(reply, F_DUPFD_CLOEXEC, 0);
    q->waiting_count++;
}

static void withdraw(struct quarantine *q, const struct ipc_message *packet)
{
    struct unpack in = {.left = packet->payload};
    unsigned place = unpack_u8(&in);
    bool put_off = unpack_u8(&in);
    uint64_t ticket = unpack_u64(&in);
    if (unpack_done(&in) && place < HELD_PLACES && ticket)
        (put_off ? held_put_off : held_withdraw)(q->places[place], ticket);
}

void quarantine_take(struct quarantine *q, const struct ipc_message *packet)
{
    if (packet->type == KEEPING_WITHDRAW)
        withdraw(q, packet);
    else
        hold(q, packet);
    if (q->waiting_count == ANSWERS_MOST || q->octets >= OCTETS_MOST)
        quarantine_flush(q);
}

void quarantine_flush(struct quarantine *q)
{
    bool done[HELD_PLACES];
    for (size_t i = 0; i < HELD_PLACES; i++)
        done[i] = held_commit(q->places[i]);
    for (size_t i = 0; i < q->waiting_count; i++) {
        struct waiting *waiting = &q->waiting[i];
        if (waiting->answer.held && !done[waiting->place]) {
            waiting->answer.held = false;
            waiting->answer.reason = "the disk does not take it";
        }
        hold_tell(waiting->reply, &waiting->answer);
        close(waiting->reply);
    }
    q->waiting_count = q->octets = 0;
}

/* ---- sending ---- */

/* Sent, or it never can be. */
static bool hand_on(struct quarantine *q, const struct errand *errand, int container)
{
    struct buf out = buf_init(IPC_PAYLOAD_MAX);
    errand_pack(&out, errand);
    bool sent =
        !out.failed && ipc_send(q->opener, ERRAND_OPEN, buf_slice(&out), &container, 1, false) == 1;
    buf_release(&out);
    return sent;
}

static void cannot_open(struct quarantine *q, const struct errand *errand, const char *reason)
{
    struct errand_news news = {
        .number = errand->number, .attempt = errand->attempt, .say = slice_of(reason)};
    log_at(LEVEL_ERROR, "", "a held message cannot be read",
           field_text("reference", errand->reference), field_str("reason", reason));
    held_news(q->held, &news, ERRAND_CLOSED, clock_wall(), tell_owner, q);
}

/* False: there is none, or none can be sent now. */
static bool send_one(struct quarantine *q)
{
    struct errand errand;
    int container = -1;
    arena_reset(q->arena);
    if (!held_due(q->held, clock_wall(), q->arena, &errand, &container))
        return false;
    if (container < 0) {
        cannot_open(q, &errand, strerror(errno));
        return true;
    }
    bool sent = hand_on(q, &errand, container);
    close(container);
    if (!sent)
        held_not_sent(q->held, &errand, clock_wall());
    return sent;
}

/* True: there may be more. */
static bool look(struct quarantine *q)
{
    int sent = 0;
    while (sent < SENT_AT_ONCE && held_away(q->held) < AWAY_MOST && send_one(q))
        sent++;
    return sent == SENT_AT_ONCE;
}

/* A copy that was said to be held wrongly: once it has left or was deleted there is nothing to learn
 * from; who has released it has said so himself. */
static void learn_from(struct quarantine *q, uint64_t number)
{
    struct errand errand;
    int container = -1;
    arena_reset(q->arena);
    if (!held_learn(q->held, number, q->arena, &errand, &container) || container < 0)
        return;
    if (!hand_on(q, &errand, container))
        log_at(LEVEL_ERROR, "", "report not learnt", field_text("reference", errand.reference),
               field_str("reason", "gatepost-release does not take it"));
    close(container);
}

void quarantine_acted(struct quarantine *q, const struct held_name *name, enum held_act act)
{
    struct held_query query = {.number = name->number, .most = 1};
    const char *reason;
    if (act != HELD_REPORT)
        held_find(q->places[name->place], &query, tell_owner, q, &reason);
    else if (q->learns)
        learn_from(q, name->number);
    if (act != HELD_DELETE)
        look(q);
}

bool quarantine_show(struct quarantine *q, enum held_place place, const struct held_entry *entry,
                     int reply, const char **reason)
{
    struct buf out = buf_init(64);
    int container = held_container(q->places[place], entry->id);
    *reason = container < 0 ? "it is not there any more" : "gatepost-release does not run";
    if (container < 0)
        return false;
    pack_u64(&out, entry->id);
    pack_u64(&out, entry->octets);
    bool sent =
        ipc_send(q->opener, ERRAND_SHOW, buf_slice(&out), (int[]){container, reply}, 2, false) == 1;
    buf_release(&out);
    close(container);
    return sent;
}

/* ---- hearing ---- */

static void take_news(struct quarantine *q, const struct ipc_message *message, bool *written)
{
    struct errand_news news;
    *written = true;
    if (!errand_read_news(message, &news)) {
        log_at(LEVEL_PANIC, "", "what became of an errand cannot be read");
        return;
    }
    *written =
        held_news(q->held, &news, (enum errand_message)message->type, clock_wall(), tell_owner, q);
}

static void take_off(int sock)
{
    struct ipc_message message;
    if (ipc_recv(sock, &message, inbox, sizeof inbox, false) == 1)
        ipc_close_fds(&message);
}

/* Of a packet without octets and of a socket that somebody has shut down the same is heard. */
static bool heard_nothing(struct quarantine *q, int sock)
{
    take_off(sock);
    if (++q->nothing == NOTHING_MOST)
        q->owner->deaf(q->ctx);
    return q->nothing < NOTHING_MOST;
}

enum hearing { HEARD, HEARD_ALL, CANNOT_WRITE };

/* It is taken off the socket only when it is written: a keeper that dies meanwhile is told again. */
static enum hearing hear_one(struct quarantine *q, int sock)
{
    struct ipc_message message;
    bool written;
    ssize_t got = recv(sock, inbox, sizeof inbox, MSG_PEEK | MSG_DONTWAIT);
    if (got < 0)
        return HEARD_ALL;
    if (got < (ssize_t)sizeof message.type)
        return heard_nothing(q, sock) ? HEARD : HEARD_ALL;
    q->nothing = 0;
    message = (struct ipc_message){
        .payload = {inbox + sizeof message.type, (size_t)got - sizeof message.type}};
    memcpy(&message.type, inbox, sizeof message.type);
    take_news(q, &message, &written);
    if (!written)
        return CANNOT_WRITE;
    take_off(sock);
    return HEARD;
}

static enum hearing hear_many(struct quarantine *q, int sock)
{
    enum hearing heard = HEARD;
    for (int i = 0; i < HEARD_MOST && heard == HEARD; i++)
        heard = hear_one(q, sock);
    return heard;
}

/* True: there is no more on either, and all of it is written. Who talks without end is not heard out. */
static bool hear_all(struct quarantine *q)
{
    enum hearing opener = hear_many(q, q->opener), errands = hear_many(q, q->errands);
    return opener == HEARD_ALL && errands == HEARD_ALL;
}

static void listen_on(struct quarantine *q)
{
    event_add(q->opener_news, NULL);
    event_add(q->errand_news, NULL);
}

static void on_news(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct quarantine *q = arg;
    enum hearing heard = HEARD;
    quarantine_flush(q);
    for (int i = 0; i < SENT_AT_ONCE && heard == HEARD; i++)
        heard = hear_one(q, fd);
    if (heard != CANNOT_WRITE)
        return;
    event_del(q->opener_news); /* until the next look */
    event_del(q->errand_news);
}

/* What has come back is not lost, however long it lay there. */
static void on_look(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct quarantine *q = arg;
    quarantine_flush(q);
    bool more = look(q), all = hear_all(q);
    for (int i = 0; all && i < SENT_AT_ONCE; i++)
        all = held_look_after(q->held, clock_wall(), tell_owner, q);
    listen_on(q);
    after(q->look, more ? LOOK_AGAIN_MS : LOOK_MS);
}

/* ---- time ---- */

/* What was only kept has no story to end. */
static bool tell_nobody(void *ctx, const struct held_entry *entry)
{
    (void)ctx, (void)entry;
    return true;
}

static void on_prune(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct quarantine *q = arg;
    quarantine_flush(q);
    bool more = held_prune(q->held, clock_wall(), tell_owner, q);
    more |= held_prune(q->places[HELD_IN_JOURNAL], clock_wall(), tell_nobody, NULL);
    after(q->prune, more ? PRUNE_AGAIN_MS : PRUNE_MS);
}

/* ---- */

static bool make(struct quarantine *q, struct event_base *base)
{
    q->arena = arena_new(ARENA_MAX);
    q->opener_news = event_new(base, q->opener, EV_READ | EV_PERSIST, on_news, q);
    q->errand_news = event_new(base, q->errands, EV_READ | EV_PERSIST, on_news, q);
    q->look = evtimer_new(base, on_look, q);
    q->prune = evtimer_new(base, on_prune, q);
    if (!q->arena || !q->opener_news || !q->errand_news || !q->look || !q->prune)
        return false;
    listen_on(q);
    after(q->look, LOOK_MS);
    after(q->prune, PRUNE_MS);
    return true;
}

static bool open_places(struct quarantine *q, const struct quarantine_options *options,
                        const char **reason)
{
    for (size_t i = 0; i < HELD_PLACES; i++) {
        q->places[i] =
            held_open(options->places[i].folder, options->places[i].size, options->era, reason);
        if (!q->places[i])
            return false;
    }
    q->held = q->places[HELD_IN_QUARANTINE];
    return true;
}

struct quarantine *quarantine_new(struct event_base *base, const struct quarantine_options *options,
                                  const struct quarantine_owner *owner, void *ctx,
                                  const char **reason)
{
    struct quarantine *q = calloc(1, sizeof *q);
    *reason = "out of memory";
    if (!q)
        return NULL;
    *q = (struct quarantine){.opener = options->opener,
                             .errands = options->errands,
                             .learns = options->learns,
                             .owner = owner,
                             .ctx = ctx,
                             .helpdesk = buf_init(IPC_PAYLOAD_MAX)};
    if (make(q, base) && open_places(q, options, reason))
        return q;
    quarantine_free(&q);
    return NULL;
}

void quarantine_free(struct quarantine **quarantine)
{
    struct quarantine *q = *quarantine;
    struct event *const *const events[] = {&q->opener_news, &q->errand_news, &q->look, &q->prune};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (*events[i])
            event_free(*events[i]);
    for (size_t i = 0; i < HELD_PLACES; i++)
        held_close(&q->places[i]);
    arena_free(&q->arena);
    buf_release(&q->helpdesk);
    free(q);
    *quarantine = NULL;
}

void quarantine_end(struct quarantine *q, bool alone)
{
    quarantine_flush(q);
    if (hear_all(q) && alone)
        held_call_back(q->held, clock_wall());
}

struct held *quarantine_held(struct quarantine *q, enum held_place place)
{
    return q->places[place];
}

void quarantine_seal_to(struct quarantine *q, const struct seal_key *key)
{
    for (size_t i = 0; i < HELD_PLACES; i++)
        held_seal_to(q->places[i], key);
}

/* ---- who may release ---- */

void quarantine_tell_helpdesk(struct quarantine *q, struct slice words)
{
    buf_clear(&q->helpdesk);
    buf_append(&q->helpdesk, words);
}

bool quarantine_is_for_helpdesk(const struct quarantine *q, struct slice why)
{
    struct unpack in = {.left = buf_slice(&q->helpdesk)};
    bool is = false;
    for (uint32_t left = unpack_u32(&in); left && !in.bad && !is; left--)
        is = slice_eq(unpack_slice(&in), why);
    return is;
}
