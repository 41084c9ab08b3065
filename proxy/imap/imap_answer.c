/* SPDX-License-Identifier: ISC */
#include "proxy/imap/imap_session.h"
#include "proxy/session/session_facts.h"

#include <stdio.h>

enum { TEXT_MAX = 400 };

void imap_say(struct imap_session *s, struct slice line)
{
    session_text(&s->reader.base, line);
    session_text(&s->reader.base, SLICE("\r\n"));
}

static void say_status(struct imap_session *s, const char *status, const char *code,
                       struct slice text, const char *reference)
{
    char line[IMAP_TAG_MAX + 2 * TEXT_MAX];
    struct slice cut = slice_sub(text, 0, TEXT_MAX);
    const char *tag = *s->tag ? s->tag : "*";
    int n = snprintf(line, sizeof line, "%s %s %s%s%.*s%s%s%s", tag, status, code, *code ? " " : "",
                     SLICE_ARGS(cut), *reference ? " (" : "", reference, *reference ? ")" : "");
    imap_say(s, (struct slice){line, (size_t)n});
}

void imap_ok(struct imap_session *s, const char *code, const char *text)
{
    say_status(s, "OK", code, slice_of(text), "");
}

void imap_no(struct imap_session *s, const char *code, struct slice text)
{
    say_status(s, "NO", code, text, s->reader.ref);
}

void imap_bad(struct imap_session *s, const char *text)
{
    if (session_may_err(&s->reader.base))
        say_status(s, "BAD", "", slice_of(text), s->reader.ref);
}

static bool may_start_tls(const struct imap_session *s)
{
    const struct session *base = &s->reader.base;
    return base->listener->starttls && !session_is_encrypted(base) && tls_ready(base->proxy->tls);
}

void imap_own_capabilities(struct imap_session *s, struct buf *out)
{
    buf_cstr(out, "IMAP4rev1 LITERAL+ SASL-IR ID");
    bool starts = may_start_tls(s) || reader_offers_foreign_tls(&s->reader.base);
    buf_cstr(out, starts ? " STARTTLS" : "");
    if (!login_is_allowed(&s->reader.base) || !login_offers(&s->reader.base, MECHANISM_USER))
        buf_cstr(out, " LOGINDISABLED");
    for (int i = MECHANISM_USER + 1; login_is_allowed(&s->reader.base) && i < MECHANISMS; i++)
        if (login_offers(&s->reader.base, (enum login_mechanism)i))
            buf_printf(out, " AUTH=%s", mechanism_name((enum login_mechanism)i));
}
