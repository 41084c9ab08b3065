/* SPDX-License-Identifier: ISC
 * From the final dot to the reply: scanners, rules, edits, delivery. The sender's 250 is the
 * backend's 250. */
#include "proxy/smtp_session.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/trace.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct config *config_of(const struct session *s)
{
    return s->proxy->config;
}

/* ---- the end of a transaction ---- */

/* Whether the client has closed already: then nobody will hear our 250. */
static bool client_gone(const struct session *s)
{
    char byte;
    return recv(stream_fd(s->stream), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static void finish(struct session *s, const struct decision *decision, unsigned code,
                   struct slice enhanced, struct slice text)
{
    struct decision record = *decision;
    struct slice whole = arena_printf(s->mail, "%.*s (%s)", SLICE_ARGS(text), s->id);
    if (!whole.ptr)
        whole = text;
    record.code = code;
    record.enhanced = enhanced;
    record.text = whole;
    session_record(s, &record);
    if (code / 100 == 2 && client_gone(s))
        log_at(LEVEL_WARNING, s->id, "in-doubt",
               field_str("reason", "delivered, but the client had gone"));
    session_reply(s, code, enhanced, whole);
    session_reset(s);
    session_go_on(s);
}

static void finish_say(struct session *s, const char *verdict, unsigned code, const char *enhanced,
                       const char *text)
{
    struct decision decision = {.verdict = verdict, .rules = s->t.verdict};
    finish(s, &decision, code, slice_of(enhanced), slice_of(text));
}

/* ---- delivery ---- */

/* Our mistake or the backend's set-up: the sender keeps the message, the admin hears of it. */
static void backend_refuses_us(struct session *s, const struct backend_reply *reply)
{
    log_at(LEVEL_ERROR, s->id, "backend refuses the gateway",
           field_text("backend", s->t.backend->name), field_num("code", reply->code),
           field_text("enhanced", reply->enhanced), field_text("text", reply->text));
    finish_say(s, "defer", 451, "4.3.5", "mail system is not set up right, try again later");
}

static void pass_on(struct session *s, const struct backend_reply *reply)
{
    if (reply->kind == REPLY_OURS || reply->code == 0) {
        backend_refuses_us(s, reply);
        return;
    }
    const char *verdict = reply->kind == REPLY_YES     ? "accept"
                          : reply->kind == REPLY_LATER ? "defer"
                                                       : "reject";
    struct decision decision = {
        .verdict = verdict, .rules = s->t.verdict, .backend = s->t.job.server};
    struct slice enhanced = reply->enhanced;
    if (enhanced.len == 0)
        enhanced = reply->kind == REPLY_YES     ? SLICE("2.0.0")
                   : reply->kind == REPLY_LATER ? SLICE("4.0.0")
                                                : SLICE("5.0.0");
    finish(s, &decision, reply->code, enhanced, reply->text);
}

/* A recipient that the backend had taken at RCPT and now does not. None was delivered to; when they
 * fare differently, the next try's RCPT gives each its own answer. */
static void recipients_refused(struct session *s)
{
    const struct backend_job *job = &s->t.job;
    const struct backend_reply *first = NULL;
    bool mixed = false;
    for (size_t i = 0; i < job->recipient_count; i++) {
        const struct backend_reply *reply = &job->recipients[i].reply;
        if (!first)
            first = reply;
        mixed = mixed || reply->kind != first->kind || reply->code != first->code;
        if (reply->kind == REPLY_RECIPIENT)
            recipient_cache_store(s->proxy->recipients, s->t.backend->name,
                                  job->recipients[i].address, reply,
                                  config_of(s)->settings.timeouts_recipient_refused);
    }
    if (mixed)
        finish_say(s, "defer", 451, "4.5.3", "recipients fare differently, try again");
    else
        pass_on(s, first);
}

static bool all_taken(const struct backend_job *job)
{
    for (size_t i = 0; i < job->recipient_count; i++)
        if (job->recipients[i].reply.kind != REPLY_YES)
            return false;
    return true;
}

static void delivered(struct backend_job *job)
{
    struct session *s = job->ctx;
    s->t.job_running = false;
    switch (job->outcome) {
    case JOB_UNREACHABLE:
        finish_say(s, "defer", 451, "4.4.1", "mail server is not reachable now, try again later");
        return;
    case JOB_BUSY:
        finish_say(s, "defer", 451, "4.3.2", "mail server is busy, try again later");
        return;
    case JOB_IN_DOUBT:
        log_at(LEVEL_WARNING, s->id, "in-doubt", field_str("reason", job->trouble),
               field_text("server", job->server));
        finish_say(s, "defer", 451, "4.4.2", "mail server broke off, try again later");
        return;
    case JOB_ANSWERED:
        break;
    }
    if (job->mail_reply.kind != REPLY_YES)
        pass_on(s, &job->mail_reply);
    else if (!all_taken(job))
        recipients_refused(s);
    else if (job->data_reply.kind != REPLY_YES)
        pass_on(s, &job->data_reply);
    else
        pass_on(s, &job->final_reply);
}

static struct slice trace_field(struct session *s)
{
    const struct transaction *t = &s->t;
    SSL *ssl = stream_ssl(s->stream);
    struct trace trace = {.helo = s->helo,
                          .client = &s->client,
                          .hostname = config_of(s)->hostname,
                          .id = slice_of(s->id),
                          .esmtp = s->esmtp,
                          .tls = ssl != NULL,
                          .utf8 = t->mail.utf8,
                          .tls_version = ssl ? SSL_get_version(ssl) : "",
                          .tls_cipher = ssl ? SSL_get_cipher_name(ssl) : "",
                          .recipient =
                              t->recipient_count == 1 ? t->recipients[0].path.address : SLICE(""),
                          .now = clock_wall()};
    return trace_received(s->mail, &trace);
}

static bool edit(struct session *s)
{
    struct transaction *t = &s->t;
    struct edit_input input = {.message = spool_bytes(t->spool),
                               .trace = trace_field(s),
                               .edits = t->verdict->edits,
                               .edit_count = t->verdict->edit_count,
                               .parts = t->parts,
                               .part_count = t->part_count,
                               .dots = t->data.dots || t->verdict->edit_count};
    return input.message.ptr && input.trace.ptr && edits_apply(s->mail, &input, &t->edited);
}

/* Hands the message to the backend for those recipients whose verdict is to deliver. */
static void deliver(struct session *s, size_t count)
{
    struct transaction *t = &s->t;
    struct job_recipient *to = arena_array(s->mail, count, sizeof *to);
    if (!to || !edit(s)) {
        finish_say(s, "defer", 452, "4.3.1", "out of memory");
        return;
    }
    if (t->edited.unstripped) {
        finish_say(s, "reject", 550, "5.7.1",
                   "a forbidden attachment cannot be taken out of a signed or encrypted message");
        return;
    }
    size_t n = 0;
    for (size_t i = 0; i < t->recipient_count; i++)
        if (t->recipients[i].verdict.action == ACTION_ACCEPT)
            to[n++] = t->recipients[i].job;
    t->job = (struct backend_job){.kind = JOB_DELIVER,
                                  .id = s->id,
                                  .backend = t->backend,
                                  .arena = s->mail,
                                  .deadline = t->ended + config_of(s)->settings.timeouts_verdict,
                                  .done = delivered,
                                  .ctx = s,
                                  .sender = t->sender.address,
                                  .mail = t->mail,
                                  .eight_bit = t->data.high,
                                  .recipients = to,
                                  .recipient_count = n,
                                  .pieces = t->edited.pieces,
                                  .piece_count = t->edited.count,
                                  .size = t->edited.size};
    t->job_running = true;
    backends_submit(s->proxy->backends, &t->job);
}

/* ---- the verdict ---- */

static bool same_edits(const struct verdict *a, const struct verdict *b)
{
    if (a->edit_count != b->edit_count)
        return false;
    for (size_t i = 0; i < a->edit_count; i++)
        if (a->edits[i].kind != b->edits[i].kind || a->edits[i].part != b->edits[i].part ||
            !slice_eq(a->edits[i].name, b->edits[i].name) ||
            !slice_eq(a->edits[i].value, b->edits[i].value))
            return false;
    return true;
}

static bool is_refusal(const struct verdict *v)
{
    return v->action == ACTION_REJECT || v->action == ACTION_DEFER || v->action == ACTION_DROP;
}

/* One reply can tell both: delivered alike, or discarded beside a delivery, or refused for the
 * same. */
static bool same_fate(const struct verdict *a, const struct verdict *b)
{
    if (is_refusal(a) || is_refusal(b))
        return a->action == b->action && a->code == b->code && a->rule == b->rule;
    return a->action == ACTION_DISCARD || b->action == ACTION_DISCARD || same_edits(a, b);
}

/* Told apart at the next try's RCPT (452 4.5.3), group by group. */
static void split(struct session *s)
{
    struct transaction *t = &s->t;
    unsigned groups = 0;
    for (size_t i = 0; i < t->recipient_count; i++) {
        struct recipient *r = &t->recipients[i];
        r->split = 0;
        for (size_t n = 0; n < i && !r->split; n++)
            if (same_fate(&t->recipients[n].verdict, &r->verdict))
                r->split = t->recipients[n].split;
        if (!r->split)
            r->split = ++groups;
        split_remember(s->proxy->splits, &s->client, t->sender.address, r->path.address, r->split);
    }
    finish_say(s, "defer", 451, "4.5.3",
               "recipients fare differently, try again: they will be taken group by group");
}

static const char *verdict_word(const struct verdict *v)
{
    return action_info(v->action)->word;
}

static void refuse(struct session *s)
{
    const struct verdict *v = s->t.verdict;
    struct decision decision = {.verdict = verdict_word(v), .rules = v};
    bool drop = v->action == ACTION_DROP;
    finish(s, &decision, v->code, v->enhanced, v->text);
    if (drop && s->state != SESSION_CLOSING)
        session_close(s, 421, "4.7.0", "closing the connection");
}

static void act(struct session *s)
{
    struct transaction *t = &s->t;
    size_t deliveries = 0;
    for (size_t i = 0; i < t->recipient_count; i++) {
        const struct verdict *v = &t->recipients[i].verdict;
        if (!same_fate(&t->recipients[0].verdict, v)) {
            split(s);
            return;
        }
        deliveries += v->action == ACTION_ACCEPT;
        if (v->action == ACTION_ACCEPT || !t->verdict)
            t->verdict = v;
    }
    for (size_t i = 0; i < t->verdict->log_count; i++)
        log_at(LEVEL_INFO, s->id, "rule", field_text("text", t->verdict->log[i]));
    if (is_refusal(t->verdict))
        refuse(s);
    else if (deliveries == 0)
        finish_say(s, "discard", 250, "2.0.0", "accepted");
    else
        deliver(s, deliveries);
}

static bool evaluate_one(struct session *s, struct recipient *r)
{
    s->t.facts.fact[FACT_RECIPIENT] = value_text(r->path.address);
    return policy_evaluate(config_of(s)->policy, &s->t.facts, PHASE_MESSAGE, s->mail,
                           &r->verdict) == OUTCOME_DECIDED;
}

static void decide(struct session *s)
{
    struct transaction *t = &s->t;
    bool fine = evaluate_one(s, &t->recipients[0]);
    for (size_t i = 1; fine && i < t->recipient_count; i++) {
        if (t->recipients[0].verdict.per_recipient)
            fine = evaluate_one(s, &t->recipients[i]);
        else
            t->recipients[i].verdict = t->recipients[0].verdict;
    }
    if (fine)
        act(s);
    else
        finish_say(s, "defer", 452, "4.3.1", "out of memory");
}

/* ---- scanners ---- */

static bool from_scanner(enum producer producer, enum scanner_kind kind)
{
    if (kind == SCANNER_AV)
        return producer == PRODUCER_ANTIVIRUS;
    return producer == PRODUCER_MESSAGE || producer == PRODUCER_ATTACHMENTS;
}

/* A scanner's answer counts only for the facts that are its own. */
static void merge(struct session *s, enum scanner_kind kind, const struct scan_answer *answer)
{
    struct transaction *t = &s->t;
    for (int i = 0; i < FACT_COUNT; i++)
        if (from_scanner(fact_info((enum fact)i)->producer, kind) &&
            answer->facts.fact[i].state != VALUE_PENDING)
            t->facts.fact[i] = answer->facts.fact[i];
    if (kind == SCANNER_SCAN) {
        t->facts.keyed = answer->facts.keyed;
        t->parts = answer->parts;
        t->part_count = answer->part_count;
    }
}

static void scan_failed(struct session *s, enum scanner_kind kind, const char *reason)
{
    size_t keys = s->proxy->header_count;
    log_at(LEVEL_WARNING, s->id, "scan failed",
           field_str("scanner", kind == SCANNER_AV ? "av" : "scan"), field_str("reason", reason));
    if (kind == SCANNER_AV) {
        facts_fail(&s->t.facts, PRODUCER_ANTIVIRUS, keys);
        return;
    }
    if (!s->t.facts.keyed && keys)
        s->t.facts.keyed = arena_array(s->mail, keys, sizeof *s->t.facts.keyed);
    facts_fail(&s->t.facts, PRODUCER_MESSAGE, s->t.facts.keyed ? keys : 0);
    facts_fail(&s->t.facts, PRODUCER_ATTACHMENTS, 0);
}

static void scan_over(struct session *s, enum scanner_kind kind)
{
    struct transaction *t = &s->t;
    event_free(t->scan_events[kind]);
    close(t->scan_sockets[kind]);
    t->scan_events[kind] = NULL;
    if (--t->scans_left > 0)
        return;
    shared_scan_give(s->proxy->shared, s->proxy->row);
    t->scan_counted = false;
    decide(s);
}

static void on_scan(struct session *s, enum scanner_kind kind, short what)
{
    struct scan_answer answer;
    const char *reason = "no answer in time";
    int r = what & EV_TIMEOUT ? -1
                              : scan_collect(s->t.scan_sockets[kind], s->mail,
                                             s->proxy->header_count, &answer, &reason);
    if (r == 0)
        return;
    if (r > 0)
        merge(s, kind, &answer);
    else
        scan_failed(s, kind, reason);
    scan_over(s, kind);
}

static void on_scan_answer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    on_scan(arg, SCANNER_SCAN, what);
}

static void on_av_answer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    on_scan(arg, SCANNER_AV, what);
}

