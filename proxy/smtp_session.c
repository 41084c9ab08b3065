/* SPDX-License-Identifier: ISC */
#include "proxy/smtp_session.h"

#include "filters/client_names.h"
#include "policy/spelling.h"
#include "policy/table.h"

#include <stdio.h>
#include <string.h>

enum {
    MAIL_ARENA_MAX = 24 * 1024 * 1024,
    REPLY_MAX = 510,
    ENHANCED_MAX = 16,
};

/* ---- replies ---- */

/* Text of others becomes printable ASCII on one line. */
static size_t printable(char *out, size_t room, struct slice text)
{
    size_t n = 0;
    for (; n < text.len && n < room; n++)
        out[n] = text.ptr[n] >= 0x20 && text.ptr[n] < 0x7f ? text.ptr[n] : '?';
    return n;
}

void smtp_answer(struct smtp_session *s, unsigned code, struct slice enhanced, struct slice text)
{
    char line[REPLY_MAX + 2];
    size_t len = (size_t)snprintf(line, REPLY_MAX, "%03u ", code % 1000);
    len += printable(line + len, ENHANCED_MAX, enhanced);
    if (enhanced.len)
        line[len++] = ' ';
    len += printable(line + len, REPLY_MAX - len, text);
    line[len++] = '\r';
    line[len++] = '\n';
    session_text(&s->base, (struct slice){line, len});
}

void smtp_say(struct smtp_session *s, unsigned code, const char *enhanced, const char *text)
{
    smtp_answer(s, code, slice_of(enhanced), slice_of(text));
}

void smtp_close(struct smtp_session *s, unsigned code, const char *enhanced, const char *text)
{
    smtp_say(s, code, enhanced, text);
    session_hang_up(&s->base);
}

void smtp_error(struct smtp_session *s, unsigned code, const char *enhanced, const char *text)
{
    if (session_may_err(&s->base))
        smtp_say(s, code, enhanced, text);
}

/* ---- facts ---- */

static void tls_facts(struct smtp_session *s)
{
    struct value *fact = s->t.message.facts.fact;
    SSL *ssl = stream_ssl(s->base.stream);
    const char *name = ssl ? SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) : NULL;
    fact[FACT_TLS_ACTIVE] = value_bool(ssl != NULL);
    fact[FACT_TLS_VERSION] = ssl ? value_text(slice_of(SSL_get_version(ssl))) : value_absent();
    fact[FACT_TLS_CIPHER] = ssl ? value_text(slice_of(SSL_get_cipher_name(ssl))) : value_absent();
    fact[FACT_TLS_SNI] = name ? value_domain(s->mail, slice_of(name)) : value_absent();
}

void smtp_facts(struct smtp_session *s, enum phase phase)
{
    struct value *fact = s->t.message.facts.fact;
    if (!s->t.message.facts.keyed)
        s->t.message.facts.keyed = facts_keyed_new(s->mail, s->base.proxy->config->policy);
    fact[FACT_LISTENER] = value_text(s->base.listener->name);
    fact[FACT_DIRECTION] = value_integer(s->base.listener->direction);
    fact[FACT_CLIENT_IP] = value_ip(s->base.client);
    fact[FACT_CLIENT_PORT] = value_number(s->base.client_port);
    fact[FACT_CLIENT_PREGREET] = value_bool(s->pregreet);
    client_study_facts(s->base.study, &s->t.message.facts);
    if (phase >= PHASE_HELO) {
        fact[FACT_HELO_ESMTP] = value_bool(s->esmtp);
        fact[FACT_CLIENT_EARLY] = value_bool(s->early);
        helo_form(s->mail, s->base.proxy->config, s->helo, &s->base.client, &s->base.local,
                  &s->t.message.facts);
    }
    if (phase >= PHASE_MAIL) {
        const struct transaction *t = &s->t;
        tls_facts(s);
        fact[FACT_SENDER] = t->sender.address.len ? value_text(t->sender.spelled) : value_absent();
        fact[FACT_MESSAGE_NULL_SENDER] = value_bool(t->sender.address.len == 0);
        fact[FACT_DECLARED_SIZE] =
            t->mail.has_size ? value_integer((int64_t)t->mail.size) : value_absent();
    }
}

