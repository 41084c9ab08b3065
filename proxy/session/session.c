/* SPDX-License-Identifier: ISC */
#include "proxy/session/session.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/process/tls_offer.h"
#include "proxy/session/session_foreign.h"
#include "proxy/session/session_log.h"
#include "proxy/session/session_record.h"
#include "proxy/session/session_share.h"
#include "proxy/session/session_stress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    OUTPUT_MAX = 64 * 1024,
    ARENA_MAX = 16 * 1024,
    LINGER_MS = 1000,
    LINGER_SENDING_MS = 5000, /* for more of who still sends, */
    LINGER_MOST_MS = 60000,   /* but not longer in all */
    REASON_MAX = 120,
};

static size_t on_input(void *ctx, struct slice bytes);
static void on_event(void *ctx, enum stream_event event);

static const struct stream_owner stream_callbacks = {on_input, on_event};

static const struct settings *settings_of(const struct session *s)
{
    return &s->proxy->config->settings;
}

void session_count(const struct session *s, enum counter counter)
{
    shared_count(s->proxy->shared, s->proxy->row, counter, 1);
}

/* ---- states ---- */

void session_enter(struct session *s, enum session_state state)
{
    static const char *const names[] = {
        [SESSION_CONNECTED] = "connected", [SESSION_OPEN] = "open",
        [SESSION_BULK] = "bulk",           [SESSION_BUSY] = "busy",
        [SESSION_PASSING] = "passing",     [SESSION_CLOSING] = "closing",
    };
    if (state == s->state)
        return;
    if (log_wants(LEVEL_DEBUG))
        log_at(LEVEL_DEBUG, s->id, "state", field_str("from", names[s->state]),
               field_str("to", names[state]));
    s->state = state;
    session_does(s);
}

void session_expect_command(struct session *s)
{
    session_enter(s, SESSION_OPEN);
    stream_bulk(s->stream, false);
    stream_deadline(s->stream, s->protocol->patience(s));
}

void session_expect_bulk(struct session *s, int64_t ms)
{
    session_enter(s, SESSION_BULK);
    session_stress_look(s->proxy);
    stream_bulk(s->stream, true);
    stream_deadline(s->stream, ms);
}

void session_wait(struct session *s)
{
    session_enter(s, SESSION_BUSY);
    stream_pause(s->stream);
    stream_deadline(s->stream, 0);
}

void session_go_on(struct session *s)
{
    if (s->state != SESSION_BUSY)
        return;
    if (s->proxy->stopping && s->protocol->between(s)) {
        session_farewell(s, BYE_STOPPING);
        return;
    }
    session_expect_command(s);
    stream_resume(s->stream);
    stream_flush(s->stream);
}

/* ---- replies, and the last one ---- */

/* A client that sends commands and reads no replies: one reply left out would make all that follow
 * answer the wrong command. It is given up from the loop. */
static void give_up(struct session *s)
{
    session_enter(s, SESSION_CLOSING);
    stream_deadline(s->stream, 1);
}

void session_was_useful(struct session *s)
{
    s->useful = clock_ms();
}

void session_text(struct session *s, struct slice text)
{
    if (!stream_write(s->stream, text))
        give_up(s);
}

void session_hang_up(struct session *s)
{
    session_enter(s, SESSION_CLOSING);
    /* What else comes is read and thrown away, or a reset would overtake our reply. */
    stream_resume(s->stream);
    stream_notify_drained(s->stream);
    stream_deadline(s->stream, settings_of(s)->timeouts_handshake);
    stream_flush(s->stream);
}

enum { FAREWELL_MAX = 200 };

static size_t write_farewell(char line[static FAREWELL_MAX], const struct mail_protocol *protocol,
                             enum farewell farewell, const char *id)
{
    return (size_t)snprintf(line, FAREWELL_MAX, "%s (%s)\r\n", protocol->farewells[farewell], id);
}

void session_farewell(struct session *s, enum farewell farewell)
{
    char line[FAREWELL_MAX];
    size_t len = write_farewell(line, s->protocol, farewell, s->id);
    s->protocol->record(s, (struct slice){line, len - strlen("\r\n")});
    session_text(s, (struct slice){line, len});
    session_hang_up(s);
}

bool session_may_go_on(struct session *s)
{
    if (++s->commands <= settings_of(s)->limits_commands)
        return true;
    session_farewell(s, BYE_COMMANDS);
    return false;
}

bool session_may_err(struct session *s)
{
    if (++s->errors < settings_of(s)->limits_errors)
        return true;
    session_farewell(s, BYE_ERRORS);
    return false;
}

/* ---- input ---- */

/* The end was said to a client that is sending: some write all they have before they read, and a
 * reset would overtake our reply. */
static void linger(struct session *s)
{
    int64_t left = s->lingers_until - clock_ms();
    if (s->lingers_until == 0)
        return;
    left = left < 1 ? 1 : left;
    stream_deadline(s->stream, left < LINGER_SENDING_MS ? left : LINGER_SENDING_MS);
}

