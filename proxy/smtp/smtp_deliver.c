/* SPDX-License-Identifier: ISC
 * Delivery: the edited message handed to the backend, and its answer told to the sender. */
#include "proxy/smtp/smtp_deliver.h"

#include "base/clock.h"
#include "base/log.h"
#include "filters/mime/headers.h"
#include "proxy/smtp/recipient_cache.h"
#include "proxy/smtp/smtp_asked.h"
#include "proxy/smtp/smtp_banner.h"
#include "proxy/smtp/smtp_batv.h"
#include "proxy/smtp/smtp_delivered.h"
#include "proxy/smtp/smtp_fields.h"
#include "proxy/smtp/smtp_finish.h"
#include "proxy/smtp/smtp_login.h"
#include "proxy/smtp/smtp_pool.h"
#include "proxy/smtp/smtp_results.h"
#include "proxy/smtp/smtp_retry.h"
#include "proxy/smtp/smtp_server.h"
#include "proxy/smtp/smtp_sign.h"
#include "proxy/smtp/smtp_told.h"

static const struct config *config_of(const struct smtp_session *s)
{
    return s->base.proxy->config;
}

/* Our mistake or the backend's set-up: the sender keeps the message, the admin hears of it. */
static const struct slice not_set_up = {"mail system is not set up right, try again later", 47};

static void log_refusal(const struct smtp_session *s, const struct backend_reply *reply)
{
    log_at(LEVEL_ERROR, s->ref, "backend refuses the gateway",
           field_text("backend", s->t->backend->name), field_num("code", reply->code),
           field_text("enhanced", reply->enhanced), field_text("text", reply->text));
}

static void backend_refuses_us(struct smtp_session *s, const struct backend_reply *reply)
{
    struct decision decision = {.verdict = "defer", .rules = s->t->verdict};
    log_refusal(s, reply);
    smtp_finish(s, &decision, 451, SLICE("4.3.5"), not_set_up);
}

static void pass_on(struct smtp_session *s, const struct backend_reply *reply)
{
    if (reply->kind == REPLY_OURS || reply->code == 0) {
        backend_refuses_us(s, reply);
        return;
    }
    const char *verdict = reply->kind == REPLY_YES     ? "accept"
                          : reply->kind == REPLY_LATER ? "defer"
                                                       : "reject";
    struct decision decision = {
        .verdict = verdict, .rules = s->t->verdict, .backend = s->t->job.server};
    struct slice enhanced = reply->enhanced;
    if (enhanced.len == 0)
        enhanced = reply->kind == REPLY_YES     ? SLICE("2.0.0")
                   : reply->kind == REPLY_LATER ? SLICE("4.0.0")
                                                : SLICE("5.0.0");
    smtp_finish(s, &decision, reply->code, enhanced, reply->text);
}

/* ---- recipients that the backend took at RCPT, or was not asked about, and now refuses; LMTP: after
 * the message ---- */

/* What it says to a recipient that does not fit any more holds for the transaction, not for him. */
static void learn_limit(struct smtp_session *s)
{
    const struct smtp_job *job = &s->t->job;
    size_t taken = 0;
    if (job->each)
        return;
    while (taken < job->recipient_count && job->recipients[taken].reply.kind == REPLY_YES)
        taken++;
    if (taken == 0 || taken == job->recipient_count)
        return;
    const struct backend_reply *next = &job->recipients[taken].reply;
    if (!smtp_reply_says_too_many(next->code, next->enhanced, next->text))
        return;
    log_at(LEVEL_INFO, s->ref, "backend takes few recipients",
           field_text("backend", s->t->backend->name), field_text("server", job->server),
           field_num("recipients", (int64_t)taken), field_text("text", next->text));
    smtp_pools_learn_recipients(s->base.proxy->backends, job, (unsigned)taken);
}

/* A yes that was remembered is not true any more; a no is kept only if it is the address' fault. */
static void learn_recipient(struct smtp_session *s, struct slice spelled,
                            const struct backend_reply *reply)
{
    bool lasting = smtp_reply_is_about_address(reply->code, reply->enhanced);
    if (!smtp_server_tells_all(s))
        return;
    recipient_cache_store(s->base.proxy->recipients, s->t->backend->name, spelled, 0, reply,
                          lasting ? config_of(s)->settings.timeouts_recipient_refused : 0);
}

