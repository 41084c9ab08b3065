/* SPDX-License-Identifier: ISC
 * The banner: at once, or after a silence in which real mail servers wait, or never. */
#include "proxy/session/session.h"

static void greet(struct session *s)
{
    s->greeted = true;
    if (s->proxy->stopping) {
        session_farewell(s, BYE_STOPPING);
        return;
    }
    s->protocol->greet(s);
    session_expect_command(s);
    stream_resume(s->stream);
    stream_flush_whole(s->stream);
}

void session_refuse(struct session *s, const struct verdict *verdict)
{
    s->protocol->refuse(s, verdict);
    session_hang_up(s);
}

static void judge_client(struct session *s)
{
    struct verdict verdict = {.delay = 0};
    enum outcome outcome = OUTCOME_PENDING;
    if (s->proxy->acts_at[PHASE_CONNECT])
        outcome = s->protocol->judge(s, PHASE_CONNECT, &verdict);
    if (outcome != OUTCOME_DECIDED || verdict.action != ACTION_DROP) {
        session_tarpit(s, verdict.delay, &s->delayed, greet);
        return;
    }
    s->greeted = true;
    session_refuse(s, &verdict);
}

/* Only who drops connections needs to know the client before the banner. */
static void meet_client(struct session *s)
{
    if (s->proxy->drops_at[PHASE_CONNECT])
        session_await(s, PHASE_CONNECT, judge_client);
    else
        judge_client(s);
}

static void client_changed(void *ctx)
{
    struct session *s = ctx;
    if (s->message)
        examination_go_on(s->message); /* it may have waited for the client's name */
    session_show(s);                   /* what was found out takes less memory than finding out */
    session_settle(s);
}

/* Those who cannot wait for a banner are seldom mail servers. What they say is read then. */
void session_greet(struct session *s)
{
    session_enter(s, SESSION_BUSY);
    if (!s->health)
        s->study = client_study_new(s->proxy, s->listener, &s->client, s->client_port,
                                    &s->claim.holder, client_changed, s);
    bool plain = !s->listener->implicit_tls && s->listener->protocol != PROTOCOL_MILTER;
    int64_t silence = s->proxy->config->settings.smtp_banner_delay;
    if (!plain || !s->proxy->waits_for_silence || silence == 0) {
        meet_client(s);
        return;
    }
    s->wait.resume = meet_client;
    stream_deadline(s->stream, silence);
}
