/* SPDX-License-Identifier: ISC */
#include "base/stream_internal.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SCRATCH_SIZE = 64 * 1024,
    READS_A_TURN = 8, /* TLS records read before others get their turn */
};

/* One thread, one loop: input passes through here and is copied only when its owner leaves some. */
static char scratch[SCRATCH_SIZE];

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_timer(evutil_socket_t fd, short what, void *arg);
static void fill(struct stream *s);

struct stream *stream_new(struct event_base *base, int fd, size_t input_max, size_t output_max,
                          const struct stream_owner *owner, void *ctx)
{
    assert(input_max <= SCRATCH_SIZE);
    struct stream *s = calloc(1, sizeof *s);
    if (!s) {
        close(fd);
        return NULL;
    }
    *s = (struct stream){.base = base,
                         .fd = fd,
                         .wire = WIRE_PLAIN,
                         .owner = owner,
                         .ctx = ctx,
                         .in = buf_init(SCRATCH_SIZE),
                         .input_max = input_max,
                         .out = buf_init(output_max)};
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    s->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, s);
    s->writable = event_new(base, fd, EV_WRITE | EV_PERSIST, on_writable, s);
    s->timer = event_new(base, -1, 0, on_timer, s);
    if (!s->readable || !s->writable || !s->timer) {
        stream_free(&s);
        return NULL;
    }
    event_add(s->readable, NULL);
    s->reading = true;
    return s;
}

