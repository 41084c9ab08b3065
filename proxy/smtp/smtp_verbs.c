/* SPDX-License-Identifier: ISC
 * The commands. Each is validated here and answered, or begins what will answer it. */
#include "proxy/smtp/smtp_verbs.h"

#include "base/clock.h"
#include "policy/table.h"
#include "proxy/smtp/smtp_answer.h"
#include "proxy/smtp/smtp_asked.h"
#include "proxy/smtp/smtp_body.h"
#include "proxy/smtp/smtp_facts.h"
#include "proxy/smtp/smtp_finish.h"
#include "proxy/smtp/smtp_foreign.h"
#include "proxy/smtp/smtp_helo.h"
#include "proxy/smtp/smtp_login.h"
#include "proxy/smtp/smtp_pool.h"
#include "proxy/smtp/smtp_recipient.h"
#include "proxy/smtp/smtp_transaction.h"

#include <stdio.h>
#include <string.h>

enum {
    NEEDS_NOTHING = 0,
    NEEDS_HELO = 1,
    NEEDS_MAIL = 2 | NEEDS_HELO,
    NEEDS_RCPT = 4 | NEEDS_MAIL,
    NEEDS_NO_ARGUMENT = 8,
};

enum { READ_PAST_LIMIT = 8 /* times as much as a message may have */ };

static const struct settings *settings_of(const struct smtp_session *s)
{
    return &s->base.proxy->config->settings;
}

/* ---- HELO, EHLO, STARTTLS ---- */

static void verb_helo(struct smtp_session *s, struct slice argument)
{
    smtp_take_helo(s, argument, false);
}

static void verb_ehlo(struct smtp_session *s, struct slice argument)
{
    smtp_take_helo(s, argument, true);
}

static void verb_starttls(struct smtp_session *s, struct slice argument)
{
    (void)argument;
    smtp_take_starttls(s);
}

/* ---- MAIL ---- */

/* Where the sender has no domain it is ours, as other servers have it. */
static bool keep_path(struct smtp_session *s, struct smtp_path *path)
{
    return path->address.len == 0 ||
           smtp_path_keep(s->mail, path->domain.len ? path->domain : smtp_own_domain(s), path);
}

/* "FROM:" or "TO:" off the front of the argument. */
static bool cut_keyword(struct slice *argument, struct slice keyword)
{
    if (!slice_istarts(*argument, keyword))
        return false;
    *argument = slice_from(*argument, keyword.len);
    return true;
}

/* What MAIL asks for must be what was offered; but SIZE and BODY, which devices name after HELO, too.
 * Replies and says false when not. */
static bool mail_params(struct smtp_session *s, struct slice argument,
                        struct smtp_mail_params *mail, bool utf8_path)
{
    enum smtp_params_result result = smtp_mail_params(argument, mail);
    struct smtp_capabilities can = s->offered;
    if (result == SMTP_PARAMS_SYNTAX)
        smtp_error(s, 501, "5.5.4", "malformed parameter of MAIL");
    else if (result == SMTP_PARAMS_UNKNOWN || (mail->utf8 && !can.utf8) ||
             (mail->ret.len + mail->envid.len && !can.dsn))
        smtp_error(s, 555, "5.5.4", "parameter of MAIL not supported");
    else if (utf8_path && !mail->utf8)
        smtp_error(s, 553, "5.6.7", "an address that is not ASCII needs SMTPUTF8");
    else if (mail->has_size && mail->size > smtp_size_limit(s, &can))
        smtp_say(s, 552, "5.3.4", "message too big");
    else
        return true;
    return false;
}

static void accept_mail(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    smtp_say(s, 250, "2.1.0", "sender noted");
    session_go_on(&s->base);
}

/* Refusals are told at RCPT, unless they drop the connection or are to be told at once. */
static void judge_mail(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    struct verdict verdict = {.delay = 0};
    enum outcome outcome = smtp_judge(s, PHASE_MAIL, &verdict);
    if (outcome == OUTCOME_DECIDED && verdict.action == ACTION_DROP) {
        session_refuse(&s->base, &verdict);
    } else if (outcome == OUTCOME_DECIDED && settings_of(s)->smtp_refuse_early &&
               (verdict.action == ACTION_REJECT || verdict.action == ACTION_DEFER)) {
        smtp_refuse(s, &verdict);
        smtp_reset(s);
        session_go_on(&s->base);
    } else {
        session_tarpit(&s->base, verdict.delay, &s->base.delayed, accept_mail);
    }
}

static bool decides_at_mail(const struct smtp_session *s)
{
    return s->base.proxy->drops_at[PHASE_MAIL] ||
           (settings_of(s)->smtp_refuse_early && s->base.proxy->acts_at[PHASE_MAIL]);
}

static void examined(void *ctx)
{
    struct smtp_session *s = ctx;
    session_settle(&s->base);
}

