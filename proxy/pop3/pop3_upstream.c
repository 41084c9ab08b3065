/* SPDX-License-Identifier: ISC */
#include "proxy/pop3/pop3_upstream.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/stream.h"
#include "proxy/pop3/pop3_body.h"
#include "proxy/upstream/upstream_connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    INPUT_MAX = 16 * 1024,
    OUTPUT_MAX = 32 * 1024,
    STATUS_MAX = 4096,
    OCTET_MS = 10, /* content that comes more slowly than this never ends */
};

enum state {
    CONNECTING,
    GREETING,
    STLS,
    HANDSHAKE,
    XCLIENT, /* it has been told the client's address */
    IDLE,    /* no command is under way */
    WAITING, /* for a status line */
    CONTENT,
};

struct pop3_upstream {
    struct pop3_upstream_setup setup;
    const struct server *conf;
    const struct pop3_upstream_owner *callbacks;
    void *owner;
    struct stream *stream;
    enum state state;
    bool secured, paused;
    enum server_profile profile;
    bool asks_client; /* it takes XCLIENT */
    enum pop3_answer answer;
    struct pop3_body body;
    int64_t began; /* since when its content comes, without pauses */
    uint64_t octets;
    bool in_hand; /* input is being taken: it is freed behind that */
    bool freed;
};

static size_t on_input(void *ctx, struct slice bytes);
static void on_event(void *ctx, enum stream_event event);

static const struct stream_owner stream_callbacks = {on_input, on_event};