/* Before the banner it is kept until that is out. */
static size_t take(struct session *s, struct slice bytes)
{
    switch (s->state) {
    case SESSION_OPEN:
    case SESSION_BULK:
        return s->protocol->input(s, bytes);
    case SESSION_CLOSING:
        linger(s);
        return bytes.len;
    case SESSION_PASSING:
        break;
    case SESSION_CONNECTED:
    case SESSION_BUSY:
        if (!s->greeted)
            s->protocol->early(s);
        stream_pause(s->stream);
        break;
    }
    return 0;
}

static size_t on_input(void *ctx, struct slice bytes)
{
    struct session *s = ctx;
    size_t used = 0;
    s->heard = clock_ms();
    while (used < bytes.len) {
        size_t n = take(s, slice_from(bytes, used));
        used += n;
        s->came += n;
        if (n == 0 || s->starting_tls)
            break;
    }
    return used;
}

/* ---- events ---- */

bool session_is_securing(const struct session *s)
{
    return s->starting_tls || (s->state == SESSION_CONNECTED && s->listener->implicit_tls);
}

static void tell_failure(struct session *s, const char *reason)
{
    char address[46];
    ip_text(&s->client, address);
    log_at(LEVEL_INFO, s->id, "connection failed", field_str("client", address),
           field_str("reason", reason));
}

/* What the client offers tells which of the two has to change. */
static void tell_failed_handshake(struct session *s, const char *reason)
{
    char address[46], offer[TLS_OFFER_WORDS] = "", why[TLS_OFFER_WORDS + REASON_MAX];
    ip_text(&s->client, address);
    if (stream_ssl(s->stream))
        tls_offer_words(stream_ssl(s->stream), offer);
    snprintf(why, sizeof why, "%.*s%s%s", REASON_MAX - 20, reason, *offer ? "; offered: " : "",
             offer);
    log_at(LEVEL_INFO, s->id, "TLS failed", field_str("client", address),
           field_text("listener", s->listener->name), field_str("reason", reason),
           field_str("offered", offer));
    session_record_failure(s, slice_of(why));
}

void session_fail(struct session *s, const char *reason)
{
    if (session_is_securing(s))
        tell_failed_handshake(s, reason);
    session_end(s);
}

static void timed_out(struct session *s)
{
    if (session_is_securing(s)) {
        session_fail(s, "the handshake takes too long");
        return;
    }
    switch (s->state) {
    case SESSION_OPEN:
        session_farewell(s, BYE_TIMEOUT);
        break;
    case SESSION_BULK:
        s->protocol->slow(s);
        break;
    case SESSION_BUSY:
        session_overdue(s);
        break;
    case SESSION_CONNECTED:
    case SESSION_PASSING:
    case SESSION_CLOSING:
        session_end(s);
        break;
    }
}

static void secured(struct session *s)
{
    s->starting_tls = false;
    tls_offer_forget(stream_ssl(s->stream));
    if (s->state == SESSION_CLOSING)
        return;
    if (!s->greeted) { /* implicit TLS */
        session_greet(s);
        return;
    }
    s->protocol->secured(s);
    session_expect_command(s);
}

static void drained(struct session *s)
{
    if (s->state != SESSION_CLOSING) {
        if (s->protocol->drained)
            s->protocol->drained(s);
        return;
    }
    if (s->leaving) {
        session_end(s);
        return;
    }
    s->lingers_until = clock_ms() + (s->proxy->stressed ? LINGER_SENDING_MS : LINGER_MOST_MS);
    stream_half_close(s->stream, LINGER_MS);
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
        drained(s);
        break;
    case STREAM_FAILED:
        if (!session_is_securing(s) && session_logs(s, LINE_HUNG_UP))
            tell_failure(s, stream_error(s->stream));
        session_fail(s, stream_error(s->stream));
        break;
    case STREAM_CLOSED:
        session_fail(s, "the client hung up in the handshake");
        break;
    case STREAM_CONNECTED:
        break;
    }
}

/* ---- beginning and ending ---- */

/* Past a limit a client hears why, in plaintext and only there, and is gone: it has no more of a
 * session than this. */