static void no_room_to_scan(void *ctx)
{
    smtp_finish_say(ctx, "defer", 452, "4.3.1",
                    "too many messages wait to be scanned, try again later");
}

static const struct examination_owner examination_owner = {examined, no_room_to_scan};

static void begin_transaction(struct smtp_session *s, const struct smtp_path *path,
                              const struct smtp_mail_params *mail)
{
    smtp_foreign_close(s);
    memset(s->t, 0, sizeof *s->t);
    s->t->sender = *path;
    s->t->mail = *mail;
    s->t->open = true;
    s->base.message = &s->t->message;
    s->t->message =
        (struct examination){.proxy = s->base.proxy,
                             .wants = smtp_wants(s),
                             .arena = s->mail,
                             .ref = s->ref,
                             .holder = &s->base.claim.holder,
                             .client = s->base.study,
                             .spf_may_wait = s->base.proxy->spf_may_wait && !decides_at_mail(s),
                             .owner = &examination_owner,
                             .ctx = s};
    s->t->began = clock_ms();
    snprintf(s->ref, sizeof s->ref, "%s.%u", s->base.id, s->transactions);
    s->t->mail.ret = arena_copy(s->mail, mail->ret);
    s->t->mail.envid = smtp_xtext(s->mail, mail->envid);
    if (!s->t->mail.ret.ptr || !s->t->mail.envid.ptr || !keep_path(s, &s->t->sender)) {
        smtp_reset(s);
        smtp_say(s, 452, "4.3.1", "out of memory");
        return;
    }
    smtp_facts(s, PHASE_MAIL);
    examination_begin(&s->t->message,
                      &(struct scan_sender){.client = s->base.client,
                                            .helo = s->helo,
                                            .sender = s->t->sender.address,
                                            .receiver = s->base.proxy->config->hostname});
    if (decides_at_mail(s))
        session_await(&s->base, PHASE_MAIL, judge_mail);
    else
        accept_mail(&s->base);
}

static bool is_trusted(const struct smtp_session *s)
{
    return table_holds_ip(s->base.listener->trusted, &s->base.client);
}

static void verb_mail(struct smtp_session *s, struct slice argument)
{
    struct smtp_path path;
    struct smtp_mail_params mail;
    const char *why = "FROM:<address> expected";
    if (s->t->open) {
        smtp_error(s, 503, "5.5.1", "one MAIL a message; RSET begins anew");
    } else if (s->base.health) {
        smtp_error(s, 550, "5.7.1",
                   "a load balancer sends no mail: the PROXY header named no client");
    } else if (s->base.listener->require_tls && !smtp_is_encrypted(s)) {
        smtp_error(s, 530, "5.7.0", "STARTTLS first");
    } else if (s->base.listener->submission && !s->submitter) {
        smtp_error(s, 530, "5.7.0", "log in first (AUTH)");
    } else if (s->base.listener->relay && !s->submitter && !smtp_is_asked(s) && !is_trusted(s)) {
        smtp_error(s, 550, "5.7.1", "relaying denied: only our own servers send through here");
    } else if (++s->transactions > settings_of(s)->limits_messages) {
        smtp_close(s, 421, "4.7.0", "too many messages in one session");
    } else if (smtp_names_wait(s)) {
        smtp_say(s, 451, "4.3.2", "names of yours are still being looked up, try again later");
    } else if (!cut_keyword(&argument, SLICE("FROM:")) || !smtp_path(&argument, &path, &why)) {
        smtp_error(s, 501, "5.1.7", why);
    } else if (path.address.len && path.domain.len + smtp_own_domain(s).len == 0) {
        smtp_error(s, 501, "5.1.7", "the sender's address needs a domain");
    } else if (mail_params(s, argument, &mail, path.utf8)) {
        begin_transaction(s, &path, &mail);
    }
}

static void verb_rcpt(struct smtp_session *s, struct slice argument)
{
    if (!cut_keyword(&argument, SLICE("TO:")))
        smtp_error(s, 501, "5.1.3", "TO:<address> expected");
    else if (s->t->in_chunks)
        smtp_error(s, 503, "5.5.1", "BDAT has begun");
    else
        smtp_recipient(s, argument);
}

/* ---- DATA, BDAT ---- */

/* Admission: past a budget the answer is a tempfail before the body, not slowness behind it. */
static enum body_fault begin_body(struct smtp_session *s, bool chunks)
{
    struct transaction *t = s->t;
    const struct settings *settings = settings_of(s);
    uint64_t size = t->mail.has_size ? t->mail.size : 0;
    bool scanned = s->base.proxy->scans[SCANNER_SCAN] || s->base.proxy->scans[SCANNER_AV];
    t->in_chunks = chunks;
    smtp_data_begin(&t->data, chunks, s->normalises);
    if (shared_spool(s->base.proxy->shared) + size > settings->limits_spool)
        return BODY_NO_ROOM;
    t->message.spool = spool_new(scanned ? 0 : settings->limits_message_size);
    return t->message.spool ? BODY_FINE : BODY_NO_MEMORY;
}

