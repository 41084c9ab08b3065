/* SPDX-License-Identifier: ISC
 * What the files of a stream share.
 *
 *   stream.c         begins and ends it; what the loop tells
 *   stream_input.c   reads, and offers it to the owner
 *   stream_output.c  queues, and writes
 *   stream_tls.c     the handshake, and secrets */
#ifndef BASE_STREAM_INTERNAL_H
#define BASE_STREAM_INTERNAL_H

#include "base/buf.h"
#include "base/stream.h"

enum {
    STREAM_ERROR_TEXT = 96,
    STREAM_SCRATCH_SIZE = 64 * 1024,
    STREAM_READS_A_TURN = 8, /* TLS records read before others get their turn */
};

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
    int64_t fires_at;                    /* the timer; 0: it does not */
    bool bulk, paused, reading, writing; /* reading, writing: the events are added */
    bool may_hold_bytes;                 /* TLS: the last read did not say WANT_READ */
    bool notify_drained;
    bool outlives, ended;        /* it stays when the peer closes its side; which it has done */
    bool secret;                 /* what is read is wiped once it was offered */
    bool failed_later;           /* a write failed: to be told from the loop */
    struct stream_waiter waiter; /* for its socket; zeros: nobody is */
    bool *freed;                 /* set while a callback runs, so that a free inside is seen */
    char error[STREAM_ERROR_TEXT];
};

/* Results of one read or write besides a number of bytes. */
enum { IO_AGAIN = -1, IO_END = -2, IO_ERROR = -3 };

/* Tells whether the stream was freed while its owner was called. */
struct lifeline {
    bool freed;
    bool *outer;
};

static inline void lifeline_begin(struct lifeline *life, struct stream *s)
{
    *life = (struct lifeline){.outer = s->freed};
    s->freed = &life->freed;
}

/* False: it was. */
static inline bool lifeline_end(struct lifeline *life, struct stream *s)
{
    if (!life->freed)
        s->freed = life->outer;
    else if (life->outer)
        *life->outer = true;
    return !life->freed;
}

static inline bool stream_is_open(const struct stream *s)
{
    return s->wire == WIRE_PLAIN || s->wire == WIRE_SECURE;
}

/* For stream_error: "what: why". */
void stream_set_error(struct stream *s, const char *what, const char *why);
const char *stream_tls_reason(void);

/* Calls the owner; false when it freed the stream. The last time: nothing more comes. */
bool stream_tell(struct stream *s, enum stream_event event);
void stream_end(struct stream *s, enum stream_event event);

/* Whether the loop is to tell when there is something to read, or when the socket takes more. */
void stream_start_reading(struct stream *s);
void stream_stop_reading(struct stream *s);
void stream_want_write(struct stream *s, bool want);

/* Offers what the owner has left before. False: nothing more is to be read now. */
bool stream_offer_kept(struct stream *s);
/* Reads once and offers. False: nothing more to do now (no bytes, over, paused or freed). */
bool stream_read_once(struct stream *s);
/* Reads what there is, within a turn. */
void stream_fill(struct stream *s);

/* Goes on with it. */
void stream_handshake(struct stream *s);

#endif
