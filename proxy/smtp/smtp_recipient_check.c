/* SPDX-License-Identifier: ISC
 * Whether the server that a recipient's mail would go to takes it, and him. */
#include "base/clock.h"
#include "base/log.h"
#include "proxy/session/session_log.h"
#include "proxy/smtp/recipient_cache.h"
#include "proxy/smtp/smtp_answer.h"
#include "proxy/smtp/smtp_asked.h"
#include "proxy/smtp/smtp_delivered.h"
#include "proxy/smtp/smtp_login.h"
#include "proxy/smtp/smtp_recipient_internal.h"
#include "proxy/smtp/smtp_server.h"
#include "proxy/smtp/smtp_told.h"

static const struct config *config_of(const struct smtp_session *s)
{
    return s->base.proxy->config;
}

/* The size that the server is asked about:
 * a mailbox may have room for one message and not for another. */
static uint64_t declared_size(const struct smtp_session *s)
{
    return s->t->mail.has_size ? s->t->mail.size : 0;
}

/* Only what holds for each message to this recipient. */
static void remember(struct smtp_session *s, const struct smtp_path *path,
                     const struct backend_reply *reply)
{
    const struct settings *settings = &config_of(s)->settings;
    int64_t ms = 0;
    if (reply->kind == REPLY_YES)
        ms = settings->timeouts_recipient_accepted;
    else if (smtp_reply_is_about_address(reply->code, reply->enhanced))
        ms = settings->timeouts_recipient_refused;
    if (smtp_server_tells_all(s))
        recipient_cache_store(s->base.proxy->recipients, s->t->backend->name, path->spelled,
                              declared_size(s), reply, ms);
}

static bool needs_utf8(const struct smtp_session *s, const struct recipient *r)
{
    return s->t->mail.utf8 || r->path.utf8;
}

static bool needs_eight_bit(const struct smtp_session *s)
{
    return s->t->mail.body == SMTP_BODY_8BITMIME;
}

/* What the chosen backend cannot take is refused here, never converted.
 * One that is not known yet is asked about again when it is. */
bool smtp_recipient_fits(struct smtp_session *s, const struct recipient *r,
                         const struct backend *backend)
{
    struct smtp_capabilities can = smtp_server_can(s, backend);
    if (!can.known)
        return true;
    if (needs_utf8(s, r) && !can.utf8)
        smtp_recipient_refuse(s, 550, "5.6.7",
                              "the recipient's server takes no internationalised addresses");
    else if (needs_eight_bit(s) && !can.eight_bit)
        smtp_recipient_refuse(s, 554, "5.6.3", "the recipient's server takes no 8-bit content");
    else if (can.recipients && s->t->recipient_count >= can.recipients)
        smtp_say(s, 452, "4.5.3", "too many recipients for the server behind");
    else
        return true;
    return false;
}

static bool waits_for_backend(const struct smtp_session *s, const struct recipient *r)
{
    return needs_utf8(s, r) && !smtp_server_can(s, s->t->backend).known;
}

static void accept_recipient(struct smtp_session *s, const struct recipient *r)
{
    if (!smtp_is_asked(s) && waits_for_backend(s, r)) {
        smtp_recipient_refuse(s, 451, "4.4.1", "mail server is not reachable now, try again later");
    } else if (smtp_is_asked(s) || smtp_recipient_fits(s, r, s->t->backend)) {
        s->t->recipient_count++;
        arena_adopt(s->mail, s->rcpt);
        smtp_asked_note(s, ASKED_RECIPIENT, s->t->recipient_count - 1);
    }
}

