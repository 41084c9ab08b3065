/* SPDX-License-Identifier: ISC
 * A blocking connection, plain or TLS, that is read line by line. */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include "lines.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <unistd.h>

struct wire {
    int fd;
    SSL *ssl; /* NULL: plain */
    struct lines in;
};

static inline bool wire_secure(struct wire *w, SSL_CTX *tls)
{
    w->ssl = SSL_new(tls);
    return w->ssl && SSL_set_fd(w->ssl, w->fd) && SSL_connect(w->ssl) == 1;
}

static inline void wire_close(struct wire *w)
{
    SSL_free(w->ssl);
    close(w->fd);
}

static inline bool wire_write(struct wire *w, const char *octets, size_t count)
{
    while (count) {
        ssize_t n = w->ssl ? SSL_write(w->ssl, octets, (int)count)
                           : send(w->fd, octets, count, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        octets += n, count -= (size_t)n;
    }
    return true;
}

/* Reads more behind what has not been taken. False: closed, or a line is too long. */
static inline bool wire_more(struct wire *w)
{
    size_t room = lines_make_room(&w->in);
    char *to = w->in.buffer + w->in.filled;
    if (!room)
        return false;
    ssize_t n = w->ssl ? SSL_read(w->ssl, to, (int)room) : read(w->fd, to, room);
    if (n <= 0)
        return false;
    w->in.filled += (size_t)n;
    return true;
}

/* NULL: closed. */
static inline char *wire_line(struct wire *w)
{
    char *line;
    while (!(line = lines_take(&w->in)))
        if (!wire_more(w))
            return NULL;
    return line;
}

#endif
