/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/log.h"
#include "policy/server_profile.h"
#include "proxy/reader/reader_upstream.h"
#include "proxy/session/session_log.h"
#include "proxy/upstream/mailbox_servers.h"

#include <stdio.h>

enum { LOOK_MS = 50 /* between two looks for room that others gave back */ };

static const struct config *config_of(const struct reader *r)
{
    return r->base.proxy->config;
}

struct slice reader_server_address(const struct reader *r)
{
    return r->upstream ? upstream_server_conf(r->upstream->server)->address : SLICE("");
}

static void cannot(struct reader *r, const char *reason)
{
    char address[46];
    ip_text(&r->base.client, address);
    if (session_logs(&r->base, LINE_TROUBLE))
        log_at(LEVEL_WARNING, r->ref, "mailbox not reached", field_str("client", address),
               field_text("user", reader_user(r)), field_str("reason", reason));
    struct slice text = SLICE("the mail server cannot be reached, try again later");
    reader_record_trouble(r, text);
    session_wait(&r->base); /* it may have been the client's turn */
    reader_give_up(r, reader_unanswered(r));
    r->protocol->refuse(r, READER_NOT_NOW, text);
    session_go_on(&r->base);
}

/* Of an exchange that is between client and server it is known only whether the proof was out. */
bool reader_is_refused(struct reader *r, struct slice line)
{
    reader_record_refusal(r, line, NULL);
    enum login_end end = r->mechanism->read ? reader_unanswered(r) : LOGIN_FAILED;
    if (r->upstream && profile_puts_off(r->upstream->profile, line))
        end = LOGIN_NEITHER;
    reader_give_up(r, end);
    return session_may_err(&r->base);
}

static void try_next(struct reader *r)
{
    const char *reason = "no server is left to be tried";
    struct upstream_server *server;
    while ((server = mailbox_server_take(r->base.proxy->mailboxes, r->backend,
                                         r->base.listener->protocol, &r->attempt->tried)))
        if ((r->upstream = reader_upstream_new(r, server, &reason)))
            return;
    cannot(r, reason);
}

void reader_lose_upstream(struct reader *r, bool early, const char *trouble)
{
    char reason[128]; /* the trouble may be the connection's */
    snprintf(reason, sizeof reason, "%s", trouble);
    reader_upstream_free(&r->upstream);
    if (early)
        try_next(r);
    else if (!reader_is_logged_in(r))
        cannot(r, reason);
    else if (r->base.state != SESSION_CLOSING)
        r->protocol->lost(r, reason);
}

static void find(struct reader *r)
{
    SSL *ssl = stream_ssl(r->base.stream);
    const char *name = ssl ? SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) : NULL;
    r->backend = config_mailbox(config_of(r), r->mail, r->base.listener, reader_mailbox(r),
                                slice_of(name ? name : ""));
}

/* A server is asked about so many logins at once, and so many of one network. */
static void take_turn(struct session *base)
{
    struct reader *r = reader_of(base);
    struct login_attempt *attempt = r->attempt;
    const struct settings *settings = &config_of(r)->settings;
    attempt->counted = shared_login_take(base->proxy->shared, base->proxy->row, &base->claim.holder,
                                         settings->limits_logins);
    if (attempt->counted)
        try_next(r);
    else if (clock_ms() - attempt->in_line < settings->timeouts_connect)
        session_delay(base, LOOK_MS, take_turn);
    else
        cannot(r, "too many logins at once");
}

void reader_proceed(struct reader *r)
{
    struct login_attempt *attempt = r->attempt;
    session_wait(&r->base);
    if (r->upstream) {
        r->protocol->respond(r, slice_of(attempt->who.response));
        return;
    }
    find(r);
    attempt->tried = 0;
    if (r->backend) {
        attempt->in_line = clock_ms();
        take_turn(&r->base);
        return;
    }
    reader_give_up(r, LOGIN_NEITHER);
    r->protocol->refuse(r, READER_NOT_THIS_LOGIN, SLICE("there is no mailbox for this user"));
    session_go_on(&r->base);
}
