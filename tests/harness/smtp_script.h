/* SPDX-License-Identifier: ISC
 * A scripted SMTP server inside a test's own event loop. */
#ifndef TESTS_HARNESS_SMTP_SCRIPT_H
#define TESTS_HARNESS_SMTP_SCRIPT_H

#include "base/buf.h"
#include "base/stream.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SCRIPT_CONNECTIONS = 64 };

#define SCRIPT_SILENT "silent" /* no answer */
#define SCRIPT_CLOSE "close"   /* closes instead of answering */

/* What it answers; NULL: the usual. Several lines in one text are several replies. */
struct script {
    const char *greeting, *ehlo, *starttls, *xclient, *mail, *rcpt, *data, *final, *rset;
    bool trickle;            /* a byte a turn of the loop */
    unsigned close_mails;    /* so many MAILs are met with a close */
    const char *early_final; /* said once the first bytes of a body have come */
    SSL_CTX *tls;
};

struct script_connection {
    struct script_server *server;
    struct stream *stream;
    struct buf out, body;
    struct event *turn;
    bool in_body;
};

struct script_server {
    struct script script;
    struct event_base *base;
    int listener;
    uint16_t port;
    struct event *accept;
    unsigned connections, open, messages, mails, recipients, resets;
    struct script_connection *all[SCRIPT_CONNECTIONS];
    struct buf commands; /* every line, each with its line end */
    struct buf body;     /* of the last message, as it came */
};

static inline void script_drop(struct script_connection *c)
{
    if (c->stream)
        c->server->open--;
    stream_free(&c->stream);
}

static inline void script_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    struct script_connection *c = arg;
    struct slice left = buf_slice(&c->out);
    if (!c->stream || left.len == 0)
        return;
    stream_write(c->stream, slice_sub(left, 0, 1));
    stream_flush(c->stream);
    buf_consume(&c->out, 1);
    event_add(c->turn, &(struct timeval){0, 0});
}

/* False: the connection is gone. */
static inline bool script_say(struct script_connection *c, const char *text, const char *usual)
{
    const char *reply = text ? text : usual;
    if (strcmp(reply, SCRIPT_CLOSE) == 0) {
        script_drop(c);
        return false;
    }
    if (strcmp(reply, SCRIPT_SILENT) == 0)
        return true;
    if (c->server->script.trickle) {
        buf_cstr(&c->out, reply);
        event_add(c->turn, &(struct timeval){0, 0});
    } else {
        stream_write(c->stream, slice_of(reply));
    }
    return true;
}

static inline bool script_mail(struct script_connection *c)
{
    struct script_server *s = c->server;
    s->mails++;
    if (s->script.close_mails) {
        s->script.close_mails--;
        return script_say(c, SCRIPT_CLOSE, NULL);
    }
    return script_say(c, s->script.mail, "250 2.1.0 ok\r\n");
}

static inline bool script_starttls(struct script_connection *c)
{
    struct script_server *s = c->server;
    if (!script_say(c, s->script.starttls, "220 2.0.0 go\r\n") || !s->script.tls)
        return c->stream != NULL;
    SSL *ssl = SSL_new(s->script.tls);
    SSL_set_accept_state(ssl);
    stream_secure(c->stream, ssl);
    return false;
}

static inline bool script_line(struct script_connection *c, struct slice line)
{
    struct script_server *s = c->server;
    const struct script *script = &s->script;
    buf_append(&s->commands, line);
    if (slice_istarts(line, SLICE("EHLO")) || slice_istarts(line, SLICE("LHLO")))
        return script_say(c, script->ehlo, "250-hi\r\n250-PIPELINING\r\n250 SIZE 1000000\r\n");
    if (slice_istarts(line, SLICE("HELO")))
        return script_say(c, NULL, "250 hi\r\n");
    if (slice_istarts(line, SLICE("STARTTLS")))
        return script_starttls(c);
    if (slice_istarts(line, SLICE("XCLIENT")))
        return script_say(c, script->xclient, "220 hi\r\n");
    if (slice_istarts(line, SLICE("MAIL")))
        return script_mail(c);
    if (slice_istarts(line, SLICE("RCPT"))) {
        s->recipients++;
        return script_say(c, script->rcpt, "250 2.1.5 ok\r\n");
    }
    if (slice_istarts(line, SLICE("DATA"))) {
        c->in_body = !script->data || strncmp(script->data, "354", 3) == 0;
        buf_clear(&c->body);
        return script_say(c, script->data, "354 go\r\n");
    }
    if (slice_istarts(line, SLICE("RSET"))) {
        s->resets++;
        return script_say(c, script->rset, "250 2.0.0 ok\r\n");
    }
    if (slice_istarts(line, SLICE("QUIT")))
        return script_say(c, SCRIPT_CLOSE, NULL);
    return script_say(c, NULL, "500 what\r\n");
}

