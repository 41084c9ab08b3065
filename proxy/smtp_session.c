/* SPDX-License-Identifier: ISC */
#include "proxy/smtp_wait.h"

#include "base/clock.h"
#include "base/log.h"
#include "filters/client_names.h"
#include "policy/spelling.h"
#include "policy/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    INPUT_MAX = 16 * 1024,
    OUTPUT_MAX = 64 * 1024,
    SESSION_ARENA_MAX = 16 * 1024,
    MAIL_ARENA_MAX = 24 * 1024 * 1024,
    REPLY_MAX = 510,
    ENHANCED_MAX = 16,
    LINGER_MS = 1000,
};

static size_t on_input(void *ctx, struct slice bytes);
static void on_event(void *ctx, enum stream_event event);

static const struct stream_owner stream_callbacks = {on_input, on_event};

void session_count(const struct session *s, enum counter counter)
{
    shared_count(s->proxy->shared, s->proxy->row, counter, 1);
}

/* ---- replies ---- */

/* Text of others becomes printable ASCII on one line. */
static size_t printable(char *out, size_t room, struct slice text)
{
    size_t n = 0;
    for (; n < text.len && n < room; n++)
        out[n] = text.ptr[n] >= 0x20 && text.ptr[n] < 0x7f ? text.ptr[n] : '?';
    return n;
}

/* A client that sends commands and reads no replies: one reply left out would make all that follow
 * answer the wrong command. It is given up from the loop. */
static void give_up(struct session *s)
{
    s->state = SESSION_CLOSING;
    stream_deadline(s->stream, 1);
}

void session_text(struct session *s, struct slice text)
{
    if (!stream_write(s->stream, text))
        give_up(s);
}

void session_reply(struct session *s, unsigned code, struct slice enhanced, struct slice text)
{
    char line[REPLY_MAX + 2];
    size_t len = (size_t)snprintf(line, REPLY_MAX, "%03u ", code % 1000);
    len += printable(line + len, ENHANCED_MAX, enhanced);
    if (enhanced.len)
        line[len++] = ' ';
    len += printable(line + len, REPLY_MAX - len, text);
    line[len++] = '\r';
    line[len++] = '\n';
    session_text(s, (struct slice){line, len});
}

void session_say(struct session *s, unsigned code, const char *enhanced, const char *text)
{
    session_reply(s, code, slice_of(enhanced), slice_of(text));
}

void session_hang_up(struct session *s)
{
    s->state = SESSION_CLOSING;
    /* What else comes is read and thrown away, or a reset would overtake our reply. */
    stream_resume(s->stream);
    stream_notify_drained(s->stream);
    stream_deadline(s->stream, s->proxy->config->settings.timeouts_handshake);
    stream_flush(s->stream);
}

void session_close(struct session *s, unsigned code, const char *enhanced, const char *text)
{
    session_say(s, code, enhanced, text);
    session_hang_up(s);
}

void session_error(struct session *s, unsigned code, const char *enhanced, const char *text)
{
    if (++s->errors >= s->proxy->config->settings.limits_errors)
        session_close(s, 421, "4.7.0", "too many errors");
    else
        session_say(s, code, enhanced, text);
}

void session_expect_command(struct session *s)
{
    s->state = SESSION_COMMAND;
    stream_bulk(s->stream, false);
    stream_deadline(s->stream, s->proxy->config->settings.timeouts_command);
}

void session_wait(struct session *s)
{
    s->state = SESSION_BUSY;
    stream_pause(s->stream);
    stream_deadline(s->stream, 0);
}

void session_go_on(struct session *s)
{
    if (s->state != SESSION_BUSY)
        return;
    if (s->proxy->stopping && !s->t.open) {
        session_close(s, 421, "4.3.2", "service is stopping, try again later");
        return;
    }
    session_expect_command(s);
    stream_resume(s->stream);
    stream_flush(s->stream);
}

/* ---- facts ---- */

static void tls_facts(struct session *s)
{
    struct value *fact = s->t.message.facts.fact;
    SSL *ssl = stream_ssl(s->stream);
    const char *name = ssl ? SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) : NULL;
    fact[FACT_TLS_ACTIVE] = value_bool(ssl != NULL);
    fact[FACT_TLS_VERSION] = ssl ? value_text(slice_of(SSL_get_version(ssl))) : value_absent();
    fact[FACT_TLS_CIPHER] = ssl ? value_text(slice_of(SSL_get_cipher_name(ssl))) : value_absent();
    fact[FACT_TLS_SNI] = name ? value_domain(s->mail, slice_of(name)) : value_absent();
}

