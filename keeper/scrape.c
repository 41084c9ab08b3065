/* SPDX-License-Identifier: ISC */
#include "keeper/scrape.h"

#include "common/control.h"
#include "keeper/http.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SCRAPES_MAX = 16,
    DOORS_MAX = 4,
    RESPONSE_MOST = IPC_PAYLOAD_MAX + 1024,
    PATIENCE = 5,  /* seconds for a request, and as many for its response */
    PACE = 250000, /* microseconds; the parent is asked no more often, whoever comes */
};

struct scrape {
    TAILQ_ENTRY(scrape) link;
    struct scrapes *all;
    int fd;
    struct event *readable, *writable, *deadline;
    struct buf request, response;
    bool waits;
};

struct door {
    struct scrapes *all;
    int fd;
    struct event *acceptable;
    bool asks_who; /* it is a Unix socket, where the kernel tells */
};

struct scrapes {
    struct event_base *base;
    struct event *pace;
    struct role_groups groups;
    void (*ask)(void *ctx);
    void *ctx;
    struct door doors[DOORS_MAX];
    size_t door_count, count;
    TAILQ_HEAD(, scrape) open;
};

static const struct timeval patience = {PATIENCE, 0}, pace = {0, PACE};

static void event_gone(struct event *event)
{
    if (event)
        event_free(event);
}

static void scrape_free(struct scrape *scrape)
{
    event_gone(scrape->readable);
    event_gone(scrape->writable);
    event_gone(scrape->deadline);
    buf_release(&scrape->request);
    buf_release(&scrape->response);
    close(scrape->fd);
    TAILQ_REMOVE(&scrape->all->open, scrape, link);
    scrape->all->count--;
    free(scrape);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    scrape_free(arg);
}

/* ---- the response ---- */

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct scrape *scrape = arg;
    struct slice left = buf_slice(&scrape->response);
    ssize_t sent = send(fd, left.ptr, left.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (sent > 0)
        buf_consume(&scrape->response, (size_t)sent);
    if (sent <= 0 || buf_len(&scrape->response) == 0)
        scrape_free(scrape);
}

static void respond(struct scrape *scrape, enum http_status status, struct slice body)
{
    scrape->waits = false;
    http_response(&scrape->response, status, body);
    if (scrape->response.failed || event_add(scrape->writable, NULL) != 0)
        scrape_free(scrape);
}

void scrapes_answer(struct scrapes *scrapes, struct slice text)
{
    for (struct scrape *scrape = TAILQ_FIRST(&scrapes->open), *next; scrape; scrape = next) {
        next = TAILQ_NEXT(scrape, link);
        if (scrape->waits)
            respond(scrape, HTTP_OK, text);
    }
}

/* ---- asking ---- */

static void ask(struct scrapes *scrapes)
{
    event_add(scrapes->pace, &pace);
    scrapes->ask(scrapes->ctx);
}

static void on_pace(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct scrapes *scrapes = arg;
    struct scrape *scrape;
    TAILQ_FOREACH(scrape, &scrapes->open, link)
        if (scrape->waits) {
            ask(scrapes);
            return;
        }
}

static void wait_for_metrics(struct scrape *scrape)
{
    scrape->waits = true;
    if (!event_pending(scrape->all->pace, EV_TIMEOUT, NULL))
        ask(scrape->all);
}

/* ---- the request ---- */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct scrape *scrape = arg;
    size_t room;
    char *to = buf_reserve(&scrape->request, HTTP_REQUEST_MOST, &room);
    ssize_t got = to ? recv(fd, to, room, MSG_DONTWAIT) : 0;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        scrape_free(scrape);
        return;
    }
    buf_commit(&scrape->request, (size_t)got);
    enum http_status status = http_request(buf_slice(&scrape->request));
    if (status == HTTP_NOT_YET)
        return;
    event_del(scrape->readable);
    event_add(scrape->deadline, &patience);
    if (status == HTTP_OK)
        wait_for_metrics(scrape);
    else
        respond(scrape, status, SLICE(""));
}

/* ---- who comes ---- */

