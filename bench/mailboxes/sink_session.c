/* SPDX-License-Identifier: ISC */
#include "sink.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SERIAL "Serial: %010lu\r\n"

enum { CHUNK = 16 << 10 /* a record of TLS */, SERIAL_SIZE = 20 };

/* ---- what goes out ---- */

static void add(struct session *s, char *octets, size_t size)
{
    struct iovec *last = s->piece_count ? &s->pieces[s->piece_count - 1] : NULL;
    if (last && (char *)last->iov_base + last->iov_len == octets)
        last->iov_len += size;
    else if (s->piece_count < PIECES_MOST)
        s->pieces[s->piece_count++] = (struct iovec){octets, size};
}

void sink_say(struct session *s, const char *form, ...)
{
    char *to = s->text + s->text_size;
    size_t room = sizeof s->text - s->text_size;
    va_list arguments;
    va_start(arguments, form);
    size_t size = (size_t)vsnprintf(to, room, form, arguments);
    va_end(arguments);
    size = size < room ? size : room - 1;
    s->text_size += size;
    add(s, to, size);
}

size_t sink_message_size(const struct session *s)
{
    return SERIAL_SIZE + s->box->content;
}

void sink_message(struct session *s)
{
    static atomic_ulong serial;
    sink_say(s, SERIAL, s->same_messages ? 0 : ++serial);
    add(s, s->box->octets, s->box->size);
}

static size_t next_chunk(const struct session *s, char *chunk)
{
    size_t filled = 0;
    for (unsigned i = s->piece_at; i < s->piece_count && filled < CHUNK; i++) {
        size_t room = CHUNK - filled, size = s->pieces[i].iov_len;
        size = size < room ? size : room;
        memcpy(chunk + filled, s->pieces[i].iov_base, size);
        filled += size;
    }
    return filled;
}

static void went_out(struct session *s, size_t octets)
{
    while (octets) {
        struct iovec *piece = &s->pieces[s->piece_at];
        size_t size = octets < piece->iov_len ? octets : piece->iov_len;
        piece->iov_base = (char *)piece->iov_base + size;
        piece->iov_len -= size;
        octets -= size;
        s->piece_at += piece->iov_len == 0;
    }
}

/* ---- a session ---- */

/* What a call has moved; 0: it has to wait; -1: the connection is over. */
static ssize_t moved(const struct session *s, ssize_t result)
{
    if (result > 0)
        return result;
    if (!s->ssl)
        return result < 0 && errno == EAGAIN ? 0 : -1;
    int error = SSL_get_error(s->ssl, (int)result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

/* 1: all is out; else as moved(). */
static ssize_t send_out(struct session *s)
{
    char chunk[CHUNK];
    size_t size;
    while ((size = next_chunk(s, chunk))) {
        ERR_clear_error();
        ssize_t n = moved(s, s->ssl ? SSL_write(s->ssl, chunk, (int)size)
                                    : send(s->fd, chunk, size, MSG_NOSIGNAL));
        if (n <= 0)
            return n;
        went_out(s, (size_t)n);
    }
    s->piece_count = s->piece_at = 0;
    s->text_size = 0;
    return 1;
}

static ssize_t read_more(struct session *s)
{
    size_t room = lines_make_room(&s->in);
    char *to = s->in.buffer + s->in.filled;
    ERR_clear_error();
    ssize_t n =
        room ? moved(s, s->ssl ? SSL_read(s->ssl, to, (int)room) : read(s->fd, to, room)) : -1;
    s->in.filled += n > 0 ? (size_t)n : 0;
    return n;
}

bool session_go_on(struct session *s)
{
    for (;;) {
        ssize_t n = send_out(s);
        if (n <= 0)
            return n == 0;
        if (s->ends)
            return false;
        char *line = lines_take(&s->in);
        if (line)
            s->ends = !sink_protocol->answer(s, line);
        else if ((n = read_more(s)) <= 0)
            return n == 0;
    }
}

void session_end(struct session *s)
{
    SSL_free(s->ssl);
    close(s->fd);
    free(s);
}
