/* SPDX-License-Identifier: ISC */
#include "base/stream_internal.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>

/* One thread, one loop: input passes through here and is copied only when its owner leaves some. */
static char scratch[STREAM_SCRATCH_SIZE];

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
    struct lifeline life;
    lifeline_begin(&life, s);
    size_t taken = s->owner->on_input(s->ctx, bytes);
    if (!lifeline_end(&life, s))
        return false;
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

bool stream_read_once(struct stream *s)
{
    size_t kept = buf_len(&s->in);
    if (kept >= s->input_max) {
        stream_stop_reading(s);
        return false;
    }
    /* Read behind what was left, so that the owner sees one run. */
    size_t most = (s->bulk ? STREAM_SCRATCH_SIZE : s->input_max) - kept;
    char *to = scratch + kept;
    ssize_t n = s->ssl ? read_tls(s, to, most) : read_plain(s, to, most);
    if (n == IO_AGAIN)
        return false;
    if (n == IO_END && s->outlives) {
        s->ended = true;
        stream_stop_reading(s);
        stream_tell(s, STREAM_CLOSED);
        return false;
    }
    if (n < 0) {
        stream_end(s, n == IO_END ? STREAM_CLOSED : STREAM_FAILED);
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
    return !s->paused && stream_is_open(s);
}

void stream_fill(struct stream *s)
{
    struct lifeline life;
    int turns = 0;
    lifeline_begin(&life, s);
    while (stream_read_once(s)) {
        if (!s->ssl) /* level-triggered: the loop tells again */
            break;
        if (++turns == STREAM_READS_A_TURN) {
            event_active(s->readable, EV_READ, 1);
            break;
        }
    }
    lifeline_end(&life, s);
}

bool stream_offer_kept(struct stream *s)
{
    size_t before = buf_len(&s->in);
    if (before == 0)
        return true;
    if (!offer(s, buf_slice(&s->in), true))
        return false;
    stream_flush(s);
    if (s->paused || !stream_is_open(s))
        return false;
    if (buf_len(&s->in) < before)
        stream_start_reading(s);
    return true;
}

bool stream_input_waits(const struct stream *s)
{
    char c;
    return (s->ssl && SSL_pending(s->ssl) > 0) ||
           recv(s->fd, &c, sizeof c, MSG_PEEK | MSG_DONTWAIT) > 0;
}
