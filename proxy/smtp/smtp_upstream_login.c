/* SPDX-License-Identifier: ISC
 * Logging in to a server that takes mail from its own alone (RFC 4954), by PLAIN (RFC 4616) or what is
 * called LOGIN: over TLS, as the configuration is held to. */
#include "proxy/smtp/smtp_upstream_internal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

enum { CHALLENGES = 2 /* of LOGIN: for the user, for the password */ };

static void say_secret(struct smtp_upstream *c, const char *verb, const char *secret)
{
    char line[16 + SASL_PLAIN_TEXT_MAX];
    snprintf(line, sizeof line, "%s%s\r\n", verb, secret);
    stream_writes_secrets(c->stream);
    smtp_upstream_say(c, line);
    OPENSSL_cleanse(line, sizeof line);
}

static void say_plain(struct smtp_upstream *c)
{
    char text[SASL_PLAIN_TEXT_MAX];
    c->challenges = CHALLENGES;
    sasl_plain_text(c->setup.login, text);
    say_secret(c, "AUTH PLAIN ", text);
    OPENSSL_cleanse(text, sizeof text);
}

void smtp_upstream_log_in(struct smtp_upstream *c)
{
    c->state = UPSTREAM_LOGIN;
    c->challenges = 0;
    if (c->can.mechanisms & 1U << MECHANISM_PLAIN)
        say_plain(c);
    else if (c->can.mechanisms & 1U << MECHANISM_LOGIN)
        smtp_upstream_say(c, "AUTH LOGIN\r\n");
    else
        smtp_upstream_over(
            c, UPSTREAM_END_CONNECT,
            "server offers no login by PLAIN or LOGIN, but the configuration has one");
}

static void answer_challenge(struct smtp_upstream *c)
{
    const struct credentials *who = c->setup.login;
    const char *text = c->challenges++ == 0 ? who->user : who->password;
    char encoded[SASL_PLAIN_TEXT_MAX];
    EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)text, (int)strlen(text));
    say_secret(c, "", encoded);
    OPENSSL_cleanse(encoded, sizeof encoded);
}

/* ---- what its owner says ---- */

void smtp_upstream_say_login(struct smtp_upstream *c, struct slice line, bool secret)
{
    if (secret)
        stream_writes_secrets(c->stream);
    c->asked = true;
    stream_write(c->stream, line);
    smtp_upstream_say(c, "\r\n");
}

static void pass_on(struct smtp_upstream *c, const struct smtp_reply *reply)
{
    if (!c->asked || c->behind) {
        smtp_upstream_over(c, UPSTREAM_END_BROKEN, "reply without a command");
        return;
    }
    c->asked = false;
    stream_deadline(c->stream, 0);
    if (reply->code == 235)
        c->state = UPSTREAM_IDLE;
    c->callbacks->replied(c->owner, c, reply);
}

void smtp_upstream_got_login_reply(struct smtp_upstream *c, const struct smtp_reply *reply)
{
    char trouble[80];
    if (c->setup.passes_login) {
        pass_on(c, reply);
        return;
    }
    if (reply->code == 235) {
        smtp_upstream_become_idle(c);
    } else if (reply->code == 334 && c->challenges < CHALLENGES) {
        answer_challenge(c);
    } else {
        snprintf(trouble, sizeof trouble, "login refused with %u %.*s", reply->code,
                 reply->enhanced.len < 16 ? (int)reply->enhanced.len : 0, reply->enhanced.ptr);
        smtp_upstream_over(c, reply->code / 100 == 5 ? UPSTREAM_END_REFUSED : UPSTREAM_END_CONNECT,
                           trouble);
    }
}
