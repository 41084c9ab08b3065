/* SPDX-License-Identifier: ISC */
#include "parent/parent_sessions.h"

#include "base/clock.h"
#include "base/json.h"

static void text(struct buf *out, const char *name, struct slice value)
{
    if (value.len == 0)
        return;
    json_key(out, slice_of(name));
    json_text(out, value);
}

static void number(struct buf *out, const char *name, double value)
{
    json_key(out, slice_of(name));
    json_number(out, value);
}

/* Whoever wrote it: what a proxy says of itself is not trusted. */
static double since(int64_t now, int64_t then)
{
    return then > 0 && then < now ? (double)(now - then) : 0;
}

static void client(struct buf *out, const struct live_session *session)
{
    char address[46];
    ip_text(&session->client, address);
    text(out, "client", slice_of(address));
    number(out, "port", session->port);
    json_key(out, SLICE("tls"));
    buf_cstr(out, session->secured ? "true" : "false");
}

#define TEXT_OF(member) live_slice(member, sizeof(member))

static void tell(struct buf *out, const struct live_session *session, int64_t now)
{
    buf_char(out, '{');
    text(out, "id", TEXT_OF(session->id));
    text(out, "listener", TEXT_OF(session->listener));
    text(out, "protocol", TEXT_OF(session->protocol));
    client(out, session);
    text(out, "doing", TEXT_OF(session->doing));
    number(out, "doing_ms", since(now, session->since));
    number(out, "age_ms", since(now, session->began));
    text(out, "from", TEXT_OF(session->sender));
    text(out, "to", TEXT_OF(session->recipient));
    number(out, "recipients", session->recipients);
    number(out, "size", (double)session->octets);
    number(out, "messages", session->messages);
    number(out, "commands", session->commands);
    number(out, "errors", session->errors);
    buf_cstr(out, "}\n");
}

bool parent_sessions(const struct parent *parent, struct buf *out)
{
    struct live_session session;
    unsigned at = 0;
    int64_t now = clock_ms();
    while (live_session_next(shared_live(parent->shared), &at, &session))
        tell(out, &session, now);
    return !out->failed;
}
