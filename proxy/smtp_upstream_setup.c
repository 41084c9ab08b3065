/* SPDX-License-Identifier: ISC
 * A connection becoming usable: EHLO, STARTTLS, what the server can do. */
#include "proxy/smtp_upstream_internal.h"

#include <openssl/x509v3.h>
#include <string.h>

void upstream_become_idle(struct smtp_upstream *c)
{
    if (c->behind) { /* what nobody asked for would be taken for the next job's replies */
        upstream_over(c, UPSTREAM_END_BROKEN, "reply without a command");
        return;
    }
    c->state = UPSTREAM_IDLE;
    stream_deadline(c->stream, 0);
    c->callbacks->idle(c->owner, c);
}

void upstream_ehlo(struct smtp_upstream *c)
{
    c->state = UPSTREAM_EHLO;
    stream_printf(c->stream, "%s %.*s\r\n", c->helo_tried ? "HELO" : "EHLO",
                  SLICE_ARGS(c->setup.hostname));
    stream_flush(c->stream);
    stream_deadline(c->stream, c->setup.reply_ms);
}

static bool name_is_address(struct slice name)
{
    struct ip ip;
    return ip_parse(name, &ip);
}

/* For `tls verify`: the chain and the name are checked by OpenSSL during the handshake; without a
 * name the certificate must bear the server's address. */
static void expect_name(SSL *ssl, const struct server *server)
{
    char name[256];
    if (server->tls_name.len == 0 || server->tls_name.len >= sizeof name) {
        X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), server->ip.bytes,
                                  server->ip.family == 4 ? 4 : 16);
        return;
    }
    memcpy(name, server->tls_name.ptr, server->tls_name.len);
    name[server->tls_name.len] = '\0';
    if (name_is_address(server->tls_name)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name);
        return;
    }
    SSL_set_tlsext_host_name(ssl, name);
    if (server->tls == BACKEND_TLS_VERIFY)
        SSL_set1_host(ssl, name);
}

/* TLS 1.3 sends them after the handshake (RFC 8446 4.6.1). */
int smtp_upstream_keep_session(SSL *ssl, SSL_SESSION *session)
{
    SSL_SESSION **kept = SSL_get_app_data(ssl);
    SSL_SESSION_free(*kept);
    *kept = session;
    return 1; /* taken over */
}

void upstream_begin_tls(struct smtp_upstream *c)
{
    SSL *ssl = SSL_new(c->setup.tls);
    if (!ssl) {
        upstream_over(c, UPSTREAM_END_CONNECT, "out of memory for TLS");
        return;
    }
    SSL_set_connect_state(ssl);
    SSL_set_app_data(ssl, c->setup.session);
    expect_name(ssl, c->setup.server);
    if (c->setup.server->tls == BACKEND_TLS_VERIFY)
        SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    if (*c->setup.session)
        SSL_set_session(ssl, *c->setup.session);
    c->state = UPSTREAM_HANDSHAKE;
    stream_secure(c->stream, ssl);
    stream_deadline(c->stream, c->setup.connect_ms);
}

/* RFC 9422 4: "RCPTMAX=100", among others. */
static void learn_limits(struct capabilities *can, struct slice limits)
{
    struct slice limit, name, value;
    uint64_t most;
    while (limits.len) {
        slice_cut(limits, ' ', &limit, &limits);
        if (slice_cut(limit, '=', &name, &value) && slice_ieq(name, SLICE("RCPTMAX")) &&
            slice_to_u64(value, 999999, &most))
            can->recipients = (unsigned)most;
    }
}

static void learn_line(struct capabilities *can, struct slice line)
{
    struct slice word, rest;
    slice_cut(line, ' ', &word, &rest);
    if (slice_ieq(word, SLICE("PIPELINING")))
        can->pipelining = true;
    else if (slice_ieq(word, SLICE("8BITMIME")))
        can->eight_bit = true;
    else if (slice_ieq(word, SLICE("SMTPUTF8")))
        can->utf8 = true;
    else if (slice_ieq(word, SLICE("DSN")))
        can->dsn = true;
    else if (slice_ieq(word, SLICE("STARTTLS")))
        can->starttls = true;
    else if (slice_ieq(word, SLICE("LIMITS")))
        learn_limits(can, slice_trim(rest));
    else if (slice_ieq(word, SLICE("SIZE")) &&
             !slice_to_u64(slice_trim(rest), INT64_MAX, &can->size))
        can->size = 0;
}

void upstream_got_ehlo(struct smtp_upstream *c, const struct smtp_reply *reply)
{
    if (reply->code != 250) {
        if (!c->helo_tried && reply->code / 100 == 5) {
            c->helo_tried = true;
            upstream_ehlo(c);
        } else {
            upstream_over(c, UPSTREAM_END_CONNECT, "EHLO refused");
        }
        return;
    }
    size_t at = 0;
    struct slice line;
    c->can = (struct capabilities){.known = true};
    smtp_reply_line(reply, &at, &line); /* the first names the server */
    while (!c->helo_tried && smtp_reply_line(reply, &at, &line))
        learn_line(&c->can, line);
    enum backend_tls wanted = c->setup.server->tls;
    if (c->secured || wanted == BACKEND_TLS_NONE) {
        upstream_become_idle(c);
    } else if (c->can.starttls && !(wanted == BACKEND_TLS_OPPORTUNISTIC && c->setup.plain)) {
        c->state = UPSTREAM_STARTTLS;
        upstream_say(c, "STARTTLS\r\n");
    } else if (wanted == BACKEND_TLS_OPPORTUNISTIC) {
        upstream_become_idle(c);
    } else {
        upstream_over(c, UPSTREAM_END_CONNECT,
                      "server offers no STARTTLS, but the configuration demands TLS");
    }
}

void upstream_got_starttls(struct smtp_upstream *c, const struct smtp_reply *reply)
{
    if (reply->code == 220)
        upstream_begin_tls(c);
    else
        upstream_over(c, UPSTREAM_END_TLS, "STARTTLS refused");
}

void upstream_secured(struct smtp_upstream *c)
{
    c->secured = true;
    if (c->setup.server->implicit_tls && !c->can.known) {
        c->state = UPSTREAM_GREETING;
        stream_deadline(c->stream, c->setup.reply_ms);
    } else {
        upstream_ehlo(c);
    }
}
