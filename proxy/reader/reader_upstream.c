/* SPDX-License-Identifier: ISC */
#include "proxy/reader/reader_upstream.h"

#include "base/log.h"
#include "proxy/session/session_log.h"
#include "proxy/session/session_way.h"
#include "proxy/upstream/upstream_connect.h"

#include <stdlib.h>

static size_t on_input(void *ctx, struct slice bytes);
static void on_event(void *ctx, enum stream_event event);

static const struct stream_owner stream_callbacks = {on_input, on_event};

static struct stream *begin(struct reader_upstream *c, const char **reason)
{
    const struct upstream_dialect *dialect = c->setup.dialect;
    const struct upstream_client client = session_upstream_client(c->setup.session);
    if (!upstream_way(c->setup.backend, upstream_server_conf(c->server), &client, &c->way, reason))
        return NULL;
    return upstream_connect(c->setup.session->proxy->base, &c->way, dialect->input_max,
                            dialect->output_max, &stream_callbacks, c, reason);
}

struct reader_upstream *reader_upstream_new(const struct reader_upstream_setup *setup,
                                            struct upstream_server *server, const char **reason)
{
    struct reader_upstream *c = calloc(1, setup->dialect->size);
    *reason = "out of memory";
    if (c) {
        *c = (struct reader_upstream){.setup = *setup, .server = server};
        c->stream = begin(c, reason);
    }
    if (!c || !c->stream) {
        upstream_server_give(server);
        free(c);
        return NULL;
    }
    stream_writes_secrets(c->stream);
    stream_deadline(c->stream, setup->session->proxy->config->settings.timeouts_connect);
    return c;
}

void reader_upstream_free(struct reader_upstream **upstream)
{
    struct reader_upstream *c = *upstream;
    *upstream = NULL;
    if (!c)
        return;
    stream_free(&c->stream);
    upstream_server_give(c->server);
    c->freed = true;
    if (!c->in_hand)
        free(c);
}

/* ---- sent ---- */

void reader_upstream_add(struct reader_upstream *c, struct slice octets)
{
    stream_write(c->stream, octets);
}

void reader_upstream_send(struct reader_upstream *c, struct slice octets)
{
    reader_upstream_add(c, octets);
    stream_flush_whole(c->stream);
}

void reader_upstream_pieces(struct reader_upstream *c, const struct iovec *pieces, size_t count)
{
    stream_write_pieces(c->stream, pieces, count);
    stream_notify_drained(c->stream);
    stream_flush(c->stream);
}

/* ---- waited for ---- */

void reader_upstream_expect(struct reader_upstream *c, int64_t ms)
{
    c->expects = ms;
    stream_deadline(c->stream, c->paused ? 0 : ms);
}

void reader_upstream_expect_more(struct reader_upstream *c)
{
    if (!c->paused && c->expects)
        stream_deadline(c->stream, c->expects);
}

void reader_upstream_pause(struct reader_upstream *c)
{
    c->paused = true;
    stream_pause(c->stream);
    stream_deadline(c->stream, 0);
}

void reader_upstream_resume(struct reader_upstream *c)
{
    if (!c->paused)
        return;
    c->paused = false;
    stream_resume(c->stream);
    stream_deadline(c->stream, c->expects);
}

/* ---- given up ---- */

/* There was no socket that bears his address, or the server, which sees it, does not want him. */
static bool is_of_client(const struct reader_upstream *c)
{
    return stream_fd(c->stream) < 0 || (c->turned_away && c->way.connection >= 0);
}

void reader_upstream_fail(struct reader_upstream *c, const char *why)
{
    bool early = c->step < STEP_READY;
    if (c->step == STEP_UPGRADE || c->step == STEP_HANDSHAKE)
        upstream_server_tls_failed(c->server, &c->way, why);
    else if (early && !is_of_client(c))
        upstream_server_failed(c->server, why);
    c->setup.hears->over(c->setup.owner, early, why);
}

void reader_upstream_out_of_step(struct reader_upstream *c, const char *why)
{
    if (session_logs(c->setup.session, LINE_TROUBLE))
        log_at(LEVEL_WARNING, c->setup.ref, "backend out of step",
               field_text("server", upstream_server_conf(c->server)->address),
               field_str("reason", why));
    reader_upstream_fail(c, why);
}

/* ---- what comes ---- */

static size_t take(struct reader_upstream *c, struct slice bytes)
{
    if (c->step < STEP_READY)
        return reader_ready_take(c, bytes);
    return c->setup.hears->input(c->setup.owner, bytes);
}

static size_t on_input(void *ctx, struct slice bytes)
{
    struct reader_upstream *c = ctx;
    const struct reader_upstream_owner *hears = c->setup.hears;
    size_t used = 0, n = 1;
    c->in_hand = true;
    while (n && used < bytes.len && !c->freed && !c->paused && c->step != STEP_HANDSHAKE) {
        n = take(c, slice_from(bytes, used));
        used += n;
    }
    c->in_hand = false;
    if (!c->freed && c->step == STEP_READY && hears->taken)
        hears->taken(c->setup.owner);
    if (!c->freed)
        return used;
    free(c);
    return bytes.len;
}

static void on_event(void *ctx, enum stream_event event)
{
    struct reader_upstream *c = ctx;
    switch (event) {
    case STREAM_CONNECTED:
        reader_ready_connected(c);
        break;
    case STREAM_SECURED:
        reader_ready_secured(c);
        break;
    case STREAM_CLOSED:
        reader_upstream_fail(c, "closed by the server");
        break;
    case STREAM_FAILED:
        reader_upstream_fail(c, stream_error(c->stream));
        break;
    case STREAM_TIMEOUT:
        reader_upstream_fail(c, "no answer in time");
        break;
    case STREAM_DRAINED:
        c->setup.hears->drained(c->setup.owner);
        break;
    }
}
