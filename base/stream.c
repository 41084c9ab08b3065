/* SPDX-License-Identifier: ISC */
#include "base/stream_internal.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_timer(evutil_socket_t fd, short what, void *arg);

struct stream *stream_await(struct event_base *base, size_t input_max, size_t output_max,
                            const struct stream_owner *owner, void *ctx)
{
    assert(input_max <= STREAM_SCRATCH_SIZE);
    struct stream *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct stream){.base = base,
                         .fd = -1,
                         .wire = WIRE_CONNECTING,
                         .owner = owner,
                         .ctx = ctx,
                         .in = buf_init(STREAM_SCRATCH_SIZE),
                         .input_max = input_max,
                         .out = buf_init(output_max)};
    s->timer = event_new(base, -1, 0, on_timer, s);
    if (!s->timer)
        stream_free(&s);
    return s;
}

void stream_set_waiter(struct stream *s, const struct stream_waiter *waiter)
{
    s->waiter = *waiter;
}

/* False: out of memory; the socket is the caller's still. */
static bool take_socket(struct stream *s, int fd)
{
    s->readable = event_new(s->base, fd, EV_READ | EV_PERSIST, on_readable, s);
    s->writable = event_new(s->base, fd, EV_WRITE | EV_PERSIST, on_writable, s);
    if (!s->readable || !s->writable)
        return false;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    s->fd = fd;
    return true;
}

struct stream *stream_new(struct event_base *base, int fd, size_t input_max, size_t output_max,
                          const struct stream_owner *owner, void *ctx)
{
    struct stream *s = stream_await(base, input_max, output_max, owner, ctx);
    if (!s || !take_socket(s, fd)) {
        close(fd);
        stream_free(&s);
        return NULL;
    }
    s->wire = WIRE_PLAIN;
    stream_start_reading(s);
    return s;
}

static bool begin(int fd, const struct sockaddr *peer, socklen_t peer_len)
{
    return connect(fd, peer, peer_len) == 0 || errno == EINPROGRESS;
}

bool stream_dial(struct stream *s, int fd, const struct sockaddr *peer, socklen_t peer_len)
{
    bool begun = begin(fd, peer, peer_len);
    int error = begun ? ENOMEM : errno;
    if (begun && take_socket(s, fd)) {
        s->waiter = (struct stream_waiter){0};
        stream_want_write(s, true);
        return true;
    }
    close(fd);
    errno = error;
    return false;
}

void stream_without_socket(struct stream *s, const char *what, const char *why)
{
    s->waiter = (struct stream_waiter){0};
    stream_set_error(s, what, why);
    stream_end(s, STREAM_FAILED);
}

struct stream *stream_connect(struct event_base *base, const struct sockaddr *peer,
                              socklen_t peer_len, const struct sockaddr *local, socklen_t local_len,
                              size_t input_max, size_t output_max, const struct stream_owner *owner,
                              void *ctx, const char **reason)
{
    int fd = socket(peer->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || (local && bind(fd, local, local_len) != 0) || !begin(fd, peer, peer_len)) {
        *reason = strerror(errno);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct stream *s = stream_await(base, input_max, output_max, owner, ctx);
    if (!s || !take_socket(s, fd)) {
        *reason = "out of memory";
        close(fd);
        stream_free(&s);
        return NULL;
    }
    stream_want_write(s, true);
    return s;
}

void stream_free(struct stream **stream)
{
    struct stream *s = *stream;
    if (!s)
        return;
    *stream = NULL;
    if (s->freed)
        *s->freed = true;
    if (s->waiter.given_up)
        s->waiter.given_up(s->waiter.ctx);
    if (s->readable)
        event_free(s->readable);
    if (s->writable)
        event_free(s->writable);
    if (s->timer)
        event_free(s->timer);
    if (s->ssl) {
        if (s->wire == WIRE_SECURE)
            SSL_shutdown(s->ssl);
        SSL_free(s->ssl);
        ERR_clear_error();
    }
    if (s->fd >= 0)
        close(s->fd);
    buf_release(&s->in);
    buf_release(&s->out);
    free(s);
}

void stream_set_owner(struct stream *s, const struct stream_owner *owner, void *ctx)
{
    s->owner = owner;
    s->ctx = ctx;
}

SSL *stream_ssl(const struct stream *s)
{
    return s->ssl;
}

int stream_fd(const struct stream *s)
{
    return s->fd;
}

const char *stream_error(const struct stream *s)
{
    return s->error;
}

bool stream_tell(struct stream *s, enum stream_event event)
{
    struct lifeline life;
    lifeline_begin(&life, s);
    s->owner->on_event(s->ctx, event);
    return lifeline_end(&life, s);
}

static void stop_events(struct stream *s)
{
    if (s->reading)
        event_del(s->readable);
    if (s->writing)
        event_del(s->writable);
    event_del(s->timer);
    s->fires_at = 0;
    s->reading = s->writing = false;
    s->deadline = 0;
}

void stream_end(struct stream *s, enum stream_event event)
{
    s->wire = WIRE_OVER;
    stop_events(s);
    stream_tell(s, event);
}

void stream_set_error(struct stream *s, const char *what, const char *why)
{
    snprintf(s->error, sizeof s->error, "%s: %s", what, why);
}

void stream_stop_reading(struct stream *s)
{
    if (s->reading)
        event_del(s->readable);
    s->reading = false;
}

void stream_start_reading(struct stream *s)
{
    if (s->ended)
        return;
    if (!s->reading)
        event_add(s->readable, NULL);
    s->reading = true;
}

void stream_want_write(struct stream *s, bool want)
{
    if (want != s->writing)
        event_del(s->writable);
    if (want && !s->writing) /* one that is active would not be added (libevent) */
        event_add(s->writable, NULL);
    s->writing = want;
}

/* ---- events ---- */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct stream *s = arg;
    if (s->wire == WIRE_HANDSHAKE) {
        stream_handshake(s);
        return;
    }
    if (!stream_is_open(s))
        return;
    if (s->paused) { /* only now does a pause cost a system call */
        stream_stop_reading(s);
        return;
    }
    if (stream_offer_kept(s))
        stream_fill(s);
}

