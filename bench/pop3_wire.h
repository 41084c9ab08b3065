/* SPDX-License-Identifier: ISC
 * A blocking connection, plain or TLS, that is read line by line: what pop3_load.c and pop3_sink.c share. */
#ifndef BENCH_POP3_WIRE_H
#define BENCH_POP3_WIRE_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct wire {
    int fd;
    SSL *ssl;     /* NULL: plain */
    char *buffer; /* of `room` octets; those from `taken` to `filled` have not been taken */
    size_t room, taken, filled;
};

static inline struct sockaddr_in wire_loopback(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((in_port_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline void wire_set(int fd, int level, int option)
{
    setsockopt(fd, level, option, &(int){1}, sizeof(int));
}

static inline bool wire_secure(struct wire *w, SSL_CTX *tls, int (*handshake)(SSL *))
{
    w->ssl = SSL_new(tls);
    return w->ssl && SSL_set_fd(w->ssl, w->fd) && handshake(w->ssl) == 1;
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
    memmove(w->buffer, w->buffer + w->taken, w->filled - w->taken);
    w->filled -= w->taken, w->taken = 0;
    size_t room = w->room - w->filled;
    if (!room)
        return false;
    ssize_t n = w->ssl ? SSL_read(w->ssl, w->buffer + w->filled, (int)room)
                       : read(w->fd, w->buffer + w->filled, room);
    if (n <= 0)
        return false;
    w->filled += (size_t)n;
    return true;
}

/* Takes a line; a NUL stands where it ended. NULL: closed. */
static inline char *wire_line(struct wire *w)
{
    for (;;) {
        char *line = w->buffer + w->taken, *end = memchr(line, '\n', w->filled - w->taken);
        if (end) {
            w->taken += (size_t)(end + 1 - line);
            end[end > line && end[-1] == '\r' ? -1 : 0] = '\0';
            return line;
        }
        if (!wire_more(w))
            return NULL;
    }
}

#endif