/* ---- the transaction ---- */

void smtp_drop_body(struct smtp_session *s)
{
    struct transaction *t = &s->t;
    edited_free(&t->edited);
    examination_drop_body(&t->message);
}

void smtp_reset(struct smtp_session *s)
{
    struct transaction *t = &s->t;
    if (!t->open && !t->message.spool && !t->job_running) {
        t->message.facts.keyed = NULL;
        arena_reset(s->mail);
        return;
    }
    bool alone = t->job_running && backends_cancel(s->base.proxy->backends, &t->job);
    smtp_retry_over(s);
    session_forget_waiting(&s->base);
    s->base.message = NULL;
    edited_free(&t->edited);
    examination_end(&t->message);
    if (t->delivering && !alone)
        shared_doubt_end(s->base.proxy->shared, s->base.proxy->row, t->job.doubt);
    memset(t, 0, sizeof *t);
    arena_reset(s->mail);
}

/* ---- what the engine asks for ---- */

static bool open_smtp(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    const struct config *config = base->proxy->config;
    const struct table *excused = config->bare_newlines_from;
    s->normalises =
        config->settings.smtp_bare_newlines || (excused && table_holds_ip(excused, &base->client));
    snprintf(s->ref, sizeof s->ref, "%s", base->id);
    s->mail = arena_new(MAIL_ARENA_MAX);
    return s->mail != NULL;
}

static void close_smtp(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    smtp_reset(s);
    arena_free(&s->mail);
}

enum outcome smtp_judge(struct session *base, enum phase phase, struct verdict *out)
{
    struct smtp_session *s = smtp_of(base);
    smtp_facts(s, phase);
    return policy_evaluate(base->proxy->config->policy, &s->t.message.facts, phase, s->mail, out);
}

static void refuse(struct session *base, const struct verdict *verdict)
{
    smtp_refuse(smtp_of(base), verdict);
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

static size_t input(struct session *base, struct slice bytes)
{
    struct smtp_session *s = smtp_of(base);
    if (base->state == SESSION_BULK)
        return (s->t.chunk_left ? smtp_take_chunk : smtp_take_data)(s, bytes);
    size_t used = smtp_take_command(s, bytes);
    if (s->after_helo)
        s->early |= used < bytes.len;
    s->after_helo = false;
    return used;
}

/* RFC 3207 4.2: as if freshly connected. */
static void secured(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    smtp_reset(s);
    s->helo = (struct slice){NULL, 0};
    s->esmtp = false;
}

static void slow(struct session *base)
{
    smtp_upload_rate(smtp_of(base));
}

static bool between(const struct session *base)
{
    return !((const struct smtp_session *)base)->t.open;
}

const struct mail_protocol smtp_protocol = {
    .alpn = "smtp",
    .size = sizeof(struct smtp_session),
    .farewells =
        {
            [BYE_TIMEOUT] = "421 4.4.2 timeout\r\n",
            [BYE_STOPPING] = "421 4.3.2 service is stopping, try again later\r\n",
            [BYE_ERRORS] = "421 4.7.0 too many errors\r\n",
            [BYE_COMMANDS] = "421 4.7.0 too many commands\r\n",
            [BYE_ALL_TAKEN] = "421 4.3.2 too many sessions, try again later\r\n",
            [BYE_CLIENT_TAKEN] = "421 4.7.0 too many sessions from your address\r\n",
        },
    .open = open_smtp,
    .close = close_smtp,
    .judge = smtp_judge,
    .refuse = refuse,
    .greet = greet,
    .early = early,
    .input = input,
    .secured = secured,
    .slow = slow,
    .between = between,
};
