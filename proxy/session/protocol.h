/* SPDX-License-Identifier: ISC
 * What a mail protocol is to the engine (session.h): a table of functions, and the words of those
 * farewells that the engine decides on. */
#ifndef PROXY_SESSION_PROTOCOL_H
#define PROXY_SESSION_PROTOCOL_H

#include "common/live_sessions.h"
#include "policy/policy.h"

struct session;

/* Why the engine ends a session. */
enum farewell {
    BYE_TIMEOUT,
    BYE_STOPPING,
    BYE_ERRORS,
    BYE_COMMANDS,
    BYE_ALL_TAKEN,    /* there are too many sessions */
    BYE_CLIENT_TAKEN, /* there are too many of this client, */
    BYE_SHARE_TAKEN,  /* or of its network, while there are many */
    BYE_HURRIED,      /* little room is left, and it is silent or slow */
    FAREWELLS
};

struct mail_protocol {
    const char *alpn; /* RFC 7301 */
    size_t size;      /* of its session, which begins with a struct session; is zero at first */
    size_t input_max; /* the most that waits until `input` takes it */
    const char *farewells[FAREWELLS]; /* lines, to which the reference and CRLF are added */

    /* Makes what it needs beside the engine's. False: out of memory. */
    bool (*open)(struct session *s);
    /* Gives up what is under way, and frees what `open` made; also after a failed `open`. */
    void (*close)(struct session *s);

    /* What the rules say of what is known at that phase. */
    enum outcome (*judge)(struct session *s, enum phase phase, struct verdict *out);
    /* Says that they refuse the client; the engine hangs up. */
    void (*refuse)(struct session *s, const struct verdict *verdict);
    /* A farewell that the engine has said, without its CRLF. */
    void (*record)(struct session *s, struct slice said);
    void (*greet)(struct session *s); /* says the banner */
    void (*early)(struct session *s); /* the client spoke before */
    /* How long a command is waited for, ms. */
    int64_t (*patience)(const struct session *s);

    /* Takes commands (SESSION_OPEN) or a message (SESSION_BULK): how many octets were used. 0: more
     * must come first. */
    size_t (*input)(struct session *s, struct slice bytes);
    /* All that was queued is out, where stream_notify_drained asked; NULL: it never does. */
    void (*drained)(struct session *s);
    /* After the client's STARTTLS: what it said before does not count (RFC 3207 4.2, 2595 4). */
    void (*secured)(struct session *s);
    void (*slow)(struct session *s); /* the deadline of SESSION_BULK has passed */
    /* What others see of it, beside what the engine tells. */
    void (*show)(const struct session *s, struct live_session *out);
    /* Who it is has been proven; NULL: it never is. */
    bool (*is_known)(const struct session *s);
    /* Nothing is under way: it may be told to go when the service stops. */
    bool (*between)(const struct session *s);
    /* It has stayed as it is for some hundredths of a second, and may for long: what it can do without is
     * given back. NULL: nothing. */
    void (*rest)(struct session *s);
};

#endif
