/* SPDX-License-Identifier: ISC
 * What the keeper is to have of a message besides. What goes to somebody else instead must be on the
 * disk before its sender hears 250; what becomes of blind copies, copies as it came and the journal's
 * never holds the message up. */
#ifndef PROXY_SMTP_SMTP_ASIDE_H
#define PROXY_SMTP_SMTP_ASIDE_H

#include "filters/judge.h"
#include "proxy/smtp/smtp_session.h"

/* Whether any recipient's verdict wants something. */
bool smtp_wants_aside(const struct smtp_session *s);

/* Has the keeper take what is wanted, one after the other; then, in any case, smtp_hold_go_on. */
void smtp_aside(struct smtp_session *s);

/* Of one who is served, or for whom it is held, or goes elsewhere. */
static inline bool smtp_is_kept_for(const struct recipient *r)
{
    return r->verdict.action == ACTION_ACCEPT || judge_holds(&r->verdict);
}

/* ---- smtp_redirect.c: redirect to, bcc: the message as it would be delivered ---- */

bool smtp_redirect_wanted(const struct smtp_session *s);
bool smtp_bcc_wanted(const struct smtp_session *s);
/* False: out of memory. */
bool smtp_redirect_tell(struct smtp_session *s, struct hold_request *request);
bool smtp_bcc_tell(struct smtp_session *s, struct hold_request *request);

/* The message with the edits of who is redirected, or is to have it as well; in a sealed memfd, the
 * caller's. -1: it cannot be made. */
int smtp_redirected_message(struct smtp_session *s);
int smtp_bcc_message(struct smtp_session *s);

/* Whom it leaves for at once; all zeros: nobody yet. */
struct leaving {
    struct hold_recipient *all;
    size_t count, room;
};

/* One more, if he is not among them. False: out of memory. */
bool smtp_leaves_for(struct smtp_session *s, struct leaving *leaving, const struct verdict *v,
                     struct slice address, struct slice why);

static inline void leaving_tell(const struct leaving *leaving, struct hold_request *request)
{
    request->recipients = leaving->all;
    request->recipient_count = leaving->count;
}

/* ---- smtp_copy.c: copy to ---- */

bool smtp_copy_wanted(const struct smtp_session *s);
/* False: out of memory. */
bool smtp_copy_tell(struct smtp_session *s, struct hold_request *request);

/* ---- smtp_journal.c: journal ---- */

bool smtp_journal_wanted(const struct smtp_session *s);
bool smtp_journal_tell(struct smtp_session *s, struct hold_request *request);

#endif
