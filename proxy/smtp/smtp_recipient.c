/* SPDX-License-Identifier: ISC
 * RCPT: is it one of our domains, does the recipient exist,
 * what do the rules say that need no message. */
#include "proxy/smtp/smtp_recipient.h"

#include "proxy/examine/listed.h"
#include "proxy/session/session_way.h"
#include "proxy/smtp/smtp_answer.h"
#include "proxy/smtp/smtp_asked.h"
#include "proxy/smtp/smtp_batv.h"
#include "proxy/smtp/smtp_delivered.h"
#include "proxy/smtp/smtp_facts.h"
#include "proxy/smtp/smtp_login.h"
#include "proxy/smtp/smtp_recipient_internal.h"
#include "proxy/smtp/smtp_retry.h"
#include "proxy/smtp/smtp_teach.h"
#include "proxy/smtp/smtp_transaction.h"

#include <string.h>

static const struct config *config_of(const struct smtp_session *s)
{
    return s->base.proxy->config;
}

bool smtp_recipient_may_be_refused(struct smtp_session *s, unsigned code)
{
    if (code / 100 != 5 ||
        ++s->refused_recipients <= config_of(s)->settings.limits_refused_recipients)
        return true;
    smtp_close(s, 421, "4.7.0", "too many recipients that were refused");
    return false;
}

void smtp_recipient_refuse(struct smtp_session *s, unsigned code, const char *enhanced,
                           const char *text)
{
    if (smtp_recipient_may_be_refused(s, code))
        smtp_say(s, code, enhanced, text);
}

/* Room for one more, in the transaction's arena. */
static struct recipient *new_recipient(struct smtp_session *s)
{
    struct transaction *t = s->t;
    struct recipient *all =
        arena_grow(s->mail, t->recipients, t->recipient_count, &t->recipient_room, sizeof *all);
    if (!all)
        return NULL;
    t->recipients = all;
    struct recipient *r = &t->recipients[t->recipient_count];
    memset(r, 0, sizeof *r);
    return r;
}

/* ---- what the rules say ---- */

static void count(const struct smtp_session *s, const struct recipient *r)
{
    const struct value *met = &r->known.greylist[0];
    bool defer = r->verdict.action == ACTION_DEFER;
    session_count(&s->base, defer ? COUNTER_DEFERRED : COUNTER_REFUSED);
    if (defer && met->state == VALUE_KNOWN && !met->truth)
        session_count(&s->base, COUNTER_GREYLISTED);
}

/* Whether the rules that need no message let it through; else it is refused, and told so. */
static bool rules_accept(struct smtp_session *s, const struct recipient *r)
{
    if (!r->decided)
        return true;
    if (judge_refuses(&r->verdict))
        count(s, r);
    switch (r->verdict.action) {
    case ACTION_DROP:
        session_refuse(&s->base, &r->verdict);
        return false;
    case ACTION_REJECT:
    case ACTION_DEFER:
        if (smtp_recipient_may_be_refused(s, r->verdict.code))
            smtp_refuse(s, &r->verdict);
        return false;
    default:
        return true;
    }
}

/* ---- RCPT ---- */

static void needs_its_own(struct smtp_session *s, const struct backend *backend, unsigned group)
{
    smtp_retry_turned_away(s, backend, group);
    smtp_say(s, 452, "4.5.3", "this recipient needs a transaction of its own");
}

/* One transaction goes to one backend. */
static bool fits_backend(struct smtp_session *s, const struct backend *backend)
{
    if (s->t->recipient_count == 0)
        s->t->backend = backend;
    if (s->t->backend == backend)
        return true;
    needs_its_own(s, backend, 0);
    return false;
}

/* And to recipients who fared alike when it was tried before. */
static bool fits_group(const struct smtp_session *s, const struct recipient *r)
{
    return s->t->recipient_count == 0 || s->t->recipients[0].earlier.group == r->earlier.group;
}

/* <postmaster> without a domain means ours (RFC 5321 4.5.1). */
static struct slice domain_of(const struct smtp_session *s, const struct smtp_path *path)
{
    bool ours = path->domain.len == 0 && slice_ieq(path->local, SLICE("postmaster"));
    return ours ? smtp_own_domain(s) : path->domain;
}

static bool keep_params(struct smtp_session *s, struct smtp_rcpt_params *params)
{
    params->notify = arena_copy(s->rcpt, params->notify);
    params->orcpt = smtp_xtext(s->rcpt, params->orcpt);
    return params->notify.ptr && params->orcpt.ptr;
}

static struct recipient *in_question(struct smtp_session *s)
{
    return &s->t->recipients[s->t->recipient_count];
}

