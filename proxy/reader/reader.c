/* SPDX-License-Identifier: ISC */
#include "proxy/reader/reader.h"

#include "proxy/reader/fetched.h"
#include "proxy/session/session_facts.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAIL_ARENA_MAX = 24 * 1024 * 1024 };

bool reader_open(struct reader *r, const struct reader_protocol *protocol)
{
    r->protocol = protocol;
    reader_refer(r);
    r->mail = arena_new(MAIL_ARENA_MAX);
    if (r->base.stream)
        stream_reads_secrets(r->base.stream, true);
    return r->mail && login_begin(&r->base, protocol->login, r->mail);
}

void reader_refer(struct reader *r)
{
    snprintf(r->ref, sizeof r->ref, "%s.%u", r->base.id, ++r->references);
}

void reader_refer_to_message(struct reader *r, uint32_t number)
{
    snprintf(r->ref, sizeof r->ref, "%s.m%u", r->base.id, number);
}

enum outcome reader_judge(struct session *base, enum phase phase, struct verdict *out)
{
    struct reader *r = reader_of(base);
    struct facts *facts = arena_alloc(r->mail, sizeof *facts);
    if (!facts)
        return OUTCOME_NO_MEMORY;
    facts->keyed = facts_keyed_new(r->mail, base->proxy->config->policy);
    session_facts(base, facts);
    session_client_facts(base, facts);
    return policy_evaluate(base->proxy->config->policy, facts, phase, r->mail, out);
}

bool reader_is_known(const struct session *base)
{
    return reader_is_logged_in((const struct reader *)base);
}

int64_t reader_patience(const struct session *base)
{
    const struct settings *settings = &base->proxy->config->settings;
    bool reads = reader_is_logged_in((const struct reader *)base);
    return reads ? settings->timeouts_mailbox : settings->timeouts_command;
}

void reader_show(const struct session *base, struct live_session *out)
{
    const struct reader *r = (const struct reader *)base;
    if (r->login.len)
        live_text(out->recipient, sizeof out->recipient, r->login);
    if (base->state == SESSION_BULK)
        live_text(out->doing, sizeof out->doing, SLICE("giving"));
    else if (r->fetched && r->fetched->message.begun)
        live_text(out->doing, sizeof out->doing, SLICE("judging"));
    out->octets = r->fetched ? fetched_size(r->fetched) : 0;
}

void reader_early(struct session *base)
{
    (void)base; /* impatience is no sign of anything here */
}
