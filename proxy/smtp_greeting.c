/* SPDX-License-Identifier: ISC
 * The banner: at once, or after a silence in which real mail servers wait, or never. */
#include "proxy/smtp_wait.h"

static void say_banner(struct session *s)
{
    s->greeted = true;
    if (s->proxy->stopping) {
        session_close(s, 421, "4.3.2", "service is stopping, try again later");
        return;
    }
    stream_printf(s->stream, "220 %.*s %.*s\r\n", SLICE_ARGS(s->proxy->config->hostname),
                  SLICE_ARGS(s->listener->banner.len ? s->listener->banner : SLICE("ESMTP")));
    session_expect_command(s);
    stream_resume(s->stream);
    stream_flush(s->stream);
}

static void judge_client(struct session *s)
{
    struct verdict verdict = {.delay = 0};
    enum outcome outcome = OUTCOME_PENDING;
    if (s->proxy->acts_at[PHASE_CONNECT]) {
        session_facts(s, PHASE_CONNECT);
        outcome = policy_evaluate(s->proxy->config->policy, &s->t.message.facts, PHASE_CONNECT,
                                  s->mail, &verdict);
    }
    if (outcome != OUTCOME_DECIDED || verdict.action != ACTION_DROP) {
        session_tarpit(s, verdict.delay, &s->delayed, say_banner);
        return;
    }
    s->greeted = true;
    session_refuse_connection(s, &verdict);
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
    if (s->t.open)
        examination_go_on(&s->t.message); /* it may have waited for the client's name */
    session_settle(s);
}

/* Those who cannot wait for a banner are seldom mail servers. What they say is read then. */
void session_greet(struct session *s)
{
    s->state = SESSION_BUSY;
    s->study =
        client_study_new(s->proxy, s->listener, &s->client, s->client_port, client_changed, s);
    bool plain = s->listener->protocol == PROTOCOL_SMTP;
    int64_t silence = s->proxy->config->settings.smtp_banner_delay;
    if (!plain || !s->proxy->waits_for_silence || silence == 0) {
        meet_client(s);
        return;
    }
    s->resume = meet_client;
    stream_deadline(s->stream, silence);
}
