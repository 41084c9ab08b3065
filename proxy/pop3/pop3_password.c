/* SPDX-License-Identifier: ISC */
#include "proxy/pop3/pop3_session.h"

#include <openssl/crypto.h>
#include <stdio.h>

static const struct pop3_exchange saying_password = {.status = pop3_login_said};

static void say_secret(struct pop3_session *s, const char *verb, const char *secret)
{
    char line[8 + LOGIN_PASSWORD_MAX + SASL_PLAIN_TEXT_MAX];
    int len = snprintf(line, sizeof line, "%s%s", verb, secret);
    s->reader.base.login->password_out = true;
    pop3_send(s, (struct slice){line, (size_t)len}, POP3_ANSWER_LINE, &saying_password);
    OPENSSL_cleanse(line, sizeof line);
}

static void said_user(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    if (status == POP3_OK)
        say_secret(s, "PASS ", s->reader.base.login->who.password);
    else
        pop3_login_said(s, status, line);
}

static const struct pop3_exchange saying_user = {.status = said_user};

void pop3_say_user(struct pop3_session *s)
{
    struct slice line =
        ARENA_JOIN(s->reader.mail, SLICE("USER "), slice_of(s->reader.base.login->who.user));
    pop3_send(s, line.ptr ? line : SLICE("QUIT"), POP3_ANSWER_LINE, &saying_user);
}

/* A server without PLAIN is told the password the old way; not where somebody acts for another,
 * which USER cannot say. */
static void said_plain(struct pop3_session *s, enum pop3_status status, struct slice line)
{
    char text[SASL_PLAIN_TEXT_MAX];
    if (status == POP3_CHALLENGE) {
        sasl_plain_text(&s->reader.base.login->who, text);
        say_secret(s, "", text);
        OPENSSL_cleanse(text, sizeof text);
    } else if (!*s->reader.base.login->who.acting_for) {
        pop3_say_user(s);
    } else if (status == POP3_OK) {
        pop3_not_here(s);
    } else {
        pop3_login_said(s, status, line);
    }
}

static const struct pop3_exchange saying_plain = {.status = said_plain};

void pop3_say_plain(struct pop3_session *s)
{
    pop3_send(s, SLICE("AUTH PLAIN"), POP3_ANSWER_CHALLENGE, &saying_plain);
}
