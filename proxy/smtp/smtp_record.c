/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_record.h"

#include "base/clock.h"
#include "base/log.h"
#include "common/told_facts.h"
#include "filters/mime/headers.h"
#include "proxy/session/session_record.h"
#include "proxy/smtp/smtp_log.h"
#include "proxy/smtp/smtp_login.h"

enum { FIELD_MAX = 1024, CODE_CLOSING = 421 };

static const struct config *config_of(const struct smtp_session *s)
{
    return s->base.proxy->config;
}

/* What stands in this field of the message is not to be kept. */
static bool is_private(const struct smtp_session *s, struct slice field)
{
    return !config_of(s)->settings.history_text && slice_ieq(field, SLICE("Subject"));
}

/* ---- the rules ---- */

/* Those that fired, or as many as there is memory for. */
static const struct slice *fired(const struct smtp_session *s, const struct verdict *v,
                                 bool observed, size_t *count)
{
    struct slice *names = arena_array(s->mail, v->fired_count, sizeof *names);
    *count = 0;
    for (size_t i = 0; names && i < v->fired_count; i++) {
        struct rule_info rule = policy_rule_info(config_of(s)->policy, v->fired[i]);
        if (rule.observe == observed)
            names[(*count)++] = rule.name;
    }
    return names;
}

enum { WOULD_MAX = 4096 };

/* What is more than that is left out. */
static struct slice would(const struct smtp_session *s, const struct verdict *v)
{
    struct buf out = buf_init(WOULD_MAX);
    for (size_t i = 0; i < v->fired_count; i++) {
        struct rule_info rule = policy_rule_info(config_of(s)->policy, v->fired[i]);
        if (rule.observe)
            buf_printf(&out, "%s%.*s by \"%.*s\"", buf_len(&out) ? "; " : "", SLICE_ARGS(rule.does),
                       SLICE_ARGS(rule.name));
    }
    struct slice told = buf_len(&out) ? arena_copy(s->mail, buf_slice(&out)) : SLICE("");
    buf_release(&out);
    return told;
}

static void tell_score(const struct smtp_session *s, const struct verdict *v, struct record *r)
{
    struct record_points *points = arena_array(s->mail, v->part_count, sizeof *points);
    for (size_t i = 0; points && i < v->part_count; i++)
        points[i] = (struct record_points){v->parts[i].name, v->parts[i].points};
    r->score = v->score;
    r->points = points;
    r->point_count = points ? v->part_count : 0;
}

/* Of a banner or disclaimer it is told where it stands, or why it does not. */
static struct record_edit edit_told(const struct smtp_session *s, const struct edit *edit)
{
    const struct transaction *t = s->t;
    struct slice name = edit->name;
    const char *fate = banner_fate(t->banner, edit, t->banners_differ);
    bool of_body = edit->kind == ACTION_BANNER || edit->kind == ACTION_DISCLAIMER;
    if (of_body && !smtp_may(s, MILTER_MAY_BODY))
        fate = "left out: the mail server that asks does not let its body be changed";
    if (fate)
        name = slice_of(fate);
    return (struct record_edit){.kind = slice_of(action_info(edit->kind)->word),
                                .name = name,
                                .value = is_private(s, edit->name) ? SLICE("") : edit->value,
                                .part = edit->part};
}

static bool is_told(const struct record_edit *edits, size_t count, const struct edit *banner)
{
    for (size_t i = 0; i < count; i++)
        if (slice_eq(edits[i].kind, slice_of(action_info(banner->kind)->word)) &&
            slice_eq(edits[i].value, banner->value))
            return true;
    return false;
}

/* Of another recipient's verdict: what was left out because the verdict that is told has it not. */
static size_t tell_withheld(const struct smtp_session *s, const struct verdict *v,
                            struct record_edit *edits, size_t count, size_t room)
{
    for (size_t i = 0; banner_is_given(v) && i < v->edit_count && count < room; i++)
        if (!judge_keeps_edit(&v->edits[i], true) && !is_told(edits, count, &v->edits[i]))
            edits[count++] = edit_told(s, &v->edits[i]);
    return count;
}

static void tell_edits(const struct smtp_session *s, const struct verdict *v, struct record *r)
{
    const struct transaction *t = s->t;
    size_t count = 0, room = v->edit_count + (size_t)BANNER_SPOTS * BANNER_TEXTS_MAX;
    struct record_edit *edits = arena_array(s->mail, room, sizeof *edits);
    for (size_t i = 0; edits && i < v->edit_count; i++)
        edits[count++] = edit_told(s, &v->edits[i]);
    for (size_t i = 0; edits && t->banners_differ && i < t->recipient_count; i++)
        count = tell_withheld(s, &t->recipients[i].verdict, edits, count, room);
    r->edits = edits;
    r->edit_count = count;
}