void session_facts(struct session *s, enum phase phase)
{
    struct value *fact = s->t.message.facts.fact;
    if (!s->t.message.facts.keyed)
        s->t.message.facts.keyed = facts_keyed_new(s->mail, s->proxy->config->policy);
    fact[FACT_LISTENER] = value_text(s->listener->name);
    fact[FACT_DIRECTION] = value_integer(s->listener->direction);
    fact[FACT_CLIENT_IP] = value_ip(s->client);
    fact[FACT_CLIENT_PORT] = value_number(s->client_port);
    fact[FACT_CLIENT_PREGREET] = value_bool(s->pregreet);
    client_study_facts(s->study, &s->t.message.facts);
    if (phase >= PHASE_HELO) {
        fact[FACT_HELO_ESMTP] = value_bool(s->esmtp);
        fact[FACT_CLIENT_EARLY] = value_bool(s->early);
        helo_form(s->mail, s->proxy->config, s->helo, &s->client, &s->local, &s->t.message.facts);
    }
    if (phase >= PHASE_MAIL) {
        const struct transaction *t = &s->t;
        tls_facts(s);
        fact[FACT_SENDER] = t->sender.address.len ? value_text(t->sender.spelled) : value_absent();
        fact[FACT_MESSAGE_NULL_SENDER] = value_bool(t->sender.address.len == 0);
        fact[FACT_DECLARED_SIZE] =
            t->mail.has_size ? value_integer((int64_t)t->mail.size) : value_absent();
    }
}

/* ---- the transaction ---- */

void session_drop_body(struct session *s)
{
    struct transaction *t = &s->t;
    edited_free(&t->edited);
    examination_drop_body(&t->message);
}

void session_reset(struct session *s)
{
    struct transaction *t = &s->t;
    if (!t->open && !t->message.spool && !t->job_running) {
        t->message.facts.keyed = NULL;
        arena_reset(s->mail);
        return;
    }
    bool alone = t->job_running && backends_cancel(s->proxy->backends, &t->job);
    session_retry_over(s);
    s->then = s->resume = NULL;
    edited_free(&t->edited);
    examination_end(&t->message);
    if (t->delivering && !alone)
        shared_doubt_end(s->proxy->shared, s->proxy->row, t->job.doubt);
    memset(t, 0, sizeof *t);
    arena_reset(s->mail);
}

/* ---- input ---- */

static size_t on_input(void *ctx, struct slice bytes)
{
    struct session *s = ctx;
    size_t used = 0;
    while (used < bytes.len) {
        struct slice rest = slice_from(bytes, used);
        size_t n = 0;
        switch (s->state) {
        case SESSION_COMMAND:
            n = session_take_command(s, rest);
            break;
        case SESSION_DATA:
            n = session_take_data(s, rest);
            break;
        case SESSION_CHUNK:
            n = session_take_chunk(s, rest);
            break;
        case SESSION_CLOSING:
            return bytes.len;
        case SESSION_BUSY: /* before the banner: it is kept until that is out */
            s->pregreet |= !s->greeted;
            stream_pause(s->stream);
            break;
        }
        used += n;
        if (s->after_helo)
            s->early |= used < bytes.len;
        s->after_helo = false;
        if (n == 0 || s->starting_tls)
            break;
    }
    return used;
}

/* ---- events ---- */

static void timed_out(struct session *s)
{
    switch (s->state) {
    case SESSION_COMMAND:
        if (!s->greeted)
            session_end(s); /* a handshake that never ended */
        else
            session_close(s, 421, "4.4.2", "timeout");
        break;
    case SESSION_DATA:
    case SESSION_CHUNK:
        session_upload_rate(s);
        break;
    case SESSION_BUSY:
        session_overdue(s);
        break;
    case SESSION_CLOSING:
        session_end(s);
        break;
    }
}

static void secured(struct session *s)
{
    s->starting_tls = false;
    if (s->state == SESSION_CLOSING)
        return;
    if (!s->greeted) { /* implicit TLS */
        session_greet(s);
        return;
    }
    /* RFC 3207 4.2: as if freshly connected. */
    session_reset(s);
    s->helo = (struct slice){NULL, 0};
    s->esmtp = false;
    session_expect_command(s);
}

static void on_event(void *ctx, enum stream_event event)
{
    struct session *s = ctx;
    switch (event) {
    case STREAM_SECURED:
        secured(s);
        break;
    case STREAM_TIMEOUT:
        timed_out(s);
        break;
    case STREAM_DRAINED:
        if (s->state == SESSION_CLOSING && s->quitting)
            session_end(s);
        else if (s->state == SESSION_CLOSING)
            stream_half_close(s->stream, LINGER_MS);
        break;
    case STREAM_FAILED:
        log_at(LEVEL_INFO, s->id, "connection failed",
               field_str("reason", stream_error(s->stream)));
        session_end(s);
        break;
    case STREAM_CLOSED:
        session_end(s);
        break;
    case STREAM_CONNECTED:
        break;
    }
}

