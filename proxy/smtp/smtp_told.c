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
