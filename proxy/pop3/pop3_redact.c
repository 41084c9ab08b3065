/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "filters/mime/headers.h"
#include "filters/overlay.h"
#include "proxy/pop3/pop3_session.h"

#include <stdlib.h>
#include <string.h>

enum { HOLD_MS = 30000 /* until the keeper must have it, at most */ };

static const struct config *config_of(const struct pop3_session *s)
{
    return s->base.proxy->config;
}

/* ---- overlaid ---- */

/* What stands where something was: why, and where to ask. */
static struct slice notice(struct pop3_session *s)
{
    const struct verdict *v = &s->reading->verdict.verdict;
    struct slice rule =
        v->rule >= 0 ? policy_rule_info(config_of(s)->policy, (size_t)v->rule).name : SLICE("");
    struct slice text = arena_printf(
        s->mail, "[Gatepost has removed this: %.*s%s%.*s. Reference %s]", SLICE_ARGS(rule),
        rule.len && v->text.len ? ": " : "", SLICE_ARGS(v->text), s->ref);
    return text.ptr ? text : SLICE("[Gatepost has removed this]");
}

static bool copy_message(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    struct slice message = spool_bytes(r->message.spool);
    r->overlaid = message.ptr ? malloc(message.len + 1) : NULL;
    if (r->overlaid)
        memcpy(r->overlaid, message.ptr, message.len);
    return r->overlaid;
}

static bool overlay_message(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    struct slice text = notice(s);
    if (!copy_message(s))
        return false;
    for (size_t i = 0; i < r->message.redaction.count; i++)
        overlay(r->overlaid, spool_size(r->message.spool), r->message.redaction.overlays[i], text);
    return true;
}

bool pop3_redact_beginning(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    struct slice beginning = spool_bytes(r->beginning);
    struct slice header = headers_block(beginning, NULL);
    free(r->overlaid);
    r->overlaid = beginning.ptr ? malloc(beginning.len + 1) : NULL;
    if (!r->overlaid)
        return false;
    memcpy(r->overlaid, beginning.ptr, beginning.len);
    struct overlay_range all = {.from = header.len, .to = beginning.len};
    overlay(r->overlaid, beginning.len, all, notice(s));
    return true;
}

/* ---- kept ---- */

/* Only now may the client be shown less than there is, and delete it. */
static void held(void *ctx, const struct hold_answer *answer)
{
    struct pop3_session *s = ctx;
    if (!answer->held) {
        pop3_read_later(s, answer->reason);
        return;
    }
    session_count(&s->base, COUNTER_HELD);
    pop3_read_show(s, (struct slice){s->reading->overlaid, spool_size(s->reading->message.spool)});
}

static struct slice field(const struct pop3_session *s, const char *name)
{
    struct header header;
    struct slice block = headers_block(spool_bytes(s->reading->message.spool), NULL);
    bool there = headers_find(block, slice_of(name), 0, &header);
    return there ? slice_sub(slice_trim(header.value), 0, 1024) : SLICE("");
}

static struct slice client_of(struct pop3_session *s)
{
    char address[46];
    ip_text(&s->base.client, address);
    return arena_copy(s->mail, slice_of(address));
}

static struct hold_recipient recipient_of(struct pop3_session *s)
{
    const struct verdict *v = &s->reading->verdict.verdict;
    struct slice name = slice_from(s->mailbox, slice_rfind(s->mailbox, '@') + 1);
    struct domain_name domain;
    const struct domain *ours =
        domain_name_make(s->mail, name, &domain) ? NULL : config_domain(config_of(s), domain);
    int64_t age = ours && ours->held_age ? ours->held_age : config_of(s)->settings.quarantine_age;
    return (struct hold_recipient){
        .address = s->mailbox,
        .domain = domain.text,
        .why = v->held_as.len ? v->held_as : SLICE("redacted"),
        .rule =
            v->rule >= 0 ? policy_rule_info(config_of(s)->policy, (size_t)v->rule).name : SLICE(""),
        .age = (uint64_t)age / 1000,
        .room = ours ? ours->held_size : 0};
}

static int64_t hold_patience(const struct pop3_session *s)
{
    int64_t verdict = config_of(s)->settings.timeouts_verdict;
    return verdict < HOLD_MS ? verdict : HOLD_MS;
}

static void keep_original(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    const char *reason = "out of memory";
    struct hold_recipient recipient = recipient_of(s);
    struct hold_request request = {.reference = slice_of(s->ref),
                                   .client = client_of(s),
                                   .author = field(s, "From"),
                                   .subject = field(s, "Subject"),
                                   .message_id = field(s, "Message-ID"),
                                   .fields = SLICE(""),
                                   .eight_bit = true,
                                   .ticket = holding_ticket(),
                                   .recipients = &recipient,
                                   .recipient_count = 1};
    int message = spool_fd(r->message.spool);
    r->holding = (struct holding){.done = held, .ctx = s};
    session_wait(&s->base);
    if (message < 0 || !request.ticket || arena_failed(s->mail) ||
        !holding_begin(&r->holding, s->base.proxy, &request, message, hold_patience(s), &reason))
        pop3_read_later(s, reason);
}

static void located(struct session *base)
{
    struct pop3_session *s = pop3_of(base);
    if (!s->reading->message.redaction.known)
        pop3_read_later(s, "nobody knows where its parts stand");
    else if (overlay_message(s))
        keep_original(s);
    else
        pop3_read_later(s, "out of memory");
}

void pop3_redact(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    examination_redact(&r->message, r->verdict.whole, r->verdict.parts, r->verdict.part_count);
    session_await(&s->base, PHASE_MESSAGE, located);
}