static void tell_rules(const struct smtp_session *s, const struct verdict *v, struct record *r)
{
    if (!v)
        return;
    r->rules = fired(s, v, false, &r->rule_count);
    r->observed = fired(s, v, true, &r->observed_count);
    r->would = would(s, v);
    r->delay = v->delay;
    tell_score(s, v, r);
    tell_edits(s, v, r);
}

/* ---- what was found out ---- */

static void tell_keyed(const struct smtp_session *s, struct record *r)
{
    size_t count;
    const struct policy_key *keys = policy_keys(config_of(s)->policy, &count);
    const struct value *values = s->t->message.facts.keyed;
    struct record_keyed *keyed =
        values && count ? arena_array(s->mail, count, sizeof *keyed) : NULL;
    for (size_t i = 0; keyed && i < count; i++) {
        struct slice name = policy_key_name(s->mail, &keys[i]);
        if (is_private(s, keys[i].fact == FACT_HEADER ? keys[i].key : SLICE("")))
            continue;
        if (values[i].state != VALUE_PENDING && name.ptr)
            keyed[r->keyed_count++] = (struct record_keyed){keys[i].fact, name, values[i]};
    }
    r->keyed = keyed;
}

static void tell_costs(const struct smtp_session *s, struct record *r)
{
    const struct examination *e = &s->t->message;
    struct state_cost redis = {.calls = 0};
    if (e->state)
        redis = state_cost(e->state);
    r->dns = (struct record_cost){e->dns.queries + e->dns.reserved + e->list_queries, e->dns.ms};
    r->sender = (struct record_cost){e->sender_rounds, e->sender_ms};
    r->redis = (struct record_cost){redis.calls, redis.ms};
    r->scan_ms = e->scan_ms[SCAN_CONTENT];
    r->antivirus_ms = e->scan_ms[SCAN_ANTIVIRUS];
    r->qr_ms = e->scan_ms[SCAN_QR];
    r->unscanned = slice_of(e->unscanned ? e->unscanned : "");
}

static struct slice text_of(const struct smtp_session *s, enum fact fact)
{
    const struct value *value = &s->t->message.facts.fact[fact];
    return value->state == VALUE_KNOWN ? value->text : SLICE("");
}

struct slice smtp_field(const struct smtp_session *s, enum fact fact, struct slice name)
{
    struct header field;
    struct slice known = text_of(s, fact);
    if (known.len || !s->t->message.spool || !s->t->ended)
        return known;
    struct slice block = headers_block(spool_bytes(s->t->message.spool), NULL);
    bool there = headers_find(block, name, 0, &field);
    return there ? slice_sub(slice_trim(field.value), 0, FIELD_MAX) : SLICE("");
}

const char *smtp_stage(const struct smtp_session *s)
{
    return smtp_login_names(s)                            ? "login"
           : s->t->ended                                  ? "message"
           : s->t->message.spool                          ? "data"
           : s->t->asked_for.len || smtp_recipients(s->t) ? "rcpt"
           : s->t->open                                   ? "mail"
           : s->helo.len                                  ? "helo"
                                                          : "connect";
}

/* What a site does not want to be kept is left out. */
static void send_record(struct smtp_session *s, struct record *r)
{
    struct facts *facts = &s->t->message.facts;
    bool texts = config_of(s)->settings.history_text;
    if (texts)
        r->subject = smtp_field(s, FACT_MESSAGE_SUBJECT, SLICE("Subject"));
    struct untold untold = texts ? facts_in_short(facts) : facts_without_words(facts, s->mail);
    r->id = slice_of(s->ref);
    r->stage = slice_of(smtp_stage(s));
    r->helo = s->helo;
    r->login = smtp_login_user(s);
    r->learnt = s->t->learnt;
    r->from = s->t->sender.address;
    r->author = text_of(s, FACT_MESSAGE_FROM);
    r->facts = facts;
    if (s->t->began)
        r->ms = clock_ms() - s->t->began;
    tell_keyed(s, r);
    tell_costs(s, r);
    session_record(&s->base, r);
    facts_put_back(facts, &untold);
}

/* ---- a message ---- */

/* The reply of the server behind to a recipient of the delivery. */
static const struct backend_reply *delivery_reply(const struct transaction *t, size_t *delivered)
{
    if (!t->delivering || *delivered >= t->job.recipient_count)
        return NULL;
    return &t->job.recipients[(*delivered)++].reply;
}

static struct slice reply_text(const struct smtp_session *s, unsigned code, struct slice enhanced,
                               struct slice text)
{
    char digits[3];
    return ARENA_JOIN(s->mail, smtp_code_text(code, digits), SLICE(" "), enhanced,
                      slice_of(enhanced.len ? " " : ""), text);
}

