/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_transaction.h"

#include "proxy/smtp/smtp_hold.h"
#include "proxy/smtp/smtp_retry.h"
#include "proxy/smtp/smtp_server.h"
#include "proxy/smtp/smtp_sign.h"
#include "proxy/smtp/smtp_teach.h"

#include <stdio.h>
#include <string.h>

enum { NOT_TOLD = 451 /* whoever has heard no reply comes again */ };

void smtp_drop_body(struct smtp_session *s)
{
    struct transaction *t = s->t;
    edited_free(&t->edited);
    examination_drop_body(&t->message);
}

struct slice smtp_own_domain(const struct smtp_session *s)
{
    const struct config *config = s->base.proxy->config;
    return config->domain_count ? config->domains[0].name.text : SLICE("");
}

void smtp_refer_to_session(struct smtp_session *s)
{
    snprintf(s->ref, sizeof s->ref, "%s", s->base.id);
}

void smtp_reset(struct smtp_session *s)
{
    struct transaction *t = s->t;
    if (!t)
        return;
    if (!t->open && !t->message.spool && !t->job_running) {
        t->message.facts = (struct facts){.keyed = NULL};
        arena_reset(s->mail);
        return;
    }
    bool alone = t->job_running && smtp_server_forget(s);
    holding_end(&t->holding);
    smtp_teach_end(s);
    smtp_sign_end(s);
    smtp_hold_over(s, NOT_TOLD);
    smtp_retry_over(s);
    session_forget_waiting(&s->base);
    s->base.message = NULL;
    edited_free(&t->edited);
    examination_account_over(&t->message, &(struct state_sending_end){.put_off = true});
    examination_end(&t->message);
    if (t->delivering && !alone)
        shared_doubt_end(s->base.proxy->shared, s->base.proxy->row, t->job.doubt);
    memset(t, 0, sizeof *t);
    smtp_refer_to_session(s);
    arena_reset(s->mail);
    arena_reset(s->rcpt);
}
