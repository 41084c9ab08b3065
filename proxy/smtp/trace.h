/* SPDX-License-Identifier: ISC
 * Trace fields: the Received line that we put in front (RFC 5321 4.4),
 * and loops seen in those that came (6.3). */
#ifndef PROXY_SMTP_TRACE_H
#define PROXY_SMTP_TRACE_H

#include "base/arena.h"
#include "policy/value.h"

struct trace {
    struct slice helo; /* as given; made harmless here */
    const struct ip *client;
    struct slice hostname, id;
    bool esmtp, tls, utf8, logged_in;
    bool hides; /* where it comes from: neither HELO nor address are told */
    const char *tls_version, *tls_cipher; /* when tls */
    struct slice recipient;               /* empty: several, then none is named */
    int64_t now;                          /* seconds since 1970 */
};

/* The field with its CRLF; ptr NULL when the arena is full. */
struct slice trace_received(struct arena *arena, const struct trace *trace);

/* As fields have it (RFC 5322 3.3); valid until the next call. `now`: seconds since 1970. */
const char *trace_date(int64_t now);

enum trace_loop { TRACE_FINE, TRACE_TOO_MANY, TRACE_OURSELVES };

/* Looks at the Received fields of a message: more than `most`, or `hostname` among those who took
 * it before more often than a forwarding loop's first rounds could explain. */
enum trace_loop trace_loop(struct slice message, unsigned most, struct slice hostname);

#endif
