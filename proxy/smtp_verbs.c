/* SPDX-License-Identifier: ISC
 * The commands. Each is validated here and answered, or begins what will answer it. */
#include "proxy/smtp_wait.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

enum {
    NEEDS_NOTHING = 0,
    NEEDS_HELO = 1,
    NEEDS_MAIL = 2 | NEEDS_HELO,
    NEEDS_RCPT = 4 | NEEDS_MAIL,
    NEEDS_NO_ARGUMENT = 8,
};

enum { OFFER_MAX = 1024 };

static const struct settings *settings_of(const struct session *s)
{
    return &s->proxy->config->settings;
}

static bool encrypted(const struct session *s)
{
    return stream_ssl(s->stream) != NULL;
}

static bool may_start_tls(const struct session *s)
{
    return s->listener->starttls && !encrypted(s) && tls_ready(s->proxy->tls);
}

/* Our limit, or the backends' if that is smaller. */
static uint64_t size_limit(const struct session *s, const struct capabilities *can)
{
    uint64_t ours = settings_of(s)->limits_message_size;
    return can->size && can->size < ours ? can->size : ours;
}

/* ---- HELO, EHLO ---- */

static void offer(struct session *s)
{
    struct capabilities can = backends_common(s->proxy->backends);
    struct buf offer = buf_init(OFFER_MAX);
    buf_printf(&offer, "250-%.*s\r\n250-PIPELINING\r\n250-SIZE %llu\r\n",
               SLICE_ARGS(s->proxy->config->hostname), (unsigned long long)size_limit(s, &can));
    buf_cstr(&offer, can.eight_bit ? "250-8BITMIME\r\n" : "");
    buf_cstr(&offer, can.utf8 ? "250-SMTPUTF8\r\n" : "");
    buf_cstr(&offer, can.dsn ? "250-DSN\r\n" : "");
    buf_cstr(&offer, may_start_tls(s) ? "250-STARTTLS\r\n" : "");
    buf_cstr(&offer, "250-CHUNKING\r\n250 ENHANCEDSTATUSCODES\r\n");
    session_text(s, buf_slice(&offer));
    buf_release(&offer);
}

static void answer_helo(struct session *s)
{
    if (s->esmtp)
        offer(s);
    else
        session_reply(s, 250, SLICE(""), s->proxy->config->hostname);
    session_go_on(s);
}

static void judge_helo(struct session *s)
{
    struct verdict verdict = {.delay = 0};
    enum outcome outcome = OUTCOME_PENDING;
    if (s->proxy->acts_at[PHASE_HELO]) {
        session_facts(s, PHASE_HELO);
        outcome = policy_evaluate(s->proxy->config->policy, &s->t.message.facts, PHASE_HELO,
                                  s->mail, &verdict);
    }
    if (outcome == OUTCOME_DECIDED && verdict.action == ACTION_DROP)
        session_refuse_connection(s, &verdict);
    else
        session_tarpit(s, verdict.delay, &s->delayed, answer_helo);
}

/* Of one client we look up only so many names at once. */
static bool names_wait(const struct session *s)
{
    return s->proxy->resolver && resolver_is_busy_for(s->proxy->resolver, &s->client);
}

static void take_helo(struct session *s, struct slice name, bool esmtp)
{
    if (name.len == 0) {
        session_error(s, 501, "5.5.4", "HELO and EHLO need a domain name or address literal");
        return;
    }
    if (names_wait(s)) {
        session_close(s, 421, "4.3.2",
                      "names of yours are still being looked up, come again later");
        return;
    }
    session_reset(s);
    arena_reset(s->arena);
    s->helo = arena_copy(s->arena, slice_sub(name, 0, DOMAIN_SPELLING_MAX + 1));
    s->esmtp = esmtp;
    s->after_helo = true;
    client_study_helo(s->study, s->helo);
    if (s->proxy->drops_at[PHASE_HELO])
        session_await(s, PHASE_HELO, judge_helo);
    else
        judge_helo(s);
}

