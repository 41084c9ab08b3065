/* SPDX-License-Identifier: ISC */
#include "proxy/session/session_foreign.h"

#include "policy/table.h"
#include "proxy/process/tls_hello.h"
#include "proxy/session/session_way.h"
#include "proxy/upstream/upstream_connect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    INPUT_MAX = 16 * 1024,
    OUTPUT_MAX = 64 * 1024,
    IN_VAIN_MOST = 16, /* the socket was said to have more, and had not: the client has closed it */
    ALERT_INTERNAL_ERROR = 80,
    ALERT_UNRECOGNIZED_NAME = 112,
};

struct session_foreign {
    struct session *session;
    void (*ours)(struct session *s);
    struct event *readable;
    struct tls_hello hello;
    unsigned in_vain;
    struct stream *server; /* being connected to; NULL: not yet */
};

void session_foreign_free(struct session_foreign **foreign)
{
    struct session_foreign *f = *foreign;
    if (!f)
        return;
    *foreign = NULL;
    if (f->readable)
        event_free(f->readable);
    stream_free(&f->server);
    free(f);
}

/* The loop tells when so many octets have come, or when no more can. */
static void await_octets(const struct session *s, size_t count)
{
    int octets = (int)count;
    setsockopt(stream_fd(s->stream), SOL_SOCKET, SO_RCVLOWAT, &octets, sizeof octets);
}

static void stop_looking(struct session_foreign *f)
{
    event_free(f->readable);
    f->readable = NULL;
    await_octets(f->session, 1);
}

/* ---- refused ---- */

/* RFC 8446 6: a fatal alert, in plaintext as nothing else was agreed on. What has come is taken first: a reset would
 * overtake the alert. */
static void refuse(struct session *s, unsigned char alert)
{
    char record[] = {21, 3, 3, 0, 2, 2, (char)alert}, thrown_away[4096];
    int fd = stream_fd(s->stream);
    for (int i = 0; i < TLS_HELLO_MOST / (int)sizeof thrown_away; i++)
        if (recv(fd, thrown_away, sizeof thrown_away, MSG_DONTWAIT) <= 0)
            break;
    send(fd, record, sizeof record, MSG_NOSIGNAL | MSG_DONTWAIT);
    session_end(s);
}

static void give_up(struct session_foreign *f, const char *why, unsigned char alert)
{
    struct session *s = f->session;
    session_tell_not_passed(s, f->hello.name, why);
    refuse(s, alert);
}

/* ---- passed on ---- */

struct stream *session_foreign_connect(struct session *s, const struct stream_owner *hears,
                                       void *owner, const char **reason)
{
    const struct original_server to = listener_original(s->listener, &s->local);
    const struct upstream_client client = session_upstream_client(s);
    struct upstream_way way;
    *reason = "nobody may send from the client's address";
    if (s->listener->trusted && !table_holds_ip(s->listener->trusted, &s->client))
        return NULL;
    *reason = "where the client wanted to go is not where this leads";
    if (!to.server || !upstream_way(to.backend, to.server, &client, &way, reason))
        return NULL;
    struct stream *server =
        upstream_connect(s->proxy->base, &way, INPUT_MAX, OUTPUT_MAX, hears, owner, reason);
    if (server)
        stream_deadline(server, s->proxy->config->settings.timeouts_connect);
    return server;
}

const char *session_foreign_fault(const struct stream *server, enum stream_event event)
{
    switch (event) {
    case STREAM_CLOSED:
        return "closed by the server";
    case STREAM_FAILED:
        return stream_error(server);
    case STREAM_TIMEOUT:
        return "no answer in time";
    case STREAM_CONNECTED:
    case STREAM_DRAINED:
    case STREAM_SECURED:
        break;
    }
    return NULL;
}

bool session_spoke_early(const struct session *s)
{
    return stream_kept(s->stream).len > 0 || stream_input_waits(s->stream);
}

static size_t on_server_input(void *ctx, struct slice octets)
{
    (void)ctx, (void)octets;
    return 0;
}

static void on_server_event(void *ctx, enum stream_event event)
{
    struct session_foreign *f = ctx;
    struct session *s = f->session;
    struct stream *server = f->server;
    const char *fault = session_foreign_fault(server, event);
    if (fault)
        give_up(f, fault, ALERT_INTERNAL_ERROR);
    if (event != STREAM_CONNECTED)
        return;
    f->server = NULL;
    session_foreign_free(&s->foreign);
    session_pass(s, server);
}

static void pass(struct session_foreign *f)
{
    static const struct stream_owner hears = {on_server_input, on_server_event};
    const char *reason;
    f->server = session_foreign_connect(f->session, &hears, f, &reason);
    if (f->server)
        stream_deadline(f->session->stream, 0);
    else
        give_up(f, reason, ALERT_INTERNAL_ERROR);
}

/* ---- looked at ---- */

static void decide(struct session_foreign *f)
{
    struct session *s = f->session;
    stop_looking(f);
    if (tls_bears(s->proxy->tls, slice_of(f->hello.name))) {
        void (*ours)(struct session *) = f->ours;
        session_foreign_free(&s->foreign);
        ours(s);
    } else if (s->listener->foreign_tls == FOREIGN_TLS_PASS) {
        pass(f);
    } else {
        give_up(f, "no certificate of ours is for it", ALERT_UNRECOGNIZED_NAME);
    }
}

static void look(struct session_foreign *f, struct slice octets)
{
    size_t before = f->hello.need;
    struct session *s = f->session;
    switch (tls_hello_look(tls_reader(s->proxy->tls), octets, &f->hello)) {
    case TLS_HELLO_UNFINISHED:
        f->in_vain = f->hello.need > before ? 0 : f->in_vain + 1;
        await_octets(s, f->hello.need);
        if (f->in_vain == IN_VAIN_MOST)
            session_fail(s, "the client hung up in the handshake");
        break;
    case TLS_HELLO_READ:
        decide(f);
        break;
    case TLS_HELLO_BROKEN:
        session_fail(s, "what the client has sent is no TLS");
        break;
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    static char octets[TLS_HELLO_MOST];
    (void)what;
    struct session_foreign *f = arg;
    ssize_t n = recv(fd, octets, sizeof octets, MSG_PEEK | MSG_DONTWAIT);
    if (n > 0)
        look(f, (struct slice){octets, (size_t)n});
    else if (n == 0)
        session_fail(f->session, "the client hung up in the handshake");
    else if (errno != EAGAIN && errno != EINTR)
        session_fail(f->session, strerror(errno));
}

void session_foreign_begin(struct session *s, void (*ours)(struct session *s))
{
    struct session_foreign *f = calloc(1, sizeof *f);
    if (!f) {
        session_end(s);
        return;
    }
    *f = (struct session_foreign){.session = s, .ours = ours, .hello.need = 1};
    s->foreign = f;
    stream_pause(s->stream);
    stream_deadline(s->stream, s->proxy->config->settings.timeouts_handshake);
    f->readable =
        event_new(s->proxy->base, stream_fd(s->stream), EV_READ | EV_PERSIST, on_readable, f);
    if (!f->readable || event_add(f->readable, NULL) != 0)
        session_end(s);
}