static void answer_data(struct smtp_session *s, enum body_fault fault)
{
    if (fault == BODY_NO_ROOM) {
        smtp_say(s, 452, "4.3.1", "out of room for messages, try again later");
    } else if (fault == BODY_NO_MEMORY) {
        smtp_say(s, 452, "4.3.1", "out of memory");
    } else {
        smtp_body_expect(s);
        smtp_say(s, 354, "", "go ahead, end with <CRLF>.<CRLF>");
    }
}

static void verb_data(struct smtp_session *s, struct slice argument)
{
    (void)argument;
    if (s->t->in_chunks)
        smtp_error(s, 503, "5.5.1", "BDAT has begun");
    else
        answer_data(s, begin_body(s, false));
}

/* A chunk is read in any case, whatever will be said of it: the client has it under way (RFC 3030 2),
 * and may hear nothing before it is out. But not one of a size out of all reason. */
static void verb_bdat(struct smtp_session *s, struct slice argument)
{
    struct transaction *t = s->t;
    uint64_t size;
    bool last;
    if (!smtp_bdat(argument, &size, &last)) {
        smtp_close(s, 501, "5.5.4", "BDAT needs a size that we can count");
        return;
    }
    uint64_t most = settings_of(s)->limits_message_size;
    if (size / READ_PAST_LIMIT > most) {
        smtp_close(s, 552, "5.3.4", "message too big");
        return;
    }
    bool taken = smtp_recipients(t) > 0 && !smtp_hides(s, KEYWORD_CHUNKING);
    t->last_chunk = last && taken;
    t->chunk_left = size;
    if (taken && !t->in_chunks)
        t->fault = begin_body(s, true);
    if (size > most && t->in_chunks)
        smtp_body_too_big(s);
    smtp_body_expect(s);
    if (size == 0)
        smtp_chunk_complete(s);
}

/* ---- the rest ---- */

static void verb_rset(struct smtp_session *s, struct slice argument)
{
    (void)argument;
    smtp_reset(s);
    smtp_say(s, 250, "2.0.0", "forgotten");
}

static void verb_noop(struct smtp_session *s, struct slice argument)
{
    (void)argument;
    smtp_say(s, 250, "2.0.0", "ok");
}

static void verb_quit(struct smtp_session *s, struct slice argument)
{
    (void)argument;
    smtp_reset(s); /* before the sender hears it, and comes again to another proxy */
    s->base.leaving = true;
    smtp_close(s, 221, "2.0.0", "goodbye");
}

static void verb_vrfy(struct smtp_session *s, struct slice argument)
{
    (void)argument;
    smtp_say(s, 252, "2.5.2", "send some mail, we will try");
}

static void verb_help(struct smtp_session *s, struct slice argument)
{
    (void)argument;
    smtp_say(s, 214, "2.0.0", "see RFC 5321");
}

static void verb_xtls(struct smtp_session *s, struct slice argument)
{
    if (!smtp_is_asked(s))
        smtp_error(s, 500, "5.5.1", "command not recognised");
    else if (smtp_asked_tls(s, argument))
        smtp_say(s, 250, "2.0.0", "noted");
    else
        smtp_error(s, 501, "5.5.4", "XTLS version cipher");
}

static void verb_unsupported(struct smtp_session *s, struct slice argument)
{
    (void)argument;
    smtp_error(s, 502, "5.5.1", "command not implemented");
}

static void verb_auth(struct smtp_session *s, struct slice argument)
{
    if (s->t->open)
        smtp_error(s, 503, "5.5.1", "not within a transaction");
    else
        smtp_login_take(s, argument);
}

static const struct {
    void (*handler)(struct smtp_session *s, struct slice argument);
    unsigned needs;
} commands[] = {
#define VERB(id, word, handler, needs) {handler, needs},
#include "proxy/smtp/smtp_verbs.def"
#undef VERB
};

void smtp_command(struct smtp_session *s, enum smtp_verb verb, struct slice argument)
{
    unsigned needs = commands[verb].needs;
    if ((needs & NEEDS_NO_ARGUMENT) && argument.len)
        smtp_error(s, 501, "5.5.4", "no argument allowed");
    else if ((needs & NEEDS_HELO) && s->helo.len == 0)
        smtp_error(s, 503, "5.5.1", "EHLO first");
    else if ((needs & NEEDS_MAIL & ~NEEDS_HELO) && !s->t->open)
        smtp_error(s, 503, "5.5.1", "MAIL first");
    else if ((needs & NEEDS_RCPT & ~NEEDS_MAIL) && smtp_recipients(s->t) == 0)
        smtp_error(s, 503, "5.5.1", "RCPT first");
    else
        commands[verb].handler(s, argument);
}
