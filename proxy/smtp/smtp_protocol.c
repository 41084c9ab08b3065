/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_protocol.h"

#include "policy/table.h"
#include "proxy/login/login.h"
#include "proxy/smtp/smtp_answer.h"
#include "proxy/smtp/smtp_asked.h"
#include "proxy/smtp/smtp_body.h"
#include "proxy/smtp/smtp_facts.h"
#include "proxy/smtp/smtp_foreign.h"
#include "proxy/smtp/smtp_input.h"
#include "proxy/smtp/smtp_login.h"
#include "proxy/smtp/smtp_own.h"
#include "proxy/smtp/smtp_record.h"
#include "proxy/smtp/smtp_rest.h"
#include "proxy/smtp/smtp_transaction.h"

#include <stdlib.h>

enum {
    MAIL_ARENA_MAX = 24 * 1024 * 1024,
    RCPT_ARENA_MAX = 1024 * 1024,
    ASKED_MS = 3600000,
};

static bool open_smtp(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    const struct config *config = base->proxy->config;
    const struct table *excused = config->bare_newlines_from;
    s->normalises =
        config->settings.smtp_bare_newlines || (excused && table_holds_ip(excused, &base->client));
    s->hidden = listener_hides(base->listener, &base->client);
    smtp_refer_to_session(s);
    s->mail = arena_new(MAIL_ARENA_MAX);
    s->rcpt = arena_new(RCPT_ARENA_MAX);
    return s->mail && s->rcpt && smtp_wake(s) && smtp_login_open(s);
}

static void close_smtp(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    if (smtp_is_in_transaction(s) && base->state != SESSION_CLOSING)
        smtp_record_gone(s);
    smtp_login_close(s);
    smtp_own_close(s);
    smtp_foreign_close(s);
    arena_free(&s->mail);
    arena_free(&s->rcpt);
    free(s->t);
    s->t = NULL;
}

static enum outcome judge(struct session *base, enum phase phase, struct verdict *out)
{
    return smtp_judge(smtp_of(base), phase, out);
}

static void refuse(struct session *base, const struct verdict *verdict)
{
    smtp_refuse(smtp_of(base), verdict);
}

static void record(struct session *base, struct slice said)
{
    if (smtp_wake(smtp_of(base)))
        smtp_record_refusal(smtp_of(base), 421, said, NULL);
}

static void greet(struct session *base)
{
    stream_printf(base->stream, "220 %.*s %.*s\r\n", SLICE_ARGS(base->proxy->config->hostname),
                  SLICE_ARGS(base->listener->banner.len ? base->listener->banner : SLICE("ESMTP")));
}

static void early(struct session *base)
{
    smtp_of(base)->pregreet = true;
}

/* A mail server hands a message over once its client has sent all of it, and has time-outs of its own for that. */
static int64_t patience(const struct session *base)
{
    const struct smtp_session *s = (const struct smtp_session *)base;
    int64_t usual = base->proxy->config->settings.timeouts_command;
    return smtp_is_asked(s) && s->t->open && usual < ASKED_MS ? ASKED_MS : usual;
}

static size_t take_body(struct smtp_session *s, struct slice bytes)
{
    size_t used = (s->t->chunk_left ? smtp_take_chunk : smtp_take_data)(s, bytes);
    if (s->base.state == SESSION_BULK)
        smtp_body_came(s, used);
    return used;
}

static size_t input(struct session *base, struct slice bytes)
{
    struct smtp_session *s = smtp_of(base);
    if (!smtp_wake(s)) {
        session_text(base, SLICE("421 4.3.0 out of memory, try again later\r\n"));
        session_hang_up(base);
        return bytes.len;
    }
    if (base->state == SESSION_BULK)
        return take_body(s, bytes);
    size_t used = smtp_take_command(s, bytes);
    if (s->after_helo)
        s->early |= used < bytes.len;
    s->after_helo = false;
    session_show(base);
    return used;
}

static void drained(struct session *base)
{
    smtp_asked_taken(smtp_of(base));
}

/* RFC 3207 4.2: as if freshly connected. */
static void secured(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    smtp_reset(s);
    s->helo = (struct slice){NULL, 0};
    s->esmtp = false;
    s->offered = (struct smtp_capabilities){0};
    if (s->base.login)
        login_forget(s->base.login);
}

static void slow(struct session *base)
{
    smtp_body_silent(smtp_of(base));
}

static struct slice doing(const struct smtp_session *s)
{
    const struct transaction *t = s->t;
    if (s->base.state == SESSION_BUSY && t->ended)
        return t->delivering ? SLICE("delivering") : SLICE("judging");
    if (s->base.state == SESSION_OPEN && smtp_is_in_transaction(s))
        return SLICE("envelope");
    return SLICE("");
}

static void show(const struct session *base, struct live_session *out)
{
    const struct smtp_session *s = (const struct smtp_session *)base;
    const struct transaction *t = s->t;
    struct slice word = doing(s);
    if (word.len)
        live_text(out->doing, sizeof out->doing, word);
    live_text(out->id, sizeof out->id, slice_of(s->ref));
    out->messages = s->messages;
    if (!smtp_is_in_transaction(s))
        return;
    live_text(out->sender, sizeof out->sender,
              t->sender.address.len ? t->sender.address : SLICE("<>"));
    out->recipients = (uint32_t)smtp_recipients(t);
    if (t->recipient_count)
        live_text(out->recipient, sizeof out->recipient, t->recipients[0].job.address);
    else if (t->taught_count)
        live_text(out->recipient, sizeof out->recipient, t->taught[0].path.address);
    out->octets = t->message.spool ? spool_size(t->message.spool) : 0;
}

static bool is_known(const struct session *base)
{
    return ((const struct smtp_session *)base)->submitter;
}

static bool between(const struct session *base)
{
    return !smtp_is_in_transaction((const struct smtp_session *)base);
}

static void rest(struct session *base)
{
    smtp_rest(smtp_of(base));
}

const struct mail_protocol smtp_protocol = {
    .alpn = "smtp",
    .size = sizeof(struct smtp_session),
    .input_max = 16384,
    .farewells =
        {
            [BYE_TIMEOUT] = "421 4.4.2 timeout",
            [BYE_STOPPING] = "421 4.3.2 service is stopping, try again later",
            [BYE_ERRORS] = "421 4.7.0 too many errors",
            [BYE_COMMANDS] = "421 4.7.0 too many commands",
            [BYE_ALL_TAKEN] = "421 4.3.2 too many sessions, try again later",
            [BYE_CLIENT_TAKEN] = "421 4.7.0 too many sessions from your address",
            [BYE_HURRIED] = "421 4.3.2 too busy to wait any longer, try again later",
            [BYE_SHARE_TAKEN] = "421 4.7.0 too many sessions from your network, try again later",
        },
    .open = open_smtp,
    .close = close_smtp,
    .judge = judge,
    .refuse = refuse,
    .record = record,
    .greet = greet,
    .early = early,
    .patience = patience,
    .input = input,
    .drained = drained,
    .secured = secured,
    .slow = slow,
    .show = show,
    .is_known = is_known,
    .between = between,
    .rest = rest,
};
