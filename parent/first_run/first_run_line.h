/* SPDX-License-Identifier: ISC
 * A connection that is talked over line by line, with time limits, in clear or over TLS. Blocking: for a process that
 * does nothing else. */
#ifndef PARENT_FIRST_RUN_FIRST_RUN_LINE_H
#define PARENT_FIRST_RUN_FIRST_RUN_LINE_H

#include "policy/value.h"

#include <openssl/ssl.h>

struct line_talk {
    int sock;
    SSL *ssl;      /* NULL: in clear */
    char in[4096]; /* what was read and not yet given out */
    size_t from, to;
};

/* Connects; waits so many milliseconds for that, and for each answer afterwards. False with errno. */
bool line_connect(struct line_talk *talk, const struct ip *ip, uint16_t port, unsigned connect_ms,
                  unsigned answer_ms);

/* The next line, without its end, valid until the next call. False with errno: ETIMEDOUT, 0 where it was closed,
 * EMSGSIZE for one that is too long. */
bool line_read(struct line_talk *talk, struct slice *line);

/* Says it, with CR LF. False with errno. */
bool line_say(struct line_talk *talk, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The handshake. False: *why says in words why not. Nothing can be said in clear afterwards. */
bool line_encrypt(struct line_talk *talk, SSL *ssl, const char **why);

void line_close(struct line_talk *talk);

#endif
