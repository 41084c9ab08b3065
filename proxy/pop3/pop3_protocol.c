/* SPDX-License-Identifier: ISC */
#include "proxy/pop3/pop3_protocol.h"

#include "proxy/pop3/pop3_session.h"
#include "proxy/session/session_facts.h"

#include <stdlib.h>

enum { MAIL_ARENA_MAX = 24 * 1024 * 1024 };

static bool open_pop3(struct session *base)
{
    struct pop3_session *s = pop3_of(base);
    pop3_refer(s);
    s->mail = arena_new(MAIL_ARENA_MAX);
    s->who = calloc(1, sizeof *s->who);
    stream_reads_secrets(base->stream, true);
    return s->mail && s->who;
}

static void close_pop3(struct session *base)
{
    struct pop3_session *s = pop3_of(base);
    pop3_read_end(s);
    spool_free(&s->capabilities);
    free(s->kept_back);
    free(s->recorded);
    pop3_login_end(s);
    pop3_upstream_free(&s->upstream);
    arena_free(&s->mail);
}

static enum outcome judge(struct session *base, enum phase phase, struct verdict *out)
{
    struct pop3_session *s = pop3_of(base);
    struct facts *facts = arena_alloc(s->mail, sizeof *facts);
    if (!facts)
        return OUTCOME_NO_MEMORY;
    facts->keyed = facts_keyed_new(s->mail, base->proxy->config->policy);
    session_facts(base, facts);
    session_client_facts(base, facts);
    return policy_evaluate(base->proxy->config->policy, facts, phase, s->mail, out);
}

static void refuse(struct session *base, const struct verdict *verdict)
{
    struct pop3_session *s = pop3_of(base);
    pop3_err(s, "[SYS/PERM]", verdict->text);
}

static void record(struct session *base, struct slice said)
{
    pop3_record_refusal(pop3_of(base), said, NULL);
}

static void greet(struct session *base)
{
    stream_printf(base->stream, "+OK %.*s %.*s\r\n", SLICE_ARGS(base->proxy->config->hostname),
                  SLICE_ARGS(base->listener->banner));
}

static void early(struct session *base)
{
    (void)base; /* impatience is no sign of anything here */
}

static int64_t patience(const struct session *base)
{
    const struct settings *settings = &base->proxy->config->settings;
    bool reads = ((const struct pop3_session *)base)->logged_in;
    return reads ? settings->timeouts_mailbox : settings->timeouts_command;
}

static size_t input(struct session *base, struct slice bytes)
{
    return pop3_take_line(pop3_of(base), bytes);
}

static void drained(struct session *base)
{
    struct pop3_session *s = pop3_of(base);
    if (s->reading && s->reading->pieces)
        pop3_give_drained(s);
    else
        pop3_relay_drained(s);
}

/* RFC 2595 4: what was said before does not count. */
static void secured(struct session *base)
{
    struct pop3_session *s = pop3_of(base);
    s->user = (struct slice){NULL, 0};
    s->utf8 = false;
    s->dialogue = POP3_COMMANDS;
}

static void slow(struct session *base)
{
    pop3_give_slow(pop3_of(base));
}

static void show(const struct session *base, struct live_session *out)
{
    const struct pop3_session *s = (const struct pop3_session *)base;
    if (s->login.len)
        live_text(out->recipient, sizeof out->recipient, s->login);
    if (base->state == SESSION_BULK)
        live_text(out->doing, sizeof out->doing, SLICE("giving"));
    else if (s->reading && s->reading->message.begun)
        live_text(out->doing, sizeof out->doing, SLICE("judging"));
    out->octets =
        s->reading && s->reading->message.spool ? spool_size(s->reading->message.spool) : 0;
}

/* Wherever a command is over: the mailbox stays as it is without QUIT (RFC 1939 6). */
static bool between(const struct session *base)
{
    (void)base;
    return true;
}

const struct mail_protocol pop3_protocol = {
    .alpn = "pop3",
    .size = sizeof(struct pop3_session),
    .farewells =
        {
            [BYE_TIMEOUT] = "-ERR [SYS/TEMP] timeout",
            [BYE_STOPPING] = "-ERR [SYS/TEMP] service is stopping, try again later",
            [BYE_ERRORS] = "-ERR too many errors",
            [BYE_COMMANDS] = "-ERR too many commands",
            [BYE_ALL_TAKEN] = "-ERR [SYS/TEMP] too many sessions, try again later",
            [BYE_CLIENT_TAKEN] = "-ERR [SYS/TEMP] too many sessions from your address",
        },
    .open = open_pop3,
    .close = close_pop3,
    .judge = judge,
    .refuse = refuse,
    .record = record,
    .greet = greet,
    .early = early,
    .patience = patience,
    .input = input,
    .drained = drained,
    .secured = secured,
    .slow = slow,
    .show = show,
    .between = between,
};
