/* SPDX-License-Identifier: ISC */
#include "proxy/session/introduced.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/session/proxy_header.h"
#include "proxy/session/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 4096 /* that wait at one listener */, TELL_AGAIN_MS = 60000 };

struct introduced {
    LIST_ENTRY(introduced) link;
    struct introductions *of;
    struct event *readable; /* fires once: then the descriptor is free for a session's own */
    int64_t until;          /* clock_ms */
    int fd;
    struct ip balancer;
    uint16_t port;
    size_t len;
    char bytes[PROXY_HEADER_MAX];
};

struct introductions {
    struct proxy *proxy;
    const struct mail_protocol *protocol;
    const struct listener *listener;
    LIST_HEAD(, introduced) waiting;
    size_t count;
    int64_t closed, tell_at; /* those for whom there was no room, not yet told; clock_ms */
};

struct introductions *introductions_new(struct proxy *proxy, const struct mail_protocol *protocol,
                                        const struct listener *listener)
{
    struct introductions *all = calloc(1, sizeof *all);
    if (all)
        *all = (struct introductions){.proxy = proxy, .protocol = protocol, .listener = listener};
    return all;
}

/* Its descriptor is somebody else's, or closed, by now. */
static void forget(struct introduced *i)
{
    struct proxy *proxy = i->of->proxy;
    LIST_REMOVE(i, link);
    i->of->count--;
    proxy->expected--;
    if (i->readable)
        event_free(i->readable);
    free(i);
    proxy_end_if_drained(proxy);
}

static void hang_up(struct introduced *i, const char *why)
{
    char address[46];
    ip_text(&i->balancer, address);
    if (why) {
        shared_count(i->of->proxy->shared, i->of->proxy->row, COUNTER_NOT_INTRODUCED, 1);
        log_at(LEVEL_WARNING, "", "no PROXY header, connection closed", field_str("peer", address),
               field_text("listener", i->of->listener->name), field_str("reason", why));
    }
    close(i->fd);
    forget(i);
}

void introductions_free(struct introductions **introductions)
{
    struct introductions *all = *introductions;
    if (!all)
        return;
    for (struct introduced *i = LIST_FIRST(&all->waiting), *next; i; i = next) {
        next = LIST_NEXT(i, link);
        hang_up(i, NULL);
    }
    free(all);
    *introductions = NULL;
}

/* ---- read ---- */

/* What has come is looked at, and of it the header taken alone: what is behind it, TLS as well, is
 * the session's. 1: something was taken; 0: nothing is there; -1: *why. */
static int read_more(struct introduced *i, const char **why)
{
    ssize_t seen =
        recv(i->fd, i->bytes + i->len, sizeof i->bytes - i->len, MSG_PEEK | MSG_DONTWAIT);
    *why = seen == 0 ? "the balancer hung up" : strerror(errno);
    if (seen <= 0)
        return seen < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
    size_t reach = proxy_header_reach((struct slice){i->bytes, i->len + (size_t)seen});
    *why = "the connection begins with something else";
    if (reach <= i->len)
        return -1;
    *why = "it cannot be read";
    if (recv(i->fd, i->bytes + i->len, reach - i->len, MSG_DONTWAIT) != (ssize_t)(reach - i->len))
        return -1;
    i->len = reach;
    return 1;
}

static void begin_session(struct introduced *i, const struct proxy_header *header)
{
    const struct introductions *all = i->of;
    const struct introduction said = {.balancer = i->balancer,
                                      .health = header->local,
                                      .tls = header->tls,
                                      .server_port = header->server_port,
                                      .tls_version = header->tls_version,
                                      .tls_cipher = header->tls_cipher,
                                      .server_name = header->server_name};
    const struct arrival arrival = {.fd = i->fd,
                                    .client = header->local ? i->balancer : header->client,
                                    .port = header->local ? i->port : header->client_port,
                                    .local = header->server,
                                    .said = &said};
    session_begin(all->proxy, all->protocol, all->listener, &arrival);
    forget(i);
}

/* All of it is to come within the time, however it is cut. */
static bool await_more(struct introduced *i)
{
    int64_t ms = i->until - clock_ms();
    struct timeval limit = {ms / 1000, (ms % 1000) * 1000};
    return ms > 0 && event_add(i->readable, &limit) == 0;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    static const char late[] = "it does not come in time";
    (void)fd;
    struct introduced *i = arg;
    struct proxy_header header;
    const char *why = late;
    int got = what & EV_TIMEOUT ? -1 : read_more(i, &why);
    enum proxy_header_state state = PROXY_HEADER_UNFINISHED;
    if (got > 0)
        state = proxy_header_read((struct slice){i->bytes, i->len}, &header, &why);
    if (got < 0 || state == PROXY_HEADER_BROKEN ||
        (state == PROXY_HEADER_UNFINISHED && i->len == sizeof i->bytes))
        hang_up(i, why);
    else if (state == PROXY_HEADER_READ)
        begin_session(i, &header);
    else if (!await_more(i))
        hang_up(i, late);
}

/* A flood is not a line each. */
static void no_room(struct introductions *all, int fd)
{
    int64_t now = clock_ms();
    close(fd);
    shared_count(all->proxy->shared, all->proxy->row, COUNTER_NOT_INTRODUCED, 1);
    all->closed++;
    if (now < all->tell_at)
        return;
    log_at(LEVEL_WARNING, "", "too many connections wait for a PROXY header, others are closed",
           field_text("listener", all->listener->name), field_num("closed", all->closed));
    all->closed = 0;
    all->tell_at = now + TELL_AGAIN_MS;
}

void introductions_await(struct introductions *introductions, int fd, const struct ip *balancer,
                         uint16_t port)
{
    struct proxy *proxy = introductions->proxy;
    struct introduced *i = introductions->count < MOST ? malloc(sizeof *i) : NULL;
    if (!i) {
        no_room(introductions, fd);
        return;
    }
    i->of = introductions;
    i->fd = fd;
    i->balancer = *balancer;
    i->port = port;
    i->len = 0;
    i->until = clock_ms() + proxy->config->settings.timeouts_handshake;
    i->readable = event_new(proxy->base, fd, EV_READ, on_readable, i);
    LIST_INSERT_HEAD(&introductions->waiting, i, link);
    introductions->count++;
    proxy->expected++;
    if (!i->readable)
        hang_up(i, "out of memory");
    else
        on_readable(fd, EV_READ, i); /* it has come with the connection, mostly */
}
