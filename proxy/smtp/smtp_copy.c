/* SPDX-License-Identifier: ISC
 * Copies go the same way as what is held, and leave at once: from nobody, since its sender should not
 * hear of one that cannot be delivered. */
#include "proxy/smtp/smtp_aside.h"
#include "proxy/smtp/smtp_hold.h"

enum { ENVELOPE_MAX = 1024 * 1024, COPY_REST = 5 /* seconds */ };

static struct hold_recipient copy_for(const struct smtp_session *s, const struct verdict *v,
                                      struct slice address, struct slice why)
{
    return (struct hold_recipient){.address = address,
                                   .domain = slice_from(address, slice_rfind(address, '@') + 1),
                                   .why = why,
                                   .rule = smtp_rule(s, v),
                                   .age = (uint64_t)s->base.proxy->config->settings.quarantine_age /
                                          1000,
                                   .copy = COPY_REST};
}

static bool is_among(const struct leaving *leaving, struct slice address)
{
    for (size_t i = 0; i < leaving->count; i++)
        if (slice_ieq(leaving->all[i].address, address))
            return true;
    return false;
}

bool smtp_leaves_for(struct smtp_session *s, struct leaving *leaving, const struct verdict *v,
                     struct slice address, struct slice why)
{
    if (is_among(leaving, address))
        return true;
    struct hold_recipient *all =
        arena_grow(s->mail, leaving->all, leaving->count, &leaving->room, sizeof *all);
    if (!all)
        return false;
    leaving->all = all;
    all[leaving->count++] = copy_for(s, v, address, why);
    return true;
}

/* All that any of its recipients is to be copied to. False: out of memory. */
static bool tell_copies(struct smtp_session *s, struct hold_request *request)
{
    const struct transaction *t = s->t;
    struct leaving leaving = {0};
    for (size_t i = 0; i < t->recipient_count; i++) {
        const struct verdict *v = &t->recipients[i].verdict;
        bool kept = smtp_is_kept_for(&t->recipients[i]);
        for (size_t k = 0; kept && k < v->copy_count; k++)
            if (!smtp_leaves_for(s, &leaving, v, v->copies[k], SLICE("copy")))
                return false;
    }
    leaving_tell(&leaving, request);
    return true;
}

/* Who has it besides stands in the copy: blind recipients as well. ptr NULL: out of memory. */
static struct slice envelope_fields(struct smtp_session *s)
{
    const struct transaction *t = s->t;
    struct buf out = buf_init(ENVELOPE_MAX);
    buf_printf(&out, "X-Envelope-From: <%.*s>\r\n", SLICE_ARGS(t->sender.address));
    for (size_t i = 0; i < t->recipient_count; i++)
        if (smtp_is_kept_for(&t->recipients[i]))
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

bool smtp_copy_tell(struct smtp_session *s, struct hold_request *request)
{
    if (!tell_copies(s, request))
        return false;
    tell_envelope(s, request);
    return true;
}

bool smtp_copy_wanted(const struct smtp_session *s)
{
    const struct transaction *t = s->t;
    for (size_t i = 0; i < t->recipient_count; i++)
        if (smtp_is_kept_for(&t->recipients[i]) && t->recipients[i].verdict.copy_count > 0)
            return true;
    return false;
}
