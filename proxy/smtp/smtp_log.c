/* SPDX-License-Identifier: ISC
 * The values that a client chooses have bounds of their own, so that together they leave room for what we say of it. */
#include "proxy/smtp/smtp_log.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/session/session_facts.h"
#include "proxy/session/session_log.h"
#include "proxy/smtp/smtp_login.h"

enum {
    RECIPIENTS_MOST = 2048, /* octets of the line, escaped as they are there */
    ADDRESS_MOST = 320,
    NAME_MOST = 128,
    USER_MOST = 255,
    ID_MOST = 256,
    TEXT_MOST = 384,
    CODE_CLOSING = 421,
};

static const struct config *config_of(const struct smtp_session *s)
{
    return s->base.proxy->config;
}

static const char *tls_version(const struct smtp_session *s)
{
    const char *version = session_tls_version(&s->base);
    return version ? version : "";
}

static struct slice rule_of(const struct smtp_session *s, const struct verdict *rules)
{
    if (!rules || rules->rule < 0)
        return SLICE("");
    return policy_rule_info(config_of(s)->policy, (size_t)rules->rule).name;
}

/* ---- recipients ---- */

/* False: it has no room. */
static bool add_recipient(struct buf *out, size_t *escaped, struct slice address)
{
    char room[RECIPIENTS_MOST];
    struct buf shown = buf_over(room, sizeof room);
    log_escape(&shown, address);
    size_t more = buf_len(&shown) + (buf_len(out) > 0);
    if (shown.failed || *escaped + more > RECIPIENTS_MOST)
        return false;
    *escaped += more;
    buf_cstr(out, buf_len(out) ? "," : "");
    return buf_append(out, address);
}

/* All who were accepted, and the one who is asked for. `out` holds them. */
static struct log_field recipients(const struct smtp_session *s, struct buf *out)
{
    const struct transaction *t = s->t;
    size_t escaped = 0;
    bool fit = !t->asked_for.len || add_recipient(out, &escaped, t->asked_for);
    for (size_t i = 0; fit && i < t->recipient_count; i++)
        fit = add_recipient(out, &escaped, t->recipients[i].path.address);
    for (size_t i = 0; fit && i < t->taught_count; i++)
        fit = add_recipient(out, &escaped, t->taught[i].path.address);
    return field_most("to", buf_slice(out), RECIPIENTS_MOST);
}

/* ---- a message ---- */

void smtp_log_message(const struct smtp_session *s, const struct decision *d)
{
    const struct transaction *t = s->t;
    char client[46], room[RECIPIENTS_MOST];
    struct buf to = buf_over(room, sizeof room);
    int64_t now = clock_ms();
    ip_text(&s->base.client, client);
    log_at(LEVEL_INFO, s->ref, "message", field_str("client", client),
           field_most("helo", s->helo, NAME_MOST),
           field_most("user", smtp_login_user(s), USER_MOST), field_str("tls", tls_version(s)),
           field_most("from", t->sender.address, ADDRESS_MOST), recipients(s, &to),
           field_num("recipients", (int64_t)smtp_recipients(t)),
           field_most("message_id", smtp_field(s, FACT_MESSAGE_ID, SLICE("Message-ID")), ID_MOST),
           field_num("size", t->message.spool ? (int64_t)spool_size(t->message.spool) : 0),
           field_str("verdict", d->verdict), field_text("rule", rule_of(s, d->rules)),
           field_num("code", d->code), field_text("enhanced", d->enhanced),
           field_most("text", d->text, TEXT_MOST), field_text("backend", d->backend),
           field_num("verdict_ms", t->ended ? (t->delivering ? t->handed : now) - t->ended : 0),
           field_num("backend_ms", t->delivering ? now - t->handed : 0),
           field_num("ms", now - t->began));
}

/* ---- what came to no message ---- */

/* Without its code and the reference, which have fields of their own. */
static struct slice words_of(const struct smtp_session *s, struct slice reply)
{
    size_t code = strlen("550 "), tail = strlen(s->ref) + strlen(" ()");
    size_t end = reply.len > code + tail ? reply.len - tail : reply.len;
    bool referred = slice_eq(slice_sub(reply, end + 2, reply.len - 1), slice_of(s->ref));
    return slice_sub(reply, code, referred ? end : reply.len);
}

static bool drops(const struct verdict *rules)
{
    return rules && rules->action == ACTION_DROP;
}

static enum session_line kind_of(const struct smtp_session *s, const struct verdict *rules)
{
    return drops(rules)          ? LINE_HUNG_UP
           : smtp_login_names(s) ? LINE_LOGIN_REFUSED
           : s->t->asked_for.len ? LINE_RECIPIENT_REFUSED
                                 : LINE_REFUSED;
}

static const char *event_of(const struct smtp_session *s, unsigned code,
                            const struct verdict *rules)
{
    return drops(rules)           ? "dropped"
           : code == CODE_CLOSING ? "sent away"
           : smtp_login_names(s)  ? "login refused"
           : s->t->asked_for.len  ? "recipient refused"
                                  : "refused";
}

void smtp_log_refusal(struct smtp_session *s, unsigned code, struct slice reply,
                      const struct verdict *rules)
{
    char client[46], room[RECIPIENTS_MOST];
    struct buf to = buf_over(room, sizeof room);
    size_t escaped = 0;
    if (!session_logs(&s->base, kind_of(s, rules)))
        return;
    if (s->t->asked_for.len && code != CODE_CLOSING)
        add_recipient(&to, &escaped, s->t->asked_for);
    else
        recipients(s, &to);
    ip_text(&s->base.client, client);
    log_at(LEVEL_INFO, s->ref, event_of(s, code, rules), field_str("client", client),
           field_most("helo", s->helo, NAME_MOST),
           field_most("user", smtp_login_user(s), USER_MOST), field_str("tls", tls_version(s)),
           field_most("from", s->t->sender.address, ADDRESS_MOST),
           field_most("to", buf_slice(&to), RECIPIENTS_MOST), field_str("stage", smtp_stage(s)),
           field_text("rule", rule_of(s, rules)), field_num("code", code),
           field_most("text", words_of(s, reply), TEXT_MOST));
}

void smtp_log_foreign(struct smtp_session *s, const char *protocol)
{
    char client[46];
    if (!session_logs(&s->base, LINE_HUNG_UP))
        return;
    ip_text(&s->base.client, client);
    log_at(LEVEL_INFO, s->ref, "not SMTP", field_str("client", client),
           field_str("speaks", protocol));
}

void smtp_log_gone(struct smtp_session *s)
{
    const struct transaction *t = s->t;
    char client[46], room[RECIPIENTS_MOST];
    struct buf to = buf_over(room, sizeof room);
    if (!session_logs(&s->base, LINE_HUNG_UP))
        return;
    ip_text(&s->base.client, client);
    log_at(LEVEL_INFO, s->ref, "client gone", field_str("client", client),
           field_most("helo", s->helo, NAME_MOST),
           field_most("user", smtp_login_user(s), USER_MOST), field_str("tls", tls_version(s)),
           field_most("from", t->sender.address, ADDRESS_MOST), recipients(s, &to),
           field_num("recipients", (int64_t)smtp_recipients(t)), field_str("stage", smtp_stage(s)),
           field_num("size", t->message.spool ? (int64_t)spool_size(t->message.spool) : 0),
           field_num("ms", clock_ms() - t->began));
}