/* The backend's answer, in the words of its class. */
void smtp_recipient_pass_on(struct smtp_session *s, const struct recipient *r,
                            const struct backend_reply *reply)
{
    switch (reply->kind) {
    case REPLY_YES:
        accept_recipient(s, r);
        return;
    case REPLY_OURS:
    case REPLY_UNCLEAR:
        if (session_logs(&s->base, LINE_TROUBLE))
            log_at(LEVEL_ERROR, s->ref, "backend refuses the gateway",
                   field_text("backend", s->t->backend->name), field_num("code", reply->code),
                   field_text("enhanced", reply->enhanced), field_text("text", reply->text));
        smtp_recipient_refuse(s, 451, "4.3.5", "mail system is not set up right, try again later");
        return;
    case REPLY_LATER:
    case REPLY_RECIPIENT:
    case REPLY_SENDER:
        if (reply->kind == REPLY_RECIPIENT)
            examination_recipient_refused(&s->t->message);
        if (smtp_recipient_may_be_refused(s, reply->code))
            smtp_answer_backend(s, reply);
    }
}

/* Of a recipient that was not accepted nothing stays. Was none, the next may go to another backend. */
void smtp_recipient_answered(struct smtp_session *s)
{
    s->t->asked_for = SLICE("");
    const struct recipient *all = s->t->recipients;
    size_t count = s->t->recipient_count;
    s->t->message.facts.fact[FACT_RECIPIENT] =
        count ? value_text(all[count - 1].path.spelled) : (struct value){.state = VALUE_PENDING};
    arena_reset(s->rcpt);
    if (s->t->recipient_count == 0)
        s->t->backend = NULL;
}

static void checked(struct smtp_job *job)
{
    struct smtp_session *s = job->ctx;
    struct recipient *r = &s->t->recipients[s->t->recipient_count];
    s->t->job_running = false;
    if (job->outcome != JOB_ANSWERED) {
        smtp_recipient_refuse(s, 451, "4.4.1", "mail server is not reachable now, try again later");
    } else {
        const struct backend_reply *mail = &job->mail_reply, *rcpt = &job->recipients[0].reply;
        bool mail_fine = mail->kind == REPLY_YES;
        struct smtp_reply words = {.code = rcpt->code, .enhanced = rcpt->enhanced};
        bool unknown = mail_fine && smtp_reply_says_no_such_user(&words);
        if (mail_fine && rcpt->code)
            remember(s, &r->path, rcpt);
        if (unknown)
            examination_unknown_recipient(&s->t->message);
        if (mail_fine && rcpt->code == 0)
            smtp_recipient_refuse(s, 451, "4.4.2", "mail server broke off, try again later");
        else
            smtp_recipient_pass_on(s, r, mail_fine ? rcpt : mail);
    }
    smtp_recipient_answered(s);
    session_go_on(&s->base);
}

static void ask_backend(struct smtp_session *s, struct recipient *r)
{
    struct transaction *t = s->t;
    t->asked = r->job;
    t->job = (struct smtp_job){.kind = JOB_CHECK,
                               .id = s->ref,
                               .holder = s->base.claim.holder,
                               .backend = t->backend,
                               .client = smtp_told(s, t->backend),
                               .arena = s->rcpt,
                               .deadline = clock_ms() + config_of(s)->settings.timeouts_backend,
                               .done = checked,
                               .ctx = s,
                               .sender = t->sender.address,
                               .mail = t->mail,
                               .recipients = &t->asked,
                               .recipient_count = 1};
    t->job_running = true;
    session_wait(&s->base);
    smtp_server_ask(s);
}

void smtp_recipient_check(struct smtp_session *s, struct recipient *r)
{
    struct backend_reply remembered;
    if (smtp_is_asked(s) || !s->t->backend->recipient_check || smtp_delivered_perhaps(s, r))
        accept_recipient(s, r);
    else if (smtp_login_is_lost(s))
        smtp_recipient_refuse(s, 451, "4.4.1", "mail server has hung up, log in again");
    else if (smtp_server_tells_all(s) &&
             recipient_cache_find(s->base.proxy->recipients, s->t->backend->name, r->path.spelled,
                                  declared_size(s), &remembered)) {
        if (remembered.kind == REPLY_RECIPIENT)
            examination_unknown_recipient(&s->t->message);
        smtp_recipient_pass_on(s, r, &remembered);
    } else
        ask_backend(s, r);
}
