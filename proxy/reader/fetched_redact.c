/* SPDX-License-Identifier: ISC */
#include "filters/mime/headers.h"
#include "filters/overlay.h"
#include "proxy/reader/fetched.h"

#include <stdlib.h>
#include <string.h>

enum { HOLD_MS = 30000 /* until the keeper must have it, at most */ };

static const struct config *config_of(const struct fetched *f)
{
    return f->reader->base.proxy->config;
}

static struct slice rule_of(const struct fetched *f)
{
    int rule = f->verdict.verdict.rule;
    return rule >= 0 ? policy_rule_info(config_of(f)->policy, (size_t)rule).name : SLICE("");
}

/* ---- overlaid ---- */

/* What stands where something was: why, and where to ask. */
static struct slice notice(struct fetched *f)
{
    struct slice rule = rule_of(f), why = f->verdict.verdict.text;
    struct slice text = arena_printf(
        f->reader->mail, "[Gatepost has removed this: %.*s%s%.*s. Reference %s]", SLICE_ARGS(rule),
        rule.len && why.len ? ": " : "", SLICE_ARGS(why), f->reader->ref);
    return text.ptr ? text : SLICE("[Gatepost has removed this]");
}

static bool overlay_message(struct fetched *f)
{
    struct slice message = spool_bytes(f->message.spool), text = notice(f);
    f->overlaid = message.ptr ? malloc(message.len + 1) : NULL;
    if (!f->overlaid)
        return false;
    memcpy(f->overlaid, message.ptr, message.len);
    for (size_t i = 0; i < f->message.redaction.count; i++)
        overlay(f->overlaid, message.len, f->message.redaction.overlays[i], text);
    return true;
}

void fetched_overlay_rest(struct fetched *f, char *octets, size_t len, size_t from)
{
    struct overlay_range rest = {.from = from, .to = len};
    overlay(octets, len, rest, notice(f));
}

/* ---- kept ---- */

/* Only now may the client be shown less than there is, and delete it. */
static void held(void *ctx, const struct hold_answer *answer)
{
    struct fetched *f = ctx;
    if (!answer->held) {
        f->owner->later(f, answer->reason);
        return;
    }
    session_count(&f->reader->base, COUNTER_HELD);
    f->owner->show(f, (struct slice){f->overlaid, spool_size(f->message.spool)});
}

static struct slice field(const struct fetched *f, const char *name)
{
    struct header header;
    struct slice block = headers_block(spool_bytes(f->message.spool), NULL);
    bool there = headers_find(block, slice_of(name), 0, &header);
    return there ? slice_sub(slice_trim(header.value), 0, 1024) : SLICE("");
}

static struct slice client_of(const struct reader *r)
{
    char address[46];
    ip_text(&r->base.client, address);
    return arena_copy(r->mail, slice_of(address));
}

static struct hold_recipient recipient_of(const struct fetched *f)
{
    const struct verdict *v = &f->verdict.verdict;
    struct slice mailbox = f->reader->mailbox;
    struct slice name = slice_from(mailbox, slice_rfind(mailbox, '@') + 1);
    struct domain_name domain;
    const struct domain *ours = domain_name_make(f->reader->mail, name, &domain)
                                    ? NULL
                                    : config_domain(config_of(f), domain);
    int64_t age = ours && ours->held_age ? ours->held_age : config_of(f)->settings.quarantine_age;
    return (struct hold_recipient){.address = mailbox,
                                   .domain = domain.text,
                                   .why = v->action == ACTION_QUARANTINE ? v->held_as
                                                                         : SLICE("redacted"),
                                   .rule = rule_of(f),
                                   .age = (uint64_t)age / 1000,
                                   .room = ours ? ours->held_size : 0};
}

static int64_t patience(const struct fetched *f)
{
    int64_t verdict = config_of(f)->settings.timeouts_verdict;
    return verdict < HOLD_MS ? verdict : HOLD_MS;
}

static void keep_original(struct fetched *f)
{
    struct reader *r = f->reader;
    const char *reason = "out of memory";
    struct hold_recipient recipient = recipient_of(f);
    struct hold_request request = {.reference = slice_of(r->ref),
                                   .client = client_of(r),
                                   .author = field(f, "From"),
                                   .subject = field(f, "Subject"),
                                   .message_id = field(f, "Message-ID"),
                                   .fields = SLICE(""),
                                   .eight_bit = true,
                                   .ticket = holding_ticket(),
                                   .recipients = &recipient,
                                   .recipient_count = 1};
    int message = spool_fd(f->message.spool);
    f->holding = (struct holding){.done = held, .ctx = f};
    session_wait(&r->base);
    if (message < 0 || !request.ticket || arena_failed(r->mail) ||
        !holding_begin(&f->holding, r->base.proxy, &request, message, patience(f), &reason))
        f->owner->later(f, reason);
}

static void located(struct session *base)
{
    struct fetched *f = reader_of(base)->fetched;
    if (!f->message.redaction.known)
        f->owner->later(f, "nobody knows where its parts stand");
    else if (overlay_message(f))
        keep_original(f);
    else
        f->owner->later(f, "out of memory");
}

void fetched_redact(struct fetched *f)
{
    examination_redact(&f->message, f->verdict.whole, f->verdict.parts, f->verdict.part_count);
    session_await(&f->reader->base, PHASE_MESSAGE, located);
}
