/* SPDX-License-Identifier: ISC
 * What is POP3's, and what is IMAP's, of asking a server: everything else is the same for both. */
#ifndef CONSOLE_PROBE_PROBE_PROTOCOL_H
#define CONSOLE_PROBE_PROBE_PROTOCOL_H

#include "console/probe/probe_connection.h"
#include "console/probe/probe_mechanisms.h"

struct probe_protocol {
    const char *name;                  /* "POP3" */
    const char *starttls;              /* the command that begins TLS */
    const char *lists;                 /* the one that tells capabilities */
    const char *sizes;                 /* the one that tells sizes */
    const char *farewell;              /* the one that ends a session */
    const char *plain_hint, *tls_hint; /* where a port may be the other one's */
    const char *cmdlet, *services; /* of Exchange: what sets it up, and what is restarted then */
    unsigned framing;              /* octets that a message may have more than its size */

    /* A line without its end that came while the connection was made. */
    void (*hear)(struct connection *c, struct slice line);

    /* From c->capabilities; *words is what it says, for people, in the arena. */
    struct mechanisms (*mechanisms)(struct arena *arena, struct slice capabilities,
                                    struct slice *words);

    /* Makes the connection and logs in with the password. */
    bool (*log_in)(struct connection *c, const struct mechanisms *server);
    /* Opens the mailbox without a change to it; *count: its messages. */
    bool (*open)(struct connection *c, uint64_t *count);
    /* The octets of a message, as the server says; from 1. */
    bool (*size)(struct connection *c, unsigned number, uint64_t *octets);
    /* Into c->body. */
    bool (*fetch)(struct connection *c, unsigned number);
    /* Says what the gateway does not pass on; NULL: there is no such thing. */
    void (*tell_hidden)(struct probe *probe, struct slice capabilities);
};

extern const struct probe_protocol probe_pop3, probe_imap;

const struct probe_protocol *probe_protocol(enum protocol protocol);

#endif
