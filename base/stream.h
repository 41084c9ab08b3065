/* SPDX-License-Identifier: ISC
 * A connection, plain or TLS, on a libevent base: hard limits on what is buffered, back-pressure
 * both ways.
 *
 * Input is read into one scratch buffer that all streams of the process share and offered to the
 * owner at once; only what the owner leaves is kept, and nothing is read while that is `input_max`
 * or more. So an idle connection holds no buffer. While a stream is paused nothing is offered and,
 * once the peer sends more, nothing is read.
 *
 * Output is queued: small text in a bounded buffer, then borrowed pieces (a message body), and
 * written when the socket takes it.
 *
 * The owner may free the stream from inside any of its callbacks. */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include "base/slice.h"

#include <event2/event.h>
#include <openssl/ssl.h>
#include <sys/uio.h>

struct stream;

enum stream_event {
    STREAM_CONNECTED, /* the connect that stream_connect began has succeeded */
    STREAM_SECURED,   /* the TLS handshake is complete */
    /* Everything queued has been written (told only when stream_notify_drained asked). */
    STREAM_DRAINED,
    STREAM_CLOSED,  /* the peer closed in an orderly way */
    STREAM_FAILED,  /* an error: stream_error tells */
    STREAM_TIMEOUT, /* the deadline passed */
};

struct stream_owner {
    /* Bytes have come, with what was left before in front. Returns how many it took. */
    size_t (*on_input)(void *ctx, struct slice bytes);
    void (*on_event)(void *ctx, enum stream_event event);
};

/* Takes over a connected non-blocking socket; input_max at most 64 KiB. NULL when memory is out
 * (the socket is closed). */
struct stream *stream_new(struct event_base *base, int fd, size_t input_max, size_t output_max,
                          const struct stream_owner *owner, void *ctx);

/* Begins to connect; CONNECTED or FAILED follows. `local` may be NULL. NULL: *reason (static text
 * or strerror) says why. */
struct stream *stream_connect(struct event_base *base, const struct sockaddr *peer,
                              socklen_t peer_len, const struct sockaddr *local, socklen_t local_len,
                              size_t input_max, size_t output_max, const struct stream_owner *owner,
                              void *ctx, const char **reason);

/* One that has no socket yet, as somebody else makes it: whoever waits for it (stream_waiter) gives it one
 * with stream_dial. Deadlines hold meanwhile. NULL when memory is out. */
struct stream *stream_await(struct event_base *base, size_t input_max, size_t output_max,
                            const struct stream_owner *owner, void *ctx);
/* Who waits; `given_up` is called when the stream is freed before it has a socket. */
struct stream_waiter {
    void (*given_up)(void *ctx);
    void *ctx;
};
void stream_set_waiter(struct stream *stream, const struct stream_waiter *waiter);
/* Takes over that socket and begins to connect, as stream_connect does; nobody waits any more. False with
 * errno: it is closed, and the stream as it was. */
bool stream_dial(struct stream *stream, int fd, const struct sockaddr *peer, socklen_t peer_len);
/* There will be none: FAILED is told, from inside. Nobody waits any more. */
void stream_without_socket(struct stream *stream, const char *what, const char *why);

/* Closes and frees; queued output is lost. *stream becomes NULL. */
void stream_free(struct stream **stream);

/* The next callbacks go to another owner (a pooled connection changes hands). */
void stream_set_owner(struct stream *stream, const struct stream_owner *owner, void *ctx);

/* Begins TLS; takes over `ssl` (its side chosen by the caller). What has been buffered in plaintext
 * is thrown away. SECURED or FAILED follows. Returns how many plaintext bytes were thrown away. */
size_t stream_secure(struct stream *stream, SSL *ssl);
SSL *stream_ssl(const struct stream *stream); /* NULL while plain */

/* Queues text. False when it does not fit under output_max: the peer does not read; the caller
 * gives up on it. */
bool stream_write(struct stream *stream, struct slice text);
bool stream_printf(struct stream *stream, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Queues pieces behind the text; they and their bytes must stay until they are written (DRAINED) or
 * the stream is freed. One batch at a time. */
void stream_write_pieces(struct stream *stream, const struct iovec *pieces, size_t count);

/* Writes now what the socket takes. Called by the stream itself after on_input; to be called after
 * writes from elsewhere. An error is reported later through on_event, never from inside. */
void stream_flush(struct stream *stream);

/* Tells the peer that no more will come; its own end (CLOSED), or TIMEOUT after `ms`, follows. */
void stream_half_close(struct stream *stream, int64_t ms);

/* When the peer closes its side CLOSED is told, and the stream stays open for what is still to be
 * written; nothing more is read. For plain ones alone. */
void stream_outlives_peer(struct stream *stream);

/* The same as stream_flush; but when some text found no room since all was written the connection fails (FAILED
 * follows): what is said behind a gap would mean something else. */
void stream_flush_whole(struct stream *stream);

bool stream_output_pending(const struct stream *stream);
size_t stream_text_pending(const struct stream *stream); /* octets, without pieces */
void stream_notify_drained(struct stream *stream);       /* once */

/* What has come, and the owner has not taken. */
struct slice stream_kept(const struct stream *stream);

/* Whether the peer has sent more than the owner has been offered. Costs a system call. */
bool stream_input_waits(const struct stream *stream);

/* In bulk a read takes as much as the scratch holds (64 KiB), not input_max: for bodies, which the
 * owner takes whole. */
void stream_bulk(struct stream *stream, bool bulk);

/* Passwords may come now, or not any more: no copy of what was read is left in memory that is used no
 * more, neither here nor in OpenSSL's. It costs time for each octet. */
void stream_reads_secrets(struct stream *stream, bool secret);
/* What is written is wiped from the buffer that it waited in. */
void stream_writes_secrets(struct stream *stream);

void stream_pause(struct stream *stream);
/* What was left is offered again from the loop, not from inside. */
void stream_resume(struct stream *stream);

/* TIMEOUT comes once, `ms` from now; 0: never. */
void stream_deadline(struct stream *stream, int64_t ms);

/* Why it failed; a static or per-stream text. */
const char *stream_error(const struct stream *stream);
int stream_fd(const struct stream *stream);

#endif
