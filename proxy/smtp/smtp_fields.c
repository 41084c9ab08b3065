/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_fields.h"

#include "base/clock.h"
#include "filters/mime/headers.h"
#include "proxy/session/session_facts.h"
#include "proxy/smtp/smtp_results.h"
#include "proxy/smtp/trace.h"

static const struct settings *settings_of(const struct smtp_session *s)
{
    return &s->base.proxy->config->settings;
}

static struct slice trace_field(struct smtp_session *s)
{
    const struct transaction *t = s->t;
    const char *version = session_tls_version(&s->base), *cipher = session_tls_cipher(&s->base);
    struct trace trace = {.helo = s->helo,
                          .client = &s->base.client,
                          .hostname = s->base.proxy->config->hostname,
                          .id = slice_of(s->ref),
                          .esmtp = s->esmtp,
                          .tls = version != NULL,
                          .utf8 = t->mail.utf8,
                          .logged_in = s->submitter,
                          .hides = s->submitter && settings_of(s)->smtp_hide_submitter,
                          .tls_version = version ? version : "",
                          .tls_cipher = cipher ? cipher : "",
                          .recipient =
                              t->recipient_count == 1 ? t->recipients[0].path.address : SLICE(""),
                          .now = clock_wall()};
    return trace_received(s->mail, &trace);
}

static bool is_left_out(const struct smtp_session *s, struct slice name)
{
    struct header found;
    struct slice block = headers_block(spool_bytes(s->t->message.spool), NULL);
    return s->submitter && !headers_find(block, name, 0, &found);
}

struct slice smtp_added_id(struct smtp_session *s)
{
    if (!is_left_out(s, SLICE("Message-ID")))
        return SLICE("");
    return ARENA_JOIN(s->mail, SLICE("<"), slice_of(s->ref), SLICE("@"),
                      s->base.proxy->config->hostname, SLICE(">"));
}

/* What a user's program has left out (RFC 6409 8). */
static struct slice missing_fields(struct smtp_session *s)
{
    struct slice date = SLICE(""), id = smtp_added_id(s);
    if (is_left_out(s, SLICE("Date")))
        date =
            ARENA_JOIN(s->mail, SLICE("Date: "), slice_of(trace_date(clock_wall())), SLICE("\r\n"));
    if (id.len)
        id = ARENA_JOIN(s->mail, SLICE("Message-ID: "), id, SLICE("\r\n"));
    return date.ptr && id.ptr ? ARENA_JOIN(s->mail, date, id) : (struct slice){NULL, 0};
}

struct slice smtp_fields(struct smtp_session *s)
{
    struct slice trace = trace_field(s), results = smtp_results(s), missing = missing_fields(s);
    if (!trace.ptr || !results.ptr || !missing.ptr)
        return (struct slice){NULL, 0};
    return results.len + missing.len ? ARENA_JOIN(s->mail, results, trace, missing) : trace;
}
