/* SPDX-License-Identifier: ISC
 * A scan may take longer than clients wait for an answer. So they hear the status line, and then the
 * message's own header, a line at a time: whatever the verdict, no header is changed. Where nothing
 * may be shown at all in the end, the connection breaks. */
#include "base/clock.h"
#include "filters/mime/headers.h"
#include "proxy/pop3/pop3_session.h"

static struct timeval interval(const struct pop3_session *s)
{
    int64_t ms = s->reader.base.proxy->config->settings.timeouts_keepalive;
    return (struct timeval){ms / 1000, (ms % 1000) * 1000};
}

static void stop(struct pop3_trickle *trickle)
{
    if (trickle->clock)
        event_free(trickle->clock);
    trickle->clock = NULL;
}

void pop3_trickle_end(struct pop3_trickle *trickle)
{
    stop(trickle);
    if (trickle->header.proxy)
        examination_end(&trickle->header);
    trickle->header.proxy = NULL;
}

/* ---- the header is judged ---- */

static void changed(void *ctx)
{
    struct pop3_session *s = ctx;
    struct pop3_trickle *trickle = &s->reading->trickle;
    struct reading verdict;
    if (!examination_done(&trickle->header, PHASE_MESSAGE) ||
        examination_awaits_any_scan(&trickle->header))
        return;
    trickle->shown =
        policy_evaluate_reading(s->reader.base.proxy->config->policy, &trickle->header.facts,
                                s->reader.mail, &verdict) == OUTCOME_DECIDED &&
        verdict.kind != READING_LATER;
    if (!trickle->shown)
        stop(trickle);
}

static void no_room(void *ctx)
{
    struct pop3_session *s = ctx;
    stop(&s->reading->trickle);
}

static void judge(struct pop3_session *s)
{
    static const struct examination_owner owner = {changed, no_room};
    struct pop3_reading *r = s->reading;
    struct slice header = headers_block(spool_bytes(r->message.message.spool), NULL);
    struct spool *spool = spool_new(0);
    if (!spool || !header.len || !spool_append(spool, header)) {
        spool_free(&spool);
        stop(&r->trickle);
        return;
    }
    r->trickle.header = fetched_examination(&s->reader, spool, &owner, s);
    r->trickle.header.header_only = true;
    fetched_examine(&s->reader, &r->trickle.header, s->reader.base.listener->direction);
    changed(s);
}

/* ---- a line at a time ---- */

/* The last line, which may have no end, comes with the rest. */
static struct slice next_line(const struct pop3_reading *r)
{
    struct slice header = headers_block(spool_bytes(r->message.message.spool), NULL);
    struct slice rest = slice_from(header, r->trickle.sent);
    size_t end = slice_search(rest, SLICE("\r\n"));
    return slice_sub(rest, 0, end < rest.len ? end + 2 : 0);
}

static void send_line(struct pop3_session *s)
{
    struct pop3_reading *r = s->reading;
    struct slice line = next_line(r);
    if (!line.len || stream_output_pending(s->reader.base.stream))
        return;
    if (r->trickle.sent == 0)
        pop3_pass(s, r->status);
    s->half = true;
    if (line.ptr[0] == '.')
        session_text(&s->reader.base, SLICE("."));
    session_text(&s->reader.base, line);
    r->trickle.sent += line.len;
    stream_flush(s->reader.base.stream);
}

static void on_clock(evutil_socket_t fd, short what, void *arg)
{
    struct pop3_session *s = arg;
    struct pop3_trickle *trickle = &s->reading->trickle;
    (void)fd;
    (void)what;
    if (s->reader.base.state != SESSION_BUSY) /* it is being given */
        stop(trickle);
    else if (trickle->shown)
        send_line(s);
    else if (!trickle->header.proxy)
        judge(s);
}

void pop3_trickle_begin(struct pop3_session *s)
{
    struct pop3_trickle *trickle = &s->reading->trickle;
    struct timeval each = interval(s);
    trickle->clock = event_new(s->reader.base.proxy->base, -1, EV_PERSIST, on_clock, s);
    if (trickle->clock)
        event_add(trickle->clock, &each);
}
