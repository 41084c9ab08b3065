/* SPDX-License-Identifier: ISC
 * Who gets the message instead, or as well: as those would whom it is delivered to, with what rules
 * changed in it. It leaves by the keeper, as copies do. */
#include "proxy/smtp/smtp_aside.h"
#include "proxy/smtp/smtp_banner.h"
#include "proxy/smtp/smtp_fields.h"

#include <fcntl.h>

/* ---- to whom ---- */

static const struct verdict *redirected(const struct smtp_session *s)
{
    for (size_t i = 0; i < s->t.recipient_count; i++)
        if (s->t.recipients[i].verdict.action == ACTION_REDIRECT)
            return &s->t.recipients[i].verdict;
    return NULL;
}

bool smtp_redirect_wanted(const struct smtp_session *s)
{
    return redirected(s) != NULL;
}

bool smtp_redirect_tell(struct smtp_session *s, struct hold_request *request)
{
    struct leaving leaving = {0};
    for (size_t i = 0; i < s->t.recipient_count; i++) {
        const struct verdict *v = &s->t.recipients[i].verdict;
        if (v->action == ACTION_REDIRECT &&
            !smtp_leaves_for(s, &leaving, v, v->held_as, SLICE("redirect")))
            return false;
    }
    leaving_tell(&leaving, request);
    return true;
}

bool smtp_bcc_wanted(const struct smtp_session *s)
{
    for (size_t i = 0; i < s->t.recipient_count; i++)
        if (smtp_is_kept_for(&s->t.recipients[i]) && s->t.recipients[i].verdict.bcc_count > 0)
            return true;
    return false;
}

/* The sender is not to hear of somebody of whom he does not know. */
bool smtp_bcc_tell(struct smtp_session *s, struct hold_request *request)
{
    struct leaving leaving = {0};
    request->sender = request->ret = request->envid = SLICE("");
    for (size_t i = 0; i < s->t.recipient_count; i++) {
        const struct verdict *v = &s->t.recipients[i].verdict;
        bool kept = smtp_is_kept_for(&s->t.recipients[i]);
        for (size_t k = 0; kept && k < v->bcc_count; k++)
            if (!smtp_leaves_for(s, &leaving, v, v->bccs[k], SLICE("bcc")))
                return false;
    }
    leaving_tell(&leaving, request);
    return true;
}

/* ---- what ---- */

/* Without the final dot, which is behind `size`. */
static bool append_pieces(struct spool *spool, const struct edited *edited)
{
    uint64_t left = edited->size;
    for (size_t i = 0; i < edited->count && left > 0; i++) {
        size_t length = edited->pieces[i].iov_len;
        struct slice piece = {edited->pieces[i].iov_base, length < left ? length : (size_t)left};
        if (!spool_append(spool, piece))
            return false;
        left -= piece.len;
    }
    return true;
}

/* Our fields stand in front of it when it leaves. */
static int message_with(struct smtp_session *s, const struct verdict *v)
{
    struct transaction *t = &s->t;
    struct edited edited = {0};
    struct edit_input input = {.message = spool_bytes(t->message.spool),
                               .authserv_id = SLICE(""),
                               .trace = SLICE(""),
                               .edits = v->edits,
                               .edit_count = v->edit_count,
                               .parts = t->message.parts,
                               .part_count = t->message.part_count};
    struct spool *spool = spool_new(0);
    bool made = spool && input.message.ptr && smtp_banner(s, v, &input) &&
                edits_apply(s->mail, &input, &edited) && append_pieces(spool, &edited);
    int fd = made ? spool_fd(spool) : -1;
    int ours = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
    edited_free(&edited);
    spool_free(&spool);
    return ours;
}

int smtp_redirected_message(struct smtp_session *s)
{
    return message_with(s, redirected(s));
}

int smtp_bcc_message(struct smtp_session *s)
{
    return message_with(s, s->t.verdict);
}
