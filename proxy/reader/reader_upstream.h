/* SPDX-License-Identifier: ISC
 * The connection of one session to a server with mailboxes, whatever is spoken on it: it becomes ready (greeting,
 * TLS, whose connection it is), and then what comes is its owner's to read: a reader's protocol, or whoever checks
 * a login there.
 *
 *   reader_upstream.c  begins and ends it; what is sent, and how long is waited for what comes
 *   reader_ready.c     how it becomes ready */
#ifndef PROXY_READER_READER_UPSTREAM_H
#define PROXY_READER_READER_UPSTREAM_H

#include "base/stream.h"
#include "proxy/session/session.h"
#include "proxy/upstream/upstream_server.h"

struct upstream_dialect;

/* Who is told what becomes of it, never from inside a function of this header. He may free it from any of these. */
struct reader_upstream_owner {
    void (*ready)(void *owner); /* for the first command; then */
    /* Octets have come, with what was left before in front. How many were taken. */
    size_t (*input)(void *owner, struct slice octets);
    void (*taken)(void *owner);   /* all that can be; NULL: it does nothing then */
    void (*drained)(void *owner); /* behind reader_upstream_pieces; NULL: it has none */
    /* It has failed, and is to be freed; `early`: it never became ready. */
    void (*over)(void *owner, bool early, const char *trouble);
};

/* Whose connection it is. All that is named must outlive it. */
struct reader_upstream_setup {
    struct session *session; /* whose client's address the server may be told */
    const char *ref;         /* of lines in the log */
    const struct backend *backend;
    const struct upstream_dialect *dialect; /* spoken until it is ready */
    const struct reader_upstream_owner *hears;
    void *owner;
};

enum upstream_step {
    STEP_CONNECTING,
    STEP_GREETING,
    STEP_UPGRADE, /* it was asked for TLS */
    STEP_HANDSHAKE,
    STEP_INTRODUCED, /* it has been told the client's address */
    STEP_READY,
};

/* A protocol may put what it knows of the connection behind this (upstream_dialect.size). */
struct reader_upstream {
    struct reader_upstream_setup setup;
    struct upstream_server *server; /* one connection of which is taken */
    struct upstream_way way;
    struct stream *stream;
    enum upstream_step step;
    enum server_profile profile; /* once it has greeted us */
    bool secured, paused;
    bool turned_away;  /* by its greeting */
    bool takes_client; /* it takes the client's address from us */
    int64_t expects;   /* that something comes within so many milliseconds; 0: nothing */
    bool in_hand;      /* input is being taken: it is freed behind that */
    bool freed;
};

/* What a server says before it is ready. */
enum upstream_said {
    SAID_NOTHING, /* that was asked for */
    SAID_YES,
    SAID_NO,
    SAID_GOODBYE,
    SAID_NONSENSE,
};

struct upstream_answer {
    enum upstream_said said;
    struct slice text; /* of a greeting, by which servers are known */
    const char *why;   /* it is not spoken to any more; of SAID_NO: NULL: as it says */
};

enum { INTRODUCTION_MAX = 160 };

/* What is said until it is ready, and what differs between protocols. */
struct upstream_dialect {
    size_t size; /* of the connection */
    size_t input_max, output_max;
    /* An answer of the server's is there, and what it says; how many of the octets it is. 0: more must come. */
    size_t (*answer)(const struct reader_upstream *c, struct slice bytes,
                     struct upstream_answer *out);
    const char *upgrade;      /* the line that asks for TLS */
    const char *not_upgraded; /* what is wrong with a server that says no to it */
    const char
        *takes_client; /* stands in a greeting of a server that takes addresses; NULL: in any */
    /* The line that tells it the client's. */
    void (*introduce)(char line[static INTRODUCTION_MAX], const char *address, unsigned port);
};

/* Begins to connect. The server's connection, which was taken, is given back at the end. NULL: *reason, and it is
 * given back. */
struct reader_upstream *reader_upstream_new(const struct reader_upstream_setup *setup,
                                            struct upstream_server *server, const char **reason);
/* Closes it; nothing more is told. */
void reader_upstream_free(struct reader_upstream **upstream);

/* Sends octets; and what goes out with those that are sent next. */
void reader_upstream_send(struct reader_upstream *c, struct slice octets);
void reader_upstream_add(struct reader_upstream *c, struct slice octets);
/* The same of what is large, and stays where it is until drained. */
void reader_upstream_pieces(struct reader_upstream *c, const struct iovec *pieces, size_t count);

/* Within so many milliseconds something must come; 0: it may be silent. */
void reader_upstream_expect(struct reader_upstream *c, int64_t ms);
/* Something has come: more must within the same time. */
void reader_upstream_expect_more(struct reader_upstream *c);

/* Takes no more for now; goes on. */
void reader_upstream_pause(struct reader_upstream *c);
void reader_upstream_resume(struct reader_upstream *c);

/* It is given up: `over` follows. */
void reader_upstream_fail(struct reader_upstream *c, const char *why);
/* The same of one that says what cannot be an answer, which is logged. */
void reader_upstream_out_of_step(struct reader_upstream *c, const char *why);

/* ---- reader_ready.c: what happens to one that is not ready yet ---- */

void reader_ready_connected(struct reader_upstream *c);
void reader_ready_secured(struct reader_upstream *c);
/* How much was taken; 0: more must come. */
size_t reader_ready_take(struct reader_upstream *c, struct slice bytes);

#endif
