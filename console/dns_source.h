/* SPDX-License-Identifier: ISC
 * Where the answers of the DNS come from: a file, the DNS itself, or nowhere. One table serves the
 * whole run, so that what was recorded is exactly what the verdicts rest on. */
#ifndef CONSOLE_DNS_SOURCE_H
#define CONSOLE_DNS_SOURCE_H

#include "console/check_options.h"
#include "filters/dns/resolver.h"

#include <poll.h>

struct dns_source {
    struct arena *arena;         /* owned: holds what follows */
    struct dns_answers *answers; /* complete, or what has been heard so far; NULL: none given */
    bool at_once;                /* small enough to be told a scanner as a whole */
    struct event_base *base;     /* owned; NULL: nothing is asked */
    struct resolver *resolver;   /* owned */
};

/* As the options say; --resolver becomes part of the configuration. False: not possible, which was
 * said on stderr. dns_source_close either way. */
bool dns_source_open(struct dns_source *source, const struct check_options *options,
                     struct config *config);

/* Writes what has been heard, for --dns. False: it was said on stderr. */
bool dns_source_record(const struct dns_source *source, const char *path);

/* poll() that also serves the resolver; EINTR after a signal (interrupt_poll). */
int dns_source_poll(struct dns_source *source, struct pollfd *fds, nfds_t count, int timeout);

void dns_source_close(struct dns_source *source);

#endif
