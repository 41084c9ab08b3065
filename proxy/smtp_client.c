/* SPDX-License-Identifier: ISC */
#include "proxy/smtp_client.h"

#include "base/clock.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUT_MAX = 1024 * 1024, PIPELINED_MOST = 100 };

enum client_state {
    CLIENT_CONNECTING,
    CLIENT_GREETING,
    CLIENT_EHLO,
    CLIENT_STARTTLS,
    CLIENT_HANDSHAKE,
    CLIENT_IDLE,
    CLIENT_ENVELOPE, /* MAIL, RCPT..., then DATA or RSET */
    CLIENT_BODY,     /* 354 has come */
    CLIENT_OVER,
};

struct smtp_client {
    struct smtp_client_setup setup;
    const struct smtp_client_owner *callbacks;
    void *owner;
    struct stream *stream;
    enum client_state state;
    struct capabilities can;
    bool secured, helo_tried;
    struct backend_job *job;
    bool deliver, dot_out;
    bool behind;                   /* more input stands behind the reply that is being handled */
    char abandoned[SHARED_ID_MAX]; /* id of a session that went away after the final dot */
    size_t commands, sent,
        answered; /* of the envelope: 0 is MAIL, then the recipients, then DATA or RSET */
    const char *trouble;
};

static size_t on_input(void *ctx, struct slice bytes);
static void on_event(void *ctx, enum stream_event event);
static void failed(struct smtp_client *c, const char *why);

static const struct stream_owner stream_callbacks = {on_input, on_event};

static socklen_t socket_address(const struct ip *ip, uint16_t port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (ip->family == 4) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)out;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        memcpy(&v4->sin_addr, ip->bytes, 4);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    memcpy(&v6->sin6_addr, ip->bytes, 16);
    return sizeof *v6;
}

struct smtp_client *smtp_client_new(const struct smtp_client_setup *setup,
                                    const struct smtp_client_owner *callbacks, void *owner,
                                    const char **reason)
{
    struct smtp_client *c = calloc(1, sizeof *c);
    if (!c) {
        *reason = "out of memory";
        return NULL;
    }
    *c = (struct smtp_client){.setup = *setup, .callbacks = callbacks, .owner = owner};
    struct sockaddr_storage peer, local;
    socklen_t peer_len = socket_address(&setup->server->ip, setup->server->port, &peer),
              local_len = 0;
    if (setup->source)
        local_len = socket_address(setup->source, 0, &local);
    c->stream = stream_connect(setup->base, (struct sockaddr *)&peer, peer_len,
                               local_len ? (struct sockaddr *)&local : NULL, local_len,
                               SMTP_REPLY_MAX, OUTPUT_MAX, &stream_callbacks, c, reason);
    if (!c->stream) {
        free(c);
        return NULL;
    }
    stream_deadline(c->stream, setup->connect_ms);
    return c;
}

void smtp_client_free(struct smtp_client **client)
{
    if (!*client)
        return;
    stream_free(&(*client)->stream);
    free(*client);
    *client = NULL;
}

const struct capabilities *smtp_client_capabilities(const struct smtp_client *c)
{
    return &c->can;
}

struct backend_job *smtp_client_job(const struct smtp_client *c)
{
    return c->job;
}

bool smtp_client_will_be_idle(const struct smtp_client *c)
{
    return c->state < CLIENT_IDLE || (c->state == CLIENT_ENVELOPE && !c->job);
}

bool smtp_client_dot_out(const struct smtp_client *c)
{
    return c->dot_out;
}

const char *smtp_client_trouble(const struct smtp_client *c)
{
    return c->trouble ? c->trouble : "connection broken";
}

bool smtp_client_abandon(struct smtp_client *c)
{
    /* The pieces are the session's: only when they are all out can it go on without them. */
    if (c->state != CLIENT_BODY || stream_output_pending(c->stream))
        return false;
    snprintf(c->abandoned, sizeof c->abandoned, "%s", c->job->id);
    c->job = NULL;
    return true;
}

void smtp_client_quit(struct smtp_client *c)
{
    if (c->state == CLIENT_IDLE && stream_write(c->stream, SLICE("QUIT\r\n")))
        stream_flush(c->stream);
}

static void over(struct smtp_client *c, enum smtp_client_end why, const char *trouble)
{
    c->trouble = trouble;
    c->state = CLIENT_OVER;
    stream_free(&c->stream);
    c->callbacks->over(c->owner, c, why);
}

void smtp_client_close(struct smtp_client *c)
{
    c->job = NULL;
    over(c, CLIENT_END_CLOSED, "closed");
}

