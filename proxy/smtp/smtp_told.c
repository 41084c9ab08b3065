/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_told.h"

#include "proxy/session/session_told.h"
#include "proxy/smtp/smtp_login.h"
#include "proxy/smtp/smtp_session.h"

struct told_client smtp_told_client(void *session)
{
    const struct smtp_session *s = session;
    struct told_client client = session_told_client(&s->base);
    client.helo = s->helo;
    client.esmtp = s->esmtp;
    client.login = s->submitter ? slice_of(s->submitter->user) : SLICE("");
    return client;
}

static bool tells_clients(const struct backend *backend)
{
    for (size_t i = 0; i < backend->server_count; i++)
        if (backend->servers[i].client_by != CLIENT_BY_NOTHING)
            return true;
    return false;
}

const struct told_client *smtp_told(struct smtp_session *s, const struct backend *backend)
{
    if (!tells_clients(backend))
        return NULL;
    s->t->client = smtp_told_client(s);
    return &s->t->client;
}
