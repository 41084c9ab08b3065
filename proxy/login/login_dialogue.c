/* SPDX-License-Identifier: ISC
 * What a client says to log in, whatever carries its lines (RFC 4422 3). */
#include "proxy/login/login.h"

#include <openssl/crypto.h>

bool login_offers(const struct session *base, enum login_mechanism mechanism)
{
    return base->listener->mechanisms & 1U << mechanism;
}

static void mistake(struct login *l, enum login_mistake what, const char *text)
{
    l->protocol->mistake(l->base, what, text);
}

bool login_denies(struct login *l, enum login_mechanism mechanism)
{
    if (l->base->health)
        mistake(l, LOGIN_NO_CLIENT, login_no_client);
    else if (!login_is_allowed(l->base))
        mistake(l, LOGIN_NEEDS_TLS, l->protocol->needs_tls);
    else if (!login_offers(l->base, mechanism))
        mistake(l, LOGIN_NO_MECHANISM, "this mechanism is not to be had here");
    else
        return false;
    return true;
}

static void malformed(struct login *l)
{
    login_give_up(l, login_unanswered(l));
    mistake(l, LOGIN_MALFORMED, "that is no response of this mechanism");
}

static void ask(struct login *l, struct slice challenge)
{
    session_text(l->base, slice_of(l->protocol->challenge));
    session_text(l->base, challenge);
    session_text(l->base, SLICE("\r\n"));
}

/* AUTH LOGIN asks for both in base64 ("Username:", "Password:"). */
static void asked_user(struct login *l, struct slice response)
{
    char room[LOGIN_USER_MAX + 4];
    struct slice user;
    if (!sasl_decode(response, room, sizeof room, &user) || !credentials_user(&l->who, user)) {
        malformed(l);
        return;
    }
    l->dialogue = LOGIN_PASSWORD;
    ask(l, SLICE("UGFzc3dvcmQ6"));
}

static void asked_password(struct login *l, struct slice response)
{
    char room[LOGIN_PASSWORD_MAX + 4];
    struct slice password;
    bool read = sasl_decode(response, room, sizeof room, &password) &&
                credentials_password(&l->who, password);
    OPENSSL_cleanse(room, sizeof room);
    if (read)
        login_try(l, l->mechanism->id);
    else
        malformed(l);
}

/* ---- of a mechanism that passes ---- */

static enum sasl_read read_response(struct login *l, struct slice text)
{
    char room[SASL_RESPONSE_MAX + 4];
    struct slice response;
    enum sasl_read found = SASL_MALFORMED;
    bool kept = l->responses > l->mechanism->proof || credentials_response(&l->who, text);
    if (kept && sasl_decode(text, room, sizeof room, &response))
        found = l->mechanism->read(l->responses, response, &l->who);
    OPENSSL_cleanse(room, sizeof room);
    return found;
}

/* The server has gone on with him, so it was no wrong guess. */
static void refuse_layer(struct login *l)
{
    struct slice text = SLICE("no security layer is to be had here, it is TLS that encrypts");
    l->protocol->record(l->base, text, NULL);
    login_give_up(l, LOGIN_NEITHER);
    if (session_may_err(l->base))
        l->protocol->refuse(l->base, LOGIN_NOT_THIS, text);
}

/* The rules are asked before the server hears anything, and again once the user is known. */
static void relay_response(struct login *l, struct slice text)
{
    bool first = ++l->responses == 1;
    if (slice_eq(text, SLICE("="))) /* the empty one, as AUTH says it */
        text = SLICE("");
    enum sasl_read found = read_response(l, text);
    l->dialogue = LOGIN_COMMANDS;
    if (found == SASL_MALFORMED)
        malformed(l);
    else if (found == SASL_WANTS_LAYER)
        refuse_layer(l);
    else if (first || found == SASL_NAMES_USER)
        login_try(l, l->mechanism->id);
    else
        l->protocol->respond(l->base, text);
}

static void cancel(struct login *l)
{
    if (l->protocol->connected(l->base)) {
        l->protocol->cancel(l->base);
        return;
    }
    login_forget(l);
    mistake(l, LOGIN_CANCELLED, "as you wish");
}

static void take_response(struct login *l, struct slice response)
{
    if (l->mechanism->read) {
        relay_response(l, response);
    } else if (l->mechanism->id == MECHANISM_LOGIN) {
        asked_user(l, response);
    } else if (sasl_plain(response, &l->who)) {
        login_try(l, l->mechanism->id);
    } else {
        malformed(l);
    }
}

void login_answer(struct login *l, struct slice line)
{
    if (slice_eq(line, SLICE("*")))
        cancel(l);
    else if (l->dialogue == LOGIN_PASSWORD)
        asked_password(l, line);
    else
        take_response(l, line);
}

void login_authenticate(struct login *l, struct slice name, struct slice initial)
{
    const struct sasl_mechanism *mechanism = sasl_mechanism(name);
    if (login_denies(l, mechanism ? mechanism->id : MECHANISMS) || !mechanism)
        return;
    login_forget(l);
    l->mechanism = mechanism;
    l->dialogue = LOGIN_RESPONSE;
    if (initial.len)
        take_response(l, initial);
    else
        ask(l, mechanism->id == MECHANISM_LOGIN ? SLICE("VXNlcm5hbWU6") : SLICE(""));
}
