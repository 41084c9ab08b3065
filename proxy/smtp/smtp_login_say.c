/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_login_say.h"

#include "proxy/smtp/smtp_answer.h"
#include "proxy/smtp/smtp_login_server.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

static void say(struct smtp_session *s, struct slice line, bool secret)
{
    s->base.login->password_out |= secret;
    smtp_login_server(s)->say(s, line, secret);
}

/* ---- ours: a user and a password ---- */

static void begin_plain(struct smtp_session *s)
{
    char text[SASL_PLAIN_TEXT_MAX];
    size_t len = sasl_plain_text(&s->base.login->who, text);
    if (smtp_login_server(s)->begin(s, MECHANISM_PLAIN, (struct slice){text, len})) {
        s->base.login->password_out = true;
        s->login_asked++;
    }
    OPENSSL_cleanse(text, sizeof text);
}

static bool answer_plain(struct smtp_session *s)
{
    char text[SASL_PLAIN_TEXT_MAX];
    if (s->login_asked++ > 0)
        return false;
    size_t len = sasl_plain_text(&s->base.login->who, text);
    say(s, (struct slice){text, len}, true);
    OPENSSL_cleanse(text, sizeof text);
    return true;
}

/* It asks for both, in this order. */
static bool answer_login(struct smtp_session *s)
{
    const struct credentials *who = &s->base.login->who;
    char encoded[SASL_PLAIN_TEXT_MAX];
    unsigned asked = s->login_asked++;
    const char *text = asked ? who->password : who->user;
    if (asked > 1)
        return false;
    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)text, (int)strlen(text));
    say(s, slice_of(encoded), asked == 1);
    OPENSSL_cleanse(encoded, sizeof encoded);
    return true;
}

static void log_in(struct smtp_session *s)
{
    s->base.login->password_out = true;
    smtp_login_server(s)->log_in(s);
}

/* ---- which of them ---- */

static bool speaks(const struct smtp_session *s, enum login_mechanism mechanism)
{
    return smtp_login_server(s)->offer(s).mechanisms & 1U << mechanism;
}

/* Where somebody acts for another PLAIN alone can say so. MECHANISMS: none. */
static enum login_mechanism own_way(const struct smtp_session *s)
{
    static const enum login_mechanism by_user[] = {MECHANISM_USER, MECHANISM_LOGIN};
    if (speaks(s, MECHANISM_PLAIN))
        return MECHANISM_PLAIN;
    for (size_t i = 0; i < 2 && !*s->base.login->who.acting_for; i++)
        if (speaks(s, by_user[i]))
            return by_user[i];
    return MECHANISMS;
}

static void not_here(struct smtp_session *s)
{
    struct session *base = &s->base;
    login_give_up(base->login, LOGIN_NEITHER);
    smtp_error(s, 504, "5.5.4", "the mail server does not have this mechanism");
    session_go_on(base); /* unless that was one error too many */
}

static void begin_own(struct smtp_session *s)
{
    switch (own_way(s)) {
    case MECHANISM_PLAIN:
        begin_plain(s);
        break;
    case MECHANISM_USER:
        log_in(s);
        break;
    case MECHANISM_LOGIN:
        smtp_login_server(s)->begin(s, MECHANISM_LOGIN, (struct slice){NULL, 0});
        break;
    default:
        not_here(s);
    }
}

static bool answer_own(struct smtp_session *s)
{
    return own_way(s) == MECHANISM_PLAIN ? answer_plain(s) : answer_login(s);
}

static bool binds_to_tls(const struct smtp_session *s)
{
    const struct sasl_mechanism *mechanism = s->base.login->mechanism;
    return mechanism->not_beside_plus && smtp_login_server(s)->offer(s).plus & 1U << mechanism->id;
}

static void begin_passed(struct smtp_session *s)
{
    struct login *login = s->base.login;
    if (!speaks(s, login->mechanism->id) || binds_to_tls(s)) {
        not_here(s);
        return;
    }
    if (smtp_login_server(s)->begin(s, login->mechanism->id, slice_of(login->who.response))) {
        login_responds(login);
        s->login_asked++;
    }
}

void smtp_login_begin(struct smtp_session *s)
{
    s->login_asked = 0;
    s->login_cancelled = false;
    if (s->base.login->mechanism->read)
        begin_passed(s);
    else
        begin_own(s);
}

/* ---- what passes ---- */

void smtp_login_respond(struct session *base, struct slice response)
{
    struct smtp_session *s = smtp_of(base);
    login_responds(base->login);
    session_wait(base);
    smtp_login_server(s)->say(s, response, true);
}

void smtp_login_cancel(struct session *base)
{
    session_wait(base);
    smtp_of(base)->login_cancelled = true;
    say(smtp_of(base), SLICE("*"), false);
}

static void pass_challenge(struct smtp_session *s, struct slice challenge)
{
    s->base.login->dialogue = LOGIN_RESPONSE;
    session_text(&s->base, SLICE("334 "));
    session_text(&s->base, challenge);
    session_text(&s->base, SLICE("\r\n"));
    session_go_on(&s->base);
}

/* The first asks for the response that was given beside AUTH, or is there already. */
bool smtp_login_challenged(struct smtp_session *s, struct slice challenge)
{
    if (!s->base.login->mechanism->read)
        return answer_own(s);
    if (s->login_asked++ == 0)
        smtp_login_respond(&s->base, slice_of(s->base.login->who.response));
    else
        pass_challenge(s, challenge);
    return true;
}