struct stream *stream_connect(struct event_base *base, const struct sockaddr *peer,
                              socklen_t peer_len, const struct sockaddr *local, socklen_t local_len,
                              size_t input_max, size_t output_max, const struct stream_owner *owner,
                              void *ctx, const char **reason)
{
    int fd = socket(peer->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || (local && bind(fd, local, local_len) != 0) ||
        (connect(fd, peer, peer_len) != 0 && errno != EINPROGRESS)) {
        *reason = strerror(errno);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct stream *s = stream_new(base, fd, input_max, output_max, owner, ctx);
    if (!s) {
        *reason = "out of memory";
        return NULL;
    }
    s->wire = WIRE_CONNECTING;
    event_del(s->readable);
    s->reading = false;
    event_add(s->writable, NULL);
    s->writing = true;
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

/* Calls the owner; false when it freed the stream. */
static bool tell(struct stream *s, enum stream_event event)
{
    bool freed = false, *outer = s->freed;
    s->freed = &freed;
    s->owner->on_event(s->ctx, event);
    if (freed) {
        if (outer)
            *outer = true;
        return false;
    }
    s->freed = outer;
    return true;
}

static void stop_events(struct stream *s)
{
    if (s->reading)
        event_del(s->readable);
    if (s->writing)
        event_del(s->writable);
    event_del(s->timer);
    s->reading = s->writing = false;
    s->deadline = 0;
}

static void end(struct stream *s, enum stream_event event)
{
    s->wire = WIRE_OVER;
    stop_events(s);
    tell(s, event);
}

void stream_set_error(struct stream *s, const char *what, const char *why)
{
    snprintf(s->error, sizeof s->error, "%s: %s", what, why);
}

const char *stream_tls_reason(void)
{
    unsigned long code = ERR_peek_last_error();
    const char *text = code ? ERR_reason_error_string(code) : NULL;
    return text ? text : "connection broken";
}

/* ---- reading ---- */

static ssize_t read_plain(struct stream *s, char *to, size_t room)
{
    ssize_t n = recv(s->fd, to, room, 0);
    if (n > 0)
        return n;
    if (n == 0)
        return IO_END;
    if (errno == EAGAIN || errno == EINTR)
        return IO_AGAIN;
    stream_set_error(s, "read", strerror(errno));
    return IO_ERROR;
}

static ssize_t read_tls(struct stream *s, char *to, size_t room)
{
    ERR_clear_error();
    int n = SSL_read(s->ssl, to, room > INT_MAX ? INT_MAX : (int)room);
    s->may_hold_bytes = n > 0;
    if (n > 0)
        return n;
    switch (SSL_get_error(s->ssl, n)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return IO_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return IO_END;
    default:
        stream_set_error(s, "TLS read", stream_tls_reason());
        return IO_ERROR;
    }
}

/* Offers bytes to the owner; what it leaves goes to (or stays in) s->in.
 * False when the stream was freed. */
static bool offer(struct stream *s, struct slice bytes, bool kept)
{
    bool freed = false, *outer = s->freed;
    s->freed = &freed;
    size_t taken = s->owner->on_input(s->ctx, bytes);
    if (freed) {
        if (outer)
            *outer = true;
        return false;
    }
    s->freed = outer;
    assert(taken <= bytes.len);
    if (s->wire == WIRE_HANDSHAKE) /* the owner turned to TLS: the rest was plaintext and is gone */
        return true;
    if (kept)
        buf_consume(&s->in, taken);
    else if (!buf_append(&s->in, slice_from(bytes, taken))) {
        stream_set_error(s, "read", "out of memory");
        s->failed_later = s->paused = true; /* what follows the gap is not offered */
        event_active(s->writable, EV_WRITE, 1);
    }
    if (buf_len(&s->in) == 0)
        buf_release(&s->in);
    return true;
}

static void stop_reading(struct stream *s)
{
    if (s->reading)
        event_del(s->readable);
    s->reading = false;
}

static void start_reading(struct stream *s)
{
    if (!s->reading)
        event_add(s->readable, NULL);
    s->reading = true;
}

/* Reads once and offers. False: nothing more to do now (no bytes, over, paused or freed). */
static bool read_once(struct stream *s)
{
    size_t kept = buf_len(&s->in);
    if (kept >= s->input_max) {
        stop_reading(s);
        return false;
    }
    /* Read behind what was left, so that the owner sees one run. */
    size_t most = (s->bulk ? SCRATCH_SIZE : s->input_max) - kept;
    char *to = scratch + kept;
    ssize_t n = s->ssl ? read_tls(s, to, most) : read_plain(s, to, most);
    if (n == IO_AGAIN)
        return false;
    if (n < 0) {
        end(s, n == IO_END ? STREAM_CLOSED : STREAM_FAILED);
        return false;
    }
    if (kept) {
        struct slice left = buf_slice(&s->in);
        memcpy(scratch, left.ptr, left.len);
        buf_clear(&s->in);
    }
    bool secret = s->secret, there = offer(s, (struct slice){scratch, kept + (size_t)n}, false);
    if (secret)
        explicit_bzero(scratch, kept + (size_t)n);
    if (!there)
        return false;
    stream_flush(s);
    return !s->paused && (s->wire == WIRE_SECURE || s->wire == WIRE_PLAIN);
}

static void fill(struct stream *s)
{
    bool freed = false, *outer = s->freed;
    s->freed = &freed;
    int turns = 0;
    while (read_once(s)) {
        if (!s->ssl) /* level-triggered: the loop tells again */
            break;
        if (++turns == READS_A_TURN) {
            event_active(s->readable, EV_READ, 1);
            break;
        }
    }
    if (freed) {
        if (outer)
            *outer = true;
        return;
    }
    s->freed = outer;
}

bool stream_input_waits(const struct stream *s)
{
    char c;
    return (s->ssl && SSL_pending(s->ssl) > 0) ||
           recv(s->fd, &c, sizeof c, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* ---- handshake ---- */

void stream_want_write(struct stream *s, bool want)
{
    if (want != s->writing)
        event_del(s->writable);
    if (want && !s->writing) /* one that is active would not be added (libevent) */
        event_add(s->writable, NULL);
    s->writing = want;
}

static void handshake(struct stream *s)
{
    if (s->failed_later) {
        end(s, STREAM_FAILED);
        return;
    }
    ERR_clear_error();
    int n = SSL_do_handshake(s->ssl);
    if (n == 1) {
        s->wire = WIRE_SECURE;
        s->may_hold_bytes = true;
        stream_want_write(s, false);
        start_reading(s);
        if (tell(s, STREAM_SECURED) && !s->paused && s->wire == WIRE_SECURE)
            event_active(s->readable, EV_READ, 1);
        return;
    }
    switch (SSL_get_error(s->ssl, n)) {
    case SSL_ERROR_WANT_READ:
        stream_want_write(s, false);
        start_reading(s);
        break;
    case SSL_ERROR_WANT_WRITE:
        stream_want_write(s, true);
        break;
    default:
        stream_set_error(s, "TLS handshake", stream_tls_reason());
        end(s, STREAM_FAILED);
    }
}

static void cleanse_plaintext(struct stream *s)
{
    if (s->ssl && s->secret)
        SSL_set_options(s->ssl, SSL_OP_CLEANSE_PLAINTEXT);
    else if (s->ssl)
        SSL_clear_options(s->ssl, SSL_OP_CLEANSE_PLAINTEXT);
}

size_t stream_secure(struct stream *s, SSL *ssl)
{
    size_t thrown_away = buf_len(&s->in);
    buf_release(&s->in);
    stream_flush(s); /* the "220 go ahead" leaves in plaintext, or not at all */
    if (stream_output_pending(s)) {
        stream_set_error(s, "STARTTLS", "the peer does not read");
        s->failed_later = true;
    }
    SSL_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                          SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_set_fd(ssl, s->fd);
    s->ssl = ssl;
    cleanse_plaintext(s);
    s->wire = WIRE_HANDSHAKE;
    s->paused = false;
    start_reading(s);
    event_active(s->writable, EV_WRITE, 1);
    return thrown_away;
}

/* ---- events ---- */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct stream *s = arg;
    if (s->wire == WIRE_HANDSHAKE) {
        handshake(s);
        return;
    }
    if (s->wire != WIRE_PLAIN && s->wire != WIRE_SECURE)
        return;
    if (s->paused) { /* only now does a pause cost a system call */
        stop_reading(s);
        return;
    }
    if (buf_len(&s->in) > 0) {
        size_t before = buf_len(&s->in);
        if (!offer(s, buf_slice(&s->in), true))
            return;
        stream_flush(s);
        if (s->paused || (s->wire != WIRE_PLAIN && s->wire != WIRE_SECURE))
            return;
        if (buf_len(&s->in) < before)
            start_reading(s);
    }
    fill(s);
}

static void connected(struct stream *s)
{
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error != 0) {
        stream_set_error(s, "connect", strerror(error));
        end(s, STREAM_FAILED);
        return;
    }
    s->wire = WIRE_PLAIN;
    stream_want_write(s, false);
    start_reading(s);
    tell(s, STREAM_CONNECTED);
}

/* What the peer said before it closed comes first: it may be a reply that says why. */
static void fail_after_reading(struct stream *s)
{
    bool freed = false, *outer = s->freed;
    s->freed = &freed;
    for (int turns = 0; turns < READS_A_TURN && !s->paused && read_once(s);)
        turns++;
    if (freed) {
        if (outer)
            *outer = true;
        return;
    }
    s->freed = outer;
    if (s->wire != WIRE_OVER)
        end(s, STREAM_FAILED);
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
        handshake(s);
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
        tell(s, STREAM_DRAINED);
    }
}

void stream_bulk(struct stream *s, bool bulk)
{
    s->bulk = bulk;
}

/* What the buffer holds may still be secret afterwards. */
void stream_reads_secrets(struct stream *s, bool secret)
{
    s->secret = secret;
    s->in.wipes |= secret;
    cleanse_plaintext(s);
}

void stream_writes_secrets(struct stream *s)
{
    s->out.wipes = true;
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
    if (s->wire != WIRE_PLAIN && s->wire != WIRE_SECURE)
        return;
    start_reading(s);
    if (buf_len(&s->in) > 0 || (s->ssl && s->may_hold_bytes))
        event_active(s->readable, EV_READ, 1);
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
    event_add(s->timer, &wait);
}

void stream_deadline(struct stream *s, int64_t ms)
{
    int64_t earlier = s->deadline;
    s->deadline = ms > 0 ? clock_ms() + ms : 0;
    /* A timer that fires too early looks at the deadline and goes on:
     * moving it at every command costs nothing. */
    if (s->deadline != 0 &&
        (earlier == 0 || s->deadline < earlier || !event_pending(s->timer, EV_TIMEOUT, NULL)))
        arm(s, ms);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct stream *s = arg;
    if (s->deadline == 0)
        return;
    int64_t left = s->deadline - clock_ms();
    if (left > 0) {
        arm(s, left);
        return;
    }
    s->deadline = 0;
    tell(s, STREAM_TIMEOUT);
}
