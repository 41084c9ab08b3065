/* SPDX-License-Identifier: ISC
 * A session that is passed on as it is (passage.h): what it then is to those who look at sessions, and
 * what is told of it at its end. */
#include "base/clock.h"
#include "base/log.h"
#include "proxy/session/passage.h"
#include "proxy/session/session.h"
#include "proxy/session/session_log.h"
#include "proxy/session/session_record.h"
#include "proxy/upstream/upstream_way.h"

#include <stdio.h>

enum {
    STOPPING_MS = 2000, /* so long a silence is an end while the service stops */
    TOLD_MAX = 200,
};

static int64_t silence(const struct session *s)
{
    return s->proxy->stopping ? STOPPING_MS : s->proxy->config->settings.timeouts_mailbox;
}

static void moved(void *owner)
{
    struct session *s = owner;
    s->heard = s->useful = clock_ms();
    session_show(s);
}

static void over(void *owner, const char *why)
{
    struct session *s = owner;
    session_end_passage(s, why);
    session_end(s);
}

void session_pass(struct session *s, struct stream *server)
{
    static const struct passage_owner hears = {moved, over};
    session_forget_waiting(s);
    session_enter(s, SESSION_PASSING);
    session_count(s, COUNTER_TLS_PASSED);
    s->passage = passage_new(s->stream, server, silence(s), &hears, s);
    if (s->passage)
        moved(s);
    else
        session_end(s);
}

void session_hurry_passage(struct session *s)
{
    passage_hurry(s->passage, silence(s));
}

uint64_t session_passed(const struct session *s)
{
    return passage_octets(s->passage, PASSAGE_FROM_CLIENT) +
           passage_octets(s->passage, PASSAGE_FROM_SERVER);
}

/* ---- told ---- */

static void record(struct session *s, const char *place, uint64_t sent, uint64_t received)
{
    char told[TOLD_MAX];
    snprintf(told, sizeof told, "%llu octets to %s, %llu back, unlooked at",
             (unsigned long long)sent, place, (unsigned long long)received);
    struct record record = {
        .stage = SLICE("tls"), .verdict = SLICE("passed"), .reason = slice_of(told)};
    if (recorder_wants(s->proxy))
        session_record(s, &record);
}

void session_end_passage(struct session *s, const char *why)
{
    char address[46], place[UPSTREAM_PLACE_MAX];
    if (!s->passage)
        return;
    uint64_t sent = passage_octets(s->passage, PASSAGE_FROM_CLIENT),
             received = passage_octets(s->passage, PASSAGE_FROM_SERVER);
    ip_text(&s->client, address);
    upstream_place(&s->local, s->local_port, place);
    log_at(LEVEL_INFO, s->id, "TLS passed", field_str("client", address),
           field_text("listener", s->listener->name), field_str("server", place),
           field_num("sent", (int64_t)sent), field_num("received", (int64_t)received),
           field_num("ms", clock_ms() - s->began), field_str("reason", why));
    record(s, place, sent, received);
    passage_free(&s->passage);
}

void session_tell_not_passed(struct session *s, const char *name, const char *why)
{
    char address[46], place[UPSTREAM_PLACE_MAX];
    session_count(s, COUNTER_TLS_NOT_PASSED);
    ip_text(&s->client, address);
    upstream_place(&s->local, s->local_port, place);
    if (session_logs(s, LINE_NOT_PASSED))
        log_at(LEVEL_INFO, s->id, "TLS not passed", field_str("client", address),
               field_text("listener", s->listener->name), field_str("server", place),
               field_str("name", name), field_str("reason", why));
    session_record_failure(s, slice_of(why));
}