static void refuse_unknown(struct smtp_session *s)
{
    examination_unknown_recipient(&s->t->message);
    smtp_recipient_refuse(s, 550, "5.1.1", "no such user here");
}

static void replied(struct smtp_session *s)
{
    if (s->t->job_running)
        return;
    smtp_recipient_answered(s);
    session_go_on(&s->base);
}

static void act(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    struct recipient *r = in_question(s);
    bool accepted = rules_accept(s, r);
    if (accepted && r->unknown)
        refuse_unknown(s);
    else if (accepted)
        smtp_recipient_check(s, r);
    replied(s);
}

/* Nothing would be said or done here because of what SPF says: it is found out with the message, for
 * which a scanner is asked anyway. */
static bool spf_may_come_later(const struct smtp_session *s, const struct recipient *r)
{
    const struct facts *facts = &s->t->message.facts;
    const struct value *met = &facts->fact[FACT_GREYLIST_KNOWN];
    bool is_known = met->state == VALUE_KNOWN && met->truth;
    return !r->decided && r->verdict.rule < 0 && !r->unknown &&
           (is_known || !smtp_wants(s)[PRODUCER_GREYLIST]) &&
           !policy_could_use(config_of(s)->policy, facts, PRODUCER_SPF, PHASE_RCPT);
}

static void judge(struct session *base);

/* A domain that has passed is one more name that the client may be known by. */
static void judge_with_spf(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    struct examination *e = &s->t->message;
    if (smtp_wants(s)[PRODUCER_GREYLIST] && e->state && examination_authenticated(e).len)
        examination_greylist(e, in_question(s)->path.spelled);
    session_await(base, PHASE_RCPT, judge);
}

/* All is known that rules without a message could ask for, but SPF perhaps. */
static void judge(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    struct recipient *r = in_question(s);
    r->verdict = (struct verdict){.rule = -1};
    if (s->base.proxy->acts_at[PHASE_RCPT]) {
        smtp_facts(s, PHASE_RCPT);
        s->t->message.facts.fact[FACT_RECIPIENT] = value_text(r->path.spelled);
        listed_facts(&s->t->message, r->path.spelled);
        r->decided = policy_evaluate(config_of(s)->policy, &s->t->message.facts, PHASE_RCPT,
                                     s->rcpt, &r->verdict) == OUTCOME_DECIDED;
    }
    if (examination_spf_waits(&s->t->message) && !spf_may_come_later(s, r)) {
        examination_needs_spf(&s->t->message);
        session_await(base, PHASE_RCPT, judge_with_spf);
        return;
    }
    examination_keep_recipient(&s->t->message, s->rcpt, &r->known);
    session_tarpit(&s->base, r->verdict.delay, &s->t->delayed, act);
}

/* Greylisting knows a domain that SPF has passed for: so it is asked behind that. */
static void ask_redis(struct smtp_session *s)
{
    smtp_facts(s, PHASE_RCPT);
    examination_recipient(&s->t->message, in_question(s)->path.spelled);
    session_await(&s->base, PHASE_RCPT, judge);
}

static bool asks_redis(const struct smtp_session *s)
{
    const bool *wants = smtp_wants(s);
    return wants[PRODUCER_GREYLIST] || wants[PRODUCER_CONTACT] || wants[PRODUCER_ANSWERED] ||
           wants[PRODUCER_RATE];
}

/* The server's reply to an earlier try of this message was this recipient's alone. */
static void tell_own_reply(struct smtp_session *s, const struct recipient *r)
{
    smtp_retry_told(s, r);
    smtp_recipient_pass_on(s, r, &r->earlier.reply);
    replied(s);
}

static void recalled(struct session *base)
{
    struct smtp_session *s = smtp_of(base);
    struct recipient *r = in_question(s);
    smtp_delivered_recall(s, r);
    if (smtp_retry_has_reply(s, r)) {
        tell_own_reply(s, r);
    } else if (smtp_retry_lets_others_go_first(s, r) || !fits_group(s, r)) {
        needs_its_own(s, s->t->backend, r->earlier.group);
        replied(s);
    } else {
        if (asks_redis(s))
            ask_redis(s);
        else
            judge(&s->base);
    }
}

static void recall(struct session *base)
{
    smtp_retry_recall(smtp_of(base), recalled);
}

static void study(struct smtp_session *s)
{
    if (asks_redis(s) || s->base.proxy->acts_at[PHASE_RCPT])
        session_await(&s->base, PHASE_RCPT, recall);
    else
        recall(&s->base);
}

static bool same_params(const struct smtp_rcpt_params *a, const struct smtp_rcpt_params *b)
{
    return slice_eq(a->notify, b->notify) && slice_eq(a->orcpt, b->orcpt);
}

/* Named twice, he is one recipient: a server that refuses the second naming would have us tell the
 * first one so. */
