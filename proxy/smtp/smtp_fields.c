/* SPDX-License-Identifier: ISC */
#include "proxy/smtp/smtp_fields.h"

#include "base/clock.h"
#include "proxy/smtp/smtp_results.h"
#include "proxy/smtp/trace.h"

static struct slice trace_field(struct smtp_session *s)
{
    const struct transaction *t = &s->t;
    SSL *ssl = stream_ssl(s->base.stream);
    struct trace trace = {.helo = s->helo,
                          .client = &s->base.client,
                          .hostname = s->base.proxy->config->hostname,
                          .id = slice_of(s->ref),
                          .esmtp = s->esmtp,
                          .tls = ssl != NULL,
                          .utf8 = t->mail.utf8,
                          .tls_version = ssl ? SSL_get_version(ssl) : "",
                          .tls_cipher = ssl ? SSL_get_cipher_name(ssl) : "",
                          .recipient =
                              t->recipient_count == 1 ? t->recipients[0].path.address : SLICE(""),
                          .now = clock_wall()};
    return trace_received(s->mail, &trace);
}

struct slice smtp_fields(struct smtp_session *s)
{
    struct slice trace = trace_field(s), results = smtp_results(s);
    if (!trace.ptr || !results.ptr)
        return (struct slice){NULL, 0};
    return results.len ? arena_printf(s->mail, "%.*s%.*s", SLICE_ARGS(results), SLICE_ARGS(trace))
                       : trace;
}
