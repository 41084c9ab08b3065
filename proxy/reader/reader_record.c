/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/log.h"
#include "common/told_facts.h"
#include "filters/mime/headers.h"
#include "proxy/reader/fetched.h"
#include "proxy/session/own_received.h"
#include "proxy/session/session_log.h"
#include "proxy/session/session_record.h"

enum {
    FIELD_MAX = 1024,
    PASSED_SINGLY = 10, /* messages of a session that no rule looks at */
};

static void tell_rules(struct reader *reader, const struct verdict *v, struct record *r)
{
    struct slice *names = arena_array(reader->mail, v->fired_count, sizeof *names);
    for (size_t i = 0; names && i < v->fired_count; i++) {
        struct rule_info rule = policy_rule_info(reader->base.proxy->config->policy, v->fired[i]);
        if (!rule.observe)
            names[r->rule_count++] = rule.name;
    }
    r->rules = names;
    r->delay = v->delay;
    r->score = v->score;
}

struct slice reader_user(const struct reader *reader)
{
    return reader_is_logged_in(reader) ? reader->login : slice_of(reader->base.login->who.user);
}

static void log_refusal(struct reader *reader, const char *event, enum session_line line,
                        struct slice reply, struct slice rule)
{
    char address[46];
    if (!session_logs(&reader->base, line))
        return;
    ip_text(&reader->base.client, address);
    log_at(LEVEL_INFO, reader->ref, event, field_str("client", address),
           field_text("user", reader_user(reader)), field_text("rule", rule),
           field_text("text", reply));
}

static void record_refusal(struct reader *reader, struct slice reply, const struct verdict *rules)
{
    if (!session_records_refusal(&reader->base))
        return;
    bool later = rules && rules->action == ACTION_DEFER;
    struct record r = {.id = slice_of(reader->ref),
                       .stage = reader_is_logged_in(reader) ? SLICE("session") : SLICE("login"),
                       .verdict = later ? SLICE("defer") : SLICE("reject"),
                       .login = reader_user(reader),
                       .reply = reply};
    if (rules) {
        tell_rules(reader, rules, &r);
        r.facts = reader->base.login->facts;
    }
    session_record(&reader->base, &r);
}

static struct slice rule_of(const struct reader *reader, const struct verdict *rules)
{
    if (!rules || rules->rule < 0)
        return SLICE("");
    return policy_rule_info(reader->base.proxy->config->policy, (size_t)rules->rule).name;
}

void reader_log_drop(struct session *base, const struct verdict *rules)
{
    log_refusal(reader_of(base), "dropped", LINE_HUNG_UP, rules->text,
                rule_of(reader_of(base), rules));
}

void reader_record_refusal(struct reader *reader, struct slice reply, const struct verdict *rules)
{
    bool of_login = !reader_is_logged_in(reader) && reader_user(reader).len;
    log_refusal(reader, of_login ? "login refused" : "refused",
                of_login ? LINE_LOGIN_REFUSED : LINE_REFUSED, reply, rule_of(reader, rules));
    record_refusal(reader, reply, rules);
}

void reader_record_said(struct session *base, struct slice said)
{
    log_refusal(reader_of(base), "sent away", LINE_REFUSED, said, SLICE(""));
    record_refusal(reader_of(base), said, NULL);
}

void reader_record_trouble(struct reader *reader, struct slice reply)
{
    record_refusal(reader, reply, NULL);
}

/* ---- messages ---- */

static struct slice header_of(const struct fetched *f)
{
    return headers_block(spool_bytes(f->message.spool), NULL);
}

/* What the header says, where no fact does. */
static struct slice field(const struct fetched *f, enum fact fact, struct slice name)
{
    struct header header;
    const struct value *value = &f->message.facts.fact[fact];
    if (value->state == VALUE_KNOWN)
        return value->text;
    bool there = headers_find(header_of(f), name, 0, &header);
    return there ? slice_sub(slice_trim(header.value), 0, FIELD_MAX) : SLICE("");
}

static void tell_message(struct fetched *f, struct record *r)
{
    const struct config *config = f->reader->base.proxy->config;
    if (!f->message.spool)
        return;
    const struct value *author = &f->message.facts.fact[FACT_MESSAGE_FROM];
    r->author = author->state == VALUE_KNOWN ? author->text : SLICE("");
    r->message_id = field(f, FACT_MESSAGE_ID, SLICE("Message-ID"));
    if (config->settings.history_text) {
        r->subject = field(f, FACT_MESSAGE_SUBJECT, SLICE("Subject"));
        facts_in_short(&f->message.facts);
    } else {
        facts_without_words(&f->message.facts, f->reader->mail);
    }
    r->size = (int64_t)f->octets;
    r->delivery = received_reference(header_of(f), config->hostname);
}

static bool is_only_counted(struct reader *reader, const struct fetched *f)
{
    if (reader->base.proxy->looks_at_mail || f->verdict.kind != READING_CLEAR)
        return false;
    bool only = reader_only_counts(reader);
    reader_count_passed(reader, f->octets);
    return only;
}

void reader_record_message(struct reader *reader, struct fetched *f, const char *verdict,
                           const char *reason)
{
    if (is_only_counted(reader, f))
        return;
    log_at(LEVEL_INFO, reader->ref, "message read", field_text("user", reader->login),
           field_num("size", (int64_t)f->octets), field_str("verdict", verdict),
           field_num("ms", clock_ms() - f->began));
    if (!recorder_wants(reader->base.proxy))
        return;
    struct record_recipient mailbox = {.address = reader->mailbox};
    struct record r = {.id = slice_of(reader->ref),
                       .stage = SLICE("message"),
                       .verdict = slice_of(verdict),
                       .reason = slice_of(reason),
                       .login = reader->login,
                       .backend = reader_server_address(reader),
                       .recipients = &mailbox,
                       .recipient_count = 1,
                       .scan_ms = f->message.scan_ms[SCAN_CONTENT],
                       .antivirus_ms = f->message.scan_ms[SCAN_ANTIVIRUS],
                       .qr_ms = f->message.scan_ms[SCAN_QR],
                       .unscanned = slice_of(f->message.unscanned ? f->message.unscanned : ""),
                       .ms = clock_ms() - f->began};
    tell_message(f, &r);
    tell_rules(reader, &f->verdict.verdict, &r);
    r.facts = &f->message.facts;
    session_record(&reader->base, &r);
}

/* ---- those that no rule looks at ---- */

bool reader_only_counts(const struct reader *reader)
{
    return !reader->base.proxy->looks_at_mail && reader->passed.count >= PASSED_SINGLY;
}

void reader_count_passed(struct reader *reader, uint64_t octets)
{
    if (reader->passed.count++ >= PASSED_SINGLY)
        reader->passed.octets += (int64_t)octets;
}

void reader_record_rest(struct reader *reader)
{
    int64_t more = reader->passed.count - PASSED_SINGLY;
    if (more <= 0)
        return;
    log_at(LEVEL_INFO, reader->base.id, "more messages read", field_text("user", reader->login),
           field_num("messages", more), field_num("size", reader->passed.octets));
    struct record_recipient mailbox = {.address = reader->mailbox};
    struct record r = {.stage = SLICE("session"),
                       .verdict = SLICE("accept"),
                       .login = reader->login,
                       .backend = reader_server_address(reader),
                       .recipients = &mailbox,
                       .recipient_count = 1,
                       .size = reader->passed.octets,
                       .count = more};
    if (recorder_wants(reader->base.proxy))
        session_record(&reader->base, &r);
}
