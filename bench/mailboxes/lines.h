/* SPDX-License-Identifier: ISC
 * Octets that have come, taken line by line; and the loopback that they come over. */
#ifndef BENCH_LINES_H
#define BENCH_LINES_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

struct lines {
    char *buffer; /* of `room` octets; those from `taken` to `filled` have not been taken */
    size_t room, taken, filled;
};

/* Takes a line; a NUL stands where it ended. NULL: its end has not come. */
static inline char *lines_take(struct lines *l)
{
    char *line = l->buffer + l->taken, *end = memchr(line, '\n', l->filled - l->taken);
    if (!end)
        return NULL;
    l->taken += (size_t)(end + 1 - line);
    end[end > line && end[-1] == '\r' ? -1 : 0] = '\0';
    return line;
}

/* What has not been taken moves to the beginning; returns how much more there is room for, behind `filled`. */
static inline size_t lines_make_room(struct lines *l)
{
    memmove(l->buffer, l->buffer + l->taken, l->filled - l->taken);
    l->filled -= l->taken, l->taken = 0;
    return l->room - l->filled;
}

/* 127.0.`block`.`host` */
static inline struct sockaddr_in loopback(unsigned block, unsigned host, unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((in_port_t)port),
                                .sin_addr.s_addr = htonl(127U << 24 | block << 8 | host)};
}

static inline void set_option(int fd, int level, int option)
{
    setsockopt(fd, level, option, &(int){1}, sizeof(int));
}

#endif
