/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "proxy/session/session.h"

static struct slice doing(const struct session *s)
{
    static const char *const words[] = {
        [SESSION_CONNECTED] = "connected", [SESSION_OPEN] = "idle",
        [SESSION_BULK] = "receiving",      [SESSION_BUSY] = "waiting",
        [SESSION_CLOSING] = "closing",
    };
    if (s->starting_tls || (s->state == SESSION_CONNECTED && s->listener->implicit_tls))
        return SLICE("handshake");
    return slice_of(words[s->state]);
}

void session_show(struct session *s)
{
    struct live_session shown = {.client = s->client,
                                 .port = s->client_port,
                                 .secured = s->stream && stream_ssl(s->stream),
                                 .began = s->began,
                                 .since = s->since,
                                 .commands = s->commands,
                                 .errors = s->errors};
    if (s->live < 0)
        return;
    live_text(shown.id, sizeof shown.id, slice_of(s->id));
    live_text(shown.listener, sizeof shown.listener, s->listener->name);
    live_text(shown.protocol, sizeof shown.protocol, slice_of(s->protocol->alpn));
    live_text(shown.doing, sizeof shown.doing, doing(s));
    s->protocol->show(s, &shown);
    live_session_put(shared_live(s->proxy->shared), s->live, &shown);
}

void session_does(struct session *s)
{
    s->since = clock_ms();
    session_show(s);
}
