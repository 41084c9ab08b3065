/* SPDX-License-Identifier: ISC
 * The connection of one session to the server where its mailbox is: greeting, STLS, then a command
 * at a time. What the server says is framed here, and judged by its owner. */
#ifndef PROXY_POP3_POP3_UPSTREAM_H
#define PROXY_POP3_POP3_UPSTREAM_H

#include "proxy/upstream/upstream_server.h"

#include <event2/event.h>

struct pop3_upstream;

struct pop3_upstream_setup {
    struct event_base *base;
    struct upstream_server *server; /* one connection of which was taken; given back at the end */
    const struct ip *source;        /* NULL: any */
    int64_t connect_ms, reply_ms;
    struct ip client; /* for a server that asks whose connection it is */
    uint16_t client_port;
};

/* What a command is answered with, where that is +OK. */
enum pop3_answer {
    POP3_ANSWER_LINE,
    POP3_ANSWER_CHALLENGE, /* instead: "+ " and a challenge, or a line */
    POP3_ANSWER_LINES,     /* lines follow; their dots stay doubled */
    POP3_ANSWER_MESSAGE,   /* a message follows, unstuffed */
};

enum pop3_status { POP3_OK, POP3_ERR, POP3_CHALLENGE };

/* None is called from inside a function of this header but pop3_upstream_send; the connection may
 * be freed in each. */
struct pop3_upstream_owner {
    void (*ready)(void *owner); /* for the first command */
    /* The status line of a command, without CRLF. Only "+OK" is good news. */
    void (*status)(void *owner, enum pop3_status status, struct slice line);
    bool (*content)(void *owner, struct slice octets); /* false: the connection is given up */
    void (*complete)(void *owner);                     /* behind the last line */
    /* It has ended. `usable`: it never became ready, and another server may be tried. */
    void (*over)(void *owner, bool usable, const char *trouble);
};

/* Begins to connect. NULL: *reason (the server's connection is given back). */
struct pop3_upstream *pop3_upstream_new(const struct pop3_upstream_setup *setup,
                                        const struct pop3_upstream_owner *callbacks, void *owner,
                                        const char **reason);
/* Closes it; nothing more is called. */
void pop3_upstream_free(struct pop3_upstream **upstream);

/* Sends a line, to which CRLF is added; the response before must be over. */
void pop3_upstream_send(struct pop3_upstream *upstream, struct slice line, enum pop3_answer answer);

/* The message that has come begins with a line that clients may read in two ways (pop3_body.h). */
bool pop3_upstream_is_ambiguous(const struct pop3_upstream *upstream);

/* Takes no more for now; goes on. */
void pop3_upstream_pause(struct pop3_upstream *upstream);
void pop3_upstream_resume(struct pop3_upstream *upstream);

/* What it is, once it has greeted us. */
enum server_profile pop3_upstream_profile(const struct pop3_upstream *upstream);

const struct server *pop3_upstream_conf(const struct pop3_upstream *upstream);

#endif