static void learn_recipients(struct smtp_session *s)
{
    const struct transaction *t = s->t;
    const struct job_recipient *asked = t->job.recipients;
    for (size_t i = 0; i < t->recipient_count; i++) {
        if (!is_delivered_to(&t->recipients[i]))
            continue;
        if (asked->reply.kind != REPLY_YES)
            learn_recipient(s, t->recipients[i].path.spelled, &asked->reply);
        asked++;
    }
}

/* The reply that its recipient is to hear at the next try. */
static void translate(struct smtp_session *s, struct backend_reply *reply)
{
    if (smtp_reply_says_too_many(reply->code, reply->enhanced, reply->text)) {
        *reply = (struct backend_reply){REPLY_LATER, 452, SLICE("4.5.3"), reply->text};
    } else if (reply->kind == REPLY_OURS || reply->code == 0) {
        log_refusal(s, reply);
        *reply = (struct backend_reply){REPLY_LATER, 451, SLICE("4.3.5"), not_set_up};
    }
}

/* For the next try: each that was refused has his own reply, and who has the message is left out. */
static void remember(struct smtp_session *s)
{
    struct smtp_job *job = &s->t->job;
    for (size_t i = 0; i < job->recipient_count; i++)
        if (job->recipients[i].reply.code && job->recipients[i].reply.kind != REPLY_YES)
            translate(s, &job->recipients[i].reply);
    smtp_retry_remember_replies(s);
    smtp_delivered_remember(s);
}

/* One reply is all that the sender hears after the final dot: when they fare differently he hears
 * that, and at the next try each recipient has his own. */
static void fare_differently(struct smtp_session *s)
{
    remember(s);
    smtp_finish_say(s, "defer", 451, "4.5.3",
                    "recipients fare differently, try again: each will hear his own reply");
}

/* Who has it from an earlier try, or whom the keeper has it for. */
static bool fares_well(const struct recipient *r)
{
    return r->has_it || r->verdict.action == ACTION_QUARANTINE ||
           r->verdict.action == ACTION_REDIRECT;
}

static bool some_fare_well(const struct smtp_session *s)
{
    for (size_t i = 0; i < s->t->recipient_count; i++)
        if (fares_well(&s->t->recipients[i]))
            return true;
    return false;
}

/* All whom it was delivered to now fare so; of the others nobody may be told that he was refused. */
static void all_fare_so(struct smtp_session *s, const struct backend_reply *reply)
{
    struct smtp_job *job = &s->t->job;
    bool refused = reply->kind == REPLY_RECIPIENT || reply->kind == REPLY_SENDER;
    if (!refused || !some_fare_well(s)) {
        pass_on(s, reply);
        return;
    }
    for (size_t i = 0; i < job->recipient_count; i++)
        job->recipients[i].reply = *reply;
    fare_differently(s);
}

/* A user reads what his program hears, and it sends to all or to nobody. */
static bool tells_user(const struct smtp_session *s)
{
    return s->submitter && !s->t->job.each && !config_of(s)->settings.smtp_outbound_split;
}

/* The first who was refused; nobody has it. */
static void refused_for_one(struct smtp_session *s)
{
    const struct job_recipient *one = s->t->job.recipients;
    while (one->reply.kind == REPLY_YES)
        one++;
    struct backend_reply told = one->reply;
    told.text =
        ARENA_JOIN(s->mail, one->address, SLICE(": "), one->reply.text, SLICE("; sent to nobody"));
    if (!told.text.ptr)
        told.text = one->reply.text;
    pass_on(s, &told);
}

/* None was delivered to, or (LMTP) some were. */
static void recipients_refused(struct smtp_session *s)
{
    struct smtp_job *job = &s->t->job;
    bool alike = true;
    learn_limit(s);
    learn_recipients(s);
    for (size_t i = 0; i < job->recipient_count; i++)
        alike =
            alike && smtp_retry_replies_alike(&job->recipients[i].reply, &job->recipients[0].reply);
    if (alike)
        all_fare_so(s, &job->recipients[0].reply);
    else if (tells_user(s))
        refused_for_one(s);
    else
        fare_differently(s);
}

