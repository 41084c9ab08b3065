/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_login_say.h"

#include "base/buf.h"
#include "proxy/login/login.h"
#include "proxy/smtp/smtp_answer.h"
#include "proxy/smtp/smtp_private.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static void say_secret(struct smtp_session *s, const char *verb, const char *secret)
{
    char line[16 + SASL_PLAIN_TEXT_MAX];
    int len = snprintf(line, sizeof line, "%s%s", verb, secret);
    s->base.login->password_out = true;
    smtp_private_say(s->private, (struct slice){line, (size_t)len}, true);
    OPENSSL_cleanse(line, sizeof line);
}

static void say_plain(struct smtp_session *s)
{
    char text[SASL_PLAIN_TEXT_MAX];
    sasl_plain_text(&s->base.login->who, text);
    say_secret(s, "AUTH PLAIN ", text);
    OPENSSL_cleanse(text, sizeof text);
}

/* The answers to what LOGIN asks for, in this order. */
static void answer_login(struct smtp_session *s)
{
    const struct credentials *who = &s->base.login->who;
    char encoded[SASL_PLAIN_TEXT_MAX];
    if (s->login_asked++ == 0) {
        EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)who->user,
                        (int)strlen(who->user));
        smtp_private_say(s->private, slice_of(encoded), false);
        return;
    }
    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)who->password,
                    (int)strlen(who->password));
    say_secret(s, "", encoded);
    OPENSSL_cleanse(encoded, sizeof encoded);
}

/* ---- which of them ---- */

static bool speaks(const struct smtp_session *s, enum login_mechanism mechanism)
{
    return smtp_private_capabilities(s->private).mechanisms & 1U << mechanism;
}

static void not_here(struct smtp_session *s)
{
    struct session *base = &s->base;
    login_give_up(base->login, LOGIN_NEITHER);
    smtp_error(s, 504, "5.5.4", "the mail server does not have this mechanism");
    session_go_on(base); /* unless that was one error too many */
}

/* Where somebody acts for another LOGIN cannot say so. */
static void begin_own(struct smtp_session *s)
{
    s->login_asked = 0;
    if (speaks(s, MECHANISM_PLAIN))
        say_plain(s);
    else if (speaks(s, MECHANISM_LOGIN) && !*s->base.login->who.acting_for)
        smtp_private_say(s->private, SLICE("AUTH LOGIN"), false);
    else
        not_here(s);
}

static bool binds_to_tls(const struct smtp_session *s)
{
    const struct sasl_mechanism *mechanism = s->base.login->mechanism;
    return mechanism->not_beside_plus &&
           smtp_private_capabilities(s->private).plus & 1U << mechanism->id;
}

static void begin_passed(struct smtp_session *s)
{
    const struct sasl_mechanism *mechanism = s->base.login->mechanism;
    char line[64];
    if (!speaks(s, mechanism->id) || binds_to_tls(s)) {
        not_here(s);
        return;
    }
    s->login_asked = 0;
    int len = snprintf(line, sizeof line, "AUTH %s", mechanism_name(mechanism->id));
    smtp_private_say(s->private, (struct slice){line, (size_t)len}, false);
}

void smtp_login_begin(struct smtp_session *s)
{
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
    smtp_private_say(s->private, response, true);
}

void smtp_login_cancel(struct session *base)
{
    session_wait(base);
    smtp_private_say(smtp_of(base)->private, SLICE("*"), false);
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
    enum { ASKS = 2 /* of LOGIN: user, password */ };
    if (!s->base.login->mechanism->read) {
        if (s->login_asked >= ASKS || speaks(s, MECHANISM_PLAIN))
            return false;
        answer_login(s);
    } else if (s->login_asked++ == 0) {
        smtp_login_respond(&s->base, slice_of(s->base.login->who.response));
    } else {
        pass_challenge(s, challenge);
    }
    return true;
}