enum submission { SUBMITTED, SUBMIT_FULL, SUBMIT_FAILED };

static enum submission submit(struct session *s, enum scanner_kind kind, const struct scan_job *job)
{
    struct transaction *t = &s->t;
    int64_t ms = config_of(s)->settings.timeouts_scan;
    struct timeval wait = {ms / 1000, (ms % 1000) * 1000};
    int message = spool_fd(t->spool);
    int sock = message < 0 ? -1 : scan_submit(s->proxy->queue[kind], message, job);
    if (sock < 0)
        return errno == EAGAIN ? SUBMIT_FULL : SUBMIT_FAILED;
    t->scan_events[kind] = event_new(s->proxy->base, sock, EV_READ | EV_PERSIST,
                                     kind == SCANNER_AV ? on_av_answer : on_scan_answer, s);
    if (!t->scan_events[kind]) {
        close(sock);
        return SUBMIT_FAILED;
    }
    t->scan_sockets[kind] = sock;
    event_add(t->scan_events[kind], &wait);
    t->scans_left++;
    return SUBMITTED;
}

/* Sends the message to the scanners whose facts the rules name. False: finished already, with a
 * tempfail. */
static bool scan(struct session *s)
{
    struct proxy *proxy = s->proxy;
    const struct settings *settings = &config_of(s)->settings;
    struct scan_job job = {.message = proxy->wants[PRODUCER_MESSAGE] || proxy->header_count,
                           .attachments = proxy->wants[PRODUCER_ATTACHMENTS],
                           .sender_domain = s->t.sender.domain,
                           .headers = proxy->headers,
                           .header_count = proxy->header_count,
                           .limits = {settings->scan_depth, settings->scan_parts,
                                      settings->scan_members, settings->scan_unpacked}};
    const bool wanted[SCANNER_KINDS] = {[SCANNER_SCAN] = job.message || job.attachments,
                                        [SCANNER_AV] = proxy->wants[PRODUCER_ANTIVIRUS]};
    if (!wanted[SCANNER_SCAN] && !wanted[SCANNER_AV])
        return true;
    if (!shared_scan_take(proxy->shared, proxy->row, settings->limits_scan_queue)) {
        finish_say(s, "defer", 452, "4.3.2",
                   "too many messages wait to be scanned, try again later");
        return false;
    }
    s->t.scan_counted = true;
    for (int kind = 0; kind < SCANNER_KINDS; kind++) {
        if (!wanted[kind])
            continue;
        enum submission result =
            proxy->queue[kind] < 0 ? SUBMIT_FAILED : submit(s, (enum scanner_kind)kind, &job);
        if (result == SUBMIT_FULL) {
            finish_say(s, "defer", 452, "4.3.2",
                       "too many messages wait to be scanned, try again later");
            return false;
        }
        if (result == SUBMIT_FAILED)
            scan_failed(s, (enum scanner_kind)kind, "there is no scanner");
    }
    return true;
}

