/* SPDX-License-Identifier: ISC
 * The connection of one session to the server where its mailbox is: greeting, STARTTLS, and whose
 * connection it is; then what comes is its owner's to read. */
#ifndef PROXY_IMAP_IMAP_UPSTREAM_H
#define PROXY_IMAP_IMAP_UPSTREAM_H

#include "base/stream.h"
#include "proxy/upstream/upstream_server.h"

enum {
    IMAP_INPUT_MAX = 64 * 1024 /* of a response, as it is offered; what is longer comes in pieces */
};

struct imap_upstream;

struct imap_upstream_setup {
    struct event_base *base;
    struct upstream_server *server; /* one connection of which was taken; given back at the end */
    const struct ip *source;        /* NULL: any */
    int64_t connect_ms, reply_ms;
    struct ip client; /* for a server that asks whose connection it is */
    uint16_t client_port;
};

/* None is called from inside a function of this header; the connection may be freed in each. */
struct imap_upstream_owner {
    void (*ready)(void *owner); /* for the first command */
    /* Octets have come, with what was left before in front. How many were taken. */
    size_t (*input)(void *owner, struct slice octets);
    void (*drained)(
        void *owner); /* all that was sent is out, where imap_upstream_pieces was called */
    /* It has ended. `usable`: it never became ready, and another server may be tried. */
    void (*over)(void *owner, bool usable, const char *trouble);
};

/* Begins to connect. NULL: *reason (the server's connection is given back). */
struct imap_upstream *imap_upstream_new(const struct imap_upstream_setup *setup,
                                        const struct imap_upstream_owner *callbacks, void *owner,
                                        const char **reason);
/* Closes it; nothing more is called. */
void imap_upstream_free(struct imap_upstream **upstream);

/* Sends octets. */
void imap_upstream_send(struct imap_upstream *upstream, struct slice octets);
/* The same of what is large, and stays where it is until drained. */
void imap_upstream_pieces(struct imap_upstream *upstream, const struct iovec *pieces, size_t count);

/* Within so many milliseconds something must come; 0: it may be silent. */
void imap_upstream_expect(struct imap_upstream *upstream, int64_t ms);

/* Takes no more for now; goes on. */
void imap_upstream_pause(struct imap_upstream *upstream);
void imap_upstream_resume(struct imap_upstream *upstream);

/* What it is, once it has greeted us. */
enum server_profile imap_upstream_profile(const struct imap_upstream *upstream);
const struct server *imap_upstream_conf(const struct imap_upstream *upstream);

#endif
