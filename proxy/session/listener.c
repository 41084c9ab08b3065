/* SPDX-License-Identifier: ISC */
#include "proxy/session/listener.h"

#include "base/listening_end.h"
#include "base/log.h"
#include "policy/table.h"
#include "proxy/session/introduced.h"
#include "proxy/session/listener_asked.h"
#include "proxy/session/session.h"
#include "proxy/upstream/socket_end.h"
#include "proxy/upstream/upstream_connect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    ACCEPTS_A_TURN = 16,
    ASKED_A_TURN = 2, /* of those that all proxies are offered */
    NOTHING_MOST = 100,
    PAUSE_MS = 100,
};

struct acceptor {
    struct proxy *proxy;
    const struct mail_protocol *protocol;
    const struct listener *listener;
    int fd;
    struct introductions *introductions; /* of load balancers; NULL: there are none */
    struct event *readable, *pause;
    struct event *end; /* of a socket that is given up */
    unsigned nothing;  /* in a row */
};

/* The same port may be another host's. */
static bool is_own_place(const struct listener *listener, const struct ip *ip, uint16_t port)
{
    return port == listener->port && upstream_is_here(ip);
}

/* The address that was reached: for rules that ask whether HELO pretends to be it, and where clients are led here on
 * their way to a server. Whoever came to the listener's own port was not. */
static void find_local(const struct acceptor *a, struct arrival *arrival)
{
    struct ip local;
    uint16_t port;
    if ((a->listener->transparent || policy_uses(a->proxy->config->policy, FACT_HELO_OURS)) &&
        socket_own_end(arrival->fd, &local, &port)) {
        arrival->local = local;
        if (a->listener->transparent && !is_own_place(a->listener, &local, port))
            arrival->local_port = port;
    }
}

/* Out of descriptors or memory: the queue waits a moment instead of spinning the loop. */
static void rest(struct acceptor *a, int error)
{
    struct timeval moment = {0, PAUSE_MS * 1000L};
    log_at(LEVEL_ERROR, "", "accept failed", field_text("listener", a->listener->name),
           field_str("reason", strerror(error)));
    event_del(a->readable);
    event_add(a->pause, &moment);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct acceptor *a = arg;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage from;
        socklen_t len = sizeof from;
        int client = accept4(fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
                rest(a, errno);
            return;
        }
        struct arrival arrival = {.fd = client};
        socket_end(&from, &arrival.client, &arrival.port);
        if (a->introductions && table_holds_ip(a->listener->balancers, &arrival.client)) {
            introductions_await(a->introductions, client, &arrival.client, arrival.port);
            continue;
        }
        find_local(a, &arrival);
        session_begin(a->proxy, a->protocol, a->listener, &arrival);
    }
}

/* Whoever asks is asked for by all proxies; what is no client is passed by, as is a queue that somebody has closed:
 * another comes. */
static void on_asked(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct acceptor *a = arg;
    struct milter_client client;
    int stream, got = 1;
    for (int i = 0; i < ASKED_A_TURN && got > 0; i++) {
        got = listener_asked(fd, &client, &stream);
        if (got > 0)
            session_begin(a->proxy, a->protocol, a->listener,
                          &(struct arrival){.fd = stream,
                                            .client = client.ip,
                                            .port = client.port,
                                            .granted = client.granted});
    }
    if (got < 0 && errno != ECONNRESET) { /* no room for a descriptor, or no client */
        rest(a, errno);
        return;
    }
    a->nothing = got < 0 ? a->nothing + 1 : 0;
    if (a->nothing == NOTHING_MOST)
        event_del(a->readable);
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct acceptor *a = arg;
    event_add(a->readable, NULL);
}

struct acceptor *acceptor_new(struct proxy *proxy, const struct mail_protocol *protocol,
                              const struct listener *listener, int fd)
{
    struct acceptor *a = calloc(1, sizeof *a);
    if (!a) {
        close(fd);
        return NULL;
    }
    *a = (struct acceptor){.proxy = proxy, .protocol = protocol, .listener = listener, .fd = fd};
    a->readable = event_new(proxy->base, fd, EV_READ | EV_PERSIST,
                            listener->protocol == PROTOCOL_MILTER ? on_asked : on_readable, a);
    a->pause = event_new(proxy->base, -1, 0, on_pause_over, a);
    if (listener->balancers)
        a->introductions = introductions_new(proxy, protocol, listener);
    if (!a->readable || !a->pause || !listener->balancers != !a->introductions ||
        event_add(a->readable, NULL) != 0)
        acceptor_free(&a);
    return a;
}

static void stop_accepting(struct acceptor *a)
{
    struct event *const events[] = {a->readable, a->pause, a->end};
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (events[i])
            event_free(events[i]);
    a->proxy->expected -= a->end != NULL;
    a->readable = a->pause = a->end = NULL;
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct acceptor *a = arg;
    stop_accepting(a);
    proxy_end_if_drained(a->proxy);
}

/* False: out of memory, and those that are on their way are reset. */
static bool end_later(struct acceptor *a)
{
    struct timeval later = {LISTENING_END_MS / 1000, LISTENING_END_MS % 1000 * 1000L};
    a->end = event_new(a->proxy->base, -1, 0, on_end, a);
    a->proxy->expected += a->end != NULL;
    return a->end && event_add(a->end, &later) == 0;
}

void acceptor_drain(struct acceptor *a)
{
    if (a && !(a->fd >= 0 && listening_is_ending(a->fd) && end_later(a)))
        stop_accepting(a);
}

void acceptor_free(struct acceptor **acceptor)
{
    struct acceptor *a = *acceptor;
    if (!a)
        return;
    stop_accepting(a);
    introductions_free(&a->introductions);
    free(a);
    *acceptor = NULL;
}