/* ---- the dot ---- */

static void fault_reply(struct session *s, enum body_fault fault)
{
    switch (fault) {
    case BODY_TOO_BIG:
        finish_say(s, "reject", 552, "5.3.4", "message too big");
        break;
    case BODY_NO_ROOM:
    case BODY_NO_MEMORY:
        finish_say(s, "defer", 452, "4.3.1", "out of room for messages, try again later");
        break;
    case BODY_BARE_NEWLINE:
        finish_say(s, "reject", 554, "5.6.0",
                   "bare CR or LF in the message: lines end with CRLF (RFC 5321 2.3.8)");
        break;
    case BODY_NUL:
        finish_say(s, "reject", 554, "5.6.0", "NUL in the message (RFC 5322 2.2)");
        break;
    case BODY_FINE:
        break;
    }
}

static bool loops(struct session *s)
{
    switch (trace_loop(spool_bytes(s->t.spool), config_of(s)->settings.limits_received,
                       config_of(s)->hostname)) {
    case TRACE_FINE:
        return false;
    case TRACE_TOO_MANY:
        finish_say(s, "reject", 554, "5.4.6", "too many hops: this message is looping");
        return true;
    case TRACE_OURSELVES:
        finish_say(s, "reject", 554, "5.4.6",
                   "this message has come through here before: it is looping");
        return true;
    }
    return false;
}

