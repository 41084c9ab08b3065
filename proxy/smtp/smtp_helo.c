/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_helo.h"

#include "base/buf.h"
#include "base/log.h"
#include "proxy/session/session_facts.h"
#include "proxy/smtp/own_mark.h"
#include "proxy/smtp/smtp_answer.h"
#include "proxy/smtp/smtp_facts.h"
#include "proxy/smtp/smtp_foreign.h"
#include "proxy/smtp/smtp_login.h"
#include "proxy/smtp/smtp_own.h"
#include "proxy/smtp/smtp_server.h"
#include "proxy/smtp/smtp_sign.h"
#include "proxy/smtp/smtp_transaction.h"

enum { OFFER_MAX = 1024 };

bool smtp_is_encrypted(const struct smtp_session *s)
{
    return session_is_encrypted(&s->base);
}

static bool may_start_tls(const struct smtp_session *s)
{
    return s->base.listener->starttls && !smtp_hides(s, KEYWORD_STARTTLS) &&
           !smtp_is_encrypted(s) && !s->submitter && tls_ready(s->base.proxy->tls);
}

uint64_t smtp_size_limit(const struct smtp_session *s, const struct smtp_capabilities *can)
{
    uint64_t ours = s->base.proxy->config->settings.limits_message_size;
    return can->size && can->size < ours ? can->size : ours;
}

/* ---- HELO, EHLO ---- */

/* Once a session. */
static void tell_hidden(struct smtp_session *s)
{
    char address[46], room[120];
    struct buf words = buf_over(room, sizeof room);
    if (!s->hidden || s->hiding_told)
        return;
    s->hiding_told = true;
    ip_text(&s->base.client, address);
    for (enum keyword k = 0; k < KEYWORDS; k++)
        if (smtp_hides(s, k))
            buf_printf(&words, "%s%s", buf_len(&words) ? " " : "", keyword_word(k));
    log_at(LEVEL_INFO, s->base.id, "keywords hidden", field_str("client", address),
           field_text("words", buf_slice(&words)));
    session_count(&s->base, COUNTER_KEYWORDS_HIDDEN);
}

/* What all backends can do, without what is hidden from this client. */
static struct smtp_capabilities offered_to(const struct smtp_session *s)
{
    if (smtp_is_asked(s)) /* it has answered EHLO itself */
        return (struct smtp_capabilities){
            .known = true, .eight_bit = true, .utf8 = true, .dsn = true};
    struct smtp_capabilities can = smtp_server_offers(s);
    can.eight_bit &= !smtp_hides(s, KEYWORD_EIGHT_BIT);
    can.utf8 &= !smtp_hides(s, KEYWORD_UTF8);
    can.dsn &= !smtp_hides(s, KEYWORD_DSN);
    if (smtp_signs(s) && !s->base.proxy->config->settings.smtp_sign_eight_bit)
        can.eight_bit = can.utf8 = false; /* whoever has to convert it would break its signatures */
    return can;
}

/* To who calls himself as we do: it may be us. */
static void show_own_mark(const struct smtp_session *s, struct buf *offer)
{
    char mark[OWN_MARK_MAX];
    if (slice_ieq(s->helo, s->base.proxy->config->hostname))
        buf_printf(offer, "250-%.*s\r\n", SLICE_ARGS(own_mark(s->base.proxy->shared, mark)));
}

static void offer(struct smtp_session *s)
{
    struct smtp_capabilities can = offered_to(s);
    struct buf offer = buf_init(OFFER_MAX);
    tell_hidden(s);
    s->offered = can;
    buf_printf(&offer, "250-%.*s\r\n", SLICE_ARGS(s->base.proxy->config->hostname));
    buf_cstr(&offer, smtp_hides(s, KEYWORD_PIPELINING) ? "" : "250-PIPELINING\r\n");
    if (!smtp_hides(s, KEYWORD_SIZE))
        buf_printf(&offer, "250-SIZE %llu\r\n", (unsigned long long)smtp_size_limit(s, &can));
    buf_cstr(&offer, can.eight_bit ? "250-8BITMIME\r\n" : "");
    buf_cstr(&offer, can.utf8 ? "250-SMTPUTF8\r\n" : "");
    buf_cstr(&offer, can.dsn ? "250-DSN\r\n" : "");
    buf_cstr(&offer, may_start_tls(s) || smtp_foreign_offers(s) ? "250-STARTTLS\r\n" : "");
    smtp_login_offer(s, &offer);
    buf_cstr(&offer, smtp_hides(s, KEYWORD_CHUNKING) ? "" : "250-CHUNKING\r\n");
    show_own_mark(s, &offer);
    buf_cstr(&offer, "250 ENHANCEDSTATUSCODES\r\n");
    if (offer.failed)
        smtp_out_of_memory(s);
    else
        session_text(&s->base, buf_slice(&offer));
    buf_release(&offer);
}

