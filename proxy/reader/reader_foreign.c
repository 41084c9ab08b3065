/* SPDX-License-Identifier: ISC */
#include "proxy/reader/reader_foreign.h"

#include "proxy/reader/reader_upstream.h"
#include "proxy/session/session_facts.h"
#include "proxy/session/session_foreign.h"

#include <stdio.h>
#include <stdlib.h>

struct reader_foreign {
    struct reader *reader;
    struct stream *server;
    struct reader_upstream spoken; /* what its dialect looks at: the step */
};

void reader_foreign_free(struct reader *r)
{
    struct reader_foreign *f = r->foreign;
    r->foreign = NULL;
    if (!f)
        return;
    stream_free(&f->server);
    free(f);
}

static void refuse(struct reader *r, const char *why)
{
    struct session *base = &r->base;
    reader_foreign_free(r);
    session_tell_not_passed(base, "", why);
    r->protocol->answer_tls(base, false);
    session_go_on(base);
}

/* ---- what the server says ---- */

static void ask(struct reader_foreign *f)
{
    f->spoken.step = STEP_UPGRADE;
    stream_write(f->server, slice_of(f->reader->protocol->dialect->upgrade));
    stream_flush_whole(f->server);
}

static void go_ahead(struct reader_foreign *f)
{
    struct reader *r = f->reader;
    struct stream *server = f->server;
    if (session_spoke_early(&r->base)) {
        refuse(r, "the client has sent more before it was told to begin");
        session_hang_up(&r->base);
        return;
    }
    f->server = NULL;
    reader_foreign_free(r);
    r->protocol->answer_tls(&r->base, true);
    session_pass(&r->base, server);
}

/* False: the connection is another's by now, or gone. */
static bool heard(struct reader_foreign *f, const struct upstream_answer *answer, bool more)
{
    bool yes = answer->said == SAID_YES;
    if (answer->said == SAID_NOTHING)
        return true;
    if (yes && f->spoken.step == STEP_GREETING && !more) {
        ask(f);
        return true;
    }
    if (yes && !more)
        go_ahead(f);
    else
        refuse(f->reader, answer->why ? answer->why
                          : yes       ? "the server has said something unasked"
                                      : "the server says no to TLS");
    return false;
}

static size_t on_input(void *ctx, struct slice bytes)
{
    struct reader_foreign *f = ctx;
    size_t used = 0, n = 1;
    while (n && used < bytes.len) {
        struct upstream_answer answer = {.said = SAID_NOTHING};
        n = f->reader->protocol->dialect->answer(&f->spoken, slice_from(bytes, used), &answer);
        used += n;
        if (n && !heard(f, &answer, used < bytes.len))
            return bytes.len;
    }
    return used;
}

static void on_event(void *ctx, enum stream_event event)
{
    struct reader_foreign *f = ctx;
    const char *fault = session_foreign_fault(f->server, event);
    char why[128];
    if (fault) {
        snprintf(why, sizeof why, "%s", fault); /* it goes with the stream */
        refuse(f->reader, why);
    } else if (event == STREAM_CONNECTED) {
        f->spoken.step = STEP_GREETING;
        stream_deadline(f->server, f->reader->base.proxy->config->settings.timeouts_backend);
    }
}

/* ---- asked ---- */

static const char *begin(struct reader *r)
{
    static const struct stream_owner hears = {on_input, on_event};
    const char *reason = "out of memory";
    struct reader_foreign *f = calloc(1, sizeof *f);
    if (!f)
        return reason;
    f->reader = r;
    f->server = session_foreign_connect(&r->base, &hears, f, &reason);
    if (!f->server) {
        free(f);
        return reason;
    }
    r->foreign = f;
    return NULL;
}

bool reader_offers_foreign_tls(const struct session *base)
{
    return base->listener->foreign_tls == FOREIGN_TLS_PASS && base->local_port &&
           !session_is_encrypted(base);
}

bool reader_takes_foreign_tls(struct session *base)
{
    struct reader *r = reader_of(base);
    if (base->listener->foreign_tls == FOREIGN_TLS_UNSAID || session_is_encrypted(base))
        return false;
    session_wait(base);
    const char *why = reader_offers_foreign_tls(base) ? begin(r) : "TLS was not offered";
    if (why)
        refuse(r, why);
    return true;
}
