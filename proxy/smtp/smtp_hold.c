/* SPDX-License-Identifier: ISC
 * What is held is held first: only then is the server behind asked to take it for others. Should it
 * not take it for all, the sender comes again, and the keeper recognises what it has; should we
 * refuse all for good after all, nothing is held. */
#include "proxy/smtp/smtp_hold.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/session/session_way.h"
#include "proxy/smtp/smtp_aside.h"
#include "proxy/smtp/smtp_deliver.h"
#include "proxy/smtp/smtp_fields.h"
#include "proxy/smtp/smtp_finish.h"
#include "proxy/smtp/smtp_record.h"

#include <string.h>

enum { HOLD_MS = 30000 /* until the keeper must have it, at most */ };

static const struct config *config_of(const struct smtp_session *s)
{
    return s->base.proxy->config;
}

void smtp_hold_failed(struct smtp_session *s, const char *reason)
{
    if (s->t->edited.too_many) {
        smtp_finish_say(s, "reject", 550, "5.6.0",
                        "too many places in the message would have to be changed");
        return;
    }
    log_at(LEVEL_ERROR, s->ref, "message not held", field_str("reason", reason));
    smtp_finish_say(s, "defer", 451, "4.3.0", "the message cannot be kept now, try again later");
}

/* ---- what is asked ---- */

struct slice smtp_rule(const struct smtp_session *s, const struct verdict *v)
{
    return v->rule >= 0 ? policy_rule_info(config_of(s)->policy, (size_t)v->rule).name : SLICE("");
}

static struct hold_recipient describe(const struct smtp_session *s, const struct recipient *r)
{
    const struct domain *domain = config_domain(config_of(s), r->path.name);
    int64_t age =
        domain && domain->held_age ? domain->held_age : config_of(s)->settings.quarantine_age;
    return (struct hold_recipient){.address = r->path.address,
                                   .notify = r->job.params.notify,
                                   .orcpt = r->job.params.orcpt,
                                   .domain = r->path.name.text,
                                   .why = r->verdict.held_as,
                                   .rule = smtp_rule(s, &r->verdict),
                                   .age = (uint64_t)age / 1000,
                                   .room = domain ? domain->held_size : 0};
}

/* False: out of memory. */
static bool tell_recipients(struct smtp_session *s, struct hold_request *request)
{
    const struct transaction *t = s->t;
    struct hold_recipient *all = arena_array(s->mail, t->recipient_count, sizeof *all);
    for (size_t i = 0; all && i < t->recipient_count; i++)
        if (t->recipients[i].verdict.action == ACTION_QUARANTINE)
            all[request->recipient_count++] = describe(s, &t->recipients[i]);
    request->recipients = all;
    return all != NULL;
}

static struct slice client_of(struct smtp_session *s)
{
    char address[46];
    ip_text(&s->base.client, address);
    return arena_copy(s->mail, slice_of(address));
}

struct hold_request smtp_hold_request(struct smtp_session *s)
{
    const struct transaction *t = s->t;
    return (struct hold_request){.reference = slice_of(s->ref),
                                 .client = client_of(s),
                                 .sender = t->sender.address,
                                 .author = smtp_field(s, FACT_MESSAGE_FROM, SLICE("From")),
                                 .subject = smtp_field(s, FACT_MESSAGE_SUBJECT, SLICE("Subject")),
                                 .message_id = smtp_field(s, FACT_MESSAGE_ID, SLICE("Message-ID")),
                                 .fields = smtp_fields(s),
                                 .destination = session_destination_text(&s->base, s->mail),
                                 .ret = t->mail.ret,
                                 .envid = t->mail.envid,
                                 .utf8 = t->mail.utf8,
                                 .eight_bit = t->data.high};
}

bool smtp_hold_begin(struct smtp_session *s, struct hold_request *request, int message,
                     uint64_t *ticket, int64_t ms,
                     void (*done)(void *ctx, const struct hold_answer *answer), const char **reason)
{
    struct transaction *t = s->t;
    *reason = "out of memory";
    t->holding = (struct holding){.done = done, .ctx = s};
    request->ticket = *ticket = holding_ticket();
    if (message < 0 || !*ticket || !request->recipients || !request->fields.ptr ||
        arena_failed(s->mail) ||
        !holding_begin(&t->holding, s->base.proxy, request, message, ms, reason))
        return false;
    session_wait(&s->base);
    return true;
}

/* ---- the rest ---- */

void smtp_hold_go_on(struct smtp_session *s)
{
    if (s->t->to_deliver)
        smtp_deliver(s);
    else
        smtp_finish_say(s, action_info(s->t->verdict->action)->word, 250, "2.0.0", "accepted");
}

bool smtp_is_kept(const struct smtp_session *s, const struct ruling *ruling)
{
    return (ruling->kind == RULING_HOLD || ruling->kind == RULING_DELIVER) &&
           (ruling->holds > 0 || smtp_wants_aside(s));
}

/* ---- the quarantine ---- */

static void held(void *ctx, const struct hold_answer *answer)
{
    struct smtp_session *s = ctx;
    if (!answer->held) {
        smtp_hold_failed(s, answer->reason);
        return;
    }
    session_count(&s->base, COUNTER_HELD);
    smtp_aside(s);
}

/* The reply must not come later than it may because somebody else is slow. */
int64_t smtp_hold_patience(const struct smtp_session *s)
{
    int64_t left = s->t->ended + s->base.proxy->config->settings.timeouts_verdict - clock_ms();
    return left < 1 ? 1 : left < HOLD_MS ? left : HOLD_MS;
}

void smtp_hold(struct smtp_session *s, const struct ruling *ruling)
{
    const char *reason = "out of memory";
    struct hold_request request = smtp_hold_request(s);
    request.outbound = s->base.listener->direction == DIRECTION_OUTBOUND;
    if (s->base.listener->relay)
        request.relay = s->base.listener->relay->name;
    else if (s->submitter)
        request.relay = s->t->backend->name;
    if (session_destination(&s->base))
        request.led_to = s->t->backend->name;
    s->t->to_deliver = ruling->deliveries;
    bool told = tell_recipients(s, &request);
    if (told && request.recipient_count == 0)
        smtp_aside(s);
    else if (!told || !smtp_hold_begin(s, &request, spool_fd(s->t->message.spool),
                                       &s->t->held_ticket, smtp_hold_patience(s), held, &reason))
        smtp_hold_failed(s, reason);
}

/* Each ticket once. */
static void withdraw(const struct smtp_session *s, enum held_place place, uint64_t *ticket,
                     bool put_off)
{
    if (*ticket)
        holding_withdraw(s->base.proxy, place, *ticket, put_off);
    *ticket = 0;
}

void smtp_hold_over(struct smtp_session *s, unsigned code)
{
    struct transaction *t = s->t;
    if (code / 100 != 2) {
        withdraw(s, HELD_IN_QUARANTINE, &t->held_ticket, code / 100 != 5);
        withdraw(s, HELD_IN_QUARANTINE, &t->aside_tickets[ASIDE_REDIRECT], code / 100 != 5);
        withdraw(s, HELD_IN_QUARANTINE, &t->aside_tickets[ASIDE_BCC], false);
        withdraw(s, HELD_IN_QUARANTINE, &t->aside_tickets[ASIDE_COPY], false);
        withdraw(s, HELD_IN_JOURNAL, &t->aside_tickets[ASIDE_JOURNAL], false);
    }
    t->held_ticket = 0;
    memset(t->aside_tickets, 0, sizeof t->aside_tickets);
}
