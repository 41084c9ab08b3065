/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_upstream.h"

#include "base/log.h"
#include "proxy/imap/imap_response.h"
#include "proxy/upstream/upstream_connect.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    OUTPUT_MAX = 256 * 1024,
    GREETING_MAX = 8192, /* of a line before it is ready */
};

enum state {
    CONNECTING,
    GREETING,
    STARTTLS,
    HANDSHAKE,
    ID, /* it has been told the client's address */
    READY,
};

struct imap_upstream {
    struct imap_upstream_setup setup;
    const struct server *conf;
    const struct imap_upstream_owner *callbacks;
    void *owner;
    struct stream *stream;
    enum state state;
    bool secured, paused;
    enum server_profile profile;
    int64_t expects; /* ms */
    bool in_hand;    /* input is being taken: it is freed behind that */
    bool freed;
};

static size_t on_input(void *ctx, struct slice bytes);
static void on_event(void *ctx, enum stream_event event);

static const struct stream_owner stream_callbacks = {on_input, on_event};

struct imap_upstream *imap_upstream_new(const struct imap_upstream_setup *setup,
                                        const struct imap_upstream_owner *callbacks, void *owner,
                                        const char **reason)
{
    struct imap_upstream *c = calloc(1, sizeof *c);
    *reason = "out of memory";
    if (c) {
        *c = (struct imap_upstream){.setup = *setup,
                                    .conf = upstream_server_conf(setup->server),
                                    .callbacks = callbacks,
                                    .owner = owner};
        c->stream = upstream_connect(setup->base, c->conf, setup->source, IMAP_INPUT_MAX,
                                     OUTPUT_MAX, &stream_callbacks, c, reason);
    }
    if (!c || !c->stream) {
        upstream_server_give(setup->server);
        free(c);
        return NULL;
    }
    stream_writes_secrets(c->stream);
    stream_deadline(c->stream, setup->connect_ms);
    return c;
}

void imap_upstream_free(struct imap_upstream **upstream)
{
    struct imap_upstream *c = *upstream;
    *upstream = NULL;
    if (!c)
        return;
    stream_free(&c->stream);
    upstream_server_give(c->setup.server);
    c->freed = true;
    if (!c->in_hand)
        free(c);
}

enum server_profile imap_upstream_profile(const struct imap_upstream *c)
{
    return c->profile;
}

const struct server *imap_upstream_conf(const struct imap_upstream *c)
{
    return c->conf;
}

/* ---- sent ---- */

void imap_upstream_send(struct imap_upstream *c, struct slice octets)
{
    stream_write(c->stream, octets);
    stream_flush_whole(c->stream);
}

void imap_upstream_pieces(struct imap_upstream *c, const struct iovec *pieces, size_t count)
{
    stream_write_pieces(c->stream, pieces, count);
    stream_notify_drained(c->stream);
    stream_flush(c->stream);
}

void imap_upstream_expect(struct imap_upstream *c, int64_t ms)
{
    c->expects = ms;
    stream_deadline(c->stream, c->paused ? 0 : ms);
}

void imap_upstream_pause(struct imap_upstream *c)
{
    c->paused = true;
    stream_pause(c->stream);
    stream_deadline(c->stream, 0);
}

void imap_upstream_resume(struct imap_upstream *c)
{
    if (!c->paused)
        return;
    c->paused = false;
    stream_resume(c->stream);
    stream_deadline(c->stream, c->expects);
}

/* ---- becoming ready ---- */

static void fail(struct imap_upstream *c, const char *trouble)
{
    bool early = c->state < READY;
    if (c->state == STARTTLS || c->state == HANDSHAKE)
        upstream_server_tls_failed(c->setup.server, trouble);
    else if (early)
        upstream_server_failed(c->setup.server, trouble);
    c->callbacks->over(c->owner, early, trouble);
}

static void say(struct imap_upstream *c, enum state state, const char *line)
{
    c->state = state;
    imap_upstream_send(c, slice_of(line));
    stream_deadline(c->stream, c->setup.reply_ms);
}

static void be_ready(struct imap_upstream *c)
{
    c->state = READY;
    stream_deadline(c->stream, 0);
    upstream_server_answered(c->setup.server);
    c->callbacks->ready(c->owner);
}

/* A Dovecot that trusts us then counts, logs and judges by the client's address instead of ours;
 * one that does not takes no notice. */
static void become_ready(struct imap_upstream *c)
{
    char line[160], address[46];
    if (c->profile != PROFILE_DOVECOT) {
        be_ready(c);
        return;
    }
    ip_text(&c->setup.client, address);
    snprintf(line, sizeof line,
             "gp ID (\"x-originating-ip\" \"%s\" \"x-originating-port\" \"%u\")\r\n", address,
             (unsigned)c->setup.client_port);
    say(c, ID, line);
}

