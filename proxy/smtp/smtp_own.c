/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_own.h"

#include "proxy/session/session_way.h"
#include "proxy/smtp/smtp_private.h"

static bool open_for(struct smtp_session *s, struct smtp_job *job);

static void over(void *owner, bool early, const char *trouble)
{
    struct smtp_session *s = owner;
    (void)early, (void)trouble;
    s->own = NULL;
    s->own_backend = NULL;
}

static bool again(void *owner, struct smtp_job *job, bool same)
{
    if (same && !job->retried)
        job->tried = 0;
    job->retried = true;
    return open_for(owner, job);
}

static const struct smtp_private_owner hears = {.over = over, .again = again};

/* The next server, by priority. False: none is left. */
static bool open_for(struct smtp_session *s, struct smtp_job *job)
{
    const char *reason;
    const struct smtp_private_wish wish = {.backend = job->backend,
                                           .client = session_upstream_client(&s->base),
                                           .hears = &hears,
                                           .owner = s};
    s->own = smtp_private_open(s->base.proxy->backends, &wish, &job->tried, &reason);
    if (!s->own)
        return false;
    s->own_backend = job->backend;
    smtp_private_submit(s->own, job);
    return true;
}

bool smtp_own_is_open(const struct smtp_session *s, const struct backend *backend)
{
    return s->own && s->own_backend == backend;
}

void smtp_own_close(struct smtp_session *s)
{
    struct smtp_private *own = s->own;
    s->own = NULL;
    s->own_backend = NULL;
    if (own)
        smtp_private_close(own);
}

void smtp_own_ask(struct smtp_session *s)
{
    struct smtp_job *job = &s->t->job;
    job->tried = 0;
    job->retried = job->queued = false;
    if (smtp_own_is_open(s, job->backend)) {
        smtp_private_submit(s->own, job);
        return;
    }
    smtp_own_close(s);
    if (!open_for(s, job))
        smtp_pools_refuse(s->base.proxy->backends, job);
}

bool smtp_own_forget(struct smtp_session *s)
{
    struct smtp_private *own = s->own;
    if (s->t->job.queued)
        return smtp_pools_cancel(s->base.proxy->backends, &s->t->job);
    s->own = NULL;
    s->own_backend = NULL;
    return own && smtp_private_cancel(own);
}
