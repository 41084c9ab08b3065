/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_foreign.h"

#include "base/log.h"
#include "proxy/session/session_foreign.h"
#include "proxy/smtp/smtp_answer.h"
#include "proxy/smtp/smtp_own.h"
#include "proxy/smtp/smtp_reply.h"
#include "proxy/smtp/smtp_transaction.h"

#include <stdlib.h>

enum foreign_step {
    FOREIGN_GREETING, /* it is connected to, and greets */
    FOREIGN_EHLO,
    FOREIGN_READY,
    FOREIGN_STARTTLS,
};

struct smtp_foreign {
    struct smtp_session *session;
    struct stream *server;
    enum foreign_step step;
    bool offers;
    void (*then)(struct session *base); /* EHLO is answered when it is known */
};

bool smtp_foreign_offers(const struct smtp_session *s)
{
    return s->foreign && s->foreign->step == FOREIGN_READY && s->foreign->offers;
}

void smtp_foreign_close(struct smtp_session *s)
{
    struct smtp_foreign *f = s->foreign;
    if (!f)
        return;
    s->foreign = NULL;
    if (f->step == FOREIGN_READY && stream_write(f->server, SLICE("QUIT\r\n")))
        stream_flush(f->server);
    stream_free(&f->server);
    free(f);
}

/* Whoever waits for it goes on without. */
static void fail(struct smtp_foreign *f, const char *why)
{
    struct smtp_session *s = f->session;
    void (*then)(struct session *) = f->then;
    bool asked = f->step == FOREIGN_STARTTLS;
    if (then || asked)
        session_tell_not_passed(&s->base, "", why);
    smtp_foreign_close(s);
    if (asked) {
        smtp_say(s, 454, "4.7.0", "TLS is not available now");
        session_go_on(&s->base);
    } else if (then) {
        then(&s->base);
    }
}

static void say(struct smtp_foreign *f, enum foreign_step step)
{
    f->step = step;
    stream_flush_whole(f->server);
    stream_deadline(f->server, f->session->base.proxy->config->settings.timeouts_backend);
}

/* ---- what it says ---- */

static void greeted(struct smtp_foreign *f, const struct smtp_reply *reply)
{
    if (reply->code != 220) {
        fail(f, "refused by the server's greeting");
        return;
    }
    stream_printf(f->server, "EHLO %.*s\r\n", SLICE_ARGS(f->session->base.proxy->config->hostname));
    say(f, FOREIGN_EHLO);
}

static void told(struct smtp_foreign *f, const struct smtp_reply *reply)
{
    struct slice line;
    size_t at = 0;
    void (*then)(struct session *) = f->then;
    smtp_reply_line(reply, &at, &line); /* its name */
    while (reply->code == 250 && smtp_reply_line(reply, &at, &line))
        f->offers |= slice_ieq(slice_trim(line), SLICE("STARTTLS"));
    f->step = FOREIGN_READY;
    f->then = NULL;
    stream_deadline(f->server, 0);
    then(&f->session->base);
}

static void go_ahead(struct smtp_foreign *f, const struct smtp_reply *reply)
{
    struct smtp_session *s = f->session;
    struct stream *server = f->server;
    if (session_spoke_early(&s->base)) {
        session_tell_not_passed(&s->base, "", "the client has sent more behind STARTTLS");
        smtp_foreign_close(s);
        smtp_close(s, 421, "4.7.0", "nothing may follow STARTTLS before its reply");
        return;
    }
    smtp_answer(s, 220, reply->enhanced, reply->text);
    f->server = NULL;
    smtp_foreign_close(s);
    if (s->base.state == SESSION_CLOSING) {
        stream_free(&server);
        return;
    }
    smtp_reset(s);
    smtp_own_close(s);
    session_pass(&s->base, server);
}

static void answered(struct smtp_foreign *f, const struct smtp_reply *reply)
{
    struct smtp_session *s = f->session;
    if (reply->code == 220) {
        go_ahead(f, reply);
        return;
    }
    session_tell_not_passed(&s->base, "", "the server says no to STARTTLS");
    smtp_answer(s, reply->code, reply->enhanced, reply->text);
    smtp_foreign_close(s);
    session_go_on(&s->base);
}

static void hear(struct smtp_foreign *f, const struct smtp_reply *reply)
{
    switch (f->step) {
    case FOREIGN_GREETING:
        greeted(f, reply);
        break;
    case FOREIGN_EHLO:
        told(f, reply);
        break;
    case FOREIGN_READY: /* it hangs up, mostly */
        fail(f, "the server has said something unasked");
        break;
    case FOREIGN_STARTTLS:
        answered(f, reply);
        break;
    }
}

/* One reply at a time is due; what stands behind it was not asked for. */
static size_t on_input(void *ctx, struct slice bytes)
{
    struct smtp_foreign *f = ctx;
    struct smtp_reply reply;
    size_t used = 0;
    int r = smtp_reply(bytes, &reply, &used);
    if (r == 0)
        return 0;
    if (r < 0)
        fail(f, "what the server says is no reply");
    else if (used < bytes.len)
        fail(f, "the server has said something unasked");
    else
        hear(f, &reply);
    return bytes.len;
}

static void on_event(void *ctx, enum stream_event event)
{
    struct smtp_foreign *f = ctx;
    const char *fault = session_foreign_fault(f->server, event);
    if (fault)
        fail(f, fault);
    else if (event == STREAM_CONNECTED)
        stream_deadline(f->server, f->session->base.proxy->config->settings.timeouts_backend);
}

/* ---- asked ---- */

static const char *open_to(struct smtp_session *s)
{
    static const struct stream_owner hears = {on_input, on_event};
    const char *reason = "out of memory";
    struct smtp_foreign *f = calloc(1, sizeof *f);
    if (!f)
        return reason;
    f->session = s;
    f->server = session_foreign_connect(&s->base, &hears, f, &reason);
    if (!f->server) {
        free(f);
        return reason;
    }
    s->foreign = f;
    return NULL;
}

void smtp_foreign_await(struct smtp_session *s, void (*then)(struct session *base))
{
    const char *why = s->foreign ? NULL : open_to(s);
    if (why)
        session_tell_not_passed(&s->base, "", why);
    if (why || s->foreign->step == FOREIGN_READY) {
        then(&s->base);
        return;
    }
    s->foreign->then = then;
    session_wait(&s->base);
}

void smtp_foreign_start(struct smtp_session *s)
{
    session_wait(&s->base);
    stream_write(s->foreign->server, SLICE("STARTTLS\r\n"));
    say(s->foreign, FOREIGN_STARTTLS);
}
