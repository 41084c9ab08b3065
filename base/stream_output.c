/* SPDX-License-Identifier: ISC
 * The output of a stream: what is queued, and writing it, plain or as TLS records. */
#include "base/stream_internal.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { IOV_BATCH = 64, TLS_CHUNK = 16 * 1024 };

bool stream_write(struct stream *s, struct slice text)
{
    return buf_append(&s->out, text);
}

bool stream_printf(struct stream *s, const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof text)
        return false;
    return stream_write(s, (struct slice){text, (size_t)n});
}

void stream_write_pieces(struct stream *s, const struct iovec *pieces, size_t count)
{
    assert(s->piece_count == 0);
    s->pieces = pieces;
    s->piece_count = count;
    s->piece_done = 0;
}

bool stream_output_pending(const struct stream *s)
{
    return buf_len(&s->out) > 0 || s->piece_count > 0;
}

size_t stream_text_pending(const struct stream *s)
{
    return buf_len(&s->out);
}

void stream_notify_drained(struct stream *s)
{
    s->notify_drained = true;
    if (!stream_output_pending(s))
        event_active(s->writable, EV_WRITE, 1);
}

/* The next bytes to write, as at most `max` pieces. */
static size_t gather(const struct stream *s, struct iovec *iov, size_t max)
{
    size_t n = 0;
    struct slice text = buf_slice(&s->out);
    if (text.len)
        iov[n++] = (struct iovec){(void *)(uintptr_t)text.ptr, text.len};
    for (size_t i = 0; i < s->piece_count && n < max; i++) {
        struct iovec piece = s->pieces[i];
        if (i == 0) {
            piece.iov_base = (char *)piece.iov_base + s->piece_done;
            piece.iov_len -= s->piece_done;
        }
        if (piece.iov_len)
            iov[n++] = piece;
    }
    return n;
}

static void wrote(struct stream *s, size_t n)
{
    size_t text = buf_len(&s->out);
    size_t of_text = n < text ? n : text;
    buf_consume(&s->out, of_text);
    n -= of_text;
    while (s->piece_count > 0) {
        size_t left = s->pieces[0].iov_len - s->piece_done;
        if (n < left) {
            s->piece_done += n;
            return;
        }
        n -= left;
        s->pieces++;
        s->piece_count--;
        s->piece_done = 0;
    }
}

static ssize_t write_plain(struct stream *s)
{
    struct iovec iov[IOV_BATCH];
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = gather(s, iov, IOV_BATCH)};
    if (msg.msg_iovlen == 0)
        return 0;
    ssize_t n = sendmsg(s->fd, &msg, MSG_NOSIGNAL);
    if (n >= 0)
        return n;
    if (errno == EAGAIN || errno == EINTR)
        return IO_AGAIN;
    stream_set_error(s, "write", strerror(errno));
    return IO_ERROR;
}

/* One record's worth: straight from a long piece, or several short ones put together. The same
 * bytes come out again after a WANT_WRITE, as OpenSSL demands. */
static struct slice tls_chunk(const struct stream *s, char together[static TLS_CHUNK])
{
    struct iovec iov[IOV_BATCH];
    size_t count = gather(s, iov, IOV_BATCH), used = 0;
    if (count == 0)
        return (struct slice){NULL, 0};
    if (iov[0].iov_len >= TLS_CHUNK || count == 1)
        return (struct slice){iov[0].iov_base,
                              iov[0].iov_len < TLS_CHUNK ? iov[0].iov_len : TLS_CHUNK};
    for (size_t i = 0; i < count && used < TLS_CHUNK; i++) {
        size_t n = iov[i].iov_len < TLS_CHUNK - used ? iov[i].iov_len : TLS_CHUNK - used;
        memcpy(together + used, iov[i].iov_base, n);
        used += n;
    }
    return (struct slice){together, used};
}

static ssize_t write_tls(struct stream *s)
{
    static char together[TLS_CHUNK];
    struct slice chunk = tls_chunk(s, together);
    if (chunk.len == 0)
        return 0;
    ERR_clear_error();
    int n = SSL_write(s->ssl, chunk.ptr, (int)chunk.len);
    if (n > 0)
        return n;
    int why = SSL_get_error(s->ssl, n);
    if (why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ)
        return IO_AGAIN;
    stream_set_error(s, "TLS write", stream_tls_reason());
    return IO_ERROR;
}

static void fail_later(struct stream *s)
{
    s->failed_later = true;
    event_active(s->writable, EV_WRITE, 1);
}

void stream_flush(struct stream *s)
{
    if ((s->wire != WIRE_PLAIN && s->wire != WIRE_SECURE) || s->failed_later)
        return;
    while (stream_output_pending(s)) {
        ssize_t n = s->ssl ? write_tls(s) : write_plain(s);
        if (n == IO_AGAIN) {
            stream_want_write(s, true);
            return;
        }
        if (n < 0) {
            fail_later(s);
            return;
        }
        wrote(s, (size_t)n);
    }
    if (buf_len(&s->out) == 0)
        buf_release(&s->out);
    stream_want_write(s, false);
    if (s->notify_drained)
        event_active(s->writable, EV_WRITE, 1);
}

void stream_flush_whole(struct stream *s)
{
    if (s->out.failed && !s->failed_later) {
        stream_set_error(s, "write", "out of memory");
        fail_later(s);
    }
    stream_flush(s);
}