static void connected(struct stream *s)
{
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        stream_set_error(s, "connect", strerror(error));
        stream_end(s, STREAM_FAILED);
        return;
    }
    s->wire = WIRE_PLAIN;
    stream_want_write(s, false);
    stream_start_reading(s);
    stream_tell(s, STREAM_CONNECTED);
}

/* What the peer said before it closed comes first: it may be a reply that says why. */
static void fail_after_reading(struct stream *s)
{
    struct lifeline life;
    lifeline_begin(&life, s);
    for (int turns = 0; turns < STREAM_READS_A_TURN && !s->paused && stream_read_once(s);)
        turns++;
    if (lifeline_end(&life, s) && s->wire != WIRE_OVER)
        stream_end(s, STREAM_FAILED);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct stream *s = arg;
    switch (s->wire) {
    case WIRE_CONNECTING:
        connected(s);
        return;
    case WIRE_HANDSHAKE:
        stream_handshake(s);
        return;
    case WIRE_OVER:
        return;
    case WIRE_PLAIN:
    case WIRE_SECURE:
        break;
    }
    if (!s->failed_later)
        stream_flush(s);
    if (s->failed_later)
        fail_after_reading(s);
    else if (s->notify_drained && !stream_output_pending(s)) {
        s->notify_drained = false;
        stream_tell(s, STREAM_DRAINED);
    }
}

struct slice stream_kept(const struct stream *s)
{
    return buf_slice(&s->in);
}

void stream_bulk(struct stream *s, bool bulk)
{
    s->bulk = bulk;
}

void stream_pause(struct stream *s)
{
    s->paused = true;
}

void stream_resume(struct stream *s)
{
    if (!s->paused)
        return;
    s->paused = false;
    if (!stream_is_open(s))
        return;
    stream_start_reading(s);
    if (buf_len(&s->in) > 0 || (s->ssl && s->may_hold_bytes))
        event_active(s->readable, EV_READ, 1);
}

void stream_outlives_peer(struct stream *s)
{
    s->outlives = true;
}

void stream_half_close(struct stream *s, int64_t ms)
{
    if (s->wire == WIRE_SECURE)
        SSL_shutdown(s->ssl);
    shutdown(s->fd, SHUT_WR);
    stream_deadline(s, ms);
}

/* ---- deadline ---- */

static void arm(struct stream *s, int64_t ms)
{
    struct timeval wait = {ms / 1000, (ms % 1000) * 1000};
    s->fires_at = event_add(s->timer, &wait) == 0 ? s->deadline : 0;
}

void stream_deadline(struct stream *s, int64_t ms)
{
    int64_t now = clock_ms();
    s->deadline = ms > 0 ? now + ms : 0;
    /* A timer that fires too early looks at the deadline and goes on:
     * moving it at every command costs nothing. */
    if (s->deadline != 0 && (s->fires_at <= now || s->deadline < s->fires_at))
        arm(s, ms);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct stream *s = arg;
    s->fires_at = 0;
    if (s->deadline == 0)
        return;
    int64_t left = s->deadline - clock_ms();
    if (left > 0) {
        arm(s, left);
        return;
    }
    s->deadline = 0;
    stream_tell(s, STREAM_TIMEOUT);
}
