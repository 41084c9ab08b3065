/* SPDX-License-Identifier: ISC
 * A connection of our own to somebody who may be anybody: raw octets, TLS begun when we say so, and
 * a bound on all that comes and on how long it takes. */
#ifndef CONSOLE_SELFTEST_WIRE_H
#define CONSOLE_SELFTEST_WIRE_H

#include "base/buf.h"

#include <openssl/ssl.h>
#include <sys/socket.h>

enum { WIRE_LINE_MAX = 4096, WIRE_TROUBLE_MAX = 160 };

struct wire {
    int fd;   /* owned; -1: none */
    SSL *ssl; /* owned; NULL: plain */
    struct buf input;
    size_t read;                    /* of that, what was the last line */
    int64_t patience;               /* milliseconds that an answer may take */
    int64_t until;                  /* clock_ms: the end of what is waited for */
    char trouble[WIRE_TROUBLE_MAX]; /* why the last thing went wrong, in words */
};

struct wire_tls {
    struct slice server_name; /* asked for; empty: none */
    struct slice ca_file;     /* by which the certificate is looked at; empty: nobody looks */
    bool old;                 /* nothing newer than TLS 1.1 */
};

/* Connects. Where it or what follows gives false, wire->trouble says why. It is to be closed in any
 * case. */
bool wire_open(struct wire *wire, const struct sockaddr *address, socklen_t length,
               int64_t patience);
void wire_close(struct wire *wire);

/* Begins TLS. Whatever the certificate is, this goes on; wire->ssl knows. What was sent in
 * plaintext and not read is forgotten: wire_waits tells of it before. */
bool wire_secure(struct wire *wire, const struct wire_tls *tls);

/* Sends; the answer is waited for from now on. */
bool wire_send(struct wire *wire, struct slice octets);

/* An answer may take so many times as long as usual. */
void wire_wait_longer(struct wire *wire, unsigned times);

/* The next line without its end; valid until the next call. */
bool wire_line(struct wire *wire, struct slice *line);

/* Whether more has come than was read, or does in so many milliseconds. */
bool wire_waits(const struct wire *wire, int ms);

#endif