static bool all_taken(const struct smtp_job *job)
{
    for (size_t i = 0; i < job->recipient_count; i++)
        if (job->recipients[i].reply.kind != REPLY_YES)
            return false;
    return true;
}

/* The first that no reply came for, when MAIL was taken; NULL: it broke off elsewhere. */
static struct job_recipient *broke_off_at(const struct smtp_job *job)
{
    if (!job->mail_reply.code || job->mail_reply.kind != REPLY_YES || job->recipient_count < 2 ||
        job->each)
        return NULL;
    for (size_t i = 0; i < job->recipient_count; i++)
        if (!job->recipients[i].reply.code)
            return &job->recipients[i];
    return NULL;
}

/* Each try broke off at a recipient (421 at him, too many that were refused): he comes in
 * another transaction, or the others would fare like him at every retry. Those behind him
 * were not asked. */
static void broke_off(struct smtp_session *s, struct job_recipient *at)
{
    log_at(LEVEL_WARNING, s->ref, "backend broke off at a recipient",
           field_text("backend", s->t->backend->name), field_text("to", at->address));
    at->reply = (struct backend_reply){REPLY_LATER, 451, SLICE("4.4.2"),
                                       SLICE("mail server broke off, try again later")};
    remember(s);
    smtp_finish_say(s, "defer", 451, "4.4.2", "mail server broke off, try again later");
}

/* Those whose replies are not there. */
static void tell_recipients(struct doubt *doubt, const struct smtp_job *job)
{
    size_t left = 0;
    *doubt->recipients = '\0';
    for (size_t i = 0; i < job->recipient_count; i++)
        left += job->recipients[i].reply.code == 0;
    for (size_t i = 0; i < job->recipient_count; i++)
        if (!job->recipients[i].reply.code &&
            !doubt_add_recipient(doubt, job->recipients[i].address, left--))
            break;
}

/* An LMTP server may have answered for some: that stands. */
static void in_doubt(struct smtp_session *s)
{
    struct smtp_job *job = &s->t->job;
    struct doubt about = *job->about;
    if (job->each) {
        tell_recipients(&about, job);
        remember(s);
    }
    doubt_log(&about, job->trouble, job->server);
}

static void delivered(struct smtp_job *job)
{
    struct smtp_session *s = job->ctx;
    s->t->job_running = false;
    switch (job->outcome) {
    case JOB_UNREACHABLE:
        if (broke_off_at(job)) {
            broke_off(s, broke_off_at(job));
            return;
        }
        smtp_finish_say(s, "defer", 451, "4.4.1",
                        "mail server is not reachable now, try again later");
        return;
    case JOB_BUSY:
        smtp_finish_say(s, "defer", 451, "4.3.2", "mail server is busy, try again later");
        return;
    case JOB_IN_DOUBT:
        in_doubt(s);
        smtp_finish_say(s, "defer", 451, "4.4.2", "mail server broke off, try again later");
        return;
    case JOB_ANSWERED:
        break;
    }
    if (job->mail_reply.kind != REPLY_YES)
        all_fare_so(s, &job->mail_reply);
    else if (!all_taken(job))
        recipients_refused(s);
    else if (job->data_reply.kind != REPLY_YES)
        all_fare_so(s, &job->data_reply);
    else
        all_fare_so(s, &job->final_reply);
}

/* A mail server that asks writes its own Received, and may not let its body be changed. */
static bool edit_input(struct smtp_session *s, struct edit_input *input)
{
    const struct transaction *t = s->t;
    bool inbound = s->base.listener->direction == DIRECTION_INBOUND, asked = smtp_is_asked(s);
    *input = (struct edit_input){.message = spool_bytes(t->message.spool),
                                 .authserv_id = inbound ? smtp_authserv_id(s) : SLICE(""),
                                 .trace = asked ? smtp_results(s) : smtp_fields(s),
                                 .edits = t->verdict->edits,
                                 .edit_count = t->verdict->edit_count,
                                 .parts = t->message.parts,
                                 .part_count = t->message.part_count,
                                 .dots = t->data.dots || t->verdict->edit_count};
    return input->message.ptr && input->trace.ptr &&
           (!smtp_may(s, MILTER_MAY_BODY) || smtp_banner(s, t->verdict, input));
}

/* False: out of memory, or it cannot be changed so. */
static bool edit(struct smtp_session *s)
{
    struct edit_input input;
    return edit_input(s, &input) && edits_assemble(s->mail, &input, &s->t->edited);
}