static void say(struct smtp_client *c, const char *line)
{
    stream_write(c->stream, slice_of(line));
    stream_flush(c->stream);
    stream_deadline(c->stream, c->setup.reply_ms);
}

/* ---- becoming usable ---- */

static void become_idle(struct smtp_client *c)
{
    if (c->behind) { /* what nobody asked for would be taken for the next job's replies */
        over(c, CLIENT_END_BROKEN, "reply without a command");
        return;
    }
    c->state = CLIENT_IDLE;
    stream_deadline(c->stream, 0);
    c->callbacks->idle(c->owner, c);
}

static void say_ehlo(struct smtp_client *c)
{
    c->state = CLIENT_EHLO;
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

static void begin_tls(struct smtp_client *c)
{
    SSL *ssl = SSL_new(c->setup.tls);
    if (!ssl) {
        over(c, CLIENT_END_CONNECT, "out of memory for TLS");
        return;
    }
    SSL_set_connect_state(ssl);
    expect_name(ssl, c->setup.server);
    if (c->setup.server->tls == BACKEND_TLS_VERIFY)
        SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    if (*c->setup.session)
        SSL_set_session(ssl, *c->setup.session);
    c->state = CLIENT_HANDSHAKE;
    stream_secure(c->stream, ssl);
    stream_deadline(c->stream, c->setup.connect_ms);
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
    else if (slice_ieq(word, SLICE("SIZE")) &&
             !slice_to_u64(slice_trim(rest), INT64_MAX, &can->size))
        can->size = 0;
}

static void got_ehlo(struct smtp_client *c, const struct smtp_reply *reply)
{
    if (reply->code != 250) {
        if (!c->helo_tried && reply->code / 100 == 5) {
            c->helo_tried = true;
            say_ehlo(c);
        } else {
            over(c, CLIENT_END_CONNECT, "EHLO refused");
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
        become_idle(c);
    } else if (c->can.starttls && !(wanted == BACKEND_TLS_OPPORTUNISTIC && c->setup.plain)) {
        c->state = CLIENT_STARTTLS;
        say(c, "STARTTLS\r\n");
    } else if (wanted == BACKEND_TLS_OPPORTUNISTIC) {
        become_idle(c);
    } else {
        over(c, CLIENT_END_CONNECT, "server offers no STARTTLS, but the configuration demands TLS");
    }
}

static void got_starttls(struct smtp_client *c, const struct smtp_reply *reply)
{
    if (reply->code == 220)
        begin_tls(c);
    else
        over(c, CLIENT_END_TLS, "STARTTLS refused");
}

static void secured(struct smtp_client *c)
{
    c->secured = true;
    SSL_SESSION *session = SSL_get1_session(stream_ssl(c->stream));
    if (session && SSL_SESSION_is_resumable(session)) {
        SSL_SESSION_free(*c->setup.session);
        *c->setup.session = session;
    } else {
        SSL_SESSION_free(session);
    }
    if (c->setup.server->implicit_tls && !c->can.known) {
        c->state = CLIENT_GREETING;
        stream_deadline(c->stream, c->setup.reply_ms);
    } else {
        say_ehlo(c);
    }
}

/* ---- a job ---- */

static void keep_reply(struct smtp_client *c, enum reply_stage stage, const struct smtp_reply *from,
                       struct backend_reply *to)
{
    to->kind = reply_class(stage, from);
    to->code = from->code == 421 ? 451 : from->code; /* it is not our client's session that ends */
    to->enhanced = arena_copy(c->job->arena, from->enhanced);
    to->text = arena_copy(c->job->arena, from->text);
}

static void write_mail(struct smtp_client *c)
{
    const struct backend_job *job = c->job;
    stream_printf(c->stream, "MAIL FROM:<%.*s>", SLICE_ARGS(job->sender));
    if (c->can.size && c->deliver)
        stream_printf(c->stream, " SIZE=%llu", (unsigned long long)job->size);
    if (c->can.eight_bit && (job->eight_bit || job->mail.body == SMTP_BODY_8BITMIME))
        stream_write(c->stream, SLICE(" BODY=8BITMIME"));
    if (c->can.utf8 && job->mail.utf8)
        stream_write(c->stream, SLICE(" SMTPUTF8"));
    if (c->can.dsn && job->mail.ret.len)
        stream_printf(c->stream, " RET=%.*s", SLICE_ARGS(job->mail.ret));
    if (c->can.dsn && job->mail.envid.len)
        stream_printf(c->stream, " ENVID=%.*s", SLICE_ARGS(job->mail.envid));
    stream_write(c->stream, SLICE("\r\n"));
}

static void write_rcpt(struct smtp_client *c, const struct job_recipient *recipient)
{
    stream_printf(c->stream, "RCPT TO:<%.*s>", SLICE_ARGS(recipient->address));
    if (c->can.dsn && recipient->params.notify.len)
        stream_printf(c->stream, " NOTIFY=%.*s", SLICE_ARGS(recipient->params.notify));
    if (c->can.dsn && recipient->params.orcpt.len)
        stream_printf(c->stream, " ORCPT=%.*s", SLICE_ARGS(recipient->params.orcpt));
    stream_write(c->stream, SLICE("\r\n"));
}

/* Milliseconds until the job must be over, at least 1. */
static int64_t job_left(const struct smtp_client *c)
{
    int64_t left = c->job->deadline - clock_ms();
    return left > 1 ? left : 1;
}

/* Sends what may be sent: all of the envelope when the server takes pipelining (RFC 2920), else one
 * command. */
static void advance(struct smtp_client *c)
{
    size_t window = c->can.pipelining ? PIPELINED_MOST : 1;
    while (c->sent < c->commands && c->sent - c->answered < window) {
        size_t n = c->sent++;
        if (n == 0)
            write_mail(c);
        else if (n + 1 < c->commands)
            write_rcpt(c, &c->job->recipients[n - 1]);
        else
            stream_write(c->stream, c->deliver ? SLICE("DATA\r\n") : SLICE("RSET\r\n"));
    }
    stream_flush(c->stream);
    int64_t left = job_left(c);
    stream_deadline(c->stream, left < c->setup.reply_ms ? left : c->setup.reply_ms);
}

void smtp_client_start(struct smtp_client *c, struct backend_job *job)
{
    c->job = job;
    job->client = c;
    job->server = c->setup.server->address;
    c->deliver = job->kind == JOB_DELIVER;
    c->commands = job->recipient_count + 2;
    c->sent = c->answered = 0;
    c->state = CLIENT_ENVELOPE;
    advance(c);
}

/* The job has its answer. `reusable`: the connection goes back first, so that what the session asks
 * next can have it. */
static void job_answered(struct smtp_client *c, bool reusable)
{
    struct backend_job *job = c->job;
    c->job = NULL;
    if (reusable && !c->behind)
        become_idle(c);
    else
        over(c, CLIENT_END_CLOSED, NULL);
    if (!job)
        return;
    job->outcome = JOB_ANSWERED;
    job->client = NULL;
    job->done(job);
}

static bool all_recipients_accepted(const struct backend_job *job)
{
    for (size_t i = 0; i < job->recipient_count; i++)
        if (job->recipients[i].reply.kind != REPLY_YES)
            return false;
    return true;
}

/* The server began nothing: after RSET the connection is good for the next job. */
static void clear_half_transaction(struct smtp_client *c)
{
    struct backend_job *job = c->job;
    c->job = NULL;
    c->sent = c->commands = 1;
    c->answered = 0;
    say(c, "RSET\r\n");
    job->outcome = JOB_ANSWERED;
    job->client = NULL;
    job->done(job);
}

static void got_data_reply(struct smtp_client *c)
{
    struct backend_job *job = c->job;
    bool accepted = job->mail_reply.kind == REPLY_YES && all_recipients_accepted(job);
    if (job->data_reply.code / 100 >= 4) {
        clear_half_transaction(c);
        return;
    }
    if (!accepted || job->data_reply.kind != REPLY_YES) {
        /* 354 although not every recipient is taken: no message must be begun. */
        job_answered(c, false);
        return;
    }
    if (c->behind) {
        failed(c, "reply before the message");
        return;
    }
    c->state = CLIENT_BODY;
    stream_write_pieces(c->stream, job->pieces, job->piece_count);
    stream_flush(c->stream);
    stream_deadline(c->stream, job_left(c));
}

static void got_envelope_reply(struct smtp_client *c, const struct smtp_reply *reply)
{
    size_t n = c->answered++;
    struct backend_job *job = c->job;
    if (!job) { /* the RSET after a refused delivery */
        if (reply->code / 100 == 2)
            become_idle(c);
        else
            failed(c, "RSET refused");
        return;
    }
    if (reply->code == 421 && (c->deliver || n + 1 < c->commands)) {
        failed(c, "421 from the server"); /* it closes; nothing is lost yet, so it is tried anew */
        return;
    }
    if (n == 0) {
        keep_reply(c, STAGE_MAIL, reply, &job->mail_reply);
    } else if (n + 1 < c->commands) {
        keep_reply(c, STAGE_RCPT, reply, &job->recipients[n - 1].reply);
    } else if (c->deliver) {
        keep_reply(c, STAGE_DATA, reply, &job->data_reply);
        got_data_reply(c);
        return;
    } else {
        job_answered(c, reply->code / 100 == 2);
        return;
    }
    advance(c);
}

static void got_final(struct smtp_client *c, const struct smtp_reply *reply)
{
    if (reply->code / 100 == 2 && stream_output_pending(c->stream)) {
        failed(c, "accepted before it had the message"); /* it cannot mean this one */
        return;
    }
    if (c->job)
        keep_reply(c, STAGE_BODY, reply, &c->job->final_reply);
    else if (reply->code / 100 == 2)
        log_at(LEVEL_WARNING, c->abandoned, "in-doubt",
               field_str("reason", "delivered, but the client had gone"));
    /* An answer before it had read all leaves it out of step. */
    job_answered(c, !stream_output_pending(c->stream) && reply->code != 421);
}

/* ---- events ---- */

static void failed(struct smtp_client *c, const char *why)
{
    enum client_state state = c->state;
    switch (state) {
    case CLIENT_CONNECTING:
    case CLIENT_GREETING:
    case CLIENT_EHLO:
        over(c, CLIENT_END_CONNECT, why);
        break;
    case CLIENT_STARTTLS:
    case CLIENT_HANDSHAKE:
        over(c, CLIENT_END_TLS, why);
        break;
    case CLIENT_BODY:
        c->dot_out = !stream_output_pending(c->stream);
        if (!c->job)
            log_at(LEVEL_WARNING, c->abandoned, "in-doubt", field_str("reason", why));
        over(c, CLIENT_END_BROKEN, why);
        break;
    case CLIENT_IDLE:
    case CLIENT_ENVELOPE:
        over(c, CLIENT_END_BROKEN, why);
        break;
    case CLIENT_OVER:
        break;
    }
}

static void got_reply(struct smtp_client *c, const struct smtp_reply *reply)
{
    switch (c->state) {
    case CLIENT_GREETING:
        if (reply->code == 220)
            say_ehlo(c);
        else
            over(c, CLIENT_END_CONNECT, "refused by its greeting");
        break;
    case CLIENT_EHLO:
        got_ehlo(c, reply);
        break;
    case CLIENT_STARTTLS:
        got_starttls(c, reply);
        break;
    case CLIENT_ENVELOPE:
        got_envelope_reply(c, reply);
        break;
    case CLIENT_BODY:
        got_final(c, reply);
        break;
    case CLIENT_CONNECTING:
    case CLIENT_HANDSHAKE:
    case CLIENT_IDLE: /* unasked: 421 on shutdown, or out of step */
        failed(c, "unexpected reply");
        break;
    case CLIENT_OVER:
        break;
    }
}

static size_t on_input(void *ctx, struct slice bytes)
{
    struct smtp_client *c = ctx;
    size_t used = 0, n;
    struct smtp_reply reply;
    while (used < bytes.len && c->state != CLIENT_OVER) {
        int r = smtp_reply(slice_from(bytes, used), &reply, &n);
        if (r == 0)
            break;
        used += n;
        bool out_of_step = c->state == CLIENT_ENVELOPE && c->answered == c->sent;
        if (r < 0 || out_of_step) {
            failed(c, r < 0 ? "not an SMTP reply" : "reply without a command");
            break;
        }
        c->behind = used < bytes.len;
        got_reply(c, &reply);
        if (c->state == CLIENT_HANDSHAKE) /* what is behind the 220 was plaintext */
            break;
    }
    return c->state == CLIENT_OVER ? bytes.len : used;
}

static void on_event(void *ctx, enum stream_event event)
{
    struct smtp_client *c = ctx;
    switch (event) {
    case STREAM_CONNECTED:
        if (c->setup.server->implicit_tls) {
            begin_tls(c);
        } else {
            c->state = CLIENT_GREETING;
            stream_deadline(c->stream, c->setup.reply_ms);
        }
        break;
    case STREAM_SECURED:
        secured(c);
        break;
    case STREAM_CLOSED:
        failed(c, "closed by the server");
        break;
    case STREAM_FAILED:
        failed(c, "connection failed");
        break;
    case STREAM_TIMEOUT:
        failed(c, "no answer in time");
        break;
    case STREAM_DRAINED:
        break;
    }
}