/* The body's octets; true when its end has come. */
static inline bool script_body(struct script_connection *c, struct slice bytes, size_t *used)
{
    struct buf *body = &c->body;
    size_t before = buf_len(body);
    buf_append(body, bytes);
    struct slice all = buf_slice(body);
    size_t from = before > 4 ? before - 4 : 0;
    size_t at = from + slice_search(slice_from(all, from), SLICE("\r\n.\r\n"));
    bool empty = slice_starts(all, SLICE(".\r\n"));
    *used = bytes.len;
    if (at == all.len && !empty)
        return false;
    *used = (empty ? 3 : at + 5) - before;
    buf_clear(&c->server->body);
    buf_append(&c->server->body, slice_sub(all, 0, before + *used));
    return true;
}

static inline size_t script_input(void *ctx, struct slice bytes)
{
    struct script_connection *c = ctx;
    size_t at = 0;
    while (at < bytes.len) {
        struct slice rest = slice_from(bytes, at);
        size_t used = 0;
        if (c->in_body) {
            bool ended = script_body(c, rest, &used);
            at += used;
            if (c->server->script.early_final) {
                script_say(c, c->server->script.early_final, NULL);
                c->server->script.early_final = NULL;
            }
            if (!ended)
                continue;
            c->in_body = false;
            c->server->messages++;
            if (!script_say(c, c->server->script.final, "250 2.0.0 taken\r\n"))
                return at;
            continue;
        }
        size_t lf = slice_find(rest, '\n');
        if (lf == rest.len)
            break;
        at += lf + 1;
        if (!script_line(c, slice_sub(rest, 0, lf + 1)))
            return at;
    }
    return at;
}

static inline void script_event(void *ctx, enum stream_event event)
{
    if (event == STREAM_CLOSED || event == STREAM_FAILED)
        script_drop(ctx);
}

static const struct stream_owner script_owner = {script_input, script_event};

static inline void script_accept(evutil_socket_t listener, short what, void *arg)
{
    (void)what;
    struct script_server *s = arg;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 || s->connections == SCRIPT_CONNECTIONS)
        return;
    struct script_connection *c = calloc(1, sizeof *c);
    s->all[s->connections++] = c;
    s->open++;
    c->server = s;
    c->out = buf_init(100000);
    c->body = buf_init(16 << 20);
    c->turn = event_new(s->base, -1, 0, script_turn, c);
    c->stream = stream_new(s->base, fd, 16 * 1024, 1024 * 1024, &script_owner, c);
    if (script_say(c, s->script.greeting, "220 hi\r\n"))
        stream_flush(c->stream);
}

static inline void script_start(struct script_server *s, struct event_base *base)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    *s = (struct script_server){
        .base = base, .commands = buf_init(1 << 20), .body = buf_init(16 << 20)};
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(s->listener, (struct sockaddr *)&address, len) != 0 || listen(s->listener, 64) != 0)
        abort();
    getsockname(s->listener, (struct sockaddr *)&address, &len);
    s->port = ntohs(address.sin_port);
    s->accept = event_new(base, s->listener, EV_READ | EV_PERSIST, script_accept, s);
    event_add(s->accept, NULL);
}

static inline void script_drop_all(struct script_server *s)
{
    for (unsigned i = 0; i < s->connections; i++)
        script_drop(s->all[i]);
}

/* Makes room for other connections. */
static inline void script_forget(struct script_server *s)
{
    script_drop_all(s);
    for (unsigned i = 0; i < s->connections; i++) {
        event_free(s->all[i]->turn);
        buf_release(&s->all[i]->out);
        buf_release(&s->all[i]->body);
        free(s->all[i]);
    }
    s->connections = 0;
}

static inline void script_stop(struct script_server *s)
{
    script_forget(s);
    event_free(s->accept);
    close(s->listener);
    buf_release(&s->commands);
    buf_release(&s->body);
}

#endif
