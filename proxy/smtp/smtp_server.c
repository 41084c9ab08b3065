/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_server.h"

#include "proxy/smtp/smtp_own.h"
#include "proxy/smtp/smtp_pool.h"
#include "proxy/smtp/smtp_private.h"

void smtp_server_ask(struct smtp_session *s)
{
    if (s->private)
        smtp_private_submit(s->private, &s->t->job);
    else if (backend_is_own(s->t->job.backend))
        smtp_own_ask(s);
    else
        smtp_pools_submit(s->base.proxy->backends, &s->t->job);
}

bool smtp_server_forget(struct smtp_session *s)
{
    struct smtp_private *private = s->private;
    s->private = NULL;
    if (!private && backend_is_own(s->t->job.backend))
        return smtp_own_forget(s);
    return private ? smtp_private_cancel(private)
                   : smtp_pools_cancel(s->base.proxy->backends, &s->t->job);
}

struct smtp_capabilities smtp_server_can(const struct smtp_session *s,
                                         const struct backend *backend)
{
    if (s->private)
        return smtp_private_capabilities(s->private);
    if (smtp_own_is_open(s, backend))
        return smtp_private_capabilities(s->own);
    return smtp_pools_of(s->base.proxy->backends, backend);
}

struct smtp_capabilities smtp_server_offers(const struct smtp_session *s)
{
    return smtp_own_is_sure(s) ? smtp_private_capabilities(s->own)
                               : smtp_pools_common(s->base.proxy->backends, s->base.listener);
}

bool smtp_server_tells_all(const struct smtp_session *s)
{
    return !s->submitter && !backend_is_original(s->t->backend);
}
