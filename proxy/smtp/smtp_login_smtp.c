/* SPDX-License-Identifier: ISC
 * Logins at a server that takes what the user sends (RFC 4954). */
#include "proxy/session/session_way.h"
#include "proxy/smtp/smtp_login_say.h"
#include "proxy/smtp/smtp_login_server.h"
#include "proxy/smtp/smtp_private.h"
#include "proxy/smtp/smtp_told.h"

#include <openssl/crypto.h>
#include <stdio.h>

/* ---- what it says ---- */

static void ready(void *owner)
{
    smtp_login_begin(owner);
}

static struct slice said(struct smtp_session *s, const struct smtp_reply *reply)
{
    char digits[3];
    return ARENA_JOIN(s->mail, smtp_code_text(reply->code, digits), SLICE(" "), reply->enhanced,
                      slice_of(reply->enhanced.len ? " " : ""), reply->text);
}

static void replied(void *owner, const struct smtp_reply *reply)
{
    struct smtp_session *s = owner;
    if (reply->code == 235) {
        smtp_login_enter(s);
        return;
    }
    if (reply->code == 334 && smtp_login_challenged(s, reply->text))
        return;
    bool later = reply->code / 100 == 4;
    const struct smtp_login_refusal refusal = {.later = later,
                                               .end = later ? LOGIN_NEITHER
                                                            : login_refused(s->base.login),
                                               .code = reply->code,
                                               .words = said(s, reply)};
    smtp_login_refuse(s, &refusal);
}

static void over(void *owner, bool early, const char *trouble)
{
    struct smtp_session *s = owner;
    s->private = NULL;
    smtp_login_over(s, early, trouble);
}

static const struct smtp_private_owner hears = {ready, replied, over, NULL, smtp_told_client};

/* ---- of struct smtp_login_server ---- */

static bool open_server(struct smtp_session *s, const char **reason)
{
    const struct smtp_private_wish wish = {.backend = s->login_backend,
                                           .logs_in = true,
                                           .client = session_upstream_client(&s->base),
                                           .hears = &hears,
                                           .owner = s};
    s->private = smtp_private_open(s->base.proxy->backends, &wish, &s->base.login->tried, reason);
    return s->private;
}

static bool is_open(const struct smtp_session *s)
{
    return s->private;
}

static void close_server(struct smtp_session *s)
{
    if (s->private)
        smtp_private_close(s->private);
    s->private = NULL;
}

static struct smtp_login_offer offer(const struct smtp_session *s)
{
    struct smtp_capabilities can = smtp_private_capabilities(s->private);
    return (struct smtp_login_offer){can.mechanisms, can.plus};
}

static void say(struct smtp_session *s, struct slice line, bool secret)
{
    smtp_private_say(s->private, line, secret);
}

/* Only a password is short enough for sure to stand beside AUTH. */
static bool begin(struct smtp_session *s, enum login_mechanism mechanism, struct slice first)
{
    char line[64 + SASL_PLAIN_TEXT_MAX];
    bool with = mechanism == MECHANISM_PLAIN;
    int len = snprintf(line, sizeof line, with ? "AUTH %s %.*s" : "AUTH %s",
                       mechanism_name(mechanism), SLICE_ARGS(first));
    say(s, (struct slice){line, (size_t)len}, with);
    OPENSSL_cleanse(line, sizeof line);
    return with;
}

const struct smtp_login_server smtp_login_smtp = {
    .open = open_server,
    .is_open = is_open,
    .close = close_server,
    .offer = offer,
    .begin = begin,
    .say = say,
    .log_in = NULL,
    .unanswered = login_unanswered,
};
