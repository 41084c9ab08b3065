/* SPDX-License-Identifier: ISC */
#include "parent/parent_sessions.h"

#include "base/clock.h"
#include "base/json.h"

enum { MOST = 4096 /* sessions that are told */ };

static void text(struct buf *out, const char *name, struct slice value)
{
    if (value.len == 0)
        return;
    json_key(out, slice_of(name));
    json_text(out, value);
}

/* How many octets a control has that begins here; 0: there is none. C1's are two in UTF-8. */
static size_t control_at(struct slice text)
{
    const unsigned char *c = (const unsigned char *)text.ptr;
    if (c[0] < ' ' || c[0] == 0x7f)
        return 1;
    return c[0] == 0xc2 && text.len > 1 && c[1] < 0xa0 ? 2 : 0;
}

/* What a proxy wrote, cut to its room: whatever it is, it moves no cursor. */
static void its_text(struct buf *out, const char *name, const char *bytes, size_t room)
{
    char copy[LIVE_ADDRESS_MAX];
    struct slice its = live_slice(bytes, room);
    size_t length = 0;
    while (its.len) {
        size_t control = control_at(its);
        copy[length++] = control ? '?' : its.ptr[0];
        its = slice_from(its, control ? control : 1);
    }
    text(out, name, (struct slice){copy, length});
}

static void number(struct buf *out, const char *name, double value)
{
    json_key(out, slice_of(name));
    json_number(out, value);
}

/* What a proxy says of itself is not trusted. */
static double since(int64_t now, int64_t then)
{
    return then > 0 && then < now ? (double)(now - then) : 0;
}

static void client(struct buf *out, const struct live_session *session)
{
    char address[46];
    ip_text(&session->client, address);
    if (session->client.family == 4 || session->client.family == 6)
        text(out, "client", slice_of(address));
    number(out, "port", session->port);
    json_key(out, SLICE("tls"));
    buf_cstr(out, session->secured ? "true" : "false");
}

static void tell(struct buf *out, const struct live_session *session, int64_t now)
{
    buf_char(out, '{');
    its_text(out, "id", session->id, sizeof session->id);
    its_text(out, "listener", session->listener, sizeof session->listener);
    its_text(out, "protocol", session->protocol, sizeof session->protocol);
    client(out, session);
    its_text(out, "doing", session->doing, sizeof session->doing);
    number(out, "doing_ms", since(now, session->since));
    number(out, "age_ms", since(now, session->began));
    its_text(out, "from", session->sender, sizeof session->sender);
    its_text(out, "to", session->recipient, sizeof session->recipient);
    number(out, "recipients", session->recipients);
    number(out, "size", (double)session->octets);
    number(out, "messages", session->messages);
    number(out, "commands", session->commands);
    number(out, "errors", session->errors);
    buf_cstr(out, "}\n");
}

/* A session of each row in turn, so that one row's cannot keep others' from being told. False: none
 * is left. */
static bool tell_one_each(struct shared *shared, unsigned at[static SHARED_ROWS], unsigned *left,
                          struct buf *out)
{
    struct live_session session;
    int64_t now = clock_ms();
    bool some = false;
    for (unsigned row = shared_next_row(shared, 0); row<SHARED_ROWS && * left> 0;
         row = shared_next_row(shared, row + 1)) {
        if (!live_session_next(shared_live(shared, row), &at[row], &session))
            continue;
        tell(out, &session, now);
        some = true;
        --*left;
    }
    return some;
}

bool parent_sessions(const struct parent *parent, struct buf *out)
{
    unsigned at[SHARED_ROWS] = {0}, left = MOST;
    while (tell_one_each(parent->shared, at, &left, out))
        ;
    return !out->failed;
}