static void verb_helo(struct session *s, struct slice argument)
{
    take_helo(s, argument, false);
}

static void verb_ehlo(struct session *s, struct slice argument)
{
    take_helo(s, argument, true);
}

static void verb_starttls(struct session *s, struct slice argument)
{
    (void)argument;
    if (encrypted(s)) {
        session_error(s, 503, "5.5.1", "TLS is active already");
    } else if (!may_start_tls(s)) {
        session_error(s, 502, "5.5.1", "TLS is not available");
    } else {
        session_start_tls(s);
    }
}

/* ---- MAIL ---- */

static bool keep_path(struct session *s, struct smtp_path *path)
{
    size_t local = (size_t)path->local.len, at = (size_t)(path->domain.ptr - path->address.ptr);
    if (path->address.len == 0)
        return true;
    path->address = arena_copy(s->mail, path->address);
    if (!path->address.ptr)
        return false;
    path->local = slice_sub(path->address, 0, local);
    path->domain = slice_from(path->address, at);
    return smtp_path_spell(s->mail, path);
}

/* "FROM:" or "TO:" off the front of the argument. */
static bool cut_keyword(struct slice *argument, struct slice keyword)
{
    if (!slice_istarts(*argument, keyword))
        return false;
    *argument = slice_from(*argument, keyword.len);
    return true;
}

/* What MAIL asks for must be what was offered. Replies and says false when not. */
static bool mail_params(struct session *s, struct slice argument, struct smtp_mail_params *mail,
                        bool utf8_path)
{
    enum smtp_params_result result = smtp_mail_params(argument, mail);
    struct capabilities can = backends_common(s->proxy->backends);
    if (result == SMTP_PARAMS_SYNTAX)
        session_error(s, 501, "5.5.4", "malformed parameter of MAIL");
    else if (result == SMTP_PARAMS_UNKNOWN || (mail->utf8 && !can.utf8) ||
             (mail->ret.len + mail->envid.len && !can.dsn) || (!s->esmtp && argument.len))
        session_error(s, 555, "5.5.4", "parameter of MAIL not supported");
    else if (utf8_path && !mail->utf8)
        session_error(s, 553, "5.6.7", "an address that is not ASCII needs SMTPUTF8");
    else if (mail->has_size && mail->size > size_limit(s, &can))
        session_say(s, 552, "5.3.4", "message too big");
    else
        return true;
    return false;
}

static void accept_mail(struct session *s)
{
    session_say(s, 250, "2.1.0", "sender noted");
    session_go_on(s);
}

/* Refusals are told at RCPT, unless they drop the connection or are to be told at once. */
static void judge_mail(struct session *s)
{
    struct verdict verdict = {.delay = 0};
    session_facts(s, PHASE_MAIL);
    enum outcome outcome = policy_evaluate(s->proxy->config->policy, &s->t.message.facts,
                                           PHASE_MAIL, s->mail, &verdict);
    if (outcome == OUTCOME_DECIDED && verdict.action == ACTION_DROP) {
        session_refuse_connection(s, &verdict);
    } else if (outcome == OUTCOME_DECIDED && settings_of(s)->smtp_refuse_early &&
               (verdict.action == ACTION_REJECT || verdict.action == ACTION_DEFER)) {
        session_refuse(s, &verdict);
        session_reset(s);
        session_go_on(s);
    } else {
        session_tarpit(s, verdict.delay, &s->delayed, accept_mail);
    }
}

static bool decides_at_mail(const struct session *s)
{
    return s->proxy->drops_at[PHASE_MAIL] ||
           (settings_of(s)->smtp_refuse_early && s->proxy->acts_at[PHASE_MAIL]);
}

static void examined(void *ctx)
{
    session_settle(ctx);
}

static void no_room_to_scan(void *ctx)
{
    session_finish_say(ctx, "defer", 452, "4.3.1",
                       "too many messages wait to be scanned, try again later");
}