struct pop3_upstream *pop3_upstream_new(const struct pop3_upstream_setup *setup,
                                        const struct pop3_upstream_owner *callbacks, void *owner,
                                        const char **reason)
{
    struct pop3_upstream *c = calloc(1, sizeof *c);
    *reason = "out of memory";
    if (c) {
        *c = (struct pop3_upstream){.setup = *setup,
                                    .conf = upstream_server_conf(setup->server),
                                    .callbacks = callbacks,
                                    .owner = owner};
        c->stream = upstream_connect(setup->base, c->conf, setup->source, INPUT_MAX, OUTPUT_MAX,
                                     &stream_callbacks, c, reason);
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

void pop3_upstream_free(struct pop3_upstream **upstream)
{
    struct pop3_upstream *c = *upstream;
    *upstream = NULL;
    if (!c)
        return;
    stream_free(&c->stream);
    upstream_server_give(c->setup.server);
    c->freed = true;
    if (!c->in_hand)
        free(c);
}

enum server_profile pop3_upstream_profile(const struct pop3_upstream *c)
{
    return c->profile;
}

const struct server *pop3_upstream_conf(const struct pop3_upstream *c)
{
    return c->conf;
}

bool pop3_upstream_is_ambiguous(const struct pop3_upstream *c)
{
    return c->body.ambiguous;
}

void pop3_upstream_pause(struct pop3_upstream *c)
{
    c->paused = true;
    stream_pause(c->stream);
    stream_deadline(c->stream, 0);
}

void pop3_upstream_resume(struct pop3_upstream *c)
{
    c->paused = false;
    c->began = clock_ms();
    c->octets = 0;
    stream_resume(c->stream);
    if (c->state >= WAITING)
        stream_deadline(c->stream, c->setup.reply_ms);
}

static void say(struct pop3_upstream *c, struct slice line)
{
    stream_write(c->stream, line);
    stream_write(c->stream, SLICE("\r\n"));
    stream_flush_whole(c->stream);
    stream_deadline(c->stream, c->setup.reply_ms);
}

void pop3_upstream_send(struct pop3_upstream *c, struct slice line, enum pop3_answer answer)
{
    c->answer = answer;
    c->state = WAITING;
    say(c, line);
}

/* ---- becoming ready ---- */

static void fail(struct pop3_upstream *c, const char *trouble)
{
    bool early = c->state < IDLE;
    if (c->state == STLS || c->state == HANDSHAKE)
        upstream_server_tls_failed(c->setup.server, trouble);
    else if (early)
        upstream_server_failed(c->setup.server, trouble);
    c->callbacks->over(c->owner, early, trouble);
}

static void be_ready(struct pop3_upstream *c)
{
    c->state = IDLE;
    stream_deadline(c->stream, 0);
    upstream_server_answered(c->setup.server);
    c->callbacks->ready(c->owner);
}

/* Dovecot greets those in login_trusted_networks with "[XCLIENT]", and then counts, logs and judges
 * by the client's address instead of ours. */
static void become_ready(struct pop3_upstream *c)
{
    char line[80], address[46];
    if (!c->asks_client) {
        be_ready(c);
        return;
    }
    ip_text(&c->setup.client, address);
    snprintf(line, sizeof line, "XCLIENT ADDR=%s PORT=%u", address, (unsigned)c->setup.client_port);
    c->state = XCLIENT;
    say(c, slice_of(line));
}

static void begin_tls(struct pop3_upstream *c)
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

static void await_greeting(struct pop3_upstream *c)
{
    c->state = GREETING;
    stream_deadline(c->stream, c->setup.reply_ms);
}

static bool wants_tls(const struct pop3_upstream *c)
{
    return !c->secured && c->conf->tls != BACKEND_TLS_NONE &&
           !(c->conf->tls == BACKEND_TLS_OPPORTUNISTIC &&
             upstream_server_without_tls(c->setup.server));
}

static void learn(struct pop3_upstream *c, struct slice greeting)
{
    bool offers = slice_search(greeting, SLICE("[XCLIENT]")) < greeting.len;
    c->profile = upstream_server_profile(c->setup.server, greeting, offers);
    c->asks_client = offers && c->profile == PROFILE_DOVECOT;
}

static void greeted(struct pop3_upstream *c, enum pop3_status status, struct slice line)
{
    if (status == POP3_OK)
        learn(c, line);
    if (status != POP3_OK) {
        fail(c, "refused by its greeting");
    } else if (wants_tls(c)) {
        c->state = STLS;
        say(c, SLICE("STLS"));
    } else {
        become_ready(c);
    }
}

static void answered_stls(struct pop3_upstream *c, enum pop3_status status)
{
    if (status == POP3_OK)
        begin_tls(c);
    else if (c->conf->tls == BACKEND_TLS_OPPORTUNISTIC)
        become_ready(c);
    else
        fail(c, "server has no STLS, but the configuration demands TLS");
}

static void secured(struct pop3_upstream *c)
{
    c->secured = true;
    if (c->conf->implicit_tls)
        await_greeting(c);
    else
        become_ready(c);
}

/* ---- responses ---- */

static enum pop3_status status_of(struct slice line)
{
    bool ok = line.len >= 3 && slice_ieq(slice_sub(line, 0, 3), SLICE("+OK")) &&
              (line.len == 3 || line.ptr[3] == ' ');
    bool challenge = slice_eq(line, SLICE("+")) || slice_starts(line, SLICE("+ "));
    return ok ? POP3_OK : challenge ? POP3_CHALLENGE : POP3_ERR;
}

static void out_of_step(struct pop3_upstream *c, const char *why)
{
    log_at(LEVEL_WARNING, "", "backend out of step", field_text("server", c->conf->address),
           field_str("reason", why));
    fail(c, why);
}

static struct slice as_error(struct slice line, char room[static STATUS_MAX])
{
    memcpy(room, line.ptr, line.len);
    room[0] = '-';
    return (struct slice){room, line.len};
}

static void answered(struct pop3_upstream *c, struct slice line)
{
    enum pop3_status status = status_of(line);
    char errs[STATUS_MAX];
    bool more = status == POP3_OK && c->answer >= POP3_ANSWER_LINES;
    c->state = more ? CONTENT : IDLE;
    c->body = (struct pop3_body){.stuffed = c->answer == POP3_ANSWER_LINES};
    c->began = clock_ms();
    c->octets = 0;
    stream_bulk(c->stream, more && c->answer == POP3_ANSWER_MESSAGE);
    stream_deadline(c->stream, more ? c->setup.reply_ms : 0);
    if (status == POP3_CHALLENGE && c->answer != POP3_ANSWER_CHALLENGE)
        out_of_step(c, "it asks where nothing is to be asked");
    else if (status == POP3_ERR && line.ptr[0] == '+') /* "+ERR", as hMailServer said it */
        c->callbacks->status(c->owner, status, as_error(line, errs));
    else
        c->callbacks->status(c->owner, status, line);
}

/* We ask one thing at a time: what stands behind an answer, and is no content, answers what was not
 * asked. A server that gives up says so unasked, as Dovecot does. */
static bool stands_alone(const struct pop3_upstream *c, enum pop3_status status, struct slice rest)
{
    bool has_content = c->state == WAITING && status == POP3_OK && c->answer >= POP3_ANSWER_LINES;
    bool is_thrown_away = c->state == STLS && status == POP3_OK;
    bool is_farewell = slice_starts(rest, SLICE("-ERR"));
    return rest.len == 0 || has_content || is_thrown_away || is_farewell;
}

static void take_status(struct pop3_upstream *c, struct slice line, struct slice rest)
{
    enum pop3_status status = status_of(line);
    if (!stands_alone(c, status, rest))
        out_of_step(c, "more stands behind a response");
    else if (c->state == GREETING)
        greeted(c, status, line);
    else if (c->state == STLS)
        answered_stls(c, status);
    else if (c->state == XCLIENT)
        be_ready(c); /* if it would not hear it, it has our address */
    else
        answered(c, line);
}

/* A status line begins with '+' or '-'; whatever else comes where one is due is of something that
 * was not framed as we think. */
static size_t take_line(struct pop3_upstream *c, struct slice bytes)
{
    const char *lf = memchr(bytes.ptr, '\n', bytes.len);
    size_t used = lf ? (size_t)(lf - bytes.ptr) + 1 : 0;
    if (bytes.ptr[0] != '+' && bytes.ptr[0] != '-') {
        out_of_step(c, "something else stands where a status line is due");
        return bytes.len;
    }
    if (!lf && bytes.len < STATUS_MAX)
        return 0;
    if (!lf || used > STATUS_MAX) {
        out_of_step(c, "a status line without an end");
        return bytes.len;
    }
    struct slice line = slice_sub(bytes, 0, used - 1);
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    take_status(c, line, slice_from(bytes, used));
    return c->freed ? bytes.len : used;
}

static bool give_content(void *ctx, struct slice content)
{
    struct pop3_upstream *c = ctx;
    return c->callbacks->content(c->owner, content) && !c->freed;
}

/* A message that ends in the wrong place may have been written to be taken for responses. */
static void complete(struct pop3_upstream *c, bool more)
{
    c->state = IDLE;
    stream_bulk(c->stream, false);
    stream_deadline(c->stream, 0);
    if (more)
        out_of_step(c, "more stands behind a response");
    else
        c->callbacks->complete(c->owner);
}

static size_t take_content(struct pop3_upstream *c, struct slice bytes)
{
    size_t used = pop3_body_feed(&c->body, bytes, give_content, c);
    if (c->freed)
        return bytes.len;
    if (used == SIZE_MAX) {
        fail(c, "its message was not wanted");
        return bytes.len;
    }
    c->octets += used;
    if (clock_ms() - c->began > c->setup.reply_ms + (int64_t)c->octets * OCTET_MS) {
        fail(c, "its content drips");
        return bytes.len;
    }
    if (!c->paused)
        stream_deadline(c->stream, c->setup.reply_ms);
    if (c->body.state == POP3_BODY_BROKEN || (c->body.stuffed && c->body.ambiguous))
        out_of_step(c, "it does not double the dots at the beginning of lines");
    else if (c->body.state == POP3_BODY_END)
        complete(c, used < bytes.len);
    return c->freed ? bytes.len : used;
}

static size_t take(struct pop3_upstream *c, struct slice bytes)
{
    switch (c->state) {
    case GREETING:
    case STLS:
    case XCLIENT:
    case WAITING:
        return take_line(c, bytes);
    case CONTENT:
        return take_content(c, bytes);
    default:
        out_of_step(c, "a response without a command");
        return bytes.len;
    }
}

static size_t on_input(void *ctx, struct slice bytes)
{
    struct pop3_upstream *c = ctx;
    size_t used = 0, n = 1;
    c->in_hand = true;
    while (n && used < bytes.len && !c->freed && c->state != HANDSHAKE) {
        n = take(c, slice_from(bytes, used));
        used += n;
    }
    c->in_hand = false;
    if (!c->freed)
        return used;
    free(c);
    return bytes.len;
}

static void on_event(void *ctx, enum stream_event event)
{
    struct pop3_upstream *c = ctx;
    switch (event) {
    case STREAM_CONNECTED:
        if (c->conf->implicit_tls)
            begin_tls(c);
        else
            await_greeting(c);
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
        break;
    }
}