/* Told only where it is not the message's. */
static void tell_fate(const struct smtp_session *s, const struct decision *d, size_t i,
                      size_t *delivered, struct record_recipient *out)
{
    const struct recipient *r = &s->t->recipients[i];
    struct slice message = slice_of(d->verdict);
    bool own = d->rules && !(d->for_all && !r->has_it);
    struct slice verdict = slice_of(own ? action_info(r->verdict.action)->word : d->verdict);
    const struct backend_reply *reply = is_delivered_to(r) ? delivery_reply(s->t, delivered) : NULL;
    bool told = reply && reply->code, has_it = r->has_it || (told && s->t->job.each);
    bool refused = told && reply->kind != REPLY_YES;
    out->address = r->path.address;
    if (refused)
        out->verdict = reply->kind == REPLY_LATER ? SLICE("defer") : SLICE("reject");
    else if ((has_it || r->verdict.action != ACTION_ACCEPT) && !slice_eq(verdict, message))
        out->verdict = verdict;
    if (told && out->verdict.len)
        out->reply = reply_text(s, reply->code, reply->enhanced, reply->text);
}

static void tell_recipients(const struct smtp_session *s, const struct decision *d,
                            struct record *r)
{
    const struct transaction *t = s->t;
    size_t delivered = 0, count = 0;
    struct slice nobody = slice_of(action_info(ACTION_DISCARD)->word);
    struct record_recipient *all = arena_array(s->mail, smtp_recipients(t), sizeof *all);
    for (size_t i = 0; all && i < t->recipient_count; i++)
        tell_fate(s, d, i, &delivered, &all[count++]);
    for (size_t i = 0; all && i < t->taught_count; i++)
        all[count++] = (struct record_recipient){
            .address = t->taught[i].path.address,
            .verdict =
                t->recipient_count && !slice_eq(nobody, slice_of(d->verdict)) ? nobody : SLICE("")};
    r->recipients = all;
    r->recipient_count = count;
}

static void record_message(struct smtp_session *s, const struct decision *d)
{
    const struct transaction *t = s->t;
    struct slice text = ARENA_JOIN(s->mail, d->text, SLICE(" ("), slice_of(s->ref), SLICE(")"));
    struct record r = {.verdict = slice_of(d->verdict),
                       .reply = reply_text(s, d->code, d->enhanced, text.ptr ? text : d->text),
                       .backend = d->backend,
                       .dkim_signed = t->dkim_signed,
                       .message_id = smtp_field(s, FACT_MESSAGE_ID, SLICE("Message-ID")),
                       .size = t->message.spool ? (int64_t)spool_size(t->message.spool) : 0};
    if (t->ended)
        r.verdict_ms = clock_ms() - t->ended;
    if (t->delivering)
        r.backend_ms = clock_ms() - t->handed;
    tell_rules(s, d->rules, &r);
    tell_recipients(s, d, &r);
    send_record(s, &r);
}

void smtp_record(struct smtp_session *s, const struct decision *d)
{
    if (log_wants(LEVEL_INFO))
        smtp_log_message(s, d);
    if (recorder_wants(s->base.proxy))
        record_message(s, d);
}

/* ---- what came to no message ---- */

static const char *word_for(unsigned code, const struct verdict *rules)
{
    if (rules)
        return action_info(rules->action)->word;
    return action_info(code < 500 ? ACTION_DEFER : ACTION_REJECT)->word;
}

/* The recipient that is asked for; `all`: those who were accepted before as well. */
static void tell_named(const struct smtp_session *s, struct record *r, bool all)
{
    struct slice asked = s->t->asked_for;
    size_t room = smtp_recipients(s->t) + 1, count = 0;
    struct record_recipient *named = arena_array(s->mail, room, sizeof *named);
    for (size_t i = 0; named && (all || !asked.len) && i < s->t->recipient_count; i++)
        named[count++].address = s->t->recipients[i].path.address;
    for (size_t i = 0; named && (all || !asked.len) && i < s->t->taught_count; i++)
        named[count++].address = s->t->taught[i].path.address;
    if (named && asked.len)
        named[count++].address = asked;
    r->recipients = named;
    r->recipient_count = count;
}

static void record_refusal(struct smtp_session *s, unsigned code, struct slice reply,
                           const struct verdict *rules)
{
    if (!session_records_refusal(&s->base))
        return;
    struct record r = {.verdict = slice_of(word_for(code, rules)), .reply = reply};
    tell_rules(s, rules, &r);
    tell_named(s, &r, code == CODE_CLOSING);
    send_record(s, &r);
}

void smtp_record_refusal(struct smtp_session *s, unsigned code, struct slice reply,
                         const struct verdict *rules)
{
    smtp_log_refusal(s, code, reply, rules);
    record_refusal(s, code, reply, rules);
}

void smtp_record_foreign(struct smtp_session *s, const char *protocol, unsigned code,
                         struct slice reply)
{
    smtp_log_foreign(s, protocol);
    record_refusal(s, code, reply, NULL);
}

void smtp_record_gone(struct smtp_session *s)
{
    smtp_log_gone(s);
    if (!session_records_refusal(&s->base))
        return;
    struct record r = {.verdict = SLICE("gone"), .reason = SLICE("the client went away")};
    tell_named(s, &r, true);
    send_record(s, &r);
}
