/* SPDX-License-Identifier: ISC */
#include "proxy/upstream/client_source.h"

#include "common/sourcing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct client_source {
    struct event_base *base;
    struct stream *stream;
    struct event *event;
    int queue, connection, sock;
    bool any_port; /* his own was tried */
    struct sockaddr_storage peer;
    socklen_t peer_len;
};

static void stop(struct client_source *c)
{
    if (c->event)
        event_free(c->event);
    if (c->sock >= 0)
        close(c->sock);
    c->event = NULL;
    c->sock = -1;
}

static void given_up(void *ctx)
{
    struct client_source *c = ctx;
    stop(c);
    free(c);
}

static void fail(struct client_source *c, const char *why)
{
    struct stream *stream = c->stream;
    char text[SOURCING_REASON_MAX + 1];
    size_t len = strnlen(why, sizeof text - 1);
    memcpy(text, why, len);
    text[len] = '\0';
    given_up(c);
    stream_without_socket(stream, "the client's address", text);
}

static bool ask(struct client_source *c, const char **reason);

/* Of the same client and port the kernel may remember one that we have closed. */
static void use(struct client_source *c, int fd)
{
    const char *reason = NULL;
    if (stream_dial(c->stream, fd, (const struct sockaddr *)&c->peer, c->peer_len)) {
        given_up(c);
        return;
    }
    if (c->any_port || errno != EADDRNOTAVAIL) {
        fail(c, strerror(errno));
        return;
    }
    c->any_port = true;
    if (!ask(c, &reason))
        fail(c, reason);
}

static void on_answer(evutil_socket_t sock, short what, void *arg)
{
    (void)what;
    struct client_source *c = arg;
    struct sourcing_answer answer;
    int got = sourcing_collect(sock, &answer);
    if (got == 0)
        return;
    stop(c);
    if (got < 0)
        fail(c, "gatepost-source has died");
    else if (answer.fd < 0)
        fail(c, answer.reason);
    else
        use(c, answer.fd);
}

static bool ask(struct client_source *c, const char **reason)
{
    *reason = "there is no gatepost-source";
    if (c->queue < 0)
        return false;
    c->sock = sourcing_ask(c->queue, c->connection, c->any_port);
    *reason = errno == EAGAIN ? "gatepost-source's queue is full" : strerror(errno);
    if (c->sock < 0)
        return false;
    c->event = event_new(c->base, c->sock, EV_READ | EV_PERSIST, on_answer, c);
    *reason = "out of memory";
    return c->event && event_add(c->event, NULL) == 0;
}

bool client_source_begin(struct event_base *base, int queue, int connection, struct stream *stream,
                         const struct sockaddr_storage *peer, socklen_t peer_len,
                         const char **reason)
{
    struct client_source *c = malloc(sizeof *c);
    *reason = "out of memory";
    if (!c)
        return false;
    *c = (struct client_source){.base = base,
                                .stream = stream,
                                .queue = queue,
                                .connection = connection,
                                .sock = -1,
                                .peer = *peer,
                                .peer_len = peer_len};
    if (!ask(c, reason)) {
        given_up(c);
        return false;
    }
    stream_set_waiter(stream, &(struct stream_waiter){given_up, c});
    return true;
}
