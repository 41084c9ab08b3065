/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "policy/server_profile.h"
#include "proxy/reader/reader.h"
#include "proxy/reader/reader_upstream.h"
#include "proxy/session/session_log.h"
#include "proxy/session/session_way.h"
#include "proxy/upstream/mailbox_servers.h"

#include <stdio.h>

static const struct config *config_of(const struct reader *r)
{
    return r->base.proxy->config;
}

struct slice reader_server_address(const struct reader *r)
{
    return r->upstream ? upstream_server_conf(r->upstream->server)->address : SLICE("");
}

void reader_cannot(struct session *base, const char *reason)
{
    struct reader *r = reader_of(base);
    char address[46];
    ip_text(&r->base.client, address);
    if (session_logs(&r->base, LINE_TROUBLE))
        log_at(LEVEL_WARNING, r->ref, "mailbox not reached", field_str("client", address),
               field_text("user", reader_user(r)), field_str("reason", reason));
    struct slice text = SLICE("the mail server cannot be reached, try again later");
    reader_record_trouble(r, text);
    session_wait(base); /* it may have been the client's turn */
    login_give_up(base->login, login_unanswered(base->login));
    r->protocol->login->refuse(base, LOGIN_NOT_NOW, text);
    session_go_on(base);
}

bool reader_is_refused(struct reader *r, struct slice line)
{
    reader_record_refusal(r, line, NULL);
    enum login_end end = login_refused(r->base.login);
    if (r->upstream && profile_puts_off(r->upstream->profile, line))
        end = LOGIN_NEITHER;
    login_give_up(r->base.login, end);
    return session_may_err(&r->base);
}

/* ---- its connection ---- */

static void ready(void *owner)
{
    struct reader *r = owner;
    r->protocol->ready(r);
}

static size_t input(void *owner, struct slice octets)
{
    struct reader *r = owner;
    return r->protocol->input(r, octets);
}

static void taken(void *owner)
{
    struct reader *r = owner;
    if (r->protocol->taken)
        r->protocol->taken(r);
}

static void drained(void *owner)
{
    struct reader *r = owner;
    r->protocol->drained(r);
}

static void over(void *owner, bool early, const char *trouble);

static const struct reader_upstream_owner hears = {ready, input, taken, drained, over};

static void try_next(struct reader *r)
{
    const char *reason = "no server is left to be tried";
    const struct reader_upstream_setup setup = {.session = &r->base,
                                                .ref = r->ref,
                                                .backend = r->backend,
                                                .dialect = r->protocol->dialect,
                                                .hears = &hears,
                                                .owner = r};
    struct upstream_server *server;
    while ((server = mailbox_server_take(r->base.proxy->mailboxes, r->backend,
                                         r->base.listener->protocol, &r->base.login->tried)))
        if ((r->upstream = reader_upstream_new(&setup, server, &reason)))
            return;
    reader_cannot(&r->base, reason);
}

/* One that never became ready: another server is tried. */
static void over(void *owner, bool early, const char *trouble)
{
    struct reader *r = owner;
    char reason[128]; /* the trouble may be the connection's */
    snprintf(reason, sizeof reason, "%s", trouble);
    reader_upstream_free(&r->upstream);
    if (early)
        try_next(r);
    else if (!reader_is_logged_in(r))
        reader_cannot(&r->base, reason);
    else if (r->base.state != SESSION_CLOSING)
        r->protocol->lost(r, reason);
}

static void find(struct reader *r)
{
    const struct mailbox_way way = session_mailbox_way(&r->base, reader_mailbox(r));
    r->backend = config_mailbox(config_of(r), r->mail, r->base.listener, &way);
}

static void begin(struct session *base)
{
    try_next(reader_of(base));
}

void reader_proceed(struct session *base)
{
    struct reader *r = reader_of(base);
    find(r);
    base->login->tried = 0;
    if (r->backend) {
        login_take_turn(base->login, begin);
        return;
    }
    struct slice text = SLICE("there is no mailbox for this user");
    reader_record_refusal(r, text, NULL);
    login_give_up(base->login, LOGIN_NEITHER);
    if (session_may_err(base))
        r->protocol->login->refuse(base, LOGIN_NOT_THIS, text);
    session_go_on(base);
}