static bool is_there_already(const struct smtp_session *s, const struct recipient *r, size_t *at)
{
    for (*at = 0; *at < s->t->recipient_count; ++*at)
        if (slice_eq(s->t->recipients[*at].path.spelled, r->path.spelled) &&
            same_params(&s->t->recipients[*at].job.params, &r->job.params))
            return true;
    return false;
}

/* Whether it has been answered, as its mail is for nobody but to learn from. */
static bool is_answered_as_teacher(struct smtp_session *s, const struct recipient *r, bool ours)
{
    switch (smtp_teach_recipient(s, &r->path, ours)) {
    case TEACH_NOT:
        return false;
    case TEACH_TAKEN:
        examination_needs_spf(&s->t->message); /* no scanner is asked about such a message */
        smtp_asked_note(s, ASKED_TAUGHT, s->t->taught_count - 1);
        break;
    case TEACH_ALONE:
        smtp_say(s, 452, "4.5.3", "this recipient needs a transaction of its own");
        break;
    case TEACH_FORBIDDEN:
        examination_unknown_recipient(&s->t->message);
        smtp_recipient_refuse(s, 550, "5.7.1", "this address takes no mail from you");
        break;
    case TEACH_NO_MEMORY:
        smtp_say(s, 452, "4.3.1", "out of memory");
        break;
    }
    return true;
}

/* Where mail for anywhere goes; NULL: there is no such here. */
static const struct backend *way_out(const struct smtp_session *s)
{
    const struct backend *relay = s->base.listener->relay;
    return !relay && s->submitter ? s->submitter->backend : relay;
}

static void consider(struct smtp_session *s, struct recipient *r)
{
    const struct config *config = config_of(s);
    size_t same;
    if (is_there_already(s, r, &same)) {
        s->t->recipients[same].bore_tag |= r->bore_tag;
        smtp_asked_note(s, ASKED_RECIPIENT, same);
        return;
    }
    const struct backend *relay = way_out(s), *wanted = session_destination(&s->base);
    const struct domain *domain = relay ? NULL : config_domain(config, r->path.name);
    const struct backend *backend = domain ? domain->backend : relay;
    if (backend && wanted)
        backend = wanted;
    if (is_answered_as_teacher(s, r, domain != NULL))
        return;
    r->unknown = domain && domain->recipients && !is_postmaster(r->path.address) &&
                 !table_holds_text(domain->recipients, r->path.spelled);
    bool asked = smtp_is_asked(s);
    if (!backend && !asked)
        smtp_recipient_refuse(s, 550, "5.7.1", "relaying denied");
    else if (asked || (fits_backend(s, backend) && smtp_recipient_fits(s, r, backend)))
        study(s);
}

static void take(struct smtp_session *s, struct slice argument)
{
    const char *why = "malformed address";
    struct smtp_path path;
    struct smtp_rcpt_params params;
    if (!smtp_path(&argument, &path, &why) || path.address.len == 0) {
        smtp_error(s, 501, "5.1.3", why);
        return;
    }
    enum smtp_params_result result = smtp_rcpt_params(argument, &params);
    if (result != SMTP_PARAMS_OK || (!s->offered.dsn && params.notify.len + params.orcpt.len)) {
        smtp_error(s, result == SMTP_PARAMS_SYNTAX ? 501 : 555, "5.5.4",
                   "parameter of RCPT not supported");
        return;
    }
    if (smtp_recipients(s->t) >= config_of(s)->settings.limits_recipients) {
        smtp_say(s, 452, "4.5.3", "too many recipients");
        return;
    }
    if (path.utf8 && !s->t->mail.utf8) {
        smtp_error(s, 553, "5.6.7", "an address that is not ASCII needs SMTPUTF8");
        return;
    }
    struct slice domain = domain_of(s, &path);
    if (domain.len == 0) {
        smtp_recipient_refuse(s, 501, "5.1.3", "the address needs a domain");
        return;
    }
    struct recipient *r = new_recipient(s);
    bool bore_tag;
    if (!r || !smtp_path_keep(s->rcpt, domain, &path) ||
        !smtp_batv_recipient(s, &path, &bore_tag) || !keep_params(s, &params)) {
        smtp_say(s, 452, "4.3.1", "out of memory");
        return;
    }
    r->path = path;
    r->bore_tag = bore_tag;
    r->job = (struct job_recipient){.address = path.address, .params = params};
    s->t->asked_for = path.address;
    consider(s, r);
}

void smtp_recipient(struct smtp_session *s, struct slice argument)
{
    s->t->asked_for = argument;
    take(s, argument);
    if (s->base.state != SESSION_BUSY)
        smtp_recipient_answered(s);
}