static void begin_tls(struct imap_upstream *c)
{
    SSL *ssl = upstream_server_tls(c->setup.server);
    if (!ssl) {
        fail(c, "out of memory for TLS");
        return;
    }
    c->state = HANDSHAKE;
    stream_secure(c->stream, ssl);
    stream_deadline(c->stream, c->setup.connect_ms);
}

static bool wants_tls(const struct imap_upstream *c)
{
    return !c->secured && c->conf->tls != BACKEND_TLS_NONE &&
           !(c->conf->tls == BACKEND_TLS_OPPORTUNISTIC &&
             upstream_server_without_tls(c->setup.server));
}

/* Who is in without a login is nobody whom we know. */
static void greeted(struct imap_upstream *c, const struct imap_response *response)
{
    if (response->kind != IMAP_RESPONSE_UNTAGGED || response->status != IMAP_OK) {
        fail(c, response->status == IMAP_PREAUTH ? "it lets in whoever connects"
                                                 : "refused by its greeting");
        return;
    }
    c->profile = upstream_server_profile(c->setup.server, response->rest, true);
    if (wants_tls(c))
        say(c, STARTTLS, "gp STARTTLS\r\n");
    else
        become_ready(c);
}

static void answered_starttls(struct imap_upstream *c, const struct imap_response *response)
{
    if (response->status == IMAP_OK)
        begin_tls(c);
    else if (c->conf->tls == BACKEND_TLS_OPPORTUNISTIC)
        become_ready(c);
    else
        fail(c, "server has no STARTTLS, but the configuration demands TLS");
}

static void take_response(struct imap_upstream *c, const struct imap_response *response)
{
    bool ours = response->kind == IMAP_RESPONSE_TAGGED && slice_eq(response->tag, SLICE("gp"));
    if (c->state == GREETING)
        greeted(c, response);
    else if (response->kind == IMAP_RESPONSE_UNTAGGED && response->status == IMAP_BYE)
        fail(c, "it said BYE");
    else if (ours && c->state == STARTTLS)
        answered_starttls(c, response);
    else if (ours)
        be_ready(c); /* if it would not hear it, it has our address */
    else if (response->kind != IMAP_RESPONSE_UNTAGGED)
        fail(c, "a response without a command");
}

static size_t take_line(struct imap_upstream *c, struct slice bytes)
{
    struct imap_text text;
    struct imap_response response;
    int found = imap_text(bytes, true, &text);
    if (found == 0 && bytes.len < GREETING_MAX)
        return 0;
    if (found != 1 || text.literal) {
        fail(c, "a line that cannot be read");
        return bytes.len;
    }
    imap_response(text.text, &response);
    take_response(c, &response);
    return c->freed ? bytes.len : text.text.len;
}

static size_t take(struct imap_upstream *c, struct slice bytes)
{
    if (c->state != READY)
        return take_line(c, bytes);
    if (!c->paused && c->expects)
        stream_deadline(c->stream, c->expects);
    return c->callbacks->input(c->owner, bytes);
}

static size_t on_input(void *ctx, struct slice bytes)
{
    struct imap_upstream *c = ctx;
    size_t used = 0, n = 1;
    c->in_hand = true;
    while (n && used < bytes.len && !c->freed && !c->paused && c->state != HANDSHAKE) {
        n = take(c, slice_from(bytes, used));
        used += n;
    }
    c->in_hand = false;
    if (!c->freed)
        return used;
    free(c);
    return bytes.len;
}

static void secured(struct imap_upstream *c)
{
    c->secured = true;
    if (!c->conf->implicit_tls) {
        become_ready(c);
        return;
    }
    c->state = GREETING;
    stream_deadline(c->stream, c->setup.reply_ms);
}

static void connected(struct imap_upstream *c)
{
    if (c->conf->implicit_tls) {
        begin_tls(c);
        return;
    }
    c->state = GREETING;
    stream_deadline(c->stream, c->setup.reply_ms);
}

static void on_event(void *ctx, enum stream_event event)
{
    struct imap_upstream *c = ctx;
    switch (event) {
    case STREAM_CONNECTED:
        connected(c);
        break;
    case STREAM_SECURED:
        secured(c);
        break;
    case STREAM_CLOSED:
        fail(c, "closed by the server");
        break;
    case STREAM_FAILED:
        fail(c, stream_error(c->stream));
        break;
    case STREAM_TIMEOUT:
        fail(c, "no answer in time");
        break;
    case STREAM_DRAINED:
        c->callbacks->drained(c->owner);
        break;
    }
}