static void take(struct scrapes *scrapes, int fd)
{
    struct scrape *scrape = calloc(1, sizeof *scrape);
    if (!scrape) {
        close(fd);
        return;
    }
    *scrape = (struct scrape){.all = scrapes,
                              .fd = fd,
                              .request = buf_init(HTTP_REQUEST_MOST),
                              .response = buf_init(RESPONSE_MOST)};
    TAILQ_INSERT_TAIL(&scrapes->open, scrape, link);
    scrapes->count++;
    scrape->readable = event_new(scrapes->base, fd, EV_READ | EV_PERSIST, on_readable, scrape);
    scrape->writable = event_new(scrapes->base, fd, EV_WRITE | EV_PERSIST, on_writable, scrape);
    scrape->deadline = evtimer_new(scrapes->base, on_deadline, scrape);
    if (!scrape->readable || !scrape->writable || !scrape->deadline ||
        event_add(scrape->readable, NULL) != 0 || event_add(scrape->deadline, &patience) != 0)
        scrape_free(scrape);
}

/* What was asked is read once, since what is left unread makes the end a reset. */
static void turn_away(int fd, enum http_status status)
{
    char unheard[1024];
    struct buf out = buf_init(RESPONSE_MOST);
    http_response(&out, status, SLICE(""));
    struct slice text = buf_slice(&out);
    if (recv(fd, unheard, sizeof unheard, MSG_DONTWAIT) != 0)
        send(fd, text.ptr, text.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    buf_release(&out);
    close(fd);
}

static void on_acceptable(evutil_socket_t listening, short what, void *arg)
{
    (void)what;
    const struct door *door = arg;
    struct scrapes *scrapes = door->all;
    struct peer peer = {.role = ROLE_NONE};
    int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    bool may = !door->asks_who || (peer_of(fd, &scrapes->groups, &peer) &&
                                   role_refusal(peer.role, CONTROL_METRICS) == NULL);
    if (!may)
        turn_away(fd, HTTP_FORBIDDEN);
    else if (scrapes->count >= SCRAPES_MAX)
        turn_away(fd, HTTP_UNAVAILABLE);
    else
        take(scrapes, fd);
}

static bool is_unix(int sock)
{
    int family = 0;
    socklen_t len = sizeof family;
    return getsockopt(sock, SOL_SOCKET, SO_DOMAIN, &family, &len) != 0 || family == AF_UNIX;
}

bool scrapes_listen(struct scrapes *scrapes, int listening)
{
    struct door *door = &scrapes->doors[scrapes->door_count];
    if (scrapes->door_count < DOORS_MAX) {
        *door = (struct door){.all = scrapes, .fd = listening, .asks_who = is_unix(listening)};
        door->acceptable =
            event_new(scrapes->base, listening, EV_READ | EV_PERSIST, on_acceptable, door);
        if (door->acceptable && event_add(door->acceptable, NULL) == 0) {
            scrapes->door_count++;
            return true;
        }
        event_gone(door->acceptable);
    }
    close(listening);
    return false;
}

struct scrapes *scrapes_new(struct event_base *base, const struct role_groups *groups,
                            void (*ask_for)(void *ctx), void *ctx)
{
    struct scrapes *scrapes = calloc(1, sizeof *scrapes);
    if (!scrapes)
        return NULL;
    *scrapes = (struct scrapes){.base = base, .groups = *groups, .ask = ask_for, .ctx = ctx};
    TAILQ_INIT(&scrapes->open);
    scrapes->pace = evtimer_new(base, on_pace, scrapes);
    if (!scrapes->pace)
        scrapes_free(&scrapes);
    return scrapes;
}

void scrapes_free(struct scrapes **where)
{
    struct scrapes *scrapes = *where;
    if (!scrapes)
        return;
    while (!TAILQ_EMPTY(&scrapes->open))
        scrape_free(TAILQ_FIRST(&scrapes->open));
    for (size_t i = 0; i < scrapes->door_count; i++) {
        event_gone(scrapes->doors[i].acceptable);
        close(scrapes->doors[i].fd);
    }
    event_gone(scrapes->pace);
    free(scrapes);
    *where = NULL;
}
