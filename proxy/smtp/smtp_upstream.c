/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_upstream_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/upstream/upstream_connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUT_MAX = 1024 * 1024 };

static size_t on_input(void *ctx, struct slice bytes);
static void on_event(void *ctx, enum stream_event event);

static const struct stream_owner stream_callbacks = {on_input, on_event};

struct smtp_upstream *smtp_upstream_new(const struct smtp_upstream_setup *setup,
                                        const struct smtp_upstream_owner *callbacks, void *owner,
                                        const char **reason)
{
    struct smtp_upstream *c = calloc(1, sizeof *c);
    if (!c) {
        *reason = "out of memory";
        return NULL;
    }
    *c = (struct smtp_upstream){.setup = *setup,
                                .conf = upstream_server_conf(setup->server),
                                .plain = upstream_server_without_tls(setup->server, &setup->way),
                                .callbacks = callbacks,
                                .owner = owner};
    upstream_place(&setup->way.ip, setup->way.port, c->place);
    c->stream = upstream_connect(setup->base, &setup->way, SMTP_REPLY_MAX, OUTPUT_MAX,
                                 &stream_callbacks, c, reason);
    if (!c->stream) {
        free(c);
        return NULL;
    }
    stream_deadline(c->stream, setup->connect_ms);
    return c;
}

void smtp_upstream_free(struct smtp_upstream **upstream)
{
    if (!*upstream)
        return;
    stream_free(&(*upstream)->stream);
    free(*upstream);
    *upstream = NULL;
}

const struct smtp_capabilities *smtp_upstream_capabilities(const struct smtp_upstream *c)
{
    return &c->can;
}

const struct smtp_server_names *smtp_upstream_names(const struct smtp_upstream *c)
{
    return &c->names;
}

struct slice smtp_upstream_address(const struct smtp_upstream *c)
{
    return c->conf->original ? slice_of(c->place) : c->conf->address;
}

const struct upstream_way *smtp_upstream_way(const struct smtp_upstream *c)
{
    return &c->setup.way;
}

struct smtp_job *smtp_upstream_job(const struct smtp_upstream *c)
{
    return c->job;
}

bool smtp_upstream_will_be_idle(const struct smtp_upstream *c)
{
    return !c->job && (c->state < UPSTREAM_IDLE || c->state == UPSTREAM_ENVELOPE);
}

bool smtp_upstream_dot_out(const struct smtp_upstream *c)
{
    return c->dot_out;
}

const char *smtp_upstream_trouble(const struct smtp_upstream *c)
{
    return c->trouble;
}

bool smtp_upstream_abandon(struct smtp_upstream *c)
{
    /* The pieces are the session's: only when they are all out can it go on without them. */
    if (c->state != UPSTREAM_BODY || stream_output_pending(c->stream))
        return false;
    c->abandoned = *c->job->about;
    c->doubt = c->job->doubt;
    c->job = NULL;
    return true;
}

void smtp_upstream_quit(struct smtp_upstream *c)
{
    if (c->state == UPSTREAM_IDLE && stream_write(c->stream, SLICE("QUIT\r\n")))
        stream_flush(c->stream);
}

void smtp_upstream_end_doubt(struct smtp_upstream *c)
{
    if (*c->abandoned.id)
        shared_doubt_end(c->setup.shared, c->setup.row, c->doubt);
    *c->abandoned.id = '\0';
}

void smtp_upstream_over(struct smtp_upstream *c, enum smtp_upstream_end why, const char *trouble)
{
    snprintf(c->trouble, sizeof c->trouble, "%s", trouble ? trouble : "");
    if (c->state == UPSTREAM_ENVELOPE)
        smtp_upstream_envelope_over(c);
    c->state = UPSTREAM_OVER;
    smtp_upstream_end_doubt(c);
    stream_free(&c->stream);
    c->callbacks->over(c->owner, c, why);
}

void smtp_upstream_close(struct smtp_upstream *c)
{
    c->job = NULL;
    smtp_upstream_over(c, UPSTREAM_END_CLOSED, "closed");
}

void smtp_upstream_say(struct smtp_upstream *c, const char *line)
{
    stream_write(c->stream, slice_of(line));
    stream_flush_whole(c->stream);
    stream_deadline(c->stream, c->setup.reply_ms);
}

/* ---- events ---- */