static const struct examination_owner examination_owner = {examined, no_room_to_scan};

static void begin_transaction(struct session *s, const struct smtp_path *path,
                              const struct smtp_mail_params *mail)
{
    memset(&s->t, 0, sizeof s->t);
    s->t.sender = *path;
    s->t.mail = *mail;
    s->t.open = true;
    s->t.message = (struct examination){.proxy = s->proxy,
                                        .arena = s->mail,
                                        .ref = s->ref,
                                        .client = s->study,
                                        .owner = &examination_owner,
                                        .ctx = s};
    s->t.began = clock_ms();
    snprintf(s->ref, sizeof s->ref, "%s.%u", s->id, s->transactions);
    s->t.mail.ret = arena_copy(s->mail, mail->ret);
    s->t.mail.envid = arena_copy(s->mail, mail->envid);
    if (!keep_path(s, &s->t.sender)) {
        session_reset(s);
        session_say(s, 452, "4.3.1", "out of memory");
        return;
    }
    session_facts(s, PHASE_MAIL);
    examination_begin(&s->t.message, &(struct scan_sender){.client = s->client,
                                                           .helo = s->helo,
                                                           .sender = s->t.sender.address,
                                                           .receiver = s->proxy->config->hostname});
    if (decides_at_mail(s))
        session_await(s, PHASE_MAIL, judge_mail);
    else
        accept_mail(s);
}

static void verb_mail(struct session *s, struct slice argument)
{
    struct smtp_path path;
    struct smtp_mail_params mail;
    const char *why = "FROM:<address> expected";
    if (s->t.open) {
        session_error(s, 503, "5.5.1", "one MAIL a message; RSET begins anew");
    } else if (s->listener->require_tls && !encrypted(s)) {
        session_error(s, 530, "5.7.0", "STARTTLS first");
    } else if (++s->transactions > settings_of(s)->limits_messages) {
        session_close(s, 421, "4.7.0", "too many messages in one session");
    } else if (names_wait(s)) {
        session_say(s, 451, "4.3.2", "names of yours are still being looked up, try again later");
    } else if (!cut_keyword(&argument, SLICE("FROM:")) || !smtp_path(&argument, &path, &why)) {
        session_error(s, 501, "5.1.7", why);
    } else if (path.address.len && path.domain.len == 0) {
        session_error(s, 501, "5.1.7", "the sender's address needs a domain");
    } else if (mail_params(s, argument, &mail, path.utf8)) {
        begin_transaction(s, &path, &mail);
    }
}

static void verb_rcpt(struct session *s, struct slice argument)
{
    if (!cut_keyword(&argument, SLICE("TO:")))
        session_error(s, 501, "5.1.3", "TO:<address> expected");
    else if (s->t.in_chunks)
        session_error(s, 503, "5.5.1", "BDAT has begun");
    else
        session_recipient(s, argument);
}

/* ---- DATA, BDAT ---- */

/* Admission: past a budget the answer is a tempfail before the body, not slowness behind it. */
static bool admit(struct session *s)
{
    const struct settings *settings = settings_of(s);
    struct shared *shared = s->proxy->shared;
    uint64_t size = s->t.mail.has_size ? s->t.mail.size : 0;
    if (shared_spool(shared) + size > settings->limits_spool) {
        session_say(s, 452, "4.3.1", "out of room for messages, try again later");
        return false;
    }
    return true;
}

static bool begin_body(struct session *s, bool chunks)
{
    struct transaction *t = &s->t;
    if (!admit(s))
        return false;
    bool scanned = s->proxy->scans[SCANNER_SCAN] || s->proxy->scans[SCANNER_AV];
    t->message.spool = spool_new(scanned ? 0 : settings_of(s)->limits_message_size);
    if (!t->message.spool) {
        session_say(s, 452, "4.3.1", "out of memory");
        return false;
    }
    t->in_chunks = chunks;
    smtp_data_begin(&t->data, chunks, s->normalises);
    return true;
}

