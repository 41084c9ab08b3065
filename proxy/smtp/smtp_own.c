/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_own.h"

#include "base/log.h"
#include "policy/table.h"
#include "proxy/session/session_log.h"
#include "proxy/session/session_way.h"
#include "proxy/smtp/smtp_asked.h"
#include "proxy/smtp/smtp_private.h"
#include "proxy/smtp/smtp_told.h"

static bool open_for(struct smtp_session *s, struct smtp_job *job);

/* Nobody waits for what it can do any more. */
static void go_on(struct smtp_session *s)
{
    void (*then)(struct session *) = s->own_then;
    s->own_then = NULL;
    if (then)
        then(&s->base);
}

static void ready(void *owner)
{
    go_on(owner);
}

static void log_trouble(struct smtp_session *s, const struct backend *backend, const char *reason)
{
    char client[46];
    ip_text(&s->base.client, client);
    if (session_logs(&s->base, LINE_TROUBLE))
        log_at(LEVEL_WARNING, s->ref, "server not reached", field_str("client", client),
               field_text("backend", backend->name), field_str("reason", reason));
}

static void over(void *owner, bool early, const char *trouble)
{
    struct smtp_session *s = owner;
    if (early)
        log_trouble(s, s->own_backend, trouble);
    s->own = NULL;
    s->own_backend = NULL;
    go_on(s);
}

static bool again(void *owner, struct smtp_job *job, bool same)
{
    if (same && !job->retried)
        job->tried = 0;
    job->retried = true;
    return open_for(owner, job);
}

static const struct smtp_private_owner hears = {
    .ready = ready, .over = over, .again = again, .whose = smtp_told_client};

/* To the next server, by priority. False: none is left. */
static bool open_to(struct smtp_session *s, const struct backend *backend, uint64_t *tried,
                    const char **reason)
{
    const struct smtp_private_wish wish = {.backend = backend,
                                           .client = session_upstream_client(&s->base),
                                           .hears = &hears,
                                           .owner = s};
    s->own = smtp_private_open(s->base.proxy->backends, &wish, tried, reason);
    s->own_backend = s->own ? backend : NULL;
    return s->own;
}

static bool open_for(struct smtp_session *s, struct smtp_job *job)
{
    const char *reason;
    if (!open_to(s, job->backend, &job->tried, &reason)) {
        if (!job->retried) /* else what went wrong is told already */
            log_trouble(s, job->backend, reason);
        return false;
    }
    smtp_private_submit(s->own, job);
    return true;
}

/* ---- what it can do ---- */

/* Where all mail for our domains goes; NULL: here and there. */
static const struct backend *only_backend(const struct config *config)
{
    const struct backend *only = config->domain_count ? config->domains[0].backend : NULL;
    for (size_t i = 0; i < config->domain_count; i++)
        if (config->domains[i].backend != only)
            return NULL;
    return only;
}

/* Where this client's mail goes, whomever it is for; NULL: that is not known yet. */
static const struct backend *sure_backend(const struct smtp_session *s)
{
    const struct listener *listener = s->base.listener;
    const struct backend *wanted = session_destination(&s->base);
    if (listener->submission || smtp_is_asked(s) ||
        (listener->relay && !table_holds_ip(listener->trusted, &s->base.client)))
        return NULL;
    if (wanted)
        return wanted;
    return listener->relay ? listener->relay : only_backend(s->base.proxy->config);
}

bool smtp_own_is_sure(const struct smtp_session *s)
{
    return s->own && s->own_backend == sure_backend(s);
}

void smtp_own_await(struct smtp_session *s, void (*then)(struct session *base))
{
    const struct backend *backend = s->esmtp ? sure_backend(s) : NULL;
    const char *reason;
    uint64_t tried = 0;
    bool asks = backend && backend_is_original(backend) && s->base.local_port && !s->own;
    if (!asks || !open_to(s, backend, &tried, &reason)) {
        then(&s->base);
        return;
    }
    s->own_then = then;
    session_wait(&s->base);
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
    s->own_then = NULL;
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