/* ---- what is told when nobody knows whether it arrived ---- */

static void describe(const struct smtp_session *s, struct doubt *doubt)
{
    const struct transaction *t = s->t;
    struct header field = {.value = SLICE("")};
    headers_find(headers_block(spool_bytes(t->message.spool), NULL), SLICE("Message-ID"), 0,
                 &field);
    doubt_set(doubt->id, sizeof doubt->id, slice_of(s->ref));
    doubt_set(doubt->sender, sizeof doubt->sender, t->sender.address);
    doubt_set(doubt->backend, sizeof doubt->backend, t->backend->name);
    doubt_set(doubt->message_id, sizeof doubt->message_id, slice_trim(field.value));
    tell_recipients(doubt, &t->job);
}

static void nobody_is_left(struct smtp_session *s)
{
    s->t->delivered_before = true;
    smtp_finish_say(s, "accept", 250, "2.0.0", "delivered before");
}

/* Those who have it already are not delivered to. */
static size_t count_left(struct smtp_session *s)
{
    size_t n = 0;
    smtp_delivered_mark(s);
    for (size_t i = 0; i < s->t->recipient_count; i++)
        n += is_delivered_to(&s->t->recipients[i]);
    return n;
}

static void no_room(struct smtp_session *s)
{
    if (s->t->edited.too_many)
        smtp_finish_say(s, "reject", 550, "5.6.0",
                        "too many places in the message would have to be changed");
    else
        smtp_finish_say(s, "defer", 452, "4.3.1", "out of memory");
}

static void describe_job(struct smtp_session *s, struct job_recipient *to)
{
    struct transaction *t = s->t;
    size_t n = 0;
    for (size_t i = 0; i < t->recipient_count; i++)
        if (is_delivered_to(&t->recipients[i]))
            to[n++] = t->recipients[i].job;
    t->job = (struct smtp_job){.kind = JOB_DELIVER,
                               .id = s->ref,
                               .holder = s->base.claim.holder,
                               .backend = t->backend,
                               .client = smtp_told(s, t->backend),
                               .arena = s->mail,
                               .deadline = t->ended + config_of(s)->settings.timeouts_verdict,
                               .done = delivered,
                               .ctx = s,
                               .sender = smtp_batv_sender_of(s),
                               .mail = t->mail,
                               .eight_bit = t->data.high,
                               .recipients = to,
                               .recipient_count = n,
                               .pieces = t->edited.pieces,
                               .piece_count = t->edited.count,
                               .size = t->edited.size};
}

static void pass(struct smtp_session *s)
{
    struct edit_input input;
    if (edit_input(s, &input))
        smtp_asked_pass(s, &input);
    else
        no_room(s);
}

/* It is whole, and signed. */
static void hand_over(struct smtp_session *s)
{
    struct transaction *t = s->t;
    if (smtp_is_asked(s)) {
        pass(s);
        return;
    }
    if (smtp_login_is_lost(s)) {
        smtp_finish_say(s, "defer", 451, "4.4.1", "mail server has hung up, log in again");
        return;
    }
    struct job_recipient *to = arena_array(s->mail, t->recipient_count, sizeof *to);
    t->doubt = arena_alloc(s->mail, sizeof *t->doubt);
    if (!to || !t->doubt || !edits_close(s->mail, t->signatures, &t->edited) ||
        arena_failed(s->mail)) {
        no_room(s);
        return;
    }
    describe_job(s, to);
    if (!t->job.sender.ptr && arena_failed(s->mail)) {
        no_room(s);
        return;
    }
    describe(s, t->doubt);
    t->job.about = t->doubt;
    t->job_running = t->delivering = true;
    t->handed = clock_ms();
    session_does(&s->base);
    t->job.doubt = shared_doubt_begin(s->base.proxy->shared, s->base.proxy->row, t->doubt);
    smtp_server_ask(s);
}

void smtp_deliver(struct smtp_session *s)
{
    if (count_left(s) == 0)
        nobody_is_left(s);
    else if (!edit(s) || arena_failed(s->mail))
        no_room(s);
    else if (smtp_signs(s))
        smtp_sign(s, hand_over);
    else
        hand_over(s);
}