void smtp_upstream_failed(struct smtp_upstream *c, const char *why)
{
    enum smtp_upstream_state state = c->state;
    switch (state) {
    case UPSTREAM_CONNECTING:
        smtp_upstream_over(
            c, stream_fd(c->stream) < 0 ? UPSTREAM_END_OF_CLIENT : UPSTREAM_END_CONNECT, why);
        break;
    case UPSTREAM_GREETING:
    case UPSTREAM_EHLO:
        smtp_upstream_over(c, c->job ? UPSTREAM_END_BROKEN : UPSTREAM_END_CONNECT, why);
        break;
    case UPSTREAM_LOGIN:
        smtp_upstream_over(c, c->setup.passes_login ? UPSTREAM_END_BROKEN : UPSTREAM_END_CONNECT,
                           why);
        break;
    case UPSTREAM_STARTTLS:
    case UPSTREAM_HANDSHAKE:
        smtp_upstream_over(c, UPSTREAM_END_TLS, why);
        break;
    case UPSTREAM_BODY:
        c->dot_out = !stream_output_pending(c->stream);
        if (!c->job)
            doubt_log(&c->abandoned, why, smtp_upstream_address(c));
        smtp_upstream_over(c, UPSTREAM_END_BROKEN, why);
        break;
    case UPSTREAM_TELLING:
    case UPSTREAM_IDLE:
    case UPSTREAM_ENVELOPE:
        smtp_upstream_over(c, UPSTREAM_END_BROKEN, why);
        break;
    case UPSTREAM_OVER:
        break;
    }
}

static void got_reply(struct smtp_upstream *c, const struct smtp_reply *reply)
{
    switch (c->state) {
    case UPSTREAM_GREETING:
        smtp_upstream_got_greeting(c, reply);
        break;
    case UPSTREAM_EHLO:
        smtp_upstream_got_ehlo(c, reply);
        break;
    case UPSTREAM_STARTTLS:
        smtp_upstream_got_starttls(c, reply);
        break;
    case UPSTREAM_LOGIN:
        smtp_upstream_got_login_reply(c, reply);
        break;
    case UPSTREAM_TELLING:
        smtp_upstream_got_told(c, reply);
        break;
    case UPSTREAM_ENVELOPE:
        smtp_upstream_got_envelope_reply(c, reply);
        break;
    case UPSTREAM_BODY:
        smtp_upstream_got_final(c, reply);
        break;
    case UPSTREAM_CONNECTING:
    case UPSTREAM_HANDSHAKE:
    case UPSTREAM_IDLE: /* unasked: 421 on shutdown, or out of step */
        smtp_upstream_failed(c, "unexpected reply");
        break;
    case UPSTREAM_OVER:
        break;
    }
}

static size_t on_input(void *ctx, struct slice bytes)
{
    struct smtp_upstream *c = ctx;
    size_t used = 0, n;
    struct smtp_reply reply;
    while (used < bytes.len && c->state != UPSTREAM_OVER) {
        int r = smtp_reply(slice_from(bytes, used), &reply, &n);
        if (r == 0)
            break;
        used += n;
        bool out_of_step = c->state == UPSTREAM_ENVELOPE && c->answered == c->sent;
        if (r < 0 || out_of_step) {
            smtp_upstream_failed(c, r < 0 ? "not an SMTP reply" : "reply without a command");
            break;
        }
        c->behind = used < bytes.len;
        got_reply(c, &reply);
        if (c->state == UPSTREAM_HANDSHAKE) /* what is behind the 220 was plaintext */
            break;
    }
    return c->state == UPSTREAM_OVER ? bytes.len : used;
}

static void on_event(void *ctx, enum stream_event event)
{
    struct smtp_upstream *c = ctx;
    switch (event) {
    case STREAM_CONNECTED:
        smtp_upstream_introduce(c);
        if (c->conf->implicit_tls) {
            smtp_upstream_begin_tls(c);
        } else {
            c->state = UPSTREAM_GREETING;
            stream_deadline(c->stream, c->setup.reply_ms);
        }
        break;
    case STREAM_SECURED:
        smtp_upstream_secured(c);
        break;
    case STREAM_CLOSED:
        if (!smtp_upstream_refused_early(c))
            smtp_upstream_failed(c, "closed by the server");
        break;
    case STREAM_FAILED:
        if (!smtp_upstream_refused_early(c))
            smtp_upstream_failed(c, stream_error(c->stream));
        break;
    case STREAM_TIMEOUT:
        smtp_upstream_failed(c, "no answer in time");
        break;
    case STREAM_DRAINED:
        break;
    }
}
