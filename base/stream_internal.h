/* SPDX-License-Identifier: ISC
 * What stream.c (events, input, TLS) and stream_output.c share. */
#ifndef BASE_STREAM_INTERNAL_H
#define BASE_STREAM_INTERNAL_H

#include "base/buf.h"
#include "base/stream.h"

enum { STREAM_ERROR_TEXT = 96 };

/* Every stream is in one of these. */
enum stream_wire { WIRE_CONNECTING, WIRE_PLAIN, WIRE_HANDSHAKE, WIRE_SECURE, WIRE_OVER };

struct stream {
    struct event_base *base;
    struct event *readable, *writable, *timer;
    int fd;
    enum stream_wire wire;
    SSL *ssl;
    const struct stream_owner *owner;
    void *ctx;
    struct buf in, out;
    size_t input_max;
    const struct iovec *pieces;
    size_t piece_count, piece_done;      /* piece_done: bytes of the first piece already written */
    int64_t deadline;                    /* clock_ms; 0: none */
    bool bulk, paused, reading, writing; /* reading, writing: the events are added */
    bool may_hold_bytes;                 /* TLS: the last read did not say WANT_READ */
    bool notify_drained;
    bool secret;       /* what is read is wiped once it was offered */
    bool failed_later; /* a write failed: to be told from the loop */
    bool *freed;       /* set while a callback runs, so that a free inside is seen */
    char error[STREAM_ERROR_TEXT];
};

/* Results of one read or write besides a number of bytes. */
enum { IO_AGAIN = -1, IO_END = -2, IO_ERROR = -3 };

/* For stream_error: "what: why". */
void stream_set_error(struct stream *s, const char *what, const char *why);
const char *stream_tls_reason(void);

/* Whether the loop is to tell when the socket takes more. */
void stream_want_write(struct stream *s, bool want);

#endif
