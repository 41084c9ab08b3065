/* SPDX-License-Identifier: ISC
 * Copies go the same way as what is held, and leave at once: from nobody, since its sender should not
 * hear of one that cannot be delivered. What becomes of them never holds the message up. */
#include "proxy/smtp/smtp_copy.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/smtp/smtp_hold.h"

enum {
    COPY_MS = 2000,  /* until the keeper must have it */
    REST_MS = 10000, /* that a keeper which had it not is not asked again */
    ENVELOPE_MAX = 1024 * 1024,
};

static int64_t asked_again_at; /* clock_ms; 0: the keeper is well */

static void no_copy(struct smtp_session *s, const char *reason)
{

    log_at(LEVEL_ERROR, s->ref, "no copy is kept", field_str("reason", reason));
    session_count(&s->base, COUNTER_COPIES_LOST);
    smtp_hold_go_on(s);
}

static void copied(void *ctx, const struct hold_answer *answer)
{
    struct smtp_session *s = ctx;
    bool silent = !answer->held && answer->reason != answer->text;
    if (silent)
        asked_again_at = clock_ms() + REST_MS;
    if (!answer->held) {
        no_copy(s, answer->reason);
        return;
    }
    asked_again_at = 0;
    s->t.copies = holding_kept(answer);
    smtp_hold_go_on(s);
}

static bool is_kept(const struct verdict *v)
{
    return v->action == ACTION_ACCEPT || v->action == ACTION_QUARANTINE;
}

static struct hold_recipient copy_for(const struct smtp_session *s, const struct verdict *v,
                                      struct slice address)
{
    return (struct hold_recipient){.address = address,
                                   .domain = slice_from(address, slice_rfind(address, '@') + 1),
                                   .why = SLICE("copy"),
                                   .rule = smtp_rule(s, v),
                                   .age = (uint64_t)s->base.proxy->config->settings.quarantine_age /
                                          1000,
                                   .copy = true};
}

static bool is_among(const struct hold_request *request, struct slice address)
{
    for (size_t i = 0; i < request->recipient_count; i++)
        if (slice_ieq(request->recipients[i].address, address))
            return true;
    return false;
}

/* All that any of its recipients is to be copied to. False: out of memory. */
static bool tell_copies(struct smtp_session *s, struct hold_request *request)
{
    const struct transaction *t = &s->t;
    struct hold_recipient *all = NULL;
    size_t room = 0;
    for (size_t i = 0; i < t->recipient_count; i++) {
        const struct verdict *v = &t->recipients[i].verdict;
        for (size_t k = 0; is_kept(v) && k < v->copy_count; k++) {
            if (is_among(request, v->copies[k]))
                continue;
            all = arena_grow(s->mail, all, request->recipient_count, &room, sizeof *all);
            if (!all)
                return false;
            all[request->recipient_count++] = copy_for(s, v, v->copies[k]);
            request->recipients = all;
        }
    }
    return true;
}

/* Who has it besides stands in the copy: blind recipients as well. ptr NULL: out of memory. */
static struct slice envelope_fields(struct smtp_session *s)
{
    const struct transaction *t = &s->t;
    struct buf out = buf_init(ENVELOPE_MAX);
    buf_printf(&out, "X-Envelope-From: <%.*s>\r\n", SLICE_ARGS(t->sender.address));
    for (size_t i = 0; i < t->recipient_count; i++)
        if (is_kept(&t->recipients[i].verdict))
            buf_printf(&out, "X-Envelope-To: <%.*s>\r\n",
                       SLICE_ARGS(t->recipients[i].path.address));
    struct slice fields =
        out.failed ? (struct slice){NULL, 0} : arena_copy(s->mail, buf_slice(&out));
    buf_release(&out);
    return fields;
}

/* The same octets for somebody else are another copy: the journal is to tell of each. */
static void tell_envelope(struct smtp_session *s, struct hold_request *request)
{
    struct slice envelope = envelope_fields(s), ours = request->fields;
    request->fields = (struct slice){NULL, 0};
    if (envelope.ptr && ours.ptr)
        request->fields = arena_printf(s->mail, "%.*s%.*s", SLICE_ARGS(envelope), SLICE_ARGS(ours));
    request->apart = envelope;
    request->sender = request->ret = request->envid = SLICE("");
}

void smtp_copy(struct smtp_session *s)
{
    const char *reason = "out of memory";
    struct hold_request request = smtp_hold_request(s);
    if (!tell_copies(s, &request)) {
        no_copy(s, reason);
        return;
    }
    if (request.recipient_count == 0) {
        smtp_hold_go_on(s);
        return;
    }
    if (asked_again_at > clock_ms()) {
        no_copy(s, "the keeper has not taken the one before");
        return;
    }
    asked_again_at = 0;
    tell_envelope(s, &request);
    if (!smtp_hold_begin(s, &request, COPY_MS, copied, &reason))
        no_copy(s, reason);
}

bool smtp_is_copied(const struct smtp_session *s)
{
    const struct transaction *t = &s->t;
    for (size_t i = 0; i < t->recipient_count; i++)
        if (is_kept(&t->recipients[i].verdict) && t->recipients[i].verdict.copy_count > 0)
            return true;
    return false;
}
