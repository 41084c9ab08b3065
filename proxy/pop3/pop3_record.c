/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/log.h"
#include "filters/mime/headers.h"
#include "proxy/pop3/pop3_session.h"
#include "proxy/session/own_received.h"
#include "proxy/session/session_record.h"

#include <stdlib.h>
#include <string.h>

enum { FIELD_MAX = 1024, RECORDED_STEP = 32, RECORDED_MAX = 16 * 1024 };

static void tell_rules(struct pop3_session *s, const struct verdict *v, struct record *r)
{
    struct slice *names = arena_array(s->mail, v->fired_count, sizeof *names);
    for (size_t i = 0; names && i < v->fired_count; i++) {
        struct rule_info rule = policy_rule_info(s->base.proxy->config->policy, v->fired[i]);
        if (!rule.observe)
            names[r->rule_count++] = rule.name;
    }
    r->rules = names;
    r->delay = v->delay;
    r->score = v->score;
}

static void log_login(const struct pop3_session *s, struct slice reply)
{
    char address[46];
    ip_text(&s->base.client, address);
    log_at(LEVEL_INFO, s->ref, "login refused", field_str("client", address),
           field_str("user", s->who->user), field_text("text", reply));
}

void pop3_record_refusal(struct pop3_session *s, struct slice reply, const struct verdict *rules)
{
    if (!s->logged_in && *s->who->user)
        log_login(s, reply);
    if (!session_records_refusal(&s->base))
        return;
    bool later = rules && rules->action == ACTION_DEFER;
    struct record r = {.id = slice_of(s->ref),
                       .stage = s->logged_in ? SLICE("session") : SLICE("login"),
                       .verdict = later ? SLICE("defer") : SLICE("reject"),
                       .login = s->logged_in ? s->login : slice_of(s->who->user),
                       .reply = reply};
    if (rules)
        tell_rules(s, rules, &r);
    session_record(&s->base, &r);
}

/* What the header says, where no fact does. */
static struct slice field(const struct pop3_session *s, enum fact fact, struct slice name)
{
    struct header header;
    const struct value *value = &s->reading->message.facts.fact[fact];
    if (value->state == VALUE_KNOWN)
        return value->text;
    struct slice block = headers_block(spool_bytes(s->reading->message.spool), NULL);
    bool there = headers_find(block, name, 0, &header);
    return there ? slice_sub(slice_trim(header.value), 0, FIELD_MAX) : SLICE("");
}

static void tell_message(struct pop3_session *s, struct record *r)
{
    const struct pop3_reading *reading = s->reading;
    if (!reading->message.spool)
        return;
    const struct value *author = &reading->message.facts.fact[FACT_MESSAGE_FROM];
    r->author = author->state == VALUE_KNOWN ? author->text : SLICE("");
    r->message_id = field(s, FACT_MESSAGE_ID, SLICE("Message-ID"));
    if (s->base.proxy->config->settings.history_text)
        r->subject = field(s, FACT_MESSAGE_SUBJECT, SLICE("Subject"));
    r->size = (int64_t)spool_size(reading->message.spool);
    r->delivery = received_reference(headers_block(spool_bytes(reading->message.spool), NULL),
                                     s->base.proxy->config->hostname);
}

static void hide_subject(struct pop3_session *s)
{
    if (!s->base.proxy->config->settings.history_text)
        s->reading->message.facts.fact[FACT_MESSAGE_SUBJECT].state = VALUE_PENDING;
}

/* Whether it is the first time; a message of which it cannot be remembered is recorded each time. */
static bool is_first(struct pop3_session *s, uint32_t number)
{
    size_t at = number / 8;
    if (at >= RECORDED_MAX)
        return true;
    if (at >= s->recorded_size) {
        size_t size = at + at / 2 + RECORDED_STEP;
        unsigned char *larger = realloc(s->recorded, size);
        if (!larger)
            return true;
        memset(larger + s->recorded_size, 0, size - s->recorded_size);
        s->recorded = larger;
        s->recorded_size = size;
    }
    bool first = !(s->recorded[at] & 1 << number % 8);
    s->recorded[at] |= (unsigned char)(1 << number % 8);
    return first;
}

void pop3_record_message(struct pop3_session *s, const char *verdict, const char *reason)
{
    struct pop3_reading *reading = s->reading;
    bool later = reading->verdict.kind == READING_LATER;
    if (reading->part == POP3_HEADER || (!later && !is_first(s, reading->number)))
        return;
    log_at(
        LEVEL_INFO, s->ref, "message read", field_text("user", s->login),
        field_num("number", reading->number),
        field_num("size", reading->message.spool ? (int64_t)spool_size(reading->message.spool) : 0),
        field_str("verdict", verdict), field_num("ms", clock_ms() - reading->began));
    if (!recorder_wants(s->base.proxy))
        return;
    struct record_recipient mailbox = {.address = s->mailbox};
    struct record r = {.id = slice_of(s->ref),
                       .stage = SLICE("message"),
                       .verdict = slice_of(verdict),
                       .reason = slice_of(reason),
                       .login = s->login,
                       .backend =
                           s->upstream ? pop3_upstream_conf(s->upstream)->address : SLICE(""),
                       .recipients = &mailbox,
                       .recipient_count = 1,
                       .scan_ms = reading->message.scan_ms[SCAN_CONTENT],
                       .antivirus_ms = reading->message.scan_ms[SCAN_ANTIVIRUS],
                       .ms = clock_ms() - reading->began};
    tell_message(s, &r);
    tell_rules(s, &reading->verdict.verdict, &r);
    hide_subject(s);
    r.facts = &reading->message.facts;
    session_record(&s->base, &r);
}