/* ---- beginning and ending ---- */

/* Past a limit a client hears why, in plaintext and only there, and is gone. */
static void turn_away(int fd, const struct listener *listener, const char *why)
{
    if (listener->protocol == PROTOCOL_SMTP)
        send(fd, why, strlen(why), MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

static bool count_session(struct proxy *proxy, const struct listener *listener, int fd,
                          const struct ip *client)
{
    const struct settings *settings = &proxy->config->settings;
    switch (shared_session_take(proxy->shared, proxy->row, client, settings->limits_sessions,
                                settings->limits_sessions_per_client)) {
    case SESSION_TAKEN:
        return true;
    case SESSION_TOO_MANY:
        turn_away(fd, listener, "421 4.3.2 too many sessions, try again later\r\n");
        break;
    case SESSION_TOO_MANY_OF_CLIENT:
        turn_away(fd, listener, "421 4.7.0 too many sessions from your address\r\n");
        break;
    }
    return false;
}

static void secure(struct session *s, SSL *ssl)
{
    stream_secure(s->stream, ssl);
    stream_deadline(s->stream, s->proxy->config->settings.timeouts_handshake);
}

void session_start_tls(struct session *s)
{
    SSL *ssl = tls_accept(s->proxy->tls, "smtp");
    if (!ssl) {
        session_say(s, 454, "4.7.0", "TLS is not available now");
        return;
    }
    session_say(s, 220, "2.0.0", "ready to start TLS");
    s->starting_tls = true;
    secure(s, ssl);
}

void session_begin(struct proxy *proxy, const struct listener *listener, int fd,
                   const struct ip *client, uint16_t port, const struct ip *local)
{
    if (!count_session(proxy, listener, fd, client))
        return;
    struct session *s = calloc(1, sizeof *s);
    if (!s) {
        close(fd);
        shared_session_give(proxy->shared, proxy->row, client);
        return;
    }
    *s = (struct session){.proxy = proxy,
                          .listener = listener,
                          .client = *client,
                          .client_port = port,
                          .local = *local};
    const struct table *excused = proxy->config->bare_newlines_from;
    s->normalises =
        proxy->config->settings.smtp_bare_newlines || (excused && table_holds_ip(excused, client));
    proxy_new_id(proxy, s->id);
    snprintf(s->ref, sizeof s->ref, "%s", s->id);
    TAILQ_INSERT_TAIL(&proxy->sessions, s, link);
    proxy->session_count++;
    shared_count(proxy->shared, proxy->row, COUNTER_CONNECTIONS, 1);
    s->arena = arena_new(SESSION_ARENA_MAX);
    s->mail = arena_new(MAIL_ARENA_MAX);
    s->stream = stream_new(proxy->base, fd, INPUT_MAX, OUTPUT_MAX, &stream_callbacks, s);
    if (!s->arena || !s->mail || !s->stream) {
        session_end(s);
        return;
    }
    if (log_wants(LEVEL_DEBUG)) {
        char address[46];
        ip_text(client, address);
        log_at(LEVEL_DEBUG, s->id, "connect", field_str("client", address),
               field_text("listener", listener->name));
    }
    if (listener->protocol == PROTOCOL_SMTPS) {
        SSL *ssl = tls_accept(proxy->tls, "smtp");
        if (ssl)
            secure(s, ssl);
        else
            session_end(s);
    } else {
        session_greet(s);
    }
}

void sessions_stop(struct proxy *proxy)
{
    proxy->stopping = true;
    struct session *s;
    TAILQ_FOREACH(s, &proxy->sessions, link)
    if (s->state == SESSION_COMMAND && s->greeted && !s->t.open && !s->starting_tls)
        session_close(s, 421, "4.3.2", "service is stopping, try again later");
}

void session_end(struct session *s)
{
    struct proxy *proxy = s->proxy;
    session_reset(s);
    client_study_free(&s->study);
    proxy_count(proxy);
    stream_free(&s->stream);
    shared_session_give(proxy->shared, proxy->row, &s->client);
    arena_free(&s->arena);
    arena_free(&s->mail);
    TAILQ_REMOVE(&proxy->sessions, s, link);
    proxy->session_count--;
    free(s);
    if (proxy->draining && proxy->session_count == 0)
        proxy->drained(proxy);
}