static void turn_away(struct session *s, int fd, enum farewell why)
{
    char line[FAREWELL_MAX];
    proxy_new_id(s->proxy, s->id);
    size_t len = write_farewell(line, s->protocol, why, s->id);
    if (!s->listener->implicit_tls)
        send(fd, line, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
    session_record_turned_away(s, (struct slice){line, len - strlen("\r\n")});
}

static bool count_session(struct session *s, int fd)
{
    struct proxy *proxy = s->proxy;
    s->claim = session_claim(proxy, s->listener, &s->client);
    if (s->health) {
        s->claim.holder.network = s->claim.holder.wider = 0;
        s->claim.limit_per_client = s->claim.limit;
    }
    switch (shared_session_take(proxy->shared, proxy->row, &s->claim)) {
    case SHARED_SESSION_TAKEN:
        return true;
    case SHARED_SESSION_TOO_MANY:
        turn_away(s, fd, BYE_ALL_TAKEN);
        break;
    case SHARED_SESSION_TOO_MANY_OF_CLIENT:
        turn_away(s, fd, BYE_CLIENT_TAKEN);
        break;
    case SHARED_SESSION_TOO_MANY_OF_NETWORK:
        turn_away(s, fd, BYE_SHARE_TAKEN);
        break;
    }
    return false;
}

void session_secure(struct session *s, SSL *ssl)
{
    stream_secure(s->stream, ssl);
    stream_deadline(s->stream, settings_of(s)->timeouts_handshake);
}

static void log_connect(const struct session *s, const struct introduction *said)
{
    char address[46], balancer[46] = "";
    if (!log_wants(LEVEL_DEBUG))
        return;
    ip_text(&s->client, address);
    if (said)
        ip_text(&said->balancer, balancer);
    log_at(LEVEL_DEBUG, s->id, "connect", field_str("client", address),
           field_text("listener", s->listener->name), field_str("balancer", balancer));
}

static bool equip(struct session *s, int fd)
{
    s->arena = arena_new(ARENA_MAX);
    s->stream =
        stream_new(s->proxy->base, fd, s->protocol->input_max, OUTPUT_MAX, &stream_callbacks, s);
    return s->protocol->open(s) && s->arena && s->stream;
}

static void begin_tls(struct session *s)
{
    SSL *ssl = tls_accept(s->proxy->tls, s->listener, s->protocol->alpn);
    if (ssl)
        session_secure(s, ssl);
    else
        session_end(s);
}

static void start(struct session *s, const struct introduction *said)
{
    log_connect(s, said);
    if (!s->listener->implicit_tls)
        session_greet(s);
    else if (s->listener->foreign_tls != FOREIGN_TLS_UNSAID)
        session_foreign_begin(s, begin_tls);
    else
        begin_tls(s);
}

static void copy_text(char *out, size_t size, struct slice text)
{
    snprintf(out, size, "%.*s", SLICE_ARGS(text));
}

/* What is told of its TLS counts as if we had seen it: its messages are ours to keep secret. */
static void introduce(struct session *s, const struct introduction *said)
{
    s->health = said->health;
    if (said->tls) {
        copy_text(s->told_tls.version, sizeof s->told_tls.version,
                  said->tls_version.len ? said->tls_version : SLICE("TLS"));
        copy_text(s->told_tls.cipher, sizeof s->told_tls.cipher, said->tls_cipher);
        s->told_name =
            said->server_name.len ? strndup(said->server_name.ptr, said->server_name.len) : NULL;
    }
}

void session_begin(struct proxy *proxy, const struct mail_protocol *protocol,
                   const struct listener *listener, const struct arrival *arrival)
{
    int fd = arrival->fd;
    const struct introduction *said = arrival->said;
    struct session whose = {.protocol = protocol,
                            .proxy = proxy,
                            .listener = listener,
                            .client = arrival->client,
                            .client_port = arrival->port,
                            .local = arrival->local,
                            .local_port = arrival->local_port,
                            .granted = arrival->granted,
                            .told_port = said ? said->server_port : 0,
                            .health = said && said->health};
    if (!count_session(&whose, fd))
        return;
    struct session *s = calloc(1, protocol->size);
    if (!s) {
        close(fd);
        shared_session_give(proxy->shared, proxy->row, &whose.claim);
        return;
    }
    *s = whose;
    proxy_new_id(proxy, s->id);
    s->began = s->since = s->heard = s->useful = clock_ms();
    s->began_at = clock_wall();
    session_appear(s);
    TAILQ_INSERT_TAIL(&proxy->sessions, s, link);
    proxy->session_count++;
    if (!s->health)
        session_count(s, COUNTER_CONNECTIONS);
    if (!equip(s, fd)) {
        session_end(s);
        return;
    }
    if (said)
        introduce(s, said);
    start(s, said);
    session_stress_look(proxy);
}

void sessions_stop(struct proxy *proxy)
{
    proxy->stopping = true;
    struct session *s;
    TAILQ_FOREACH(s, &proxy->sessions, link)
        if (s->passage)
            session_hurry_passage(s);
        else if (s->state == SESSION_OPEN && !s->starting_tls && s->protocol->between(s))
            session_farewell(s, BYE_STOPPING);
}

void session_end(struct session *s)
{
    struct proxy *proxy = s->proxy;
    session_end_passage(s, "the session has ended");
    session_foreign_free(&s->foreign);
    s->protocol->close(s);
    session_record_rest(s);
    session_log_rest(s);
    client_study_free(&s->study);
    proxy_count(proxy);
    stream_free(&s->stream);
    session_disappear(s);
    shared_session_give(proxy->shared, proxy->row, &s->claim);
    arena_free(&s->arena);
    free(s->told_name);
    TAILQ_REMOVE(&proxy->sessions, s, link);
    proxy->session_count--;
    free(s);
    proxy_end_if_drained(proxy);
}