static void message_facts(struct session *s)
{
    struct transaction *t = &s->t;
    session_facts(s, PHASE_MESSAGE);
    t->facts.fact[FACT_MESSAGE_SIZE] = value_integer((int64_t)spool_size(t->spool));
    if (!policy_uses(config_of(s)->policy, FACT_RECIPIENTS))
        return;
    struct value *items = arena_array(s->mail, t->recipient_count, sizeof *items);
    for (size_t i = 0; items && i < t->recipient_count; i++)
        items[i] = value_text(t->recipients[i].path.address);
    t->facts.fact[FACT_RECIPIENTS] =
        (struct value){.state = items ? VALUE_KNOWN : VALUE_UNKNOWN,
                       .list = {items, items ? t->recipient_count : 0, false}};
}

static bool all_decided(const struct transaction *t)
{
    for (size_t i = 0; i < t->recipient_count; i++)
        if (!t->recipients[i].decided)
            return false;
    return true;
}

void session_message(struct session *s)
{
    struct transaction *t = &s->t;
    t->ended = clock_ms();
    s->messages++;
    if (t->fault != BODY_FINE) {
        fault_reply(s, t->fault);
        return;
    }
    if (loops(s))
        return;
    message_facts(s);
    if (all_decided(t)) {
        act(s);
        return;
    }
    if (scan(s) && t->scans_left == 0) {
        if (t->scan_counted) {
            shared_scan_give(s->proxy->shared, s->proxy->row);
            t->scan_counted = false;
        }
        decide(s);
    }
}
