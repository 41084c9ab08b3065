/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/trace.h"

#include "filters/mime/headers.h"
#include "proxy/session/own_received.h"
#include "proxy/smtp/smtp_command.h"

#include <time.h>

enum {
    OURSELVES_MOST = 2,        /* in and out again and back by a user's forwarding is legitimate */
    RECIPIENT_SHOWN_MAX = 900, /* a line has at most 998 octets (RFC 5322 2.1.1) */
};

/* RFC 3848, RFC 6531 4.3. */
static const char *protocol(const struct trace *t)
{
    static const char *const words[2][2][2] = {
        {{"ESMTP", "ESMTPA"}, {"ESMTPS", "ESMTPSA"}},
        {{"UTF8SMTP", "UTF8SMTPA"}, {"UTF8SMTPS", "UTF8SMTPSA"}}};
    return t->utf8 || t->esmtp ? words[t->utf8][t->tls][t->logged_in] : "SMTP";
}

/* Who it was that brought it, as far as those who read it may know (RFC 5321 4.4, RFC 6409 3). */
static struct slice origin(struct arena *arena, const struct trace *t)
{
    char address[46];
    struct slice helo = smtp_helo_valid(t->helo) ? t->helo : SLICE("invalid-name");
    if (t->hides)
        return ARENA_JOIN(arena, t->hostname, SLICE(" (a user who has logged in)"));
    ip_text(t->client, address);
    return ARENA_JOIN(arena, helo, slice_of(t->client->family == 6 ? " ([IPv6:" : " (["),
                      slice_of(address), SLICE("])"));
}

/* RFC 5322 3.3. Many messages share a second, and its text. */
const char *trace_date(int64_t now)
{
    static char text[64];
    static int64_t of;
    if (now != of || !*text) {
        struct tm local;
        time_t seconds = (time_t)now;
        localtime_r(&seconds, &local);
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S %z", &local);
        of = now;
    }
    return text;
}

struct slice trace_received(struct arena *arena, const struct trace *t)
{
    struct slice from = origin(arena, t), tls = SLICE(""), recipient = SLICE("");
    if (t->tls)
        tls = ARENA_JOIN(arena, SLICE("\r\n\t("), slice_of(t->tls_version), SLICE(" "),
                         slice_of(t->tls_cipher), SLICE(")"));
    if (t->recipient.len && t->recipient.len <= RECIPIENT_SHOWN_MAX)
        recipient = ARENA_JOIN(arena, SLICE("\r\n\tfor <"), t->recipient, SLICE(">"));
    if (!from.ptr || !tls.ptr || !recipient.ptr)
        return (struct slice){NULL, 0};
    return ARENA_JOIN(arena, SLICE("Received: from "), from, SLICE("\r\n\tby "), t->hostname,
                      SLICE(" (Gatepost) with "), slice_of(protocol(t)), SLICE(" id "), t->id, tls,
                      recipient, SLICE(";\r\n\t"), slice_of(trace_date(t->now)), SLICE("\r\n"));
}

enum trace_loop trace_loop(struct slice message, unsigned most, struct slice hostname)
{
    struct slice block = headers_block(message, NULL);
    struct header field;
    unsigned all = 0, ours = 0;
    while (headers_next(&block, &field)) {
        if (!slice_ieq(field.name, SLICE("Received")))
            continue;
        all++;
        if (received_is_own(field.value, hostname))
            ours++;
    }
    if (all > most)
        return TRACE_TOO_MANY;
    return ours > OURSELVES_MOST ? TRACE_OURSELVES : TRACE_FINE;
}
