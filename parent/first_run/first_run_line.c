/* SPDX-License-Identifier: ISC */
#include "parent/first_run/first_run_line.h"

#include "parent/parent_listen.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool patience(int sock, int option, unsigned ms)
{
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
    return setsockopt(sock, SOL_SOCKET, option, &limit, sizeof limit) == 0;
}

static bool late(void)
{
    if (errno == EAGAIN || errno == EINPROGRESS)
        errno = ETIMEDOUT;
    return false;
}

bool line_connect(struct line_talk *talk, const struct ip *ip, uint16_t port, unsigned connect_ms,
                  unsigned answer_ms)
{
    struct sockaddr_storage address;
    socklen_t size = sockets_address(ip, port, &address);
    *talk = (struct line_talk){.sock = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    return (talk->sock >= 0 && patience(talk->sock, SO_SNDTIMEO, connect_ms) &&
            connect(talk->sock, (const struct sockaddr *)&address, size) == 0 &&
            patience(talk->sock, SO_SNDTIMEO, answer_ms) &&
            patience(talk->sock, SO_RCVTIMEO, answer_ms)) ||
           late();
}

/* ---- heard ---- */

static ssize_t read_some(struct line_talk *talk, char *to, size_t room)
{
    if (!talk->ssl)
        return read(talk->sock, to, room);
    errno = 0;
    int got = SSL_read(talk->ssl, to, (int)room);
    if (got > 0)
        return got;
    return SSL_get_error(talk->ssl, got) == SSL_ERROR_ZERO_RETURN || errno == 0 ? 0 : -1;
}

static bool read_more(struct line_talk *talk)
{
    memmove(talk->in, talk->in + talk->from, talk->to - talk->from);
    talk->to -= talk->from;
    talk->from = 0;
    if (talk->to == sizeof talk->in) {
        errno = EMSGSIZE;
        return false;
    }
    ssize_t got = read_some(talk, talk->in + talk->to, sizeof talk->in - talk->to);
    if (got > 0) {
        talk->to += (size_t)got;
        return true;
    }
    if (got == 0)
        errno = 0;
    return late();
}

bool line_read(struct line_talk *talk, struct slice *line)
{
    for (;;) {
        struct slice all = {talk->in + talk->from, talk->to - talk->from}, rest;
        if (slice_cut(all, '\n', line, &rest)) {
            talk->from = talk->to - rest.len;
            if (line->len > 0 && line->ptr[line->len - 1] == '\r')
                line->len--;
            return true;
        }
        if (!read_more(talk))
            return false;
    }
}

/* ---- said ---- */

static bool write_all(struct line_talk *talk, const char *octets, size_t count)
{
    while (count > 0) {
        ssize_t sent = talk->ssl ? SSL_write(talk->ssl, octets, (int)count)
                                 : send(talk->sock, octets, count, MSG_NOSIGNAL);
        if (sent <= 0)
            return late();
        octets += sent;
        count -= (size_t)sent;
    }
    return true;
}

bool line_say(struct line_talk *talk, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(line, sizeof line - 2, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof line - 2) {
        errno = EMSGSIZE;
        return false;
    }
    line[length] = '\r';
    line[length + 1] = '\n';
    return write_all(talk, line, (size_t)length + 2);
}

/* ---- TLS ---- */

bool line_encrypt(struct line_talk *talk, SSL *ssl, const char **why)
{
    talk->ssl = ssl;
    if (talk->to > talk->from) {
        *why = "it says more behind its answer to STARTTLS, in clear";
        return false;
    }
    ERR_clear_error();
    errno = 0;
    if (SSL_set_fd(ssl, talk->sock) == 1 && SSL_connect(ssl) == 1)
        return true;
    int error = errno;
    const char *reason = ERR_reason_error_string(ERR_get_error());
    *why = error == EAGAIN ? "no answer in time"
           : reason        ? reason
           : error         ? strerror(error)
                           : "it hangs up";
    return false;
}

void line_close(struct line_talk *talk)
{
    SSL_free(talk->ssl);
    if (talk->sock >= 0)
        close(talk->sock);
    talk->ssl = NULL;
    talk->sock = -1;
}