/* Somebody else may: it is for him to say so. */
static bool may_pass_tls(const struct smtp_session *s)
{
    return s->esmtp && s->base.listener->foreign_tls == FOREIGN_TLS_PASS &&
           !smtp_hides(s, KEYWORD_STARTTLS) && !smtp_is_encrypted(s) && !s->submitter;
}

static void answer_helo(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    s->offered = (struct smtp_capabilities){0};
    if (s->esmtp)
        offer(s);
    else
        smtp_answer(s, 250, SLICE(""), s->base.proxy->config->hostname);
    session_go_on(&s->base);
}

static void learn_foreign_tls(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    if (may_pass_tls(s))
        smtp_foreign_await(s, answer_helo);
    else
        answer_helo(base);
}

static void ask_server(struct session *base)
{
    smtp_own_await(smtp_of(base), learn_foreign_tls);
}

static void judge_helo(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    struct verdict verdict = {.delay = 0};
    enum outcome outcome = OUTCOME_PENDING;
    if (s->base.proxy->acts_at[PHASE_HELO]) {
        smtp_facts(s, PHASE_HELO);
        outcome = policy_evaluate(s->base.proxy->config->policy, &s->t->message.facts, PHASE_HELO,
                                  s->mail, &verdict);
    }
    if (outcome == OUTCOME_DECIDED && verdict.action == ACTION_DROP)
        session_refuse(&s->base, &verdict);
    else
        session_tarpit(&s->base, verdict.delay, &s->base.delayed, ask_server);
}

/* Of one network we look up only so many names at once; whose were too many when he came is not known
 * here any more. */
bool smtp_names_wait(const struct smtp_session *s)
{
    const struct holder *holder = &s->base.claim.holder;
    return client_study_withheld(s->base.study) ||
           (s->base.proxy->resolver &&
            resolver_is_busy_for(s->base.proxy->resolver,
                                 &(struct asker){holder->network, holder->wider}));
}

void smtp_take_helo(struct smtp_session *s, struct slice name, bool esmtp)
{
    if (name.len == 0) {
        smtp_error(s, 501, "5.5.4", "HELO and EHLO need a domain name or address literal");
        return;
    }
    if (smtp_names_wait(s)) {
        smtp_close(s, 421, "4.3.2", "names of yours are still being looked up, come again later");
        return;
    }
    smtp_reset(s);
    arena_reset(s->base.arena);
    s->helo = arena_copy(s->base.arena, slice_sub(name, 0, DOMAIN_SPELLING_MAX + 1));
    if (!s->helo.ptr) {
        smtp_out_of_memory(s);
        return;
    }
    s->esmtp = esmtp;
    s->after_helo = true;
    client_study_helo(s->base.study, s->helo);
    if (s->base.proxy->drops_at[PHASE_HELO])
        session_await(&s->base, PHASE_HELO, judge_helo);
    else
        judge_helo(&s->base);
}

/* ---- STARTTLS ---- */

static void start_tls(struct smtp_session *s)
{
    SSL *ssl = tls_accept(s->base.proxy->tls, s->base.listener, s->base.protocol->alpn);
    if (!ssl) {
        smtp_say(s, 454, "4.7.0", "TLS is not available now");
        return;
    }
    smtp_say(s, 220, "2.0.0", "ready to start TLS");
    if (s->base.state == SESSION_CLOSING) {
        SSL_free(ssl);
        return;
    }
    s->base.starting_tls = true;
    session_secure(&s->base, ssl);
}

void smtp_take_starttls(struct smtp_session *s)
{
    if (smtp_is_encrypted(s)) {
        smtp_error(s, 503, "5.5.1", "TLS is active already");
    } else if (smtp_foreign_offers(s)) {
        smtp_foreign_start(s);
    } else if (s->base.listener->foreign_tls != FOREIGN_TLS_UNSAID) {
        session_tell_not_passed(&s->base, "", "STARTTLS was not offered");
        smtp_error(s, 454, "4.7.0", "TLS is not available here");
    } else if (!may_start_tls(s)) {
        smtp_error(s, 502, "5.5.1", "TLS is not available");
    } else {
        start_tls(s);
    }
}
