/* SPDX-License-Identifier: ISC
 * A connection becoming usable: EHLO, STARTTLS, what the server can do; smtp_upstream_login.c logs in. */
#include "proxy/login/sasl_mechanism.h"
#include "proxy/smtp/own_mark.h"
#include "proxy/smtp/smtp_hide.h"
#include "proxy/smtp/smtp_upstream_internal.h"

void smtp_upstream_become_idle(struct smtp_upstream *c)
{
    if (c->behind) { /* what nobody asked for would be taken for the next job's replies */
        smtp_upstream_over(c, UPSTREAM_END_BROKEN, "reply without a command");
        return;
    }
    c->state = UPSTREAM_IDLE;
    stream_deadline(c->stream, 0);
    c->callbacks->idle(c->owner, c);
}

static void learn_name(char name[static SERVER_NAME_MAX], const struct smtp_reply *reply)
{
    size_t at = 0;
    struct slice line = SLICE("");
    smtp_reply_line(reply, &at, &line);
    if (!slice_to_text(smtp_greeting_name(line), name, SERVER_NAME_MAX))
        *name = '\0';
}

/* A server that sees its client may not want him, and serves all others. */
static void refused(struct smtp_upstream *c, const char *why)
{
    bool sees_client = c->setup.way.connection >= 0 || server_is_introduced(c->conf);
    smtp_upstream_over(c, sees_client ? UPSTREAM_END_OF_CLIENT : UPSTREAM_END_CONNECT, why);
}

void smtp_upstream_got_greeting(struct smtp_upstream *c, const struct smtp_reply *reply)
{
    if (reply->code == 220) {
        learn_name(c->names.greeting, reply);
        smtp_upstream_ehlo(c);
    } else {
        refused(c, "refused by its greeting");
    }
}

void smtp_upstream_ehlo(struct smtp_upstream *c)
{
    const char *verb = c->conf->lmtp ? "LHLO" : c->helo_tried ? "HELO" : "EHLO";
    c->state = UPSTREAM_EHLO;
    struct slice name = *c->told && *c->helo ? slice_of(c->helo) : c->setup.hostname;
    stream_printf(c->stream, "%s %.*s\r\n", verb, SLICE_ARGS(name));
    stream_flush_whole(c->stream);
    stream_deadline(c->stream, c->setup.reply_ms);
}

void smtp_upstream_begin_tls(struct smtp_upstream *c)
{
    SSL *ssl = upstream_server_tls(c->setup.server, &c->setup.way);
    if (!ssl) {
        smtp_upstream_over(c, UPSTREAM_END_CONNECT, "out of memory for TLS");
        return;
    }
    c->state = UPSTREAM_HANDSHAKE;
    stream_secure(c->stream, ssl);
    stream_deadline(c->stream, c->setup.connect_ms);
}

/* RFC 9422 4: "RCPTMAX=100", among others. */
static void learn_limits(struct smtp_capabilities *can, struct slice limits)
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

/* RFC 4954 3: "AUTH PLAIN LOGIN". */
static void learn_mechanisms(struct smtp_capabilities *can, struct slice names)
{
    struct slice name;
    while (names.len) {
        slice_cut(names, ' ', &name, &names);
        sasl_offered(name, &can->mechanisms, &can->plus);
    }
}

static void learn_line(struct smtp_capabilities *can, struct slice line)
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
    else if (slice_ieq(word, SLICE("AUTH")))
        learn_mechanisms(can, slice_trim(rest));
    else if (slice_ieq(word, SLICE("XCLIENT")))
        can->xclient = smtp_xclient_offered(slice_trim(rest));
    else if (slice_ieq(word, SLICE("LIMITS")))
        learn_limits(can, slice_trim(rest));
    else if (slice_ieq(word, SLICE("SIZE")) &&
             !slice_to_u64(slice_trim(rest), INT64_MAX, &can->size))
        can->size = 0;
}

/* What is behind the first line, which names the server. False: we are the server. */
static bool learn_lines(struct smtp_upstream *c, const struct smtp_reply *reply)
{
    char mark[OWN_MARK_MAX];
    struct slice line, own = own_mark(c->setup.shared, mark);
    size_t at = 0;
    bool other = true;
    smtp_reply_line(reply, &at, &line);
    while (!c->helo_tried && smtp_reply_line(reply, &at, &line)) {
        learn_line(&c->can, line);
        other = other && !slice_eq(slice_trim(line), own);
    }
    return other;
}

static bool needs_tls(const struct smtp_upstream *c)
{
    enum backend_tls wanted = c->conf->tls;
    return !c->secured && wanted != BACKEND_TLS_NONE && wanted != BACKEND_TLS_OPPORTUNISTIC;
}

static bool wants_tls(const struct smtp_upstream *c)
{
    bool opportunistic = c->conf->tls == BACKEND_TLS_OPPORTUNISTIC;
    return needs_tls(c) || (opportunistic && !c->secured && !c->plain);
}

void smtp_upstream_await_login(struct smtp_upstream *c)
{
    c->state = UPSTREAM_LOGIN;
    stream_deadline(c->stream, 0);
    c->callbacks->ready(c->owner, c);
}

void smtp_upstream_got_ehlo(struct smtp_upstream *c, const struct smtp_reply *reply)
{
    if (reply->code != 250) {
        if (!c->conf->lmtp && !c->helo_tried && reply->code / 100 == 5) {
            c->helo_tried = true;
            smtp_upstream_ehlo(c);
        } else {
            const char *why = c->conf->lmtp ? "LHLO refused" : "EHLO refused";
            if (c->job)
                smtp_upstream_failed(c, why);
            else
                refused(c, why);
        }
        return;
    }
    c->can = (struct smtp_capabilities){.known = true};
    learn_name(c->names.ehlo, reply);
    if (!learn_lines(c, reply))
        smtp_upstream_over(c, UPSTREAM_END_CONNECT,
                           "this server is the gateway itself: mail would go in circles");
    else if (wants_tls(c) && c->can.starttls) {
        c->state = UPSTREAM_STARTTLS;
        smtp_upstream_say(c, "STARTTLS\r\n");
    } else if (needs_tls(c)) {
        smtp_upstream_over(c, UPSTREAM_END_CONNECT,
                           "server offers no STARTTLS, but the configuration demands TLS");
    } else if (c->setup.passes_login && c->behind) { /* it would be taken for the answer to AUTH */
        smtp_upstream_over(c, UPSTREAM_END_CONNECT, "reply without a command");
    } else if (c->setup.passes_login) {
        if (!smtp_upstream_tell_owner(c))
            smtp_upstream_await_login(c);
    } else if (c->job && c->behind) { /* it would be taken for the answer to MAIL */
        smtp_upstream_failed(c, "reply without a command");
    } else if (c->job) {
        smtp_upstream_begin_envelope(c);
    } else if (c->setup.login) {
        smtp_upstream_log_in(c);
    } else {
        smtp_upstream_become_idle(c);
    }
}

void smtp_upstream_got_starttls(struct smtp_upstream *c, const struct smtp_reply *reply)
{
    if (reply->code == 220)
        smtp_upstream_begin_tls(c);
    else
        smtp_upstream_over(c, UPSTREAM_END_TLS, "STARTTLS refused");
}

void smtp_upstream_secured(struct smtp_upstream *c)
{
    c->secured = true;
    if (c->conf->implicit_tls && !c->can.known) {
        c->state = UPSTREAM_GREETING;
        stream_deadline(c->stream, c->setup.reply_ms);
    } else {
        smtp_upstream_ehlo(c);
    }
}
