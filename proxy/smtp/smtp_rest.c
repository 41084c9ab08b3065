/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_rest.h"

#include "base/memory.h"
#include "proxy/smtp/smtp_facts.h"

#include <stdlib.h>

/* Who logs in has a server behind that may speak at any time. */
static bool is_under_way(const struct smtp_session *s)
{
    const struct session *base = &s->base;
    bool speaks = base->state != SESSION_OPEN && base->state != SESSION_PASSING;
    return speaks || base->starting_tls || base->login || s->submitter || s->private || s->own ||
           s->t->open || s->t->job_running || s->t->message.spool;
}

static void give_back(struct smtp_session *s)
{
    s->was_judged = s->t->message.facts.fact[FACT_LISTENER].state != VALUE_PENDING;
    free(s->t);
    s->t = NULL;
    arena_release(s->mail);
    arena_release(s->rcpt);
}

void smtp_rest(struct smtp_session *s)
{
    if (s->t && is_under_way(s))
        return;
    if (s->t)
        give_back(s);
    client_study_rest(s->base.study);
}

bool smtp_wake(struct smtp_session *s)
{
    if (s->t)
        return true;
    s->t = calloc(1, sizeof *s->t);
    if (!s->t) {
        memory_was_refused();
        return false;
    }
    if (s->was_judged)
        smtp_facts(s, s->helo.len ? PHASE_HELO : PHASE_CONNECT);
    return true;
}
