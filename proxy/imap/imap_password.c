/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_argument.h"
#include "proxy/imap/imap_session.h"

#include <openssl/crypto.h>

static void send_secret(struct imap_session *s, struct buf *line)
{
    buf_cstr(line, "\r\n");
    s->reader.base.login->password_out = true;
    reader_upstream_send(s->reader.upstream, buf_slice(line));
    OPENSSL_cleanse(line->data, line->size);
}

static void go_on_password(struct imap_session *s, struct slice line)
{
    char room[LOGIN_PASSWORD_MAX + 8];
    struct buf secret = buf_over(room, sizeof room);
    (void)line;
    buf_cstr(&secret, s->reader.base.login->who.password);
    send_secret(s, &secret);
}

static void say_password_length(struct imap_session *s, struct buf *line)
{
    buf_printf(line, " {%zu}\r\n", strlen(s->reader.base.login->who.password));
    reader_upstream_send(s->reader.upstream, buf_slice(line));
}

static const struct imap_exchange saying_password = {.go_ahead = go_on_password,
                                                     .done = imap_login_said};

static void go_on_user(struct imap_session *s, struct slice line)
{
    char room[LOGIN_USER_MAX + 64];
    struct buf text = buf_over(room, sizeof room);
    (void)line;
    buf_cstr(&text, s->reader.base.login->who.user);
    s->exchange = &saying_password;
    say_password_length(s, &text);
}

static const struct imap_exchange saying_user = {.go_ahead = go_on_user, .done = imap_login_said};

static const struct imap_exchange saying_login = {.done = imap_login_said};

void imap_say_login(struct imap_session *s)
{
    const struct credentials *who = &s->reader.base.login->who;
    char room[2 * (LOGIN_USER_MAX + LOGIN_PASSWORD_MAX) + 128];
    struct buf line = buf_over(room, sizeof room);
    bool quotable = imap_is_quotable(who->user) && imap_is_quotable(who->password);
    imap_expect(s, imap_own_tag(s), quotable ? &saying_login : &saying_user);
    buf_printf(&line, "%s LOGIN ", s->expected);
    if (!quotable) {
        buf_printf(&line, "{%zu}\r\n", strlen(who->user));
        reader_upstream_send(s->reader.upstream, buf_slice(&line));
        return;
    }
    imap_quote(&line, who->user);
    buf_char(&line, ' ');
    imap_quote(&line, who->password);
    send_secret(s, &line);
}

static void go_on_plain(struct imap_session *s, struct slice line)
{
    char text[SASL_PLAIN_TEXT_MAX + 2];
    (void)line;
    size_t len = sasl_plain_text(&s->reader.base.login->who, text);
    struct buf out = buf_over(text, sizeof text);
    buf_commit(&out, len);
    send_secret(s, &out);
}

static void said_plain(struct imap_session *s, const struct imap_response *response,
                       struct slice line)
{
    bool acts = *s->reader.base.login->who.acting_for;
    if (response->status != IMAP_OK && !s->reader.base.login->password_out && !acts)
        imap_say_login(s); /* a server without PLAIN is told the password the old way */
    else
        imap_login_said(s, response, line);
}

static const struct imap_exchange saying_plain = {.go_ahead = go_on_plain, .done = said_plain};

void imap_say_plain(struct imap_session *s)
{
    imap_ask(s, imap_own_tag(s), SLICE("AUTHENTICATE PLAIN"), &saying_plain);
}
