/* SPDX-License-Identifier: ISC
 * The decision record: one for each message, a line in the log and, when asked for, a JSON object
 * with all facts. */
#include "proxy/smtp/smtp_record.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "policy/verdict_json.h"

#include <time.h>
#include <unistd.h>

enum { RECORD_MAX = 1024 * 1024 };

static void text_member(struct buf *out, const char *name, struct slice text)
{
    json_key(out, slice_of(name));
    json_text(out, text);
}

static void number_member(struct buf *out, const char *name, double number)
{
    json_key(out, slice_of(name));
    json_number(out, number);
}

static void time_member(struct buf *out)
{
    char text[32];
    struct tm utc;
    time_t now = (time_t)clock_wall();
    gmtime_r(&now, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    text_member(out, "time", slice_of(text));
}

static void recipients_member(struct buf *out, const struct transaction *t)
{
    json_key(out, SLICE("rcpt"));
    buf_char(out, '[');
    for (size_t i = 0; i < t->recipient_count; i++) {
        json_item(out);
        json_text(out, t->recipients[i].path.address);
    }
    buf_char(out, ']');
}

static void reply_member(struct buf *out, const struct decision *d)
{
    struct buf reply = buf_init(1024);
    buf_printf(&reply, "%u %.*s%s%.*s", d->code, SLICE_ARGS(d->enhanced),
               d->enhanced.len ? " " : "", SLICE_ARGS(d->text));
    text_member(out, "reply", buf_slice(&reply));
    buf_release(&reply);
}

static void open_object(struct buf *out, const char *name)
{
    json_key(out, slice_of(name));
    buf_char(out, '{');
}

static void questions(struct buf *out, const char *name, double count, double ms)
{
    if (count == 0)
        return;
    open_object(out, name);
    number_member(out, "count", count);
    number_member(out, "ms", ms);
    buf_char(out, '}');
}

/* What the facts cost: questions, and the time that passed until they were answered. What was found
 * out about the client is shared by its transactions. */
static void cost_member(struct buf *out, const struct smtp_session *s)
{
    const struct transaction *t = &s->t;
    struct state_cost redis = {.calls = 0};
    if (t->message.state)
        redis = state_cost(t->message.state);
    open_object(out, "cost");
    if (s->base.study)
        questions(out, "client_dns", s->base.study->dns.queries, (double)s->base.study->dns.ms);
    questions(out, "dns", t->message.dns.queries + t->message.list_queries,
              (double)t->message.dns.ms);
    questions(out, "sender", t->message.sender_rounds, (double)t->message.sender_ms);
    questions(out, "redis", redis.calls, (double)redis.ms);
    buf_char(out, '}');
}

static void write_json(struct smtp_session *s, const struct decision *d)
{
    const struct policy *policy = s->base.proxy->config->policy;
    struct buf out = buf_init(RECORD_MAX);
    buf_char(&out, '{');
    time_member(&out);
    text_member(&out, "id", slice_of(s->ref));
    text_member(&out, "from", s->t.sender.address);
    recipients_member(&out, &s->t);
    text_member(&out, "verdict", slice_of(d->verdict));
    reply_member(&out, d);
    verdict_json(&out, policy, d->rules);
    text_member(&out, "backend", d->backend);
    number_member(&out, "ms", (double)(clock_ms() - s->t.began));
    number_member(&out, "verdict_ms", (double)(clock_ms() - s->t.ended));
    cost_member(&out, s);
    json_key(&out, SLICE("facts"));
    buf_char(&out, '{');
    facts_json(&out, &s->t.message.facts);
    buf_cstr(&out, "}}\n");
    struct slice line = buf_slice(&out);
    if (out.failed || write(s->base.proxy->decisions, line.ptr, line.len) != (ssize_t)line.len)
        log_at(LEVEL_ERROR, s->ref, "decision record not written");
    buf_release(&out);
}

void smtp_record(struct smtp_session *s, const struct decision *d)
{
    if (log_wants(LEVEL_INFO)) {
        char address[46];
        ip_text(&s->base.client, address);
        struct slice rule = SLICE("");
        if (d->rules && d->rules->rule >= 0)
            rule = policy_rule_info(s->base.proxy->config->policy, (size_t)d->rules->rule).name;
        log_at(LEVEL_INFO, s->ref, "message", field_str("client", address),
               field_text("from", s->t.sender.address),
               field_text("to", s->t.recipient_count ? s->t.recipients[0].path.address : SLICE("")),
               field_num("recipients", (int64_t)s->t.recipient_count),
               field_num("size", s->t.message.spool ? (int64_t)spool_size(s->t.message.spool) : 0),
               field_str("verdict", d->verdict), field_num("code", d->code),
               field_text("enhanced", d->enhanced), field_text("text", d->text),
               field_text("rule", rule), field_text("backend", d->backend),
               field_num("ms", clock_ms() - s->t.began));
    }
    if (s->base.proxy->decisions >= 0)
        write_json(s, d);
}
