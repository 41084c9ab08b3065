/* SPDX-License-Identifier: ISC */
#include "proxy/session/session_record.h"

#include "base/clock.h"
#include "base/log.h"
#include "proxy/session/session_facts.h"

enum {
    SINGLY = 10,       /* of a session; what is past that is told as a number */
    TURNED_MOST = 20,  /* of those who are turned away, a second, */
    TURNED_LOGGED = 2, /* and those of them that the log tells */
};

static struct slice word_of(enum fact fact, int index)
{
    return slice_of(fact_info(fact)->type.words->words[index]);
}

void session_record(struct session *s, struct record *record)
{
    const char *tls = session_tls_version(s);
    record->session = slice_of(s->id);
    if (record->id.len == 0)
        record->id = record->session;
    record->listener = s->listener->name;
    record->protocol = word_of(FACT_PROTOCOL, s->listener->protocol);
    record->direction = word_of(FACT_DIRECTION, s->listener->direction);
    record->client = s->client;
    record->port = s->client_port;
    record->tls = slice_of(tls ? tls : "");
    if (s->study) {
        record->client_dns.count = s->study->dns.queries;
        record->client_dns.ms = s->study->dns.ms;
    }
    recorder_send(s->proxy, record);
}

bool session_records_refusal(struct session *s)
{
    return recorder_wants(s->proxy) && ++s->refusals <= SINGLY;
}

void session_record_failure(struct session *s, struct slice reason)
{
    struct record record = {.stage = SLICE("tls"), .verdict = SLICE("failed"), .reason = reason};
    if (session_records_refusal(s))
        session_record(s, &record);
}

/* ---- those who were turned away ---- */

static struct {
    int64_t second, count; /* how many in that second */
    struct slice listener; /* of the last of them */
} turned;

static void tell_crowd(const struct session *s, int64_t unlogged, int64_t unrecorded)
{
    struct record record = {.stage = SLICE("connect"),
                            .verdict = SLICE("defer"),
                            .listener = turned.listener,
                            .count = unrecorded};
    if (unlogged > 0)
        log_at(LEVEL_INFO, "", "more turned away", field_text("listener", turned.listener),
               field_num("count", unlogged));
    if (unrecorded > 0 && recorder_wants(s->proxy))
        recorder_send(s->proxy, &record);
}

/* What was not told one by one in a second that is over. */
static void end_second(const struct session *s)
{
    int64_t count = turned.count, now = clock_wall();
    if (now == turned.second)
        return;
    turned.second = now;
    turned.count = 0;
    tell_crowd(s, count - TURNED_LOGGED, count - TURNED_MOST);
}

void session_record_turned_away(struct session *s, struct slice said)
{
    struct record record = {.stage = SLICE("connect"), .verdict = SLICE("defer"), .reply = said};
    char address[46];
    ip_text(&s->client, address);
    end_second(s);
    turned.count++;
    turned.listener = s->listener->name;
    if (turned.count <= TURNED_LOGGED)
        log_at(LEVEL_INFO, s->id, "turned away", field_str("client", address),
               field_text("listener", s->listener->name), field_text("text", said));
    if (turned.count <= TURNED_MOST && recorder_wants(s->proxy))
        session_record(s, &record);
}

/* ---- the end ---- */

void session_record_rest(struct session *s)
{
    end_second(s);
    if (!recorder_wants(s->proxy) || s->refusals <= SINGLY)
        return;
    struct record record = {
        .stage = SLICE("session"), .verdict = SLICE("reject"), .count = s->refusals - SINGLY};
    session_record(s, &record);
}
