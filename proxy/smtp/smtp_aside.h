/* SPDX-License-Identifier: ISC
 * What the keeper is to have of a message besides: copies that leave, and the journal's. What becomes
 * of them never holds the message up. */
#ifndef PROXY_SMTP_SMTP_ASIDE_H
#define PROXY_SMTP_SMTP_ASIDE_H

#include "proxy/smtp/smtp_session.h"

/* Whether any recipient's verdict wants something. */
bool smtp_wants_aside(const struct smtp_session *s);

/* Has the keeper take what is wanted, one after the other; then, in any case, smtp_hold_go_on. */
void smtp_aside(struct smtp_session *s);

/* Of one who is served, or for whom it is held. */
static inline bool smtp_is_kept_for(const struct recipient *r)
{
    return r->verdict.action == ACTION_ACCEPT || r->verdict.action == ACTION_QUARANTINE;
}

/* ---- smtp_copy.c: copy to ---- */

bool smtp_copy_wanted(const struct smtp_session *s);
/* False: out of memory. */
bool smtp_copy_tell(struct smtp_session *s, struct hold_request *request);

/* ---- smtp_journal.c: journal ---- */

bool smtp_journal_wanted(const struct smtp_session *s);
bool smtp_journal_tell(struct smtp_session *s, struct hold_request *request);

#endif
