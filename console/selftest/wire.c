/* SPDX-License-Identifier: ISC */
#include "console/selftest/wire.h"

#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 4096, INPUT_MAX = 64 * 1024 };

static bool fail(struct wire *wire, const char *why)
{
    snprintf(wire->trouble, sizeof wire->trouble, "%s", why);
    return false;
}

static bool wait_for(struct wire *wire, short event)
{
    struct pollfd fd = {.fd = wire->fd, .events = event};
    int64_t left = wire->until - clock_ms();
    if (left > 0 && poll(&fd, 1, (int)left) > 0)
        return true;
    snprintf(wire->trouble, sizeof wire->trouble, "no answer within %lld s",
             (long long)(wire->patience + 999) / 1000);
    return false;
}

/* ---- connecting ---- */

bool wire_open(struct wire *wire, const struct sockaddr *address, socklen_t length,
               int64_t patience)
{
    *wire = (struct wire){
        .input = buf_init(INPUT_MAX), .patience = patience, .until = clock_ms() + patience};
    wire->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (wire->fd < 0)
        return fail(wire, strerror(errno));
    if (connect(wire->fd, address, length) == 0)
        return true;
    if (errno != EINPROGRESS)
        return fail(wire, strerror(errno));
    if (!wait_for(wire, POLLOUT)) {
        snprintf(wire->trouble, sizeof wire->trouble, "no connection within %lld s",
                 (long long)(patience + 999) / 1000);
        return false;
    }
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 || fail(wire, strerror(error));
}

void wire_close(struct wire *wire)
{
    SSL_free(wire->ssl);
    wire->ssl = NULL;
    if (wire->fd >= 0)
        close(wire->fd);
    wire->fd = -1;
    buf_release(&wire->input);
}

/* ---- TLS ---- */

/* What OpenSSL waits for: true when it may be called again. */
static bool may_go_on(struct wire *wire, int result)
{
    switch (SSL_get_error(wire->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(wire, POLLIN);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(wire, POLLOUT);
    case SSL_ERROR_SSL: {
        const char *reason = ERR_reason_error_string(ERR_peek_error());
        snprintf(wire->trouble, sizeof wire->trouble, "TLS: %s", reason ? reason : "it failed");
        return false;
    }
    default:
        return fail(wire, "the connection was closed");
    }
}

/* For old versions everything is allowed that OpenSSL still has: it is to be found out, not used. */
static SSL_CTX *context(const struct wire_tls *tls)
{
    char path[PATH_MAX];
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (!ctx)
        return NULL;
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, tls->old ? TLS1_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(ctx, tls->old ? TLS1_1_VERSION : 0);
    if (tls->ca_file.len && slice_to_path(tls->ca_file, path))
        SSL_CTX_load_verify_file(ctx, path);
    return ctx;
}

static bool prepare(struct wire *wire, const struct wire_tls *tls)
{
    char name[256];
    SSL_CTX *ctx = context(tls);
    wire->ssl = ctx ? SSL_new(ctx) : NULL;
    SSL_CTX_free(ctx);
    if (!wire->ssl || !SSL_set_fd(wire->ssl, wire->fd))
        return false;
    return !tls->server_name.len || (slice_to_text(tls->server_name, name, sizeof name) &&
                                     SSL_set_tlsext_host_name(wire->ssl, name));
}

bool wire_secure(struct wire *wire, const struct wire_tls *tls)
{
    int result;
    ERR_clear_error();
    wire->until = clock_ms() + wire->patience;
    if (!prepare(wire, tls))
        return fail(wire, "TLS: out of memory");
    buf_clear(&wire->input);
    wire->read = 0;
    while ((result = SSL_connect(wire->ssl)) != 1)
        if (!may_go_on(wire, result))
            return false;
    return true;
}

/* ---- octets ---- */

/* How many were sent; 0: it can go on; -1: it cannot. */
static ssize_t send_some(struct wire *wire, struct slice octets)
{
    if (wire->ssl) {
        ERR_clear_error();
        int sent = SSL_write(wire->ssl, octets.ptr, (int)octets.len);
        return sent > 0 ? sent : may_go_on(wire, sent) ? 0 : -1;
    }
    ssize_t sent = send(wire->fd, octets.ptr, octets.len, MSG_NOSIGNAL);
    if (sent >= 0)
        return sent;
    if (errno == EAGAIN)
        return wait_for(wire, POLLOUT) ? 0 : -1;
    fail(wire, strerror(errno));
    return errno == EINTR ? 0 : -1;
}

bool wire_send(struct wire *wire, struct slice octets)
{
    wire->until = clock_ms() + wire->patience;
    while (octets.len) {
        ssize_t sent = send_some(wire, octets);
        if (sent < 0)
            return false;
        octets = slice_from(octets, (size_t)sent);
    }
    return true;
}

void wire_wait_longer(struct wire *wire, unsigned times)
{
    wire->until = clock_ms() + wire->patience * times;
}

/* As send_some. */
static ssize_t receive_some(struct wire *wire, char *place, size_t room)
{
    if (wire->ssl) {
        ERR_clear_error();
        int got = SSL_read(wire->ssl, place, (int)room);
        return got > 0 ? got : may_go_on(wire, got) ? 0 : -1;
    }
    ssize_t got = recv(wire->fd, place, room, 0);
    if (got > 0)
        return got;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return wait_for(wire, POLLIN) ? 0 : -1;
    fail(wire, got < 0 ? strerror(errno) : "the connection was closed");
    return -1;
}

static bool hear_more(struct wire *wire)
{
    size_t room = 0;
    char *place = buf_reserve(&wire->input, PIECE, &room);
    if (!place)
        return fail(wire, "it says more than it should");
    ssize_t got = receive_some(wire, place, room);
    if (got < 0)
        return false;
    buf_commit(&wire->input, (size_t)got);
    return clock_ms() < wire->until || wait_for(wire, 0);
}

bool wire_line(struct wire *wire, struct slice *line)
{
    buf_consume(&wire->input, wire->read);
    wire->read = 0;
    struct slice all;
    size_t end;
    while (all = buf_slice(&wire->input), (end = slice_find(all, '\n')) == all.len) {
        if (all.len > WIRE_LINE_MAX)
            return fail(wire, "a line without end");
        if (!hear_more(wire))
            return false;
    }
    wire->read = end + 1;
    *line = slice_sub(all, 0, end > 0 && all.ptr[end - 1] == '\r' ? end - 1 : end);
    return true;
}

bool wire_waits(const struct wire *wire, int ms)
{
    char octet;
    struct pollfd fd = {.fd = wire->fd, .events = POLLIN};
    if (buf_len(&wire->input) > wire->read)
        return true;
    return !wire->ssl && poll(&fd, 1, ms) > 0 &&
           recv(wire->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}