static void expect_body(struct session *s, enum session_state state)
{
    int64_t window = settings_of(s)->timeouts_data < 60000 ? settings_of(s)->timeouts_data : 60000;
    s->state = state;
    s->t.window_bytes = 0;
    stream_bulk(s->stream, true);
    stream_deadline(s->stream, window);
}

static void verb_data(struct session *s, struct slice argument)
{
    (void)argument;
    if (s->t.in_chunks)
        session_error(s, 503, "5.5.1", "BDAT has begun");
    else if (begin_body(s, false)) {
        expect_body(s, SESSION_DATA);
        session_say(s, 354, "", "go ahead, end with <CRLF>.<CRLF>");
    }
}

/* Without room the chunk would still have to be read: so the session ends. */
static bool begin_chunks(struct session *s)
{
    if (begin_body(s, true))
        return true;
    session_close(s, 421, "4.3.1", "no room for a message now");
    return false;
}

/* A chunk is read in any case, whatever will be said of it: the client has it under way (RFC 3030
 * 2). */
static void verb_bdat(struct session *s, struct slice argument)
{
    struct transaction *t = &s->t;
    uint64_t size;
    bool last;
    if (!smtp_bdat(argument, &size, &last)) {
        session_close(s, 501, "5.5.4", "BDAT needs a size that we can count");
        return;
    }
    if (size > settings_of(s)->limits_message_size) {
        session_close(s, 552, "5.3.4", "message too big");
        return;
    }
    t->last_chunk = last && t->recipient_count > 0;
    t->chunk_left = size;
    if (t->recipient_count > 0 && !t->in_chunks && !begin_chunks(s))
        return;
    expect_body(s, SESSION_CHUNK);
    if (size == 0)
        session_chunk_complete(s);
}

/* ---- the rest ---- */

static void verb_rset(struct session *s, struct slice argument)
{
    (void)argument;
    session_reset(s);
    session_say(s, 250, "2.0.0", "forgotten");
}

static void verb_noop(struct session *s, struct slice argument)
{
    (void)argument;
    session_say(s, 250, "2.0.0", "ok");
}

static void verb_quit(struct session *s, struct slice argument)
{
    (void)argument;
    s->quitting = true;
    session_close(s, 221, "2.0.0", "goodbye");
}

static void verb_vrfy(struct session *s, struct slice argument)
{
    (void)argument;
    session_say(s, 252, "2.5.2", "send some mail, we will try");
}

static void verb_help(struct session *s, struct slice argument)
{
    (void)argument;
    session_say(s, 214, "2.0.0", "see RFC 5321");
}

static void verb_unsupported(struct session *s, struct slice argument)
{
    (void)argument;
    session_error(s, 502, "5.5.1", "command not implemented");
}

static void verb_auth(struct session *s, struct slice argument)
{
    (void)argument;
    session_error(s, 503, "5.5.1", "authentication is not available here");
}

static const struct {
    void (*handler)(struct session *s, struct slice argument);
    unsigned needs;
} commands[] = {
#define VERB(id, word, handler, needs) {handler, needs},
#include "proxy/smtp_verbs.def"
#undef VERB
};

void session_command(struct session *s, enum smtp_verb verb, struct slice argument)
{
    unsigned needs = commands[verb].needs;
    if ((needs & NEEDS_NO_ARGUMENT) && argument.len)
        session_error(s, 501, "5.5.4", "no argument allowed");
    else if ((needs & NEEDS_HELO) && s->helo.len == 0)
        session_error(s, 503, "5.5.1", "EHLO first");
    else if ((needs & NEEDS_MAIL & ~NEEDS_HELO) && !s->t.open)
        session_error(s, 503, "5.5.1", "MAIL first");
    else if ((needs & NEEDS_RCPT & ~NEEDS_MAIL) && s->t.recipient_count == 0)
        session_error(s, 503, "5.5.1", "RCPT first");
    else
        commands[verb].handler(s, argument);
}
